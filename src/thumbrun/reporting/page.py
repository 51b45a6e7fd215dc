"""The page of a report: one self-contained file that shows what became of a run, and that needs no script. Pure.

The page loads nothing from elsewhere. Names from the bucket are text and nothing else: they are escaped and isolated
from the writing direction around them, and a policy allows only the page's own style and script.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from thumbrun.console import counted, shortened
from thumbrun.console import dollars as in_dollars
from thumbrun.outcomes import MEANINGS, Status, Tally
from thumbrun.reporting import html_text, quantities
from thumbrun.reporting.content import Cell, ReasonGroup, Report
from thumbrun.reporting.tasks_section import tasks_section
from thumbrun.reporting.tiles import Folders, tiles
from thumbrun.reporting.time_section import time_section

_SMALL, _MEDIUM = 128, 256  # the largest thumbnails that get small and medium tiles, in pixels
_LONGEST_SETTING = 500  # characters
GENERATOR = '<meta name="generator" content="thumbrun">'  # near the top of every page


def page(report: Report) -> str:
    """Return the page of a report."""
    style, script = _resource("report.css"), _resource("report.js")
    body = "".join(
        (
            _header(report),
            "<main>",
            _next(report.next_commands),
            _reasons(report.reasons),
            _contact_sheet(report),
            tasks_section(report),
            time_section(report),
            _settings(report.settings),
            "</main>",
        )
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    title = html_text.attribute(_title(report))
    made = f"Made by thumbrun on {report.at:%Y-%m-%d at %H:%M} UTC. This page is one file and loads nothing."
    return _PAGE.format(
        title=title, policy=policy, generator=GENERATOR, style=style, script=script, body=body, made=made
    )


def _title(report: Report) -> str:
    return f"Run {report.run_id}" + (f", round {report.round}" if report.round else "")


def _header(report: Report) -> str:
    facts = [
        ("from", report.source),
        ("to", report.thumbnails),
        ("began", f"{report.began:%Y-%m-%d %H:%M} UTC"),
        ("ended", f"{report.ended:%Y-%m-%d %H:%M} UTC" if report.ended else "not yet"),
    ]
    listed = "".join(f"<div><dt>{word}</dt><dd>{html_text.text(value)}</dd></div>" for word, value in facts if value)
    return (
        f'<header><div><p class="mark">{_MARK}thumbrun</p><h1>{html_text.text(_title(report))}</h1>'
        f'<p class="lead">{escape(report.verdict)}</p></div>'
        f'<dl class="figures">{_figures(report)}</dl>{_bar(report.tally, report.items)}'
        f'<dl class="facts">{listed}</dl></header>'
    )


def _figures(report: Report) -> str:
    tally = report.tally
    skipped, failed = tally.skipped.total(), tally.failed.total()
    number, unit = quantities.duration(report.seconds)
    figures = [
        (f"done of {report.items:,}", f"{tally.done:,}", "", "done" if tally.done else ""),
        ("skipped", f"{skipped:,}", "", "skipped" if skipped else ""),
        ("failed", f"{failed:,}", "", "failed" if failed else ""),
        (_span(report), number, unit, ""),
    ]
    if report.dollars:
        figures.append(_money(report.dollars.usd, report.dollars.estimate))
    if report.work and report.work.tasks > 1:
        figures.append(("times as fast as one task", f"{report.work.speedup:.1f}", "\N{MULTIPLICATION SIGN}", ""))
    return "".join(
        f'<div class="{kind}"><dt>{word}</dt><dd>{number}{f" <small>{unit}</small>" if unit else ""}</dd></div>'
        for word, number, unit, kind in figures
    )


def _span(report: Report) -> str:
    if not report.ended:
        return "since the start"
    return "start to end, without breaks" if report.break_seconds else "start to end"


def _money(usd: float | None, estimate: float | None) -> tuple[str, str, str, str]:
    expected = "no estimate" if estimate is None else f"estimated {in_dollars(estimate)}"
    return (escape(expected), "?" if usd is None else escape(in_dollars(usd)), "", "")


def _bar(tally: Tally, items: int) -> str:
    """Return one bar with the shares of done, skipped and failed; even the smallest share stays visible."""
    shares = (("done", tally.done), ("skipped", tally.skipped.total()), ("failed", tally.failed.total()))
    least = items * 0.006
    whole = sum(max(amount, least) for _, amount in shares if amount) + max(0, items - tally.items) or 1
    left, parts = 0.0, []
    for kind, amount in shares:
        if amount:
            wide = 100 * max(amount, least) / whole
            parts.append(f'<rect class="{kind}" x="{left:.2f}" width="{wide:.2f}" height="1"/>')
            left += wide
    said = ", ".join(f"{amount:,} {kind}" for kind, amount in shares)
    box = 'viewBox="0 0 100 1" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{said}" {box}>{"".join(parts)}</svg>'


def _next(commands: Sequence[tuple[str, str]]) -> str:
    if not commands:
        return ""
    steps = "".join(f"<li><p>{escape(words)}</p>{_command_box(command)}</li>" for words, command in commands)
    return f'<section class="next"><h2>What to do next</h2><ol>{steps}</ol></section>'


def _command_box(command: str) -> str:
    """Return a command as a box to copy it from, or an empty text if there is none."""
    return f'<pre tabindex="0" aria-label="Command"><code>{html_text.text(command)}</code></pre>' if command else ""


def _reasons(groups: Sequence[ReasonGroup]) -> str:
    """Return the images without a thumbnail by reason, each with what to do."""
    if not groups:
        return ""
    images = sum(group.images for group in groups)
    return (
        f'<section class="without"><h2>{counted(images, "image")} without a thumbnail</h2>'
        f"{''.join(map(_reason, groups))}</section>"
    )


def _reason(group: ReasonGroup) -> str:
    lines = "".join(
        f'<li><span class="name">{html_text.text(cell.source)}</span>'
        f"{f'<small>{html_text.text(cell.detail)}</small>' if cell.detail else ''}</li>"
        for cell in group.examples
    )
    left = group.images - len(group.examples)
    more = f'<p class="more">{left:,} more: thumbrun report RUN --csv lists all.</p>' if left else ""
    opened = " open" if group.status is Status.FAILED else ""
    return (
        f'<details{opened}><summary><span class="tag {group.status}">{group.status}</span>'
        f"<b>{group.images:,} {group.reason}</b>"
        f'<span class="why">{escape(MEANINGS[group.reason])}</span></summary>'
        f'<div class="advice"><p>{escape(group.advice)}</p>{_command_box(group.command)}</div>'
        f"<ol>{lines}</ol>{more}</details>"
    )


def _contact_sheet(report: Report) -> str:
    cells = report.cells
    if not cells:
        return ""
    largest = max(max(cell.width, cell.height) for cell in cells)
    kind = "small" if largest <= _SMALL else "medium" if largest <= _MEDIUM else "large"
    folders = Folders.of(cells)
    return (
        f'<section class="contact {kind}"><h2>Contact sheet</h2><p class="soft">{_extent(report)}</p>'
        f"{_tools(cells, folders.names)}{''.join(tiles(cells, folders))}</section>"
    )


def _extent(report: Report) -> str:
    """Return which of the run's images the contact sheet shows."""
    shown, known = len(report.cells), report.tally.items
    failed = sum(cell.status is Status.FAILED for cell in report.cells)
    every = report.tally.failed.total()
    if report.items > known and shown >= known:
        text = f"{known:,} of {counted(report.items, 'image')} have an outcome; all of these are shown"
    elif shown >= known:
        text = f"All {counted(known, 'image')}" if known != 1 else "The image"
    else:
        some = f"all {every:,}" if failed == every else f"{failed:,} of the {every:,}"
        first = f"{some} that failed, then " if every else ""
        text = f"{shown:,} of {counted(known, 'image')}: {first}of each folder about as many"
    return f"{text}. Names are private in this run: a hash stands for each." if report.names_hidden else f"{text}."


