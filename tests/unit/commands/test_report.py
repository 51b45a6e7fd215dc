"""Tests of the command that prints the ledger as a table."""

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
