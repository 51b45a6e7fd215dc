"""Tests that a row is decoded quickly only into what the careful way makes of it, too."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.test_record_forms import RECORDS, ROW
from thumbrun.ledger.rows import to_row
from thumbrun.outcomes import Outcome, Status
from thumbrun.planning.plan import Item
from thumbrun.runs.record_forms import Form, form_of, problem_of_row
from thumbrun.runs.row_decoder import row_decoder

SHARD = "runs/r/planner/0000000/shards/00000-0000000.jsonl.gz"
ITEM = Item("in/é \U0001f600.jpg", "17", 4, 1, None, "jpeg", True, "a.jpg", "jpeg")
NUMBERS = st.integers() | st.sampled_from([0, -1, 2**63 - 1, 2**63, 10**400]) | st.floats()
TEXTS = (
    st.text() | st.text(st.characters(categories=["Cs"])) | st.sampled_from(["done", "timeout", "2026-01-02T15:30Z"])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS, lambda more: st.lists(more, max_size=3), max_leaves=4
)


def form_named(name: str) -> Form:
    """Return the form of the record with a name."""
    form = form_of(name)
    assert form is not None
    return form


def carefully(form: Form, line: bytes) -> dict[str, Any] | None:
    """Return a row as `json` and the checks of its form read it, or None if it is not right."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if problem_of_row(form, 0, row):
        return None
    return {key: value for key, value in row.items() if key in form.row_checks}


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Return a row of a part in which some keys are missing, more than there are, or hold what they cannot."""
    keys = sorted(form_named(RECORDS[-1]).row_checks)
    changed = draw(st.dictionaries(st.sampled_from(keys) | st.text(max_size=3), VALUES, max_size=4))
    missing = draw(st.lists(st.sampled_from(sorted(ROW)), max_size=1))
    return {key: value for key, value in (ROW | changed).items() if key not in missing}


@given(rows(), st.booleans())
def test_any_row(row: dict[str, Any], ascii_only: bool) -> None:
    """Whatever is decoded quickly is what the careful way reads, and only odd texts and numbers are left to that."""
    form = form_named(RECORDS[-1])
    line = json.dumps(row, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found, right = row_decoder(form)(line), carefully(form, line)
    assert found in (None, right)
    if found is None:
        told = json.dumps(row)
        assert right is None or "\\ud" in told or "NaN" in told or "Infinity" in told


@given(st.binary())
def test_any_bytes(line: bytes) -> None:
    """No bytes are an error."""
    assert row_decoder(form_named(SHARD))(line) is None


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"source":' + b"[" * 100_000, b'{"item":' + b"9" * 5000 + b"}"])
def test_what_is_deep_or_long(line: bytes) -> None:
    """Lists of any depth and numbers of any length are left to the careful way, which refuses them."""
    assert row_decoder(form_named(RECORDS[-1]))(line) is None


def test_usual_rows_are_decoded_quickly() -> None:
    """The rows that thumbrun writes, of names in any script, need no second look."""
    part, shard = row_decoder(form_named(RECORDS[-1])), row_decoder(form_named(SHARD))
    row = to_row(Outcome(0, 0, Status.DONE, None, "", 4, 2, 10, 8, each=(1, 1), colour="#3a6ea5"), ITEM)
    assert row == part(json.dumps(row).encode())
    assert json.loads(ITEM.to_line()) == shard(ITEM.to_line().encode())
