"""Tells a file's format by its first bytes, and whether its end is missing by its structure. Pure."""

import struct
from typing import IO

from thumbrun.imaging.bitmap_header import BITS, SIZES

HEAD = 64  # bytes that `format_of` needs

_CANON_RAW = b"CR\2\0"  # behind the header of a TIFF
_ISO_AVIF = (b"avif", b"avis")
_ISO_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2")


def format_of(head: bytes) -> str | None:
    """Return the name of the format that the bytes begin like, as `formats` spells it, or None for all others.

    A file name or content type does not count. Only the bytes count, as they do for a decoder.

    Args:
        head: The first `HEAD` bytes, fewer if there are no more.
    """
    if head[8:12] == _CANON_RAW:
        return None  # its first directory is that of a TIFF, but the pixels of its own are elsewhere
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _iso_kind(head)
    return "bmp" if _is_bare_bitmap(head) else None


_PREFIXES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # BigTIFF
    (b"MM\0+", "tiff"),
    (b"BM", "bmp"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\0\0\1\0", "ico"),
)


def _is_bare_bitmap(head: bytes) -> bool:
    """Whether the bytes are a bitmap without a file header: they begin with a header's size, and all of it fits."""
    if len(head) < 40 or head[1:4] != b"\0\0\0" or head[0] not in SIZES[1:]:
        return False
    width, height, planes, bits, compression = struct.unpack_from("<iiHHI", head, 4)
    return bool(width > 0 and height and planes == 1 and bits in BITS and compression < 14)


def _iso_kind(head: bytes) -> str | None:
    """Tell AVIF from HEIC. Both can have the major brand mif1, and name their format among the compatible brands."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))]
    if any(brand in _ISO_AVIF for brand in brands[:1]):
        return "avif"
    if not any(brand in _ISO_HEIF for brand in brands):
        return "avif" if any(brand in _ISO_AVIF for brand in brands) else None
    if brands[0] in (b"mif1", b"msf1", b"mif2") and any(brand in _ISO_AVIF for brand in brands):
        return "avif"
    return "heic"


def ends_early(name: str, source: IO[bytes]) -> bool:
    """Whether the structure of a file that could not be decoded shows that its end is missing.

    Args:
        name: The format that `format_of` returned.
        source: The bytes, seekable.
    """
    size = source.seek(0, 2)
    check = _CHECKS.get(name)
    try:
        return check is not None and check(source, size)
    except (struct.error, OSError, ValueError, IndexError):
        return True  # even the header is not complete


def _riff_ends_early(source: IO[bytes], size: int) -> bool:
    source.seek(4)
    (length,) = struct.unpack("<I", source.read(4))
    return bool(8 + length > size)


def _boxes_end_early(source: IO[bytes], size: int) -> bool:
    """Walk the boxes of an ISO base media file: none may reach beyond the end (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at < size:
        source.seek(at)
        length, _ = struct.unpack(">I4s", source.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", source.read(8))
        if length == 0:  # this box reaches to the end
            return False
        if length < 8:
            return False  # broken, not cut
        at += length
    return at > size


def _chunks_end_early(source: IO[bytes], size: int) -> bool:
    """Walk a PNG's chunks; return whether there is no IEND."""
    at = 8
    while at < size:
        source.seek(at)
        length, name = struct.unpack(">I4s", source.read(8))
        if name == b"IEND":
            return False
        if not name.isalpha():
            return False  # broken, not cut
        at += 12 + length
    return True


def _marker_missing(source: IO[bytes], size: int) -> bool:
    """Whether the last bytes lack the end marker of JPEG and JPEG 2000; some cameras append a few bytes to it."""
    source.seek(max(0, size - 4096))
    return b"\xff\xd9" not in source.read()


def _bitmap_ends_early(source: IO[bytes], size: int) -> bool:
    source.seek(0)
    head = source.read(6)
    (length,) = struct.unpack_from("<I", head, 2)
    return bool(head.startswith(b"BM") and length > size)


_MOST_BLOCKS = 1 << 20  # usually of 255 bytes each; the walk takes half a second


def _gif_ends_early(source: IO[bytes], size: int) -> bool:
    """Walk a GIF's blocks, and the sub-blocks of each, to its trailer (GIF89a, 15 to 27)."""
    source.seek(10)
    at, walked = 13 + _gif_colours(source.read(1)[0]), 0
    while at < size:
        source.seek(at)
        block = source.read(11)
        if block[0] == 0x2C:  # an image: its descriptor, its colours, the size of its codes
            at += 11 + _gif_colours(block[9])
        elif block[0] == 0x21:  # an extension: its label
            at += 2
        else:
            return False  # the trailer; anything else is broken, not cut
        length = 1
        while length and at < size:
            source.seek(at)
            (length,) = source.read(1)
            at += 1 + length
            walked += 1
            if walked > _MOST_BLOCKS:
                return False
    return True


def _gif_colours(flags: int) -> int:
    """Return the size of the colour table that flags announce, in bytes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _icon_ends_early(source: IO[bytes], size: int) -> bool:
    """Whether a picture of the directory reaches beyond the end."""
    source.seek(4)
    (count,) = struct.unpack("<H", source.read(2))
    for _ in range(count):
        length, start = struct.unpack("<8xII", source.read(16))
        if start + length > size:
            return True
    return False


_STRIPS, _TILES = (273, 279), (324, 325)  # the tags of their positions, and of their lengths (TIFF 6.0)


def _tiff_ends_early(source: IO[bytes], size: int) -> bool:
    """Whether the first directory of a classic TIFF, or data that it points to, reaches beyond the end."""
    source.seek(0)
    order = "<" if source.read(2) == b"II" else ">"
    version, at = struct.unpack(order + "HI", source.read(6))
    if version != 42:
        return False
    source.seek(at)
    (count,) = struct.unpack(order + "H", source.read(2))
    directory = source.read(12 * count)
    if len(directory) < 12 * count:
        return True
    values = {}
    for entry in range(0, len(directory), 12):
        tag, kind_, number = struct.unpack_from(order + "HHI", directory, entry)
        code, width = ("H", 2) if kind_ == 3 else ("I", 4)
        if tag in (*_STRIPS, *_TILES):
            if number * width > size:
                return True
            data = directory[entry + 8 : entry + 12]
            if number * width > 4:
                source.seek(struct.unpack(order + "I", data)[0])
                data = source.read(number * width)
            values[tag] = struct.unpack_from(f"{order}{number}{code}", data)
    return any(
        start + length > size
        for offsets, lengths in (_STRIPS, _TILES)
        for start, length in zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
    )


_CHECKS = {
    "jpeg": _marker_missing,
    "png": _chunks_end_early,
    "gif": _gif_ends_early,
    "webp": _riff_ends_early,
    "avif": _boxes_end_early,
    "heic": _boxes_end_early,
    "jpeg2000": _marker_missing,
    "tiff": _tiff_ends_early,
    "bmp": _bitmap_ends_early,
    "ico": _icon_ends_early,
}
