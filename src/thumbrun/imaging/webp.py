"""Decodes still WebP pictures at a reduced size, by libwebp's own interface, which Pillow does not offer.

Pillow decodes each WebP as an animation, onto a canvas as large as the picture: it takes, clears and copies 16 bytes a
pixel, of which hardly any remain in a thumbnail. libwebp instead averages rows as they come out of its decoder.
thumbrun uses the libwebp that Pillow brings and has loaded. Pillow itself decodes animations, and all WebP pictures if
that library is not found or is of another generation.
"""

import ctypes
import importlib
import struct
from collections.abc import Iterator
from typing import IO, Any

from PIL import Image, ImageFile, WebPImagePlugin

_INTERFACE = 0x0209  # WEBP_DECODER_ABI_VERSION; libwebp refuses any other first byte
_HEAD = 30
_ANIMATION, _FIRST_CHUNK = 0x02, 12  # RFC 9649, 2.7 and 2.4
_LOSSLESS = 2
_RGBA = 1  # of WEBP_CSP_MODE
_OUT_OF_MEMORY, _SUSPENDED, _NOT_ENOUGH_DATA = 1, 5, 7  # VP8StatusCode
_METADATA = {b"ICCP": "icc_profile", b"EXIF": "exif"}


class _Features(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("padding", ctypes.c_uint32 * 5),
    )


class _Output(ctypes.Structure):
    """The struct WebPDecBuffer, with WebPRGBABuffer for its union."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("colourspace", "width", "height", "is_external")),
        ("pixels", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("rest_of_union", ctypes.c_byte * 56),
        ("padding", ctypes.c_uint32 * 4),
        ("private", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("bypass_filtering", "no_fancy_upsampling", "use_cropping")),
        *((name, ctypes.c_int) for name in ("crop_left", "crop_top", "crop_width", "crop_height")),
        *((name, ctypes.c_int) for name in ("use_scaling", "scaled_width", "scaled_height")),
        *((name, ctypes.c_int) for name in ("use_threads", "dithering", "flip", "alpha_dithering")),
        ("padding", ctypes.c_uint32 * 5),
    )


class _Configuration(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


def _library() -> ctypes.CDLL | None:
    """Return libwebp, by Pillow's own link to it; None if it cannot be used."""
    try:
        library = ctypes.CDLL(importlib.import_module("PIL._webp").__file__)
        library.WebPGetFeaturesInternal.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int)
        library.WebPDecode.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
        usable = library.WebPInitDecoderConfigInternal(ctypes.byref(_Configuration()), _INTERFACE)
    except (ImportError, AttributeError, OSError):
        return None
    return library if usable else None


_LIBWEBP = _library()


def opens_lightly(name: str, source: IO[bytes]) -> bool:
    """Whether a file is a WebP whose pixels take no memory before it is loaded. Those of animations do.

    Args:
        name: The format of the file.
        source: The file at its start; it is at its start again when this returns.
    """
    if name != "webp" or _LIBWEBP is None:
        return False
    head = source.read(_HEAD)
    source.seek(0)
    return not (head[12:16] == b"VP8X" and len(head) == _HEAD and head[20] & _ANIMATION)


def open_webp(source: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header of a WebP file. For an animation, this takes the memory to decode it.

    Raises:
        Exception: The header is broken; Pillow raises exceptions of any kind.
    """
    return StillWebP(source) if opens_lightly("webp", source) else WebPImagePlugin.WebPImageFile(source)


class StillWebP(ImageFile.ImageFile):
    """A still picture of mode RGB or RGBA that can be decoded to a fraction of its size.

    Attributes:
        lossless: Whether its pixels are lossless; the decoder then holds all of them at once.
    """

    format = "WEBP"
    lossless = False

    def _open(self) -> None:
        assert self.fp is not None  # noqa: S101  (Pillow has just got it)
        assert _LIBWEBP is not None  # noqa: S101  (`open_webp` has checked it)
        self._content = self.fp.read()
        features = _Features()
        status = _LIBWEBP.WebPGetFeaturesInternal(self._content, len(self._content), ctypes.byref(features), _INTERFACE)
        _check(status)
        self._size = (features.width, features.height)
        self._mode = "RGBA" if features.has_alpha else "RGB"
        self.lossless = features.format == _LOSSLESS
        self._scale = 1
        self.tile = []
        for name, content in _chunks(self._content):
            if key := _METADATA.get(name):
                self.info.setdefault(key, content)

    @property
    def is_scalable(self) -> bool:
        """Whether the decoder can average it. In a lossy picture with alpha, invisible colours would show."""
        return self.lossless or self.mode == "RGB"

    def divide(self, scale: int) -> None:
        """Divide the width and height to decode by this number, rounded up."""
        self._scale = scale
        self._size = (-(-self.width // scale), -(-self.height // scale))

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            MemoryError: There is not enough memory.
            OSError: The picture is broken.
        """
        if self._content:
            decoded = self._decoded()
            self._content = b""
            self.im, self.readonly = decoded.im, decoded.readonly
        return super().load()

    def _decoded(self) -> Image.Image:
        assert _LIBWEBP is not None  # noqa: S101
        configuration = _Configuration()
        _LIBWEBP.WebPInitDecoderConfigInternal(ctypes.byref(configuration), _INTERFACE)
        width, height = self.size
        stride = width * 4
        pixels = bytearray(stride * height)
        output, options = configuration.output, configuration.options
        output.colourspace, output.is_external = _RGBA, 1
        output.pixels, output.stride, output.size = (
            ctypes.addressof(ctypes.c_char.from_buffer(pixels)),
            stride,
            stride * height,
        )
        if self._scale > 1:
            options.use_scaling, options.scaled_width, options.scaled_height = 1, width, height
        _check(_LIBWEBP.WebPDecode(self._content, len(self._content), ctypes.byref(configuration)))
        if self.mode == "RGBA":
            return Image.frombuffer("RGBA", self.size, pixels, "raw", "RGBA", 0, 1)
        return Image.frombytes("RGB", self.size, pixels, "raw", "RGBX")


def _check(status: int) -> None:
    if status == _OUT_OF_MEMORY:
        raise MemoryError("out of memory")
    if status in (_SUSPENDED, _NOT_ENOUGH_DATA):
        raise OSError("the picture is truncated")
    if status:
        raise OSError(f"the picture is broken (libwebp reports status {status})")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the metadata chunks of an extended file (RFC 9649, 2.3 and 2.7)."""
    position = _FIRST_CHUNK
    while position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        if name in _METADATA:
            yield name, content[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
