"""Tests of the command that prints the ledger as a table."""

import io
import os
import sys
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from thumbrun.commands import report


async def test_a_table_whose_reader_has_gone_is_closed_before_its_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads ahead for the table ends with it; otherwise it would go on reading from a store that is closed."""
    closed = []

    async def table(*_: Any) -> AsyncGenerator[list[tuple[str, ...]], None]:
        try:
            while True:
                yield [("x" * 100_000,)]
        finally:
            closed.append(True)

    there, here = os.pipe()
    os.close(there)
    settings: Any = type("Settings", (), {"resume": "r"})
    stores: Any = type("Stores", (), {"state": None, "output": None})
    monkeypatch.setattr(report, "table", table)
    with os.fdopen(here, "w") as unread:
        monkeypatch.setattr(sys, "stdout", unread)
        await report._print_table(settings, stores)
        monkeypatch.undo()
    assert closed == [True]


@pytest.mark.parametrize("is_terminal", [True, False])
async def test_names_move_nothing_on_a_terminal(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    """A terminal shows control characters of names spelt out; a file gets the names as they are."""

    async def table(*_: Any) -> AsyncGenerator[list[tuple[object, ...]], None]:
        yield [("gs://b/\x1b[31m\u202e.jpg", 7)]

    settings: Any = type("Settings", (), {"resume": "r"})
    stores: Any = type("Stores", (), {"state": None, "output": None})
    stream = io.StringIO()
    monkeypatch.setattr(report, "table", table)
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.setattr(sys, "stdout", stream)
    await report._print_table(settings, stores)
    monkeypatch.undo()
    name = r"gs://b/\x1b[31m\u202e.jpg" if is_terminal else "gs://b/\x1b[31m\u202e.jpg"
    assert f"{name},7" == stream.getvalue().splitlines()[1]
