"""The tiles of the contact sheet, which show every image of the run under its folder. Pure."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from thumbrun.console import counted
from thumbrun.outcomes import Status
from thumbrun.reporting import html_text, quantities
from thumbrun.reporting.content import Cell

_FEW_IN_FOLDER = 3  # each folder gets a heading only if folders hold at least this many images on average
_WITH_ALPHA = frozenset(("image/png", "image/gif", "image/webp", "image/avif"))
_CROSS = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M9 9l6 6M15 9l-6 6"/></svg>'
)
_DASH = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M8 12h8"/></svg>'
_TICK = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M8 12l3 3 5-6"/></svg>'


def tiles_by_folder(cells: Sequence[Cell]) -> Iterable[str]:
    """Yield the tiles, grouped by the first folder in which the paths differ.

    If such folders hold too few images, all tiles have one heading.
    """
    common = _common_folder(cells)
    folders: dict[str, list[Cell]] = {}
    for cell in cells:
        first, slash, _ = cell.source[len(common) :].partition("/")
        folders.setdefault(common + first + slash if slash else common, []).append(cell)
    headed = 1 < len(folders) <= len(cells) / _FEW_IN_FOLDER
    if not headed:
        folders = {common: list(cells)}
    for folder, members in folders.items():
        many = f"<small>{counted(len(members), 'image')}</small>"
        name = f'<span class="name">{html_text.text(folder)}</span>' if folder else "<span>not in a folder</span>"
        heading = f"<h3>{name}{many}</h3>" if headed or common else '<h3 class="unseen">Images</h3>'
        yield f'<section class="folder">{heading}<ul class="sheet">'
        for cell in members:
            yield _tile(cell, cell.source[len(folder) :])
        yield "</ul></section>"


def _common_folder(cells: Sequence[Cell]) -> str:
    """Return the folder that holds all images, with its `/`, or an empty string."""
    if not cells:
        return ""
    first, last = min(cell.source for cell in cells), max(cell.source for cell in cells)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[: first.rfind("/", 0, shared) + 1]


def _tile(cell: Cell, name: str) -> str:
    box = f", {cell.width} by {cell.height}" if cell.width and cell.height else ""
    title = f"{cell.source} → {cell.output}{box}" if cell.status is Status.DONE else cell.source
    note = f"<small>{html_text.text(cell.note)}</small>" if cell.note else ""
    return (
        f'<li class="{cell.status}" title="{html_text.attribute(title)}">'
        f'<figure><div class="well">{_content(cell)}</div>'
        f'<figcaption><span class="name">{html_text.text(name)}</span>{_sizes(cell)}{note}</figcaption></figure></li>'
    )


def _content(cell: Cell) -> str:
    if cell.thumbnail is None:
        picture = _CROSS if cell.status is Status.FAILED else _DASH if cell.status is Status.SKIPPED else _TICK
        return f"<p>{picture}{escape(str(cell.reason or 'thumbnail made'))}</p>"
    alpha = ' class="alpha"' if cell.media_type in _WITH_ALPHA else ""
    box = f' width="{cell.width}" height="{cell.height}"' if cell.width and cell.height else ""
    data = base64.b64encode(cell.thumbnail).decode("ascii")
    source = f"data:{html_text.attribute(cell.media_type)};base64,{data}"
    return f'<img{alpha}{box} loading="lazy" decoding="async" alt="{html_text.attribute(cell.source)}" src="{source}">'


def _sizes(cell: Cell) -> str:
    before = " ".join(quantities.size(cell.source_bytes))
    if cell.status is not Status.DONE:
        return f"<small>{before}</small>" if cell.source_bytes else ""
    return f"<small>{before} &rarr; {' '.join(quantities.size(cell.written))}</small>"
