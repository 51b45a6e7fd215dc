"""Tests that every record has a form, and that a form tells what is wrong."""

from typing import Any

import pytest

from thumbrun.outcomes import Tally
from thumbrun.runs.record_forms import form_of, is_tally, problem_of
from thumbrun.runs.record_names import StateNames, far_beyond
from thumbrun.runs.record_values import number_in

NAMES = StateNames("")
RUN = NAMES.run("r")
RECORDS = [
    NAMES.anchor("execution", "e", 1),
    RUN.claim,
    RUN.plan,
    RUN.summary(),
    RUN.summary(2),
    RUN.round(2),
    RUN.planner_claim(1),
    RUN.beat(1, 2),
    RUN.shard(1, "00000-0000000"),
    RUN.renames(1, "00000-0000000"),
    RUN.part(3, "3a66401ed58b3858", 16),
]
AT = "2026-01-02T15:30:00+00:00"
PART = {
    "run": "r",
    "shard": 3,
    "round": 0,
    "task": 0,
    "tasks": 1,
    "attempt": 0,
    "execution": None,
    "at": AT,
    "sealed": False,
}
ROW = {"item": 0, "source": "a", "generation": "1", "output": "a", "status": "done"}
PLAN: dict[str, Any] = {
    "run": "r",
    "planner": 1,
    "items": 2,
    "bytes": 9,
    "seen": {"kinds": {}, "cold_bytes": {}},
    "shards": [["00000-0000000", 1, 4, 1.5, False], ["00000-0000001", 1, 5, 2, True]],
}


def test_every_record_has_a_form() -> None:
    """Every name that a record can have belongs to a form, and to the form of no other kind of record."""
    forms = [form_of(name) for name in RECORDS]
    assert None not in forms
    assert len(RECORDS) == len(set(map(id, forms)))
    assert form_of("runs/r/report.html") is None


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ({}, {}, None),
        ({"more": 1}, {"more": 1}, None),
        ({"shard": 4}, {}, "its shard is 4, but its name says 0000003"),
        ({"run": "s"}, {}, "its run is 's', but its name says r"),
        ({"opening": [[0, 3], [5, 5]], "at_once": 1, "alone": False}, {}, None),
        ({"opening": [[0, 3]]}, {}, "its values do not fit together"),
        ({"opening": [[3, 0]], "at_once": 1, "alone": False}, {}, "its opening cannot be [[3, 0]]"),
        ({"opening": [[0, 10**12]], "at_once": 1, "alone": False}, {}, "its opening cannot be"),
        ({"task": True}, {}, "its task cannot be True"),
        ({"machine": "0f", "processors": 2, "started": AT}, {"began": AT, "fetch_ms": 4, "waiting_ms": 0}, None),
        ({"started": "2026-01-02T15:30:00"}, {}, "its started cannot be '2026-01-02T15:30:00'"),
        ({"machine": 7}, {}, "its machine cannot be 7"),
        ({"started": "0001-01-01T00:00:00+23:59"}, {}, "its started cannot be"),
        ({"opening": [[0, 5000]], "at_once": 1, "alone": False}, {}, "its opening cannot be"),
        ({}, {"began": "today"}, "row 0: its began cannot be 'today'"),
        ({}, {"put_ms": -1}, "row 0: its put_ms cannot be -1"),
        ({}, {"put_ms": 1.5}, "row 0: its put_ms cannot be 1.5"),
        ({}, {"status": "perhaps"}, "row 0: its status cannot be 'perhaps'"),
        ({}, {"item": -1}, "row 0: its item cannot be -1"),
        ({}, {"reason": "timeout"}, "row 0: its values do not fit together"),
        ({}, {"status": "failed"}, "row 0: its values do not fit together"),
        ({}, {"status": "failed", "reason": "timeout"}, None),
        ({}, {"status": "failed", "reason": "bored"}, "row 0: its reason cannot be 'bored'"),
        ({}, {"colour": "#3a6ea5", "placeholder": "thumbhash:XggOJZpwd3dheId3eHiIiJLgC/h3"}, None),
        ({}, {"colour": "red"}, "row 0: its colour cannot be 'red'"),
        ({}, {"colour": None}, "row 0: its colour cannot be None"),
        ({}, {"placeholder": "=1+1"}, "row 0: its placeholder cannot be '=1+1'"),
        ({}, {"source_width": -1}, "row 0: its source_width cannot be -1"),
        ({}, {"each": ["4"]}, "row 0: its each cannot be ['4']"),
        ({}, {"source_bytes": 2**63}, "row 0: its source_bytes cannot be 9223372036854775808"),
        ({}, {"source_bytes": 9 * 10**4299}, "row 0: its source_bytes cannot be 9000"),
        ({"tasks": 10**400}, {}, "its tasks cannot be 1000"),
        ({}, {"output": "\ud800"}, r"row 0: its output cannot be '\ud800'"),
        ({}, {"output": "\udcff"}, None),
        ({}, {"status": "failed", "reason": "timeout", "detail": "\ud800"}, None),
    ],
)
def test_what_is_wrong_with_a_part(header: dict[str, Any], row: dict[str, Any], said: str | None) -> None:
    """A ledger part of another run or shard, or with a value that no outcome has, is told by the wrong key."""
    form = form_of(RECORDS[-1])
    assert form is not None
    problem = problem_of(form, RECORDS[-1], PART | header, [ROW | row])
    assert problem is None if said is None else said in str(problem)


