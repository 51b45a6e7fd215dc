"""Writes docs/pictures.md, the table of all variants of all formats: `python -m tests.fidelity.table`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.fidelity.measure import EQUAL, psnr, reference
from tests.fidelity.variants import all_variants
from tests.fidelity.variants.variant import Variant
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Refused, Request

TARGET = Path(__file__).parents[2] / "docs/pictures.md"
_NAMES = {
    "jpeg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "webp": "WebP",
    "avif": "AVIF",
    "heic": "HEIC",
    "tiff": "TIFF",
    "bmp": "BMP",
    "ico": "ICO",
    "jpeg2000": "JPEG 2000",
}
_HEAD = """# Odd pictures

Each format has variants that change what its bytes mean. thumbrun draws a variant right, or refuses it and says why; it
draws none that a decoder does not surely understand. `python -m tests.fidelity.table` writes this page from the tests:
it makes a file of each variant, and compares the thumbnail with the right picture, reduced in the plain way.

- *dB* is the PSNR of the thumbnail's pixels against the right ones, before the thumbnail is encoded. From about 40 dB
  on nobody sees a difference. `=` means that no pixel differs.
- *right by* says where the right picture comes from: the formula of the format's standard, or other decoders that
  agree.
- *refused* gives the reason and the words of the outcome.

`python -m tests.fidelity.sheet sheet.png` draws them all side by side, to look at.
"""


def page() -> str:
    """Return the text of the page."""
    by_kind: dict[str, list[Variant]] = {}
    for variant in all_variants():
        by_kind.setdefault(variant.kind, []).append(variant)
    parts = [_HEAD]
    for kind, title in _NAMES.items():
        if found := by_kind.pop(kind, None):
            parts += [f"## {title}", "", "| variant | | dB | right by |", "| --- | --- | --- | --- |"]
            parts += [*map(row, found), ""]
    assert not by_kind, "a format without a title"
    return "\n".join(parts)


def row(variant: Variant) -> str:
    """Return the row of one variant."""
    name = variant.name.replace("|", "\\|")
    if variant.draw is None:
        verdict = render(variant.body, Request(100, 100, "png", 80, 10**8, 10**9))
        assert isinstance(verdict, Refused), f"{variant.kind}, {variant.name} is drawn"
        detail = verdict.detail.replace("|", "\\|")
        return f"| {name} | refused, `{verdict.reason}`: {detail} | | |"
    value = psnr(reference(variant.draw()), thumbnail_pixels(variant.body, 100, 100))
    return f"| {name} | right | {'=' if value == EQUAL else f'{value:.0f}'} | {variant.by} |"


def shape(text: str) -> Iterator[str]:
    """Yield the rows of a page without what another library can change: decibels, and the words of a decoder."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield line.split(" | ")[0] + (" refused" if "| refused, " in line else "")
        elif line.startswith("## "):
            yield line


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), "utf-8")
    sys.stdout.write(f"{TARGET} is written\n")


if __name__ == "__main__":
    main()
