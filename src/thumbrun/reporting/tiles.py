"""The tiles of the contact sheet: those of failures first, then all others under their folders. Pure."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders under which the tiles stand: the first ones in which the paths of the images differ.

    If such folders hold too few images, there is only the folder that holds all.

    Attributes:
        names: The names of the folders, each with its `/`; empty for images that lie in none.
    """

    names: Sequence[str]
    _common: str

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> "Folders":
        """Return the folders of some images, in the order in which the first image of each comes."""
        common = _common_folder(cells)
        names = list(dict.fromkeys(_below(common, cell.source) for cell in cells))
        headed = 1 < len(names) <= len(cells) / _FEW_IN_FOLDER
        return cls(names if headed else [common], common)

    def number_of(self, cell: Cell) -> int:
        """Return the number of an image's folder."""
        return self.names.index(_below(self._common, cell.source)) if len(self.names) > 1 else 0


def tiles(cells: Sequence[Cell], folders: Folders) -> Iterable[str]:
    """Yield the tiles: of what failed, under one heading, and then of the others under their folders."""
    failed = [cell for cell in cells if cell.status is Status.FAILED]
    if failed:
        yield from _section(f'<span class="failed">Failed</span>{_many(failed)}', failed, folders, "")
    others: dict[int, list[Cell]] = {}
    for cell in cells:
        if cell.status is not Status.FAILED:
            others.setdefault(folders.number_of(cell), []).append(cell)
    for number, members in others.items():
        folder = folders.names[number]
        name = f'<span class="name">{html_text.text(folder)}</span>' if folder else "<span>not in a folder</span>"
        if len(folders.names) == 1 and not folder:
            name = f"<span>{'The others' if failed else 'Images'}</span>"
        yield from _section(name + _many(members), members, folders, folder)


def _section(heading: str, cells: Iterable[Cell], folders: Folders, folder: str) -> Iterable[str]:
    yield f'<section class="folder"><h3>{heading}</h3><ul class="sheet">'
    for cell in cells:
        yield _tile(cell, cell.source.removeprefix(folder), folders.number_of(cell))
    yield "</ul></section>"


def _many(cells: Sequence[Cell]) -> str:
    return f"<small>{counted(len(cells), 'image')}</small>"


def _below(common: str, source: str) -> str:
    """Return the folder of an image: the first one below the common folder, or the common folder itself."""
    first, slash, _ = source[len(common) :].partition("/")
    return common + first + slash if slash else common


def _common_folder(cells: Sequence[Cell]) -> str:
    """Return the folder that holds all images, with its `/`, or an empty string."""
    if not cells:
        return ""
    first, last = min(cell.source for cell in cells), max(cell.source for cell in cells)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[: first.rfind("/", 0, shared) + 1]


def _tile(cell: Cell, name: str, folder: int) -> str:
    box = f", {cell.width} by {cell.height}" if cell.width and cell.height else ""
    title = f"{cell.source} → {cell.output}{box}" if cell.output else cell.source
    note = f"<small>{html_text.text(cell.note)}</small>" if cell.note else ""
    return (
        f'<li class="{cell.status}" data-folder="{folder}" data-format="{html_text.attribute(cell.format)}" '
        f'title="{html_text.attribute(title)}"><figure><div class="well">{_content(cell)}</div>'
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
    return f"<small>{before} &rarr; {' '.join(quantities.size(cell.output_bytes))}</small>"