@pytest.mark.parametrize("row", [None, 7, "text", [], {}])
def test_a_row_that_is_no_outcome(row: object) -> None:
    """A row that is not an object, or that lacks a key, is told by its number."""
    form = form_of(RECORDS[-1])
    assert form is not None
    assert str(problem_of(form, RECORDS[-1], PART, [ROW, row])).startswith("row 1: ")


@pytest.mark.parametrize(
    ("change", "is_right"),
    [
        ({}, True),
        ({"items": 3}, False),
        ({"bytes": 8}, False),
        ({"shards": []}, False),
        ({"shards": [["../x", 2, 9, 1, False]]}, False),
        ({"shards": [["00000-0000000", 1, 4, 1.5, False], ["00000-0000000", 1, 5, 2, True]]}, False),
        ({"shards": [["00000-0000000", 2, 9, 1, False], ["00000-0000001", 0, 0, 0, False]]}, False),
        ({"seen": {}}, False),
        ({"shards": [["00000-0000000", 2, 9, 10**400, False]]}, False),
        ({"shards": [["00000-0000000", 2, 9, 1e300, False]]}, False),
        ({"shards": [["00000-0000000", 10**400, 9, 1, False]], "items": 10**400}, False),
        ({"shards": [[f"{'0' * 250}-0000000", 2, 9, 1, False]]}, False),
        ({"planner": "1"}, False),
    ],
)
def test_a_plan_fits_together(change: dict[str, Any], is_right: bool) -> None:
    """A plan counts what its shards hold, and names each shard once."""
    form = form_of(RUN.plan)
    assert form is not None
    assert is_right == (problem_of(form, RUN.plan, PLAN | change) is None)


def test_a_tally_counts_known_reasons() -> None:
    """A tally has all its counts, and only reasons that there are."""
    assert is_tally(Tally(done=1).to_record())
    assert not is_tally(Tally().to_record() | {"failed": {"bored": 1}})
    assert not is_tally(Tally().to_record() | {"done": -1})
    assert not is_tally(Tally().to_record() | {"done": 2**63 - 1})
    assert not is_tally(Tally().to_record() | {"done": 2_000, "failed": {"timeout": 2_001}})
    assert not is_tally(None)
    assert not is_tally(Tally().to_record() | {"source_bytes": 10**400})


@pytest.mark.parametrize(
    "name",
    [
        f"runs/r/rounds/{'9' * 250}.json",
        "runs/r/rounds/00000001.json",
        "runs/r/rounds/000001.json",
        "runs/r/rounds/\u0661\u0661\u0661\u0661\u0661\u0661\u0661.json",
        f"runs/r/summaries/{'9' * 8}.json",
        f"runs/r/claims/{'9' * 8}.json",
        "anchors/execution-1/00000001",
        "runs/r/ledger/99999999/3a66401ed58b3858-0000016.jsonl.gz",
    ],
)
def test_a_number_of_other_than_seven_digits_names_no_record(name: str) -> None:
    """Every number in a name has seven digits, so an object with another name is no record."""
    assert form_of(name) is None


def test_a_number_that_nobody_reached() -> None:
    """A number is far beyond if a thousand before it are free, unless the listing began there."""
    names = [RUN.round(number) for number in (1, 3, 1_003, 2_004, 9_999_999)]
    assert names[3:] == far_beyond(names)
    assert [RUN.round(9_999_999)] == far_beyond(names[3:], RUN.round(1_500))


@pytest.mark.parametrize("text", ["", "-1", "1.5", "\u0661", "9" * 19, "9" * 5000])
def test_metadata_that_holds_no_number(text: str) -> None:
    """A number in metadata has bounds as well."""
    assert number_in(text) is None
    assert 2**63 - 1 == number_in(str(2**63 - 1))


@pytest.mark.parametrize(
    ("change", "is_right"), [({}, True), ({"items": 5}, False), ({"done": 10**18}, False), ({"failed": {}}, False)]
)
def test_a_summary_adds_up(change: dict[str, Any], is_right: bool) -> None:
    """The counts of a summary are those of its items."""
    counts = {"done": 2, "skipped": {"unsupported": 1}, "failed": {"timeout": 1}, "source_bytes": 1, "output_bytes": 1}
    for number in (0, 2):
        summary = {"run": "r", "round": number, "began": AT, "ended": AT, "items": 4, "parts": 1, **counts}
        form = form_of(RUN.summary(number))
        assert form is not None
        assert is_right == (problem_of(form, RUN.summary(number), summary | change) is None)
