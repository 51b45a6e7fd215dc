"""Small objects that once made a task build far more than it had read of them."""

import struct

from tests.faults.images.bombs.tiff import directory, picture
from tests.faults.images.handmade import segment

_START, _END = b"\xff\xd8", b"\xff\xd9"
_COARSE = 6  # a quantiser of means whose last bit shows, so that a stand-in replaces it


def components(count: int, *, side: int = 10_000, size: int = 270_000, low: int = 15, finest: int = 0) -> bytes:
    """Return a progressive JPEG of nearly nothing whose means lack many bits in many components.

    Args:
        count: The number of its components.
        side: Its width, in pixels.
        size: The size of the file, in bytes; zeros fill it.
        low: How many bits the means of all components but the last lack.
        finest: The quantiser of these means; with 0, they lack nothing that shows.
    """
    tables = b"".join(segment(0xDB, bytes([table]) + bytes([mean]) * 64) for table, mean in ((0, finest), (1, _COARSE)))
    last = count - 1
    layers = b"".join(bytes([name, 0x11, name == last]) for name in range(count))
    frame = segment(0xC2, struct.pack(">BHHB", 8, side - 1, side, count) + layers)
    most = segment(0xDA, bytes([last]) + b"".join(bytes([name, 0]) for name in range(last)) + bytes([0, 0, low]))
    one = segment(0xDA, bytes([1, last, 0, 0, 0, 1]))
    return (_START + tables + frame + most + bytes(8) + one + bytes(8) + _END).ljust(size, b"\0")


def values(count: int, *, size: int = 1_500_000) -> bytes:
    """Return a TIFF with many private tags, whose values are all the same third of the file.

    Args:
        count: The number of these tags.
        size: The size of the file, in bytes.
    """
    length = size // 3 - 80_000
    entries = picture(64, 64, offsets=(273, 4, 1, 20_000))
    entries += [(40_000 + tag, 7, length, 20_000) for tag in range(count)]
    return (b"II*\0" + struct.pack("<I", 8) + directory(entries)).ljust(size, b"\0")
