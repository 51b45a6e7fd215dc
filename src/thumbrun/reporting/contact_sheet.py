"""The contact sheet: one self-contained page with every thumbnail of a run, and every image that has none. Pure.

The page loads nothing from elsewhere. Names from the bucket are text and nothing else: they are escaped and isolated
from the writing direction around them, and a policy allows only the page's own style and script.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files

from thumbrun.console import counted
from thumbrun.outcomes import MEANINGS, Outcome, Reason, Status, Tally
from thumbrun.reporting import html_text, quantities
from thumbrun.reporting.content import Cell, RunDetails
from thumbrun.reporting.tiles import tiles_by_folder

_SMALL, _MEDIUM = 128, 256  # the largest thumbnails that get small and medium tiles, in pixels


def contact_sheet(title: str, run: RunDetails, cells: Iterable[Cell]) -> str:
    """Return the page: headline numbers, the images without a thumbnail and why, and a tile for every image.

    Args:
        title: The title of the page.
        run: The details of the run.
        cells: The images, in the order in which the page shows them.
    """
    shown = tuple(cells)
    tally = run.tally or Tally.of(
        Outcome(0, 0, cell.status, cell.reason, source_bytes=cell.source_bytes, output_bytes=cell.written)
        for cell in shown
    )
    style, script = _resource("contact_sheet.css"), _resource("contact_sheet.js")
    largest = max((max(cell.width, cell.height) for cell in shown), default=0)
    kind = "small" if largest <= _SMALL else "medium" if largest <= _MEDIUM else "large"
    body = "".join(
        (
            _header(title, run, tally, shown),
            f'<main class="{kind}">',
            _without([cell for cell in shown if cell.status is not Status.DONE]),
            _tools(shown),
            *tiles_by_folder(shown),
            "</main>",
        )
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(title=html_text.attribute(title), policy=policy, style=style, script=script, body=body)


def _header(title: str, run: RunDetails, tally: Tally, cells: Sequence[Cell]) -> str:
    taken = f" in {' '.join(quantities.duration(run.seconds))}" if run.seconds is not None else ""
    by = f" by {counted(run.tasks, 'task')}" if run.tasks else ""
    made = [cell for cell in cells if cell.status is Status.DONE]  # a huge image that failed must not count as a saving
    smaller = quantities.saving(sum(cell.source_bytes for cell in made), sum(cell.written for cell in made))
    size = f" The thumbnails are <b>{smaller.replace(' %', '&nbsp;%')}</b> than the images." if smaller else ""
    done, images = counted(tally.done, "thumbnail"), counted(tally.items, "image")
    lead = f"<b>{done}</b> of {images}{by}{taken}.{size}"
    if len(cells) < tally.items:
        lead += f" This page shows {len(cells):,} of them."
    details = [
        ("from", run.source),
        ("to", run.thumbnails),
        ("recipe", run.recipe),
        ("started", run.started),
        *run.more,
    ]
    listed = "".join(
        f"<div><dt>{html_text.text(word)}</dt><dd>{html_text.text(value)}</dd></div>"
        for word, value in details
        if value
    )
    return (
        f'<header><div><p class="mark">{_MARK}thumbrun</p><h1>{html_text.text(title)}</h1>'
        f'<p class="lead">{lead}</p></div>'
        f'<dl class="figures">{_figures(run, tally)}</dl>{_bar(tally)}<dl class="facts">{listed}</dl></header>'
    )


def _figures(run: RunDetails, tally: Tally) -> str:
    skipped, failed = tally.skipped.total(), tally.failed.total()
    figures = [
        ("images", f"{tally.items:,}", "", ""),
        ("done", f"{tally.done:,}", "", "done" if tally.done else ""),
        ("skipped", f"{skipped:,}", "", "skipped" if skipped else ""),
        ("failed", f"{failed:,}", "", "failed" if failed else ""),
        ("of images", *quantities.size(tally.source_bytes), ""),
        ("of thumbnails", *quantities.size(tally.output_bytes), ""),
    ]
    if run.seconds is not None:
        figures.append(("start to end", *quantities.duration(run.seconds), ""))
    if run.tasks:
        figures.append(("tasks" if run.tasks > 1 else "task", f"{run.tasks:,}", "", ""))
    return "".join(
        f'<div class="{kind}"><dt>{word}</dt><dd>{number}{f" <small>{unit}</small>" if unit else ""}</dd></div>'
        for word, number, unit, kind in figures
    )


def _bar(tally: Tally) -> str:
    """Return one bar with the shares of done, skipped and failed; even the smallest share stays visible."""
    shares = (("done", tally.done), ("skipped", tally.skipped.total()), ("failed", tally.failed.total()))
    whole = sum(max(amount, tally.items * 0.006) for _, amount in shares if amount) or 1
    left, parts = 0.0, []
    for kind, amount in shares:
        if amount:
            wide = 100 * max(amount, tally.items * 0.006) / whole
            parts.append(f'<rect class="{kind}" x="{left:.2f}" width="{wide:.2f}" height="1"/>')
            left += wide
    said = ", ".join(f"{amount:,} {kind}" for kind, amount in shares)
    box = 'viewBox="0 0 100 1" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{said}" {box}>{"".join(parts)}</svg>'


def _without(cells: Sequence[Cell]) -> str:
    """Return the list of images without a thumbnail by reason: failures first, the most frequent reason first."""
    if not cells:
        return ""
    groups: dict[tuple[Status, Reason | None], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.status, cell.reason), []).append(cell)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0] is not Status.FAILED, -len(group[1])))
    parts = []
    for (status, reason), members in ordered:
        why = f'<span class="why">{escape(MEANINGS[reason])}</span>' if reason else ""
        lines = "".join(
            f'<li><span class="name">{html_text.text(cell.source)}</span>'
            f"{f'<small>{html_text.text(cell.detail)}</small>' if cell.detail else ''}</li>"
            for cell in members
        )
        parts.append(
            f'<details><summary><span class="tag {status}">{status}</span>'
            f"<b>{len(members):,} {escape(str(reason or status))}</b>{why}</summary><ol>{lines}</ol></details>"
        )
    return (
        f'<section class="without"><h2>{counted(len(cells), "image")} without a thumbnail</h2>'
        f"{''.join(parts)}</section>"
    )


def _tools(cells: Sequence[Cell]) -> str:
    """Return the filter, which stays hidden until its script runs."""
    present = [status for status in Status if any(cell.status is status for cell in cells)]
    choices = [("", "All", " checked"), *((status.value, status.value.capitalize(), "") for status in present)]
    radios = "".join(
        f'<label><input type="radio" name="status" value="{value}"{checked}><span>{word}</span></label>'
        for value, word, checked in choices
    )
    status = f"<fieldset><legend>Show</legend>{radios}</fieldset>" if len(present) > 1 else _ONE_STATUS
    search = '<input type="search" placeholder="Search names" aria-label="Search names" autocomplete="off">'
    return f'<form class="tools" role="search" hidden>{status}{search}<output aria-live="polite"></output></form>'


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
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="thumbrun">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<footer>This page is a single file and loads nothing from elsewhere.</footer>
<script>{script}</script>
</body>
</html>
"""
