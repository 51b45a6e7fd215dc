"""Draws what `attention` shows of pictures, beside what that of libvips shows.

`python -m tests.fidelity.attention_sheet FOLDER OUT.png` draws squares on every picture below a folder: green is
thumbrun's, red is that of libvips. It prints how far they are apart, as a share of the way that a square can move.
"""

import statistics
import sys
from pathlib import Path

import pyvips
from PIL import Image, ImageDraw

from thumbrun.imaging.interest import Interest
from thumbrun.imaging.render import thumbnail_pixels

CELL = 128
COLUMNS = 15
NEAR = 0.25


def main(folder: Path, target: Path) -> None:
    """Write the sheet, and print how far the squares are apart."""
    pictures = [
        thumbnail_pixels(path.read_bytes(), CELL, CELL).convert("RGB")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    sheet = Image.new("RGB", (CELL * COLUMNS, CELL * -(-len(pictures) // COLUMNS)), "white")
    apart = []
    for number, picture in enumerate(pictures):
        side = min(picture.size)
        room = max(picture.size) - side
        own, other = thumbruns(picture, side), libvips(picture, side)
        if room:
            apart.append(max(abs(own[0] - other[0]), abs(own[1] - other[1])) / room)
        pen = ImageDraw.Draw(picture)
        for (left, top), colour, inset in ((other, "red", 0), (own, "lime", 2)):
            pen.rectangle(
                (left + inset, top + inset, left + side - 1 - inset, top + side - 1 - inset), outline=colour, width=2
            )
        sheet.paste(picture, (number % COLUMNS * CELL, number // COLUMNS * CELL))
    sheet.save(target)
    near = sum(one <= NEAR for one in apart)
    print(f"{len(apart)} pictures: apart by {statistics.mean(apart):.2f} on average, and {near} by at most {NEAR}")


def thumbruns(picture: Image.Image, side: int) -> tuple[float, float]:
    """Return the left and upper edge of the square that thumbrun shows."""
    across, down = Interest(picture, "attention").share(side / picture.width, side / picture.height)
    return (picture.width - side) * across, (picture.height - side) * down


def libvips(picture: Image.Image, side: int) -> tuple[float, float]:
    """Return the left and upper edge of the square that libvips shows."""
    whole = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar").copy(interpretation="srgb")
    square = whole.smartcrop(side, side, interesting="attention")
    return -square.xoffset, -square.yoffset


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
