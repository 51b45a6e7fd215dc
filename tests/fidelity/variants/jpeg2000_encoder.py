"""Makes JPEG 2000 files: codestreams by OpenJPEG or FFmpeg, and boxes of any content around them."""

import struct
from fractions import Fraction
from typing import Any

import av
import imagecodecs
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[Any]
Definitions = tuple[tuple[int, int, int], ...]


def values(levels: Values, bits: int) -> Values:
    """Return levels of 0 to 255 in the given bits, rounded."""
    most = (1 << bits) - 1
    return ((levels.astype(np.int64) * most + 127) // 255).astype(np.uint8 if bits <= 8 else np.uint16)


def codestream(stored: Values, bits: int, **options: Any) -> bytes:
    """Return values as a bare codestream, without loss unless the options say otherwise."""
    options = {"level": 0, "reversible": True, "mct": False, "planar": False} | options
    return bytes(
        imagecodecs.jpeg2k_encode(
            np.ascontiguousarray(stored),
            codecformat="j2k",
            bitspersample=bits,
            colorspace=imagecodecs.JPEG2K.CLRSPC.UNSPECIFIED,
            numthreads=1,
            **options,
        )
    )


def with_depths(body: bytes, depths: dict[int, int]) -> bytes:
    """Return a codestream whose SIZ marker (ITU-T T.800, A.5.1) states other depths, by component."""
    changed = bytearray(body)
    for component, depth in depths.items():
        changed[42 + 3 * component] = depth
    return bytes(changed)


def box(name: bytes, content: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def enumerated(number: int) -> bytes:
    """Return the box of an enumerated colour space."""
    return box(b"colr", struct.pack(">BBBI", 1, 0, 0, number))


def defined(definitions: Definitions) -> bytes:
    """Return the box of definitions, each of channel, kind and association; nothing if there are none."""
    if not definitions:
        return b""
    entries = b"".join(struct.pack(">3H", *entry) for entry in definitions)
    return box(b"cdef", struct.pack(">H", len(definitions)) + entries)


def palette(table: Values, maps: tuple[tuple[int, int, int], ...]) -> bytes:
    """Return the boxes of a palette of 8 bits and three columns, and of what is mapped by it."""
    head = struct.pack(">HB3B", len(table), 3, 7, 7, 7)
    mapped = b"".join(struct.pack(">HBB", *entry) for entry in maps)
    return box(b"pclr", head + table.astype(np.uint8).tobytes()) + box(b"cmap", mapped)


def boxed(body: bytes, components: int, boxes: bytes) -> bytes:
    """Return a codestream as a JP2 file (ITU-T T.800, annex I)."""
    right, lower = struct.unpack_from(">II", body, 8)
    header = box(b"ihdr", struct.pack(">IIHBBBB", lower, right, components, body[42], 7, 0, 0)) + boxes
    return box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", header) + box(b"jp2c", body)


def boxed_levels(levels: Values, bits: int, number: int = 16, definitions: Definitions = ()) -> bytes:
    """Return levels of 0 to 255 as a JP2 file of the given bits and colour space."""
    components = 1 if levels.ndim == 2 else levels.shape[2]
    return boxed(codestream(values(levels, bits), bits), components, enumerated(number) + defined(definitions))


def by_ffmpeg(picture: Image.Image, layout: str, form: str = "jp2") -> bytes:
    """Return a picture in YCbCr of the full range (sYCC), with channels of colour as large as the layout says."""
    codec = av.CodecContext.create("jpeg2000", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.options = *picture.size, layout, {"format": form}
    codec.time_base = Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.array(picture), format="rgb24").reformat(
        format=layout,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG,
    )
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
