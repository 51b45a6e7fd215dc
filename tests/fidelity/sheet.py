"""Draws the thumbnails of all odd pictures and variants beside the right ones.

`python -m tests.fidelity.sheet OUT.png` writes the picture. What is refused has no place on it.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from tests.fidelity.measure import psnr, reference
from tests.fidelity.pictures import Odd, odd_pictures
from tests.fidelity.variants import all_variants
from tests.fidelity.variants.variant import Variant
from thumbrun.imaging.render import thumbnail_pixels

CELL = (230, 124)
COLUMNS = 9


def main(target: Path) -> None:
    """Write the sheet: on the left the thumbnail, on the right the truth reduced, below name and PSNR."""
    odd = [*odd_pictures(), *map(as_odd, filter(lambda variant: variant.draw, all_variants()))]
    sheet = Image.new("RGB", (CELL[0] * COLUMNS, CELL[1] * -(-len(odd) // COLUMNS)), (120, 120, 120))
    for index, one in enumerate(odd):
        sheet.paste(cell(one), (index % COLUMNS * CELL[0], index // COLUMNS * CELL[1]))
    sheet.save(target)


def as_odd(variant: Variant) -> Odd:
    """Return a variant that is drawn as an odd picture."""
    assert variant.draw is not None
    return Odd(f"{variant.kind}: {variant.name}", lambda: variant.body, variant.draw(), variant.least, variant.kind)


def cell(odd: Odd) -> Image.Image:
    """Return one picture's part of the sheet."""
    part = Image.new("RGB", CELL, (120, 120, 120))
    expected, actual = reference(odd.truth), thumbnail_pixels(odd.body, 100, 100)
    for left, picture in ((4, actual), (112, expected)):
        rgba = picture.convert("RGBA")
        part.paste(rgba, (left, 2), rgba)
    draw = ImageDraw.Draw(part)
    value = psnr(expected, actual)
    draw.text((4, 102), odd.name, fill="white")
    draw.text((4, 112), f"{value:.1f} dB, at least {odd.least:g}", fill="white" if value >= odd.least else "red")
    return part


if __name__ == "__main__":
    main(Path(sys.argv[1]))
