"""Draws thumbnails of mutated pictures beside what two other decoders and the picture itself show, to look at.

`python -m tests.fidelity.mutant_sheet OUT.png COUNT [SEED]` draws COUNT mutants that are `done`, of every variant, also
of those that the campaign of `mutations` cannot judge. Each has four pictures: the thumbnail, that of libvips, that of
Pillow, and the picture before it was changed; below them its name, what was changed, and the PSNR against libvips and
against the unchanged picture. A mutant that is right can be unlike the last.
"""

import asyncio
import contextlib
import io
import random
import sys
import warnings
from pathlib import Path

import pyvips
from PIL import Image, ImageDraw

from tests.fidelity.independent import by_libvips
from tests.fidelity.measure import psnr, reference
from tests.fidelity.mutations import mutated
from tests.fidelity.variants import all_variants
from tests.unit.imaging.samples import running, verdict
from thumbrun.imaging.request import Rendered, Request

CELL, COLUMNS = (430, 134), 4
_GREY = (120, 120, 120)
_LARGEST = 300_000
_LONGEST = 64  # letters


async def main(target: Path, count: int, seed: int) -> None:
    """Write the sheet."""
    chance = random.Random(seed)  # noqa: S311  (it mutates pictures)
    variants = [variant for variant in all_variants() if variant.draw and len(variant.body) < _LARGEST]
    kinds = sorted({variant.kind for variant in variants})
    asked = Request(100, 100, "png", 80, 10**7, 10**9)
    sheet = Image.new("RGB", (CELL[0] * COLUMNS, CELL[1] * -(-count // COLUMNS)), _GREY)
    done = 0
    async with running() as pool:
        while done < count:
            kind = chance.choice(kinds)
            variant = chance.choice([variant for variant in variants if variant.kind == kind])
            body, change = mutated(variant.body, chance)
            made = await verdict(pool, body, asked)
            if isinstance(made, Rendered) and variant.draw:
                thumbnail = Image.open(io.BytesIO(made.data))
                part = cell(f"{done}, {kind}: {variant.name}", change, body, thumbnail, reference(variant.draw()))
                sheet.paste(part, (done % COLUMNS * CELL[0], done // COLUMNS * CELL[1]))
                done += 1
    sheet.save(target)


def cell(name: str, change: str, body: bytes, thumbnail: Image.Image, unchanged: Image.Image) -> Image.Image:
    """Return one mutant's part of the sheet."""
    part = Image.new("RGB", CELL, _GREY)
    draw = ImageDraw.Draw(part)
    vips = _by_libvips(body)
    for index, picture in enumerate((thumbnail, vips, _by_pillow(body), unchanged)):
        if picture is None:
            draw.text((4 + index * 106, 40), "refused", fill="yellow")
            continue
        shown = picture.convert("RGBA")
        shown.thumbnail((100, 100))
        part.paste(shown, (2 + index * 106, 2), shown)
    draw.text((2, 104), name[:_LONGEST], fill="white")
    values = f"libvips {_value(vips, thumbnail)}, unchanged {_value(unchanged, thumbnail)}"
    draw.text((2, 117), f"{values} | {change}"[:_LONGEST], fill="white")
    return part


def _by_libvips(body: bytes) -> Image.Image | None:
    with contextlib.suppress(pyvips.Error, OSError):
        return reference(by_libvips(body))
    return None


def _by_pillow(body: bytes) -> Image.Image | None:
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # Pillow raises exceptions of any kind
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(body)) as image:
            return reference(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    return None


def _value(expected: Image.Image | None, thumbnail: Image.Image) -> str:
    if expected is None or expected.size != thumbnail.size:
        return "-"
    return f"{psnr(expected, thumbnail):.0f} dB"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1))
