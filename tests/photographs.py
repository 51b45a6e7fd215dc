"""Photographs for tests: real ones if `THUMBRUN_PHOTOS` names a folder of them, otherwise drawn ones.

Drawn photographs have the features that matter: smooth gradients, sharp edges, fine noise, several sizes and formats.
"""

import io
import os
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.kept import kept

VARIABLE = "THUMBRUN_PHOTOS"
_BAND = 64  # rows drawn at once: they fit the processor's cache, which makes 50 megapixels ten times faster

# Like the real corpus. Each row: name, longest side in pixels, format, encoder options, number of photographs.
KINDS: tuple[tuple[str, int, str, dict[str, Any], int], ...] = (
    ("cam", 3000, "JPEG", {"quality": 90}, 6),
    ("camprog", 3000, "JPEG", {"quality": 90, "progressive": True}, 4),
    ("web", 1920, "JPEG", {"quality": 85}, 14),
    ("webprog", 1920, "JPEG", {"quality": 80, "progressive": True}, 10),
    ("small", 800, "JPEG", {"quality": 80}, 50),
    ("shot", 1600, "PNG", {}, 4),
    ("webp", 1600, "WEBP", {"quality": 80}, 6),
)


@cache
def photographs() -> dict[str, bytes]:
    """Return photographs by their path, `cam/0000.jpg` and so on."""
    folder = os.environ.get(VARIABLE)
    if folder:
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}
    drawn = {}
    for kind, side, format_, options, count in KINDS:
        for number in range(count):
            name = f"{kind}/{number:04d}.{'jpg' if format_ == 'JPEG' else format_.lower()}"
            drawn[name] = kept(name, partial(_encoded, side, number, format_, options), [Path(__file__)])
    return drawn


def _encoded(side: int, number: int, format_: str, options: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    draw(side, number, upright=number % 3 == 2).save(target, format_, **options)
    return target.getvalue()


def draw(side: int, seed: int, *, upright: bool = False) -> Image.Image:
    """Draw a photograph: a sky that grows lighter, hills with sharp edges, and grain everywhere.

    Args:
        side: The longest side in pixels.
        seed: The same seed gives the same picture.
        upright: Whether it is taller than wide.
    """
    chance = np.random.default_rng(seed)
    width, height = (side * 2 // 3, side) if upright else (side, side * 2 // 3)
    down = np.linspace(0, 1, height)[:, None]
    top, bottom = chance.uniform(40, 120, 3), chance.uniform(150, 250, 3)
    sky = top + (bottom - top) * down
    across = np.arange(width) / side
    hills = []
    for layer in range(4):
        waves = chance.uniform(3, 30, 3)
        ridge = 0.45 + 0.13 * layer + sum(0.04 * np.sin(across * wave + layer) for wave in waves)
        hills.append((ridge * height, chance.uniform(10, 200, 3)))
    grain = chance.normal(0, 4, (height // 4 + 1, width // 4 + 1)).repeat(4, 1)[:, :width]
    pixels = np.empty((height, width, 3), np.uint8)
    for first in range(0, height, _BAND):
        rows = np.arange(first, min(first + _BAND, height))
        below = [(rows[:, None] > ridge, colour) for ridge, colour in hills]
        for channel in range(3):
            band = sky[rows, channel][:, None].repeat(width, 1)
            for hill, colour in below:
                band[hill] = colour[channel]
            pixels[rows, :, channel] = (band + grain[rows // 4]).clip(0, 255)
    return Image.fromarray(pixels)


@cache
def reduced(body: bytes, width: int = 100, height: int = 100) -> Image.Image:
    """Return the reference thumbnail: the whole image decoded, and reduced by Lanczos over all of its pixels."""
    name = f"{sha256(body).hexdigest()} at {width}x{height}"
    return kept(name, partial(_reduced, body, width, height), [Path(__file__)])


def _reduced(body: bytes, width: int, height: int) -> Image.Image:
    with Image.open(io.BytesIO(body)) as image:
        whole = image.convert("RGB")
    scale = min(width / whole.width, height / whole.height, 1)
    size = (max(1, int(whole.width * scale + 0.5)), max(1, int(whole.height * scale + 0.5)))
    return whole.resize(size, Image.Resampling.LANCZOS)
