"""Draws the thumbnails of all odd pictures beside the right ones: `python -m tests.fidelity.sheet OUT.png`."""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from tests.fidelity.measure import psnr, reference
from tests.fidelity.pictures import Odd, odd_pictures
from thumbrun.imaging.render import thumbnail_pixels

CELL = (230, 124)
COLUMNS = 7


def main(target: Path) -> None:
    """Write the sheet: on the left the thumbnail, on the right the truth reduced, below name and PSNR."""
    odd = odd_pictures()
    sheet = Image.new("RGB", (CELL[0] * COLUMNS, CELL[1] * -(-len(odd) // COLUMNS)), (120, 120, 120))
    for index, one in enumerate(odd):
        sheet.paste(cell(one), (index % COLUMNS * CELL[0], index // COLUMNS * CELL[1]))
    sheet.save(target)


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
