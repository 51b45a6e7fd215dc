"""`thumbrun report`: the page of a run, as a local file; or what it holds as JSON; or the ledger as a table."""

import csv
import json
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from thumbrun.clock import SystemClock
from thumbrun.commands.session import run_session, settings_of
from thumbrun.commands.standard_streams import result_stream, show_result
from thumbrun.console import printable
from thumbrun.errors import SettingsError
from thumbrun.logs.events import Events
from thumbrun.reporting.page import page
from thumbrun.reporting.page_file import problem_with, write
from thumbrun.reporting.read_run import read_report
from thumbrun.reporting.table import COLUMNS, table
from thumbrun.settings.resolved import Settings
from thumbrun.task.open_stores import Stores

DEFAULT = "report.html"


def report(
    run: str, flags: Mapping[str, str | None], *, out: str | None, opened: bool, as_json: bool, as_csv: bool
) -> int:
    """Make the report of a run, finished or not, and return the exit code.

    Args:
        run: The name of the run, as the user gave it.
        flags: The text of each flag that was given, by the setting's name.
        out: The file for the page, or None.
        opened: Whether to open the page in a browser.
        as_json: Whether to print what the page tells as JSON, and make no page.
        as_csv: Whether to print the ledger as a table, and make no page.
    """
    target = Path(out or DEFAULT)
    if problems := _problems(target, page_wanted=bool(out) or opened, as_json=as_json, as_csv=as_csv):
        raise SettingsError(problems)
    settings, _ = settings_of(run, flags)

    async def command(events: Events) -> str:
        async with Stores(settings, events, SystemClock()) as stores:
            if as_csv:
                await _print_table(settings, stores)
                return ""
            made = await read_report(settings, stores.state, stores.output, settings.resume or "", SystemClock())
        return json.dumps(made.to_record(), indent=1) if as_json else page(made)

    text = run_session(settings, command, stream=sys.stderr)  # only the result goes to the standard output
    if as_json:
        show_result(text)
    elif not as_csv:
        write(target, text)
        uri = target.resolve().as_uri()
        unopened = opened and not webbrowser.open(uri)
        show_result(f"Report: {uri}{' (no browser was found here to open it)' if unopened else ''}")
    return 0


def _problems(target: Path, *, page_wanted: bool, as_json: bool, as_csv: bool) -> list[str]:
    """Return what is wrong with the flags."""
    problems = []
    if as_json and as_csv:
        problems.append("--json and --csv cannot go together; give only one of them")
    if as_json or as_csv:
        if page_wanted:
            problems.append(
                "--out and --open are for the page; --json and --csv print, so send the output to a file: > FILE"
            )
        return problems
    if problem := problem_with(target):
        problems.append(problem)
    return problems


async def _print_table(settings: Settings, stores: Stores) -> None:
    with result_stream() as stream:
        is_shown = stream.isatty()  # names are data of strangers; a file gets them as they are
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        # If the reader has gone, the table stops reading before its stores are closed.
        async with aclosing(table(settings, stores.state, stores.output, settings.resume or "")) as shards:
            async for rows in shards:
                writer.writerows([tuple(map(_legible, row)) for row in rows] if is_shown else rows)


def _legible(cell: object) -> object:
    return printable(cell) if isinstance(cell, str) else cell
