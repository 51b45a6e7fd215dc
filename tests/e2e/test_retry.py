"""Tests of `thumbrun retry RUN` and `thumbrun run --resume RUN`, with real processes."""

import json
from pathlib import Path

import pytest

from tests.e2e.requests import requests
from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator

BUCKET = "photos-bucket"
CUT, NO_IMAGE = "in/cut.jpg", "in/none.jpg"


@pytest.fixture
def bucket(emulator: Emulator) -> Emulator:
    """Put twelve photographs, one that is cut, and one object that is no image."""
    emulator.create_bucket(BUCKET)
    whole = [body for name, body in photographs().items() if name.endswith(".jpg")][:12]
    for number, body in enumerate(whole):
        emulator.put(BUCKET, f"in/{number:02}.jpg", body)
    emulator.put(BUCKET, CUT, whole[0][: len(whole[0]) // 2])
    emulator.put(BUCKET, NO_IMAGE, b"no image")
    return emulator


def environment(emulator: Emulator, **variables: str) -> dict[str, str]:
    """Return the environment of a command on the bucket."""
    return clean_environment(STORAGE_EMULATOR_HOST=emulator.url, THUMBRUN_LOG_FORMAT="json", **variables)


def run_once(tasks: Tasks, emulator: Emulator) -> str:
    """Run the job with one task and return its run id."""
    task = tasks.start(environment(emulator, INPUT_FOLDER=f"gs://{BUCKET}/in"))
    assert 0 == task.wait(), task.output()
    (folder,) = {name.partition("/")[0] for name in emulator.objects(BUCKET, "2")}
    return folder


def events(task: Task, name: str) -> list[dict[str, object]]:
    """Return the events of one kind from a task's output."""
    lines = [json.loads(line) for line in task.output().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def thumbnails(emulator: Emulator, run: str) -> dict[str, str]:
    """Return the generations of a run's thumbnails."""
    return {name: item["generation"] for name, item in emulator.objects(BUCKET, f"{run}/").items()}


@pytest.mark.slow
def test_what_is_missing_is_made_again(tasks: Tasks, bucket: Emulator) -> None:
    """`--reason missing` makes deleted thumbnails again, and changes no other thumbnail."""
    run = run_once(tasks, bucket)
    before = thumbnails(bucket, run)
    for number in (3, 7):
        bucket.delete(BUCKET, f"{run}/{number:02}.jpg")
    task = tasks.command("retry", f"gs://{BUCKET}/{run}", "--reason", "missing", environment=environment(bucket))
    assert 0 == task.wait(), task.output()
    after = thumbnails(bucket, run)
    changed = {name for name in before if after[name] != before[name]}
    assert before.keys() == after.keys()
    assert {f"{run}/03.jpg", f"{run}/07.jpg"} == changed
    (told,) = events(task, "run-done")
    assert (12, {"truncated": 1, "unreadable": 1}) == (told["done"], told["failed"])


@pytest.mark.slow
def test_a_reason_alone_and_several_tasks(tasks: Tasks, bucket: Emulator) -> None:
    """Tasks of one execution share one round, which retries only the given reason and replaces its outcomes."""
    run = run_once(tasks, bucket)
    bucket.put(BUCKET, CUT, next(iter(photographs().values())))
    started = [
        tasks.command(
            "retry",
            run,
            "--reason",
            "truncated",
            environment=environment(bucket, OUTPUT_BUCKET=BUCKET, **cloud_run(index, 3, execution="later-1")),
        )
        for index in range(3)
    ]
    assert [0, 0, 0] == [task.wait() for task in started], tasks.outputs()
    assert [f"_thumbrun/runs/{run}/rounds/0000001.json"] == list(
        bucket.objects(BUCKET, f"_thumbrun/runs/{run}/rounds/")
    )
    summary = json.loads(bucket.read(BUCKET, f"_thumbrun/runs/{run}/summaries/0000001.json"))
    assert {"unreadable": 1} == summary["failed"]
    assert 13 == summary["done"]


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--tasks", "2")], ids=" ".join)
def test_a_reason_that_nothing_failed_with(tasks: Tasks, bucket: Emulator, more: tuple[str, ...]) -> None:
    """Where no image has the reasons that are named, no round begins; the command says so once, and ends with 0."""
    run = run_once(tasks, bucket)
    before = {name: item["generation"] for name, item in bucket.objects(BUCKET).items()}
    named = ("--reason", "timeout", "--reason", "crashed")
    task = tasks.command("retry", f"gs://{BUCKET}/{run}", *named, *more, environment=environment(bucket))
    assert 0 == task.wait(), task.output()
    said = "No image of this run has the reason crashed or timeout, so there is nothing to retry"
    assert [said] == [told["message"] for told in events(task, "nothing-to-retry")]
    assert [] == events(task, "round-agreed")
    assert [12] == [told["done"] for told in events(task, "run-done")]
    assert before == {name: item["generation"] for name, item in bucket.objects(BUCKET).items()}


def test_a_finished_run_is_resumed_without_work(tasks: Tasks, bucket: Emulator, emulator_log: Path) -> None:
    """`--resume` needs only the folder of a finished run; it writes nothing, and reads the ledger but no shard."""
    run = run_once(tasks, bucket)
    before = {name: item["generation"] for name, item in bucket.objects(BUCKET).items()}
    asked = len(requests(bucket, emulator_log, BUCKET))
    task = tasks.command("run", "--resume", f"gs://{BUCKET}/{run}", environment=environment(bucket))
    assert 0 == task.wait(), task.output()
    more = "\n".join(requests(bucket, emulator_log, BUCKET)[asked:])
    assert before == {name: item["generation"] for name, item in bucket.objects(BUCKET).items()}
    assert "ledger" in more
    assert "jsonl.gz" not in more
    assert [12] == [told["done"] for told in events(task, "run-done")]


def test_an_interrupted_run_goes_on(tasks: Tasks, bucket: Emulator) -> None:
    """`--resume` finishes the items that one of two tasks left open, with the run's own settings."""
    settings = {"INPUT_FOLDER": f"gs://{BUCKET}/in", "THUMBRUN_SIZE": "64", "THUMBRUN_BALANCE": "count"}
    first = tasks.start(environment(bucket, **settings, **cloud_run(0, 2, execution="e-1")))
    assert 0 == first.wait(), first.output()
    (run,) = {name.partition("/")[0] for name in bucket.objects(BUCKET, "2")}
    assert len(thumbnails(bucket, run)) < 12
    second = tasks.command("run", "--resume", run, "--output", BUCKET, environment=environment(bucket))
    assert 0 == second.wait(), second.output()
    assert 12 == len(thumbnails(bucket, run))
    assert [12] == [told["done"] for told in events(second, "run-done")]


@pytest.mark.parametrize("command", [["retry"], ["run", "--resume"]])
def test_a_run_that_is_none(tasks: Tasks, bucket: Emulator, command: list[str]) -> None:
    """Both commands exit with 2 and name the missing record if the run does not exist."""
    task = tasks.command(*command, f"gs://{BUCKET}/20200101T0000Z", environment=environment(bucket))
    assert 2 == task.wait()
    assert f"gs://{BUCKET}/_thumbrun/runs/20200101T0000Z/run.json does not exist" in task.output()


@pytest.mark.slow
def test_a_run_without_a_plan(tasks: Tasks, bucket: Emulator) -> None:
    """`thumbrun retry` exits with 2 if the run has no plan yet, and says so."""
    run = run_once(tasks, bucket)
    bucket.delete(BUCKET, f"_thumbrun/runs/{run}/plan.json")
    task = tasks.command("retry", f"gs://{BUCKET}/{run}", environment=environment(bucket))
    assert 2 == task.wait()
    assert "a run without a plan" in task.output()


@pytest.mark.slow
def test_an_image_that_was_replaced_is_retried_as_it_is_now(tasks: Tasks, bucket: Emulator) -> None:
    """A retry takes the live generation; thumbnail and ledger name it, and `verify` finds nothing wrong."""
    run = run_once(tasks, bucket)
    whole = bucket.read(BUCKET, "in/05.jpg")
    for name in (CUT, "in/03.jpg"):
        bucket.put(BUCKET, name, whole)
    bucket.delete(BUCKET, f"{run}/03.jpg")
    task = tasks.command("retry", f"gs://{BUCKET}/{run}", environment=environment(bucket))
    assert 0 == task.wait(), task.output()
    for name in (CUT, "in/03.jpg"):
        live = bucket.objects(BUCKET, name)[name]["generation"]
        made = bucket.objects(BUCKET, f"{run}/{name.rpartition('/')[2]}")
        assert [live] == [item["metadata"]["thumbrun-source-generation"] for item in made.values()]
    checked = tasks.command("verify", f"gs://{BUCKET}/{run}", "--json", environment=environment(bucket))
    checked.wait()
    found = json.loads(checked.output()[checked.output().index("{\n") :])["findings"]
    assert not [finding for finding in found if finding["kind"] in ("not-its-own", "missing", "stale")], found
    again = tasks.command("retry", f"gs://{BUCKET}/{run}", "--reason", "missing", environment=environment(bucket))
    assert 0 == again.wait(), again.output()
    assert bucket.objects(BUCKET, f"{run}/03.jpg")
