"""Tests of a task's identity: one row for each form of a platform's variables, and one for each mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.environment.task_identity import Task, detect

ROWS = {
    "nothing is set": ({}, Task()),
    "Cloud Run": (
        {
            "CLOUD_RUN_TASK_INDEX": "3",
            "CLOUD_RUN_TASK_COUNT": "10",
            "CLOUD_RUN_TASK_ATTEMPT": "2",
            "CLOUD_RUN_EXECUTION": "thumbs-x7k2p",
        },
        Task(3, 10, 2, "thumbs-x7k2p", "Cloud Run"),
    ),
    "Cloud Run with one task": (
        {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "1"},
        Task(0, 1, 0, None, "Cloud Run"),
    ),
    "Cloud Run without a count, first task": ({"CLOUD_RUN_TASK_INDEX": "0"}, Task(0, 1, 0, None, "Cloud Run")),
    "a count of one without an index": ({"CLOUD_RUN_TASK_COUNT": "1"}, Task(0, 1, 0, None, "Cloud Run")),
    "an execution alone": ({"CLOUD_RUN_EXECUTION": "e"}, Task(0, 1, 0, "e", "Cloud Run")),
    "Cloud Run beside the deprecated names": (
        {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2", "TASK_INDEX": "1", "TASK_COUNT": "2"},
        Task(1, 2, 0, None, "Cloud Run"),
    ),
    "Google Batch": (
        {"BATCH_TASK_INDEX": "4", "BATCH_TASK_COUNT": "5", "BATCH_JOB_UID": "uid-1", "BATCH_JOB_ID": "thumbs"},
        Task(4, 5, 0, "uid-1", "Google Batch"),
    ),
    "Google Batch with a job id only": (
        {"BATCH_TASK_INDEX": "0", "BATCH_TASK_COUNT": "5", "BATCH_JOB_ID": "thumbs"},
        Task(0, 5, 0, "thumbs", "Google Batch"),
    ),
    "AWS Batch array, first attempt": (
        {
            "AWS_BATCH_JOB_ARRAY_INDEX": "2",
            "AWS_BATCH_JOB_ARRAY_SIZE": "3",
            "AWS_BATCH_JOB_ATTEMPT": "1",
            "AWS_BATCH_JOB_ID": "6c2e:2",
        },
        Task(2, 3, 0, "6c2e", "AWS Batch"),
    ),
    "AWS Batch, a job of one task, tried again": (
        {"AWS_BATCH_JOB_ATTEMPT": "2", "AWS_BATCH_JOB_ID": "6c2e"},
        Task(0, 1, 1, "6c2e", "AWS Batch"),
    ),
    "by hand within an AWS Batch job": (
        {"AWS_BATCH_JOB_ID": "6c2e", "TASK_INDEX": "1", "TASK_COUNT": "2"},
        Task(1, 2, 0, None, "by hand"),
    ),
    "Slurm array from 0": (
        {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_JOB_ID": "88"},
        Task(2, 3, 0, "88", "Slurm"),
    ),
    "Slurm array from 1, started again": (
        {
            "SLURM_ARRAY_TASK_ID": "3",
            "SLURM_ARRAY_TASK_COUNT": "3",
            "SLURM_ARRAY_TASK_MIN": "1",
            "SLURM_ARRAY_TASK_MAX": "3",
            "SLURM_ARRAY_TASK_STEP": "1",
            "SLURM_RESTART_COUNT": "1",
        },
        Task(2, 3, 1, None, "Slurm"),
    ),
    "Slurm array in steps": (
        {
            "SLURM_ARRAY_TASK_ID": "5",
            "SLURM_ARRAY_TASK_COUNT": "3",
            "SLURM_ARRAY_TASK_MIN": "1",
            "SLURM_ARRAY_TASK_MAX": "5",
            "SLURM_ARRAY_TASK_STEP": "2",
        },
        Task(2, 3, 0, None, "Slurm"),
    ),
    "Kubernetes": (
        {"JOB_COMPLETION_INDEX": "7", "TASK_COUNT": "8", "TASK_EXECUTION": "job-uid"},
        Task(7, 8, 0, "job-uid", "Kubernetes"),
    ),
    "by hand": (
        {"TASK_INDEX": "1", "TASK_COUNT": "4", "TASK_ATTEMPT": "1", "TASK_EXECUTION": "tonight"},
        Task(1, 4, 1, "tonight", "by hand"),
    ),
    "by hand, a count of one": ({"TASK_COUNT": "1"}, Task()),
    "by hand, an execution alone": ({"TASK_EXECUTION": "tonight"}, Task(execution="tonight")),
    "empty variables count as unset": ({"CLOUD_RUN_TASK_INDEX": "", "TASK_INDEX": "0", "TASK_COUNT": "2"}, Task(0, 2)),
    "spaces around a number": ({"TASK_INDEX": " 1", "TASK_COUNT": "2\n"}, Task(1, 2)),
}

SLURM_WITH_GAPS = {
    "SLURM_ARRAY_TASK_COUNT": "3",
    "SLURM_ARRAY_TASK_MIN": "1",
    "SLURM_ARRAY_TASK_MAX": "9",
    "SLURM_ARRAY_TASK_STEP": "1",
}

WRONG = {
    "a count without an index": (
        {"CLOUD_RUN_TASK_COUNT": "4"},
        "CLOUD_RUN_TASK_COUNT is 4, but CLOUD_RUN_TASK_INDEX is not set; set it to a number from 0 to 3",
    ),
    "a count by hand without an index": (
        {"TASK_COUNT": "2"},
        "TASK_COUNT is 2, but TASK_INDEX is not set; set it to a number from 0 to 1",
    ),
    "an index without a count": (
        {"TASK_INDEX": "1"},
        "TASK_INDEX is 1, but TASK_COUNT is not set; set it to the number of tasks",
    ),
    "an index outside the count": (
        {"CLOUD_RUN_TASK_INDEX": "10", "CLOUD_RUN_TASK_COUNT": "10"},
        "CLOUD_RUN_TASK_INDEX is 10, but CLOUD_RUN_TASK_COUNT is 10; the index must be less than the count",
    ),
    "pairs with another index": (
        {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "4", "TASK_INDEX": "2", "TASK_COUNT": "4"},
        "TASK_INDEX is '2', but the platform says that the index is 1; unset TASK_INDEX",
    ),
    "pairs with another count": (
        {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "4", "TASK_COUNT": "8"},
        "TASK_COUNT is '8', but the platform says that the count is 4; unset TASK_COUNT",
    ),
    "no number": (
        {"CLOUD_RUN_TASK_INDEX": "one", "CLOUD_RUN_TASK_COUNT": "4"},
        "CLOUD_RUN_TASK_INDEX is 'one'; it must be a whole number, 0 to 1,000,000,000",
    ),
    "a number in other digits": (
        {"TASK_INDEX": "\u0661", "TASK_COUNT": "4"},
        "TASK_INDEX is '\u0661'; it must be a whole number, 0 to 1,000,000,000",
    ),
    "a count of none": (
        {"TASK_INDEX": "0", "TASK_COUNT": "0"},
        "TASK_COUNT is '0'; it must be a whole number, 1 to 1,000,000",
    ),
    "a count beyond reason": (
        {"TASK_INDEX": "0", "TASK_COUNT": "9999999999"},
        "TASK_COUNT is '9999999999'; it must be a whole number, 1 to 1,000,000",
    ),
    "an AWS attempt of 0": (
        {"AWS_BATCH_JOB_ID": "6c2e", "AWS_BATCH_JOB_ATTEMPT": "0"},
        "AWS_BATCH_JOB_ATTEMPT is '0'; it must be a whole number, 1 to 1,000,000,000",
    ),
    "Kubernetes without the count, first pod": (
        {"JOB_COMPLETION_INDEX": "0"},
        "JOB_COMPLETION_INDEX is 0, but TASK_COUNT is not set; set it in the manifest to the job's completions",
    ),
    "Slurm ids with gaps": (
        {"SLURM_ARRAY_TASK_ID": "1", **SLURM_WITH_GAPS},
        (
            "SLURM_ARRAY_TASK_ID is 1, but the ids of the array (3 from 1 to 9) have gaps; use an array without gaps, "
            "like --array=0-2, because any number of tasks can work on a run"
        ),
    ),
}


@pytest.mark.parametrize(("environ", "expected"), ROWS.values(), ids=ROWS)
def test_a_platform_tells_the_task(environ: dict[str, str], expected: Task) -> None:
    """Each platform's variables give the same five answers."""
    problems: list[str] = []
    assert expected == detect(environ, problems)
    assert [] == problems


