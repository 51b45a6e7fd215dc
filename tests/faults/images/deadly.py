"""Images that cost a decoding process: some are built to take minutes, and one kills the process."""

import io
from collections.abc import Callable

import pillow_heif
from PIL import Image

from tests.faults.images.bombs import boxes, jpeg, png
from tests.faults.images.handmade import chunk

LIMIT = 1.0  # seconds; each of the slow ones takes at least ten times as long

SLOW: dict[str, Callable[[], bytes]] = {
    "a progressive jpeg of 30,000 scans": lambda: jpeg.progressive(1_600, 30_000, refined=True),
    "a progressive jpeg of 100,000 scans": lambda: jpeg.progressive(1_600, 100_000),
    "an avif grid of 65,025 tiles": lambda: boxes.grid("avif", 255),
    "a png with 2,000 profiles of 15 MB": lambda: png.beside(*[png.profile(15 << 20)] * 2_000),
    "a png of 3,000,000 empty chunks": lambda: png.beside(*[chunk(b"teSt", b"")] * 3_000_000),
}


def crashing() -> bytes:
    """Return a HEIC that kills pi-heif 1.4: the media type of its XMP is not UTF-8, so that pi-heif stores NULL."""
    target = io.BytesIO()
    heif = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "teal"))
    heif.save(target, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    whole = target.getvalue()
    assert b"application/rdf+xml" in whole
    return whole.replace(b"application/rdf+xml", b"\xffpplication/rdf+xml")
