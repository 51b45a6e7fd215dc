"""Pillow's `draft` and `thumbnail` for the files of a folder, in two threads: what one writes in a minute."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

source, target = map(Path, sys.argv[1:])


def make(path: Path) -> None:
    """Write the thumbnail of a file."""
    with Image.open(path) as picture:
        picture.draft("RGB", (100, 100))
        picture.thumbnail((100, 100))
        picture.save(target / path.name, quality=80)


if __name__ == "__main__":
    target.mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, sorted(source.iterdir())))
