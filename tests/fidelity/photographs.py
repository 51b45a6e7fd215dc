"""Photographs to measure with: a folder of real ones, or drawn ones."""

import io
import os
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests import photographs as corpus

QUALITIES = (80, 85, 90)  # as in the real photographs


def photographs() -> Iterator[tuple[str, bytes]]:
    """Yield kind and content of every photograph."""
    if os.environ.get(corpus.VARIABLE):
        for path, body in corpus.photographs().items():
            yield path.rpartition("/")[0], body
    else:
        for seed in range(6):
            picture = drawn(seed)
            for kind, options in (("baseline", {}), ("progressive", {"progressive": True})):
                target = io.BytesIO()
                picture.save(target, "JPEG", quality=QUALITIES[seed % 3], **options)
                yield kind, target.getvalue()


def drawn(seed: int, width: int = 2400, height: int = 1600) -> Image.Image:
    """Draw something with the statistics of a photograph: noise at every scale, gradients, and edges."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3))
    for octave in range(2, 10):
        grid = rng.normal(size=(1 + (height >> octave), 1 + (width >> octave), 3)) * 2**octave / 12
        layers = [
            Image.fromarray(grid[..., band].astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
            for band in range(3)
        ]
        picture += np.stack([np.asarray(layer) for layer in layers], -1)
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(12):
        angle, offset = rng.uniform(0, 6.28), rng.uniform(0, width)
        picture[np.cos(angle) * x + np.sin(angle) * y > offset] += rng.normal(0, 18, 3)
    picture += rng.normal(0, 4, (height, width, 1))
    return Image.fromarray((picture - picture.mean() + 120).clip(0, 255).astype(np.uint8))
