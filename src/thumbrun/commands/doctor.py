"""`thumbrun doctor`: check whether a run can work here, and say what mends what is wrong."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace

from thumbrun.clock import SystemClock
from thumbrun.commands.exit_codes import HAS_ERRORS
from thumbrun.commands.standard_streams import show_result
from thumbrun.console import counted, printable, shortened, width_of, wrapped
from thumbrun.diagnosis.diagnose import diagnose
from thumbrun.diagnosis.findings import Finding, Level, to_record
from thumbrun.diagnosis.subject import subject_of

_MARGIN = 11  # characters before what a finding says: its level
_CLEARED = "\r\x1b[2K"  # ECMA-48: to the beginning of the line, which is erased


def doctor(flags: Mapping[str, str | None], *, as_json: bool, write: bool) -> int:
    """Print what is found, and return the exit code.

    Args:
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
        write: Whether to create an object in each place that a run writes to.
    """
    found = asyncio.run(_doctor(flags, as_json=as_json, write=write))
    show_result(json.dumps(to_record(found), indent=1) if as_json else f"\n{verdict(found)}")
    return HAS_ERRORS if any(finding.level is Level.ERROR for finding in found) else 0


async def _doctor(flags: Mapping[str, str | None], *, as_json: bool, write: bool) -> list[Finding]:
    found: list[Finding] = []
    shown: set[str] = set()
    subject = subject_of(os.environ, flags)
    doing = Doing()
    try:
        async for finding in diagnose(subject, os.environ, SystemClock(), doing.show, write=write):
            doing.clear()
            if not as_json:
                before = found[-1].about if found else ""
                known = finding.command in shown  # a role can be what mends several findings
                shown_now = replace(finding, command="") if known else finding
                show_result(finding_text(shown_now, finding.about != before, width_of(sys.stdout)))
                shown.add(finding.command)
            found.append(finding)
    finally:
        doing.clear()
    return found


class Doing:
    """Shows on a terminal what is checked at the moment, on the line where the next finding goes."""

    def __init__(self) -> None:
        self._width = width_of(sys.stderr)

    def show(self, what: str) -> None:
        """Show what is checked next."""
        if self._width is not None:
            line = shortened(f"checking {printable(what)} …", self._width - 1)
            print(f"{_CLEARED}{line}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Clear the line."""
        if self._width is not None:
            print(_CLEARED, end="", file=sys.stderr, flush=True)


def finding_text(finding: Finding, heading: bool, width: int | None) -> str:
    """Return a finding in lines for people; names are data, so they are made safe to show.

    Args:
        finding: The finding.
        heading: Whether what it is about comes first.
        width: The width of the terminal in characters, or None to break no line.
    """
    margin = " " * _MARGIN
    said = f"  {finding.level:<{_MARGIN - 2}}{finding.check}: {printable(finding.what)}"
    lines = [f"{printable(finding.about)}:"] if heading else []
    lines.append(wrapped(said, width, indent=margin[2:], prose=True))
    if finding.mend:
        lines.append(wrapped(f"{margin}To mend it: {printable(finding.mend)}", width, prose=True))
    if finding.command:
        lines.append(f"  $ {printable(finding.command)}")
    return "\n".join(lines)


def verdict(found: Iterable[Finding]) -> str:
    """Return the last line: how many errors and warnings there are."""
    levels = [finding.level for finding in found]
    errors, warnings = levels.count(Level.ERROR), levels.count(Level.WARNING)
    if errors:
        return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}. A run needs the errors mended first."
    if warnings:
        return f"No error, {counted(warnings, 'warning')}."
    return "All is well."