@pytest.mark.parametrize(("environ", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_sentence(environ: dict[str, str], expected: str) -> None:
    """A contradiction is one problem, which names the variable and says what would be right."""
    problems: list[str] = []
    detect(environ, problems)
    assert [expected] == problems


def test_all_problems_are_found() -> None:
    """Two wrong numbers are two problems."""
    problems: list[str] = []
    detect({"CLOUD_RUN_TASK_INDEX": "a", "CLOUD_RUN_TASK_COUNT": "b", "CLOUD_RUN_TASK_ATTEMPT": "c"}, problems)
    assert 3 == len(problems)


@pytest.mark.parametrize("identifier", ["1", "4", "9"])
def test_every_task_of_an_array_with_gaps_is_refused(identifier: str) -> None:
    """Every task of an array with gaps is refused, because otherwise a part of the shards would have no task."""
    problems: list[str] = []
    detect({"SLURM_ARRAY_TASK_ID": identifier, **SLURM_WITH_GAPS}, problems)
    assert 1 == len(problems)


@given(first=st.integers(0, 1000), step=st.integers(1, 9), count=st.integers(1, 50))
def test_regular_slurm_ids_become_all_places(first: int, step: int, count: int) -> None:
    """Slurm ids with any start and any step become the indexes 0 to count - 1, once each."""
    problems: list[str] = []
    tasks = [
        detect(
            {
                "SLURM_ARRAY_TASK_ID": str(first + step * place),
                "SLURM_ARRAY_TASK_COUNT": str(count),
                "SLURM_ARRAY_TASK_MIN": str(first),
                "SLURM_ARRAY_TASK_MAX": str(first + step * (count - 1)),
                "SLURM_ARRAY_TASK_STEP": str(step),
            },
            problems,
        )
        for place in range(count)
    ]
    assert [] == problems
    assert list(range(count)) == [task.index for task in tasks]


@given(st.dictionaries(st.sampled_from(["TASK_INDEX", "TASK_COUNT", "CLOUD_RUN_TASK_INDEX"]), st.text()))
def test_no_text_breaks_it(environ: dict[str, str]) -> None:
    """Any texts of the variables give a task within its count, or a problem."""
    problems: list[str] = []
    task = detect(environ, problems)
    assert problems or 0 <= task.index < task.count
