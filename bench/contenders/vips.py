"""The `thumbnail` function of pyvips, which shrinks an image while it loads it, for two images at a time."""

import os
from pathlib import Path

os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips

from bench.contenders.two_at_once import main

_SUFFIXES = {"jpeg": ".jpg[Q=80]", "png": ".png", "webp": ".webp[Q=80]"}


def make(path: Path, format_: str) -> bytes:
    """Return a thumbnail of a file."""
    picture = pyvips.Image.thumbnail(str(path), 100, height=100, size="down")
    return bytes(picture.write_to_buffer(_SUFFIXES[format_]))


if __name__ == "__main__":
    pyvips.cache_set_max(0)  # the bench repeats files, so a cache would help it more than any user
    main(make)