def _tools(cells: Sequence[Cell], folders: Sequence[str]) -> str:
    """Return the search and the filters, which stay hidden until their script runs."""
    present = [status for status in Status if any(cell.status is status for cell in cells)]
    choices = [("", "All", " checked"), *((status.value, status.value.capitalize(), "") for status in present)]
    radios = "".join(
        f'<label><input type="radio" name="status" value="{value}"{checked}><span>{word}</span></label>'
        for value, word, checked in choices
    )
    status = f"<fieldset><legend>Show</legend>{radios}</fieldset>" if len(present) > 1 else _ONE_STATUS
    search = '<input type="search" placeholder="Search names" aria-label="Search names" autocomplete="off">'
    named = (
        [(str(number), folder or "not in a folder") for number, folder in enumerate(folders)]
        if len(folders) > 1
        else []
    )
    formats = sorted({cell.format for cell in cells if cell.format})
    return (
        f'<form class="tools" role="search" hidden>{status}{search}'
        f"{_select('folder', 'Folder', 'All folders', named)}"
        f"{_select('format', 'Format', 'All formats', [(one, one) for one in formats])}"
        '<output aria-live="polite"></output></form>'
    )


def _select(name: str, label: str, everything: str, choices: Sequence[tuple[str, str]]) -> str:
    """Return a choice, or an empty text if there is nothing to choose between."""
    if len(choices) < 2:
        return ""
    options = "".join(
        f'<option value="{html_text.attribute(value)}">{html_text.attribute(word)}</option>' for value, word in choices
    )
    return f'<select name="{name}" aria-label="{label}"><option value="">{everything}</option>{options}</select>'


def _settings(settings: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name.replace("_", "-"))}</th><td>{html_text.text(_setting(value))}</td></tr>'
        for name, value in settings.items()
    )
    return f'<section><h2>Settings</h2><table class="settings"><tbody>{rows}</tbody></table></section>' if rows else ""


def _setting(value: Any) -> str:
    text = "none" if value in (None, [], "") else value if isinstance(value, str) else json.dumps(value)
    return shortened(text, _LONGEST_SETTING)


@cache
def _resource(name: str) -> str:
    return files("thumbrun.reporting").joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}'"


_MARK = (
    '<svg viewBox="0 0 20 20" aria-hidden="true"><rect x="1" y="1" width="18" height="18" rx="5" fill="#1f5fbf"/>'
    '<circle cx="13.4" cy="6.8" r="2" fill="#ffd36b"/><path d="M2 16l5-7 4 5 2.4-3 4.6 5'
    'a4 4 0 0 1-2.6 2H4.6A4 4 0 0 1 2 16z" fill="#fff"/></svg>'
)
_ONE_STATUS = '<input type="radio" name="status" value="" checked hidden>'

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{generator}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<footer>{made}</footer>
<script>{script}</script>
</body>
</html>
"""
