"""Reads the header of a Windows or OS/2 bitmap (Microsoft: Bitmap Header Types; IBM: OS/2 Bitmap File Format). Pure."""

import struct
from dataclasses import dataclass

_CORE, _INFO, _OS2 = 12, 40, 64
_WITH_MASKS, _WITH_ALPHA = 52, 56
SIZES = (_CORE, _INFO, _WITH_MASKS, _WITH_ALPHA, _OS2, 108, 124)
BITS = (1, 2, 4, 8, 16, 24, 32)
_PLAIN, RLE8, RLE4, _FIELDS, _ALPHA_FIELDS = 0, 1, 2, 3, 6
_UNREAD = {4: "a JPEG within", 5: "a PNG within", 11: "CMYK", 12: "CMYK in run lengths", 13: "CMYK in run lengths"}
_UNREAD_OS2 = {3: "the Huffman coding of OS/2", 4: "24 bits in run lengths"}
LONGEST = 124 + 16  # bytes of a header and of masks behind it

Masks = tuple[int, int, int, int]  # which bits of a pixel are red, green, blue and alpha


@dataclass(frozen=True, slots=True)
class BitmapHeader:
    """What a bitmap's header tells.

    Attributes:
        width: The width, in pixels.
        height: The height, in pixels; that of picture and mask together in an icon.
        top_down: Whether the first row is the upper one.
        bits: The bits of a pixel.
        run_lengths: `RLE8` or `RLE4` if the pixels come in run lengths, else 0.
        masks: The masks of a pixel's colours, if the header tells them.
        colours: How many colours the palette has at most.
        colour_bytes: The bytes of each of them.
        end: Where the palette begins, in bytes from the start of the header.
    """

    width: int
    height: int
    top_down: bool
    bits: int
    run_lengths: int
    masks: Masks | None
    colours: int
    colour_bytes: int
    end: int

    @property
    def stride(self) -> int:
        """The bytes of a row: a multiple of four."""
        return (self.width * self.bits + 31) // 32 * 4


def read_header(head: bytes) -> BitmapHeader:
    """Return what a header tells.

    Args:
        head: The bytes from the start of the header, `LONGEST` if there are as many.

    Raises:
        struct.error: It is cut short.
        ValueError: thumbrun does not read such bitmaps; the message says why.
    """
    (size,) = struct.unpack_from("<I", head)
    if size not in SIZES:
        raise ValueError(f"a header of {size} bytes is not read")
    if size == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 4)
        compression = colours = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", head, 4)
        (colours,) = struct.unpack_from("<I", head, 32)
    if width <= 0 or not height:
        raise ValueError(f"it has no pixels: {width} x {height}")
    if bits not in BITS:
        raise ValueError(f"{bits} bits a pixel are not read")
    _check_compression(size, bits, compression, top_down=height < 0)
    masks, end = _masks(head, size, bits, compression)
    most = 1 << bits if bits <= 8 else 0
    return BitmapHeader(
        width=width,
        height=abs(height),
        top_down=height < 0,
        bits=bits,
        run_lengths=compression if compression in (RLE8, RLE4) else 0,
        masks=masks,
        colours=min(colours or most, most),
        colour_bytes=3 if size == _CORE else 4,
        end=end,
    )


def _check_compression(size: int, bits: int, compression: int, *, top_down: bool) -> None:
    if size == _OS2 and compression in _UNREAD_OS2:
        raise ValueError(f"{_UNREAD_OS2[compression]} is not read")
    if compression in _UNREAD:
        raise ValueError(f"{_UNREAD[compression]} is not read")
    if compression not in (_PLAIN, RLE8, RLE4, _FIELDS, _ALPHA_FIELDS):
        raise ValueError(f"compression {compression} is not read")
    needed = {RLE8: (8,), RLE4: (4,), _FIELDS: (16, 24, 32), _ALPHA_FIELDS: (16, 32)}.get(compression, BITS)
    if bits not in needed:
        raise ValueError(f"compression {compression} with {bits} bits a pixel is not read")
    if top_down and compression in (RLE8, RLE4):
        raise ValueError("run lengths from top to bottom are not read")


def _masks(head: bytes, size: int, bits: int, compression: int) -> tuple[Masks | None, int]:
    """Return the masks, and where the header ends with them: a short header has them behind it."""
    if compression not in (_FIELDS, _ALPHA_FIELDS):
        return None, size
    count = 4 if compression == _ALPHA_FIELDS or size >= _WITH_ALPHA else 3
    red, green, blue, *others = struct.unpack_from(f"<{count}I", head, _INFO)
    masks = red, green, blue, others[0] if others else 0
    for index, mask in enumerate(masks):
        lowest = mask & -mask
        if mask >> bits or (mask + lowest) & mask or any(mask & other for other in masks[:index]):
            raise ValueError(f"the masks {', '.join(f'{one:X}' for one in masks)} of {bits} bits are not read")
    if not (red and green and blue) and (any(masks) or bits != 32):
        raise ValueError("a colour has no bits")
    return masks, size if size > _INFO else _INFO + 4 * count
