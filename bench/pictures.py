"""Pictures of a given size for the parts of the bench, made from the photographs of the corpus."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tests.photographs import photographs

DISTINCT = 24  # pictures of each size; more names link to the same bytes, and no task remembers bytes

# The longest side in pixels and the quality that give the sizes in the goals.
SIZES: Mapping[str, tuple[int, int]] = {
    "18 kB": (480, 80),
    "1920 px": (1920, 85),
    "4000 px": (4000, 90),
    "phone": (4032, 92),  # with the noise of a small sensor: 12 megapixels, about 3.3 MB
}
_NOISE = {"phone": 5.0}  # its standard deviation, in levels


def fill(folder: Path, size: str, count: int) -> list[Path]:
    """Fill a folder with JPEG pictures, and return the distinct ones.

    Args:
        folder: An empty folder.
        size: One of `SIZES`.
        count: The number of names.
    """
    side, quality = SIZES[size]
    made = []
    for number, body in enumerate(_sources()):
        with Image.open(io.BytesIO(body)) as picture:
            scale = side / max(picture.size)
            plain = picture.convert("RGB").resize((round(picture.width * scale), round(picture.height * scale)))
        if size in _NOISE:
            plain = _noisy(plain.resize((side, side * 3 // 4)), _NOISE[size], number)
        path = folder / f"{number:05d}.jpg"
        plain.save(path, "JPEG", quality=quality)
        made.append(path)
    for number in range(len(made), count):
        (folder / f"{number:05d}.jpg").hardlink_to(made[number % len(made)])
    return made


def _noisy(picture: Image.Image, deviation: float, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, deviation, (picture.height, picture.width, 1))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


def _sources() -> list[bytes]:
    """Return photographs from all over the part of the corpus that a camera made."""
    large = [body for name, body in sorted(photographs().items()) if name.startswith("cam/")]
    return large[:: max(1, len(large) // DISTINCT)][:DISTINCT]
