"""The contact sheet: one self-contained page with every thumbnail of a run, and what failed. Pure.

Nothing is loaded from elsewhere, and names from the bucket are text and nothing else: escaped, isolated from the
writing direction around them, and under a policy that forbids whatever a hole would let in.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from thumbrun.outcomes import MEANINGS, Reason, Status


@dataclass(frozen=True, slots=True)
class Cell:
    """One image of the sheet.

    Attributes:
        source: Its path below the source.
        output: Its thumbnail's name.
        status: What became of it.
        reason: Why, unless done.
        detail: A line for people, or empty.
        note: What else is worth saying, or empty.
        source_bytes: Of the image.
        thumbnail: The thumbnail's bytes, or None.
        media_type: Of the thumbnail.
    """

    source: str
    output: str
    status: Status
    reason: Reason | None = None
    detail: str = ""
    note: str = ""
    source_bytes: int = 0
    thumbnail: bytes | None = None
    media_type: str = "image/jpeg"


def contact_sheet(title: str, facts: Sequence[tuple[str, str]], cells: Iterable[Cell]) -> str:
    """Return the page.

    Args:
        title: Of the page.
        facts: What is known of the run: a word and its value each.
        cells: The images, in the order in which they are shown; those without a thumbnail are listed apart.
    """
    shown: list[Cell] = []
    troubled: list[Cell] = []
    counts: Counter[Status] = Counter()
    read = written = 0
    for cell in cells:
        counts[cell.status] += 1
        read += cell.source_bytes
        written += len(cell.thumbnail or b"")
        (shown if cell.status is Status.DONE else troubled).append(cell)
    figures = [
        (f"{counts[Status.DONE]:,}", "thumbnails"),
        (f"{counts[Status.SKIPPED]:,}", "skipped"),
        (f"{counts[Status.FAILED]:,}", "failed"),
        (f"{read / max(written, 1):,.0f}", "times smaller"),
    ]
    return _PAGE.format(
        style=_resource("contact_sheet.css"),
        title=_text(title),
        figures="".join(f"<li><b>{escape(number)}</b> {word}</li>" for number, word in figures),
        facts="".join(f"<dt>{_text(word)}</dt><dd><bdi>{_text(value)}</bdi></dd>" for word, value in facts),
        cells="".join(map(_shown, shown)),
        trouble=_trouble(troubled),
    )


def _shown(cell: Cell) -> str:
    source = _text(cell.source)
    note = f"<small>{_text(cell.note)}</small>" if cell.note else ""
    data = base64.b64encode(cell.thumbnail or b"").decode("ascii")
    picture = f'<img loading="lazy" alt="{source}" src="data:{escape(cell.media_type)};base64,{data}">'
    caption = f'<figcaption title="{_text(cell.output)}"><bdi>{source}</bdi>{note}</figcaption>'
    return f"<li><figure><div>{picture}</div>{caption}</figure></li>"


def _trouble(cells: Sequence[Cell]) -> str:
    if not cells:
        return ""
    rows = []
    for cell in cells:
        meaning = escape(MEANINGS[cell.reason]) if cell.reason else ""
        detail = f"<br><small>{_text(cell.detail)}</small>" if cell.detail else ""
        rows.append(
            f"<tr class={cell.status.value}><td><bdi>{_text(cell.source)}</bdi></td>"
            f"<td><b>{cell.status.value}: {escape(str(cell.reason))}</b></td><td>{meaning}{detail}</td></tr>"
        )
    head = "<thead><tr><th>image</th><th>outcome</th><th>what it means</th></tr></thead>"
    return f"<section><h2>Without a thumbnail</h2><table>{head}<tbody>{''.join(rows)}</tbody></table></section>"


def _text(value: str) -> str:
    """Return text from outside as HTML: what cannot be printed is spelt out."""
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in value)
    return escape(printable, quote=True)


def _resource(name: str) -> str:
    return files("thumbrun.report").joinpath(name).read_text("utf-8")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<ul class="figures">{figures}</ul>
<dl>{facts}</dl>
</header>
<main>
<ul class="sheet">{cells}</ul>
{trouble}
</main>
</body>
</html>
"""
