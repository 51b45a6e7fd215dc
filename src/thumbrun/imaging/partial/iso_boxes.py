"""Reads the size that a HEIC or AVIF file declares for the picture it shows (ISO/IEC 23008-12, 6.5.3). Pure."""

import struct
from collections.abc import Iterator

from thumbrun.imaging.heif.properties import associated

_SEQUENCES = (b"avis", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs")  # a file of moving pictures can show another one
_MOST_BOXES = 5000


def size(head: bytes) -> tuple[int, int] | None:
    """Return the picture's width and height in pixels, before it is turned; None if they are unknown.

    They are unknown if the first bytes do not tell them, or if the picture is cropped.

    Args:
        head: The file's first bytes.

    Raises:
        struct.error, IndexError: The bytes are broken.
    """
    if head[8:12] in _SEQUENCES:
        return None
    meta = next((content for name, content in _boxes(head) if name == b"meta"), b"")
    inner = dict(_boxes(meta[4:]))
    if not inner.keys() >= {b"pitm", b"iprp"}:
        return None
    within = list(_boxes(inner[b"iprp"]))
    properties = [box for name, content in within if name == b"ipco" for box in _boxes(content)]
    wide = inner[b"pitm"][0] > 0
    (primary,) = struct.unpack_from(">I" if wide else ">H", inner[b"pitm"], 4)
    found = None
    for name, content in within:
        if name != b"ipma":
            continue
        for index in associated(content, primary):
            kind, value = properties[index - 1] if 0 < index <= len(properties) else (b"", b"")
            if kind == b"clap":
                return None
            if kind == b"ispe":
                found = struct.unpack_from(">II", value, 4)
    return (found[0], found[1]) if found else None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and content of each complete box."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        begin = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, begin)
            begin += 8
        if length < begin - at or at + length > len(data):
            return
        yield name, data[begin : at + length]
        at += length
