"""Tests of the bench's results, and of the document that is made from them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.results import Plot, Result, Row, keep, read
from tests.unit.test_documents import module


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure."""

    seconds: float


def result(seconds: float) -> Result:
    """Return an example of a part's result."""
    rows = [
        Row("time to start", "0.5 s", f"{seconds} s", {"others": "2 s"}, seconds <= 0.5, "on a busy machine"),
        Row("time to stop", "", "1 s"),
    ]
    return Result(rows, [Plot("start", "Start", "tasks", "seconds", {"ours": [(1, seconds)]})], [Figure(seconds)])


def test_a_part_replaces_its_own(tmp_path: Path) -> None:
    """A part that runs again replaces its own result and leaves the others."""
    file = tmp_path / "results.json"
    keep("start", result(1.0), file)
    keep("memory", result(2.0), file)
    others = read(file)["memory"]
    keep("start", result(0.25), file)
    assert [{"kind": "Figure", "seconds": 0.25}] == read(file)["start"]["figures"]
    assert others == read(file)["memory"]


def test_results_of_another_version_are_refused(tmp_path: Path) -> None:
    """The bench refuses results of another version."""
    file = tmp_path / "results.json"
    file.write_text('{"version": 99, "parts": {}}')
    with pytest.raises(ValueError, match="version 99"):
        read(file)


def test_the_document_names_what_misses_its_goal(tmp_path: Path) -> None:
    """The document names missed goals at the top with their reasons, and has every row in its section."""
    file = tmp_path / "results.json"
    keep("start", result(1.0), file)
    keep("memory", result(0.25), file)
    document = module("performance").performance(read(file))
    assert "thumbrun meets 1 of 2 goals. It misses these:" in document
    assert "- time to start: 1.0 s; the goal is 0.5 s. On a busy machine." in document
    assert "| time to start | 0.5 s | 0.25 s | others: 2 s | met |" in document
    assert "| time to stop |  | 1 s |  |  |" in document
    assert document.index("## Start") < document.index("## Memory")
