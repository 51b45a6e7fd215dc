"""GIF: first pictures of any place and size, transparent colours, palettes of their own, and interlacing."""

import struct
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fidelity.variants.variant import Variant

WIDTH, HEIGHT = 240, 160
PALETTE = np.random.default_rng(9).integers(0, 256, (16, 3)).astype(np.uint8)
OTHER = PALETTE[::-1]
LEFT_TOP_SIZES = {"whole": (0, 0, 240, 160), "lower right": (120, 80, 120, 80), "middle": (60, 40, 120, 80)}


@cache
def numbers(width: int, height: int) -> NDArray[np.uint8]:
    """Return the numbers of the colours of a picture of 16 colours."""
    y, x = np.mgrid[0:height, 0:width]
    made: NDArray[np.uint8] = ((x // 30 + y // 40 * 3) % 16).astype(np.uint8)
    return made


def codes(pixels: bytes) -> bytes:
    """Return pixels of 4 bits in LZW codes of 5 bits that never grow, because a clear comes before (GIF89a, F)."""
    bits = 0
    count = 0
    for at, pixel in enumerate(pixels):
        if at % 14 == 0:
            bits |= 16 << count
            count += 5
        bits |= pixel << count
        count += 5
    bits |= 17 << count
    data = bits.to_bytes((count + 12) // 8, "little")
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\4" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def gif(
    box: tuple[int, int, int, int],
    *,
    clear: int | None = None,
    local: bool = False,
    interlaced: bool = False,
    background: int = 0,
    disposal: int = 0,
    more: bool = False,
) -> bytes:
    """Return a GIF whose first picture covers a box of left, top, width and height.

    Args:
        box: The box.
        clear: The number of the transparent colour, if there is one.
        local: Whether the picture has a palette of its own.
        interlaced: Whether its rows come in four passes.
        background: The number of the background colour.
        disposal: What is to happen with it after its time.
        more: Whether another picture follows.
    """
    left, top, width, height = box
    pixels = numbers(width, height)
    if interlaced:
        pixels = np.concatenate([pixels[0::8], pixels[4::8], pixels[2::4], pixels[1::2]])
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, disposal << 2 | (clear is not None), 5, clear or 0, 0)
    flags = (0x83 if local else 0) | (0x40 if interlaced else 0)
    picture = struct.pack("<BHHHHB", 0x2C, left, top, width, height, flags)
    picture += (OTHER.tobytes() if local else b"") + codes(pixels.tobytes())
    body = b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0xF3, background, 0) + PALETTE.tobytes()
    other = struct.pack("<BHHHHB", 0x2C, 0, 0, 9, 9, 0) + codes(bytes(81)) if more else b""
    return body + control + picture + control * more + other + b"\x3b"


def drawn(box: tuple[int, int, int, int], clear: int | None = None, *, local: bool = False) -> Image.Image:
    """Return what the first picture shows: transparent outside of it."""
    left, top, width, height = box
    index = numbers(width, height)
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    opaque = np.where(index == clear, 0, 255) if clear is not None else np.full(index.shape, 255)
    colours = (OTHER if local else PALETTE)[index]
    pixels[top : top + height, left : left + width] = np.dstack([colours, opaque.astype(np.uint8)])
    picture = Image.fromarray(pixels)
    return picture if (pixels[..., 3] < 255).any() else picture.convert("RGB")


def variants() -> Iterator[Variant]:
    """Yield the variants of GIF."""
    for place, box in LEFT_TOP_SIZES.items():
        for clear in (None, 3):
            for local in (False, True):
                for index, interlaced in enumerate((False, True)):
                    name = f"{place}, {'transparent colour' if clear else 'opaque'}"
                    name += f"{', own palette' if local else ''}{', interlaced' if interlaced else ''}"
                    options: dict[str, Any] = {"clear": clear, "local": local, "interlaced": interlaced}
                    body = partial(gif, box, **options, background=index * 5, disposal=index * 2, more=bool(index))
                    yield Variant("gif", name, body, partial(drawn, box, clear, local=local))
