"""Small pictures for the tests of the library."""

import io
from pathlib import Path

from PIL import Image


def picture(width: int = 300, height: int = 200, format_: str = "JPEG") -> bytes:
    """Return a picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format_)
    return file.getvalue()


def pictures_in(folder: Path, count: int, *, broken: int = 0) -> Path:
    """Put pictures into a new folder, and files that are none; return the folder."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(picture())
    for number in range(broken):
        (folder / f"broken-{number}.jpg").write_bytes(b"no image")
    return folder
