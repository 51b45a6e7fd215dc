"""Pillow's own `thumbnail()`, for two images at a time: its codecs let two threads run at once."""

import io
from pathlib import Path

from PIL import Image

from bench.contenders.two_at_once import main


def make(path: Path, format_: str) -> bytes:
    """Return a thumbnail of a file."""
    target = io.BytesIO()
    with Image.open(path) as picture:
        picture.thumbnail((100, 100))
        picture.save(target, format_, quality=80)
    return target.getvalue()


if __name__ == "__main__":
    main(make)
