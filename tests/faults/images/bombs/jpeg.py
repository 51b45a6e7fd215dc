"""Bombs in JPEG: with a Huffman code of one bit, a block takes two bits, and 32,767 empty blocks take two bytes."""

import io
import struct

from PIL import Image

from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, UNREADABLE, Bomb
from tests.faults.images.handmade import segment

_START, _END = b"\xff\xd8", b"\xff\xd9"
_TABLE = segment(0xDB, b"\0" + b"\1" * 64)
_RUN = 14  # the longest run of blocks that end here, as a power of two


def _codes(kind: int, symbol: int) -> bytes:
    """Return a Huffman table with one code, the bit 0."""
    return segment(0xC4, bytes([kind << 4, 1, *[0] * 15, symbol]))


def _frame(marker: int, width: int, height: int, components: int = 1) -> bytes:
    layers = b"".join(bytes([1 + index, 0x11, 0]) for index in range(components))
    return segment(marker, struct.pack(">BHHB", 8, height, width, components) + layers)


def _scan(first: int, last: int, components: int = 1, low: int = 0) -> bytes:
    layers = b"".join(bytes([1 + index, 0]) for index in range(components))
    return segment(0xDA, bytes([components]) + layers + bytes([first, last, low]))


def progressive(side: int, scans: int, *, refined: bool = False, height: int | None = None) -> bytes:
    """Return a grey progressive JPEG with one scan for the averages and many empty scans for the rest.

    Args:
        side: The width in pixels.
        scans: How many scans follow the first.
        refined: Whether each scan refines existing values, which takes a decoder longer.
        height: The height in pixels; None makes it as high as wide.
    """
    height = height or side
    blocks = -(-side // 8) * -(-height // 8)
    averages = _scan(0, 0) + bytes(-(-blocks // 8))  # a bit each
    runs = -(-blocks // ((2 << _RUN) - 1))
    # Each run is the code 0 and then 14 ones: 32,767 blocks. A zero follows each byte of ones.
    bits = ("0" + "1" * _RUN) * runs
    bits += "1" * (-len(bits) % 8)
    empty = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    scan = _scan(1, 63, low=0x10 if refined else 0) + empty
    tables = _TABLE + _codes(0, 0) + _codes(1, _RUN << 4)
    return _START + tables + _frame(0xC2, side, height) + averages + scan * scans + _END


def _baseline(side: int, *, restarts: bool = False, components: int = 1, scans: int = 1) -> bytes:
    blocks = (-(-side // 8)) ** 2
    tables = _TABLE + _codes(0, 0) + _codes(1, 0)
    if restarts:  # after every block: two bits and six to fill the byte, then a marker
        cycle = b"".join(bytes([0x3F, 0xFF, 0xD0 + number]) for number in range(8))
        data = (cycle * (blocks // 8 + 1))[: 3 * blocks - 2]
        tables += segment(0xDD, struct.pack(">H", 1))
    else:
        data = bytes(-(-2 * components * blocks // 8))
    return _START + tables + _frame(0xC0, side, side, components) + (_scan(0, 63, components) + data) * scans + _END


def scan_by_scan(side: int) -> bytes:
    """Return a JPEG in colour that is not progressive but has a scan for each of its components."""
    blocks = (-(-side // 8)) ** 2
    scans = (segment(0xDA, bytes([1, number, 0, 0, 63, 0])) + bytes(-(-2 * blocks // 8)) for number in (1, 2, 3))
    return _START + _TABLE + _codes(0, 0) + _codes(1, 0) + _frame(0xC0, side, side, 3) + b"".join(scans) + _END


def _photograph() -> bytes:
    target = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(target, "JPEG")
    return target.getvalue()


def _with(*segments: bytes) -> bytes:
    """Return a photograph with segments in front."""
    return _START + b"".join(segments) + _photograph()[2:]


def _profile(count: int) -> list[bytes]:
    return [segment(0xE2, b"ICC_PROFILE\0" + bytes([1 + n % 255, 255]) + bytes(65_519)) for n in range(count)]


def with_exif(count: int) -> bytes:
    """Return a photograph with EXIF in this many segments of 64 KiB, which readers join."""
    directory = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 60_000 // 12, 274, 3, 1, 6)
    return _with(*[segment(0xE1, b"Exif\0\0" + directory + bytes(65_000))] * count)


def _loop() -> bytes:
    """Return EXIF whose directories point at themselves."""
    entries = struct.pack("<HHHII", 2, 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x8825, 4, 1, 8)
    return segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + entries + struct.pack("<I", 8))


def _three(side: int) -> bytes:
    blocks = (-(-side // 8)) ** 2
    averages = _scan(0, 0, 3) + bytes(-(-3 * blocks // 8))
    return _START + _TABLE + _codes(0, 0) + _frame(0xC2, side, side, 3) + averages + _END


def _without_height() -> bytes:
    """Return a JPEG whose height should follow its pixels (ITU-T T.81, B.2.5) but is missing."""
    return _START + _TABLE + _frame(0xC0, 64, 0) + _scan(0, 63) + _END


BOMBS = {
    "jpeg progressive, 30,000 x 26,000": Bomb(lambda: progressive(30_000, 20, height=26_000), TOO_MANY),
    "jpeg progressive, 10,000 x 10,000": Bomb(lambda: progressive(10_000, 10), DONE),
    "jpeg progressive, 10,000 x 10,000 in colour": Bomb(lambda: _three(10_000), MEMORY),
    "jpeg of 65,500 x 65,500": Bomb(lambda: _baseline(65_500), TOO_MANY),
    "jpeg of 10,000 x 10,000": Bomb(lambda: _baseline(10_000), DONE),
    "jpeg of 10,000 x 10,000, scan by scan": Bomb(lambda: scan_by_scan(10_000), MEMORY),
    "jpeg of 5,000 x 5,000, scan by scan": Bomb(lambda: scan_by_scan(5_000), DONE),
    "jpeg of 1,000 scans": Bomb(lambda: progressive(800, 1_000), DONE),
    "jpeg of 1,000 refining scans": Bomb(lambda: progressive(800, 1_000, refined=True), DONE),
    "jpeg of a million restarts": Bomb(lambda: _baseline(8_000, restarts=True), DONE),
    "jpeg of 3,000 baseline scans": Bomb(lambda: _baseline(64, scans=3_000), UNREADABLE),
    "jpeg that declares no height": Bomb(_without_height, UNREADABLE),
    "jpeg with a profile of 16 MB": Bomb(lambda: _with(*_profile(255)), DONE),
    "jpeg with a profile of 60 MB": Bomb(lambda: _with(*_profile(950)), DONE),
    "jpeg with EXIF of 16 MB": Bomb(lambda: with_exif(250), DONE),
    "jpeg with EXIF of 60 MB": Bomb(lambda: with_exif(950), DONE),
    "jpeg with EXIF that points at itself": Bomb(lambda: _with(_loop()), DONE),
    "jpeg with 500,000 empty comments": Bomb(lambda: _with(segment(0xFE, b"") * 500_000), DONE),
}
