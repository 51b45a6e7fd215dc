"""Decodes JPEG 2000 by OpenJPEG's own interface, which gives each channel as it is.

Pillow makes 8 bits of them itself. Doing so, it turns the brightest values of 12 and 16 bits to black; and it does not
ask which channel is which. thumbrun uses the OpenJPEG that Pillow brings and has loaded. OpenJPEG gets only the
codestream, because it reads only some of the palettes and definitions in the boxes around it.
"""

import contextlib
import ctypes
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
import numpy.ctypeslib  # numpy would load it on first use, and decoding processes can open no file
from numpy.typing import NDArray

_CODESTREAM = 0  # of OPJ_CODEC_FORMAT
_PARAMETERS = 1 << 14  # bytes; opj_dparameters_t, which begins with the number of halvings, has 8,252
_BUFFER = 1 << 18
_FAILED = ctypes.c_size_t(-1).value
_LONGEST_MESSAGE = 300

_READ = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
_SKIP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_SEEK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)
_SAY = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)


class _Component(ctypes.Structure):
    """The struct opj_image_comp_t."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("dx", "dy", "w", "h", "x0", "y0", "prec", "bpp", "sgnd")),
        *((name, ctypes.c_uint32) for name in ("resno_decoded", "factor")),
        ("data", ctypes.POINTER(ctypes.c_int32)),
        ("alpha", ctypes.c_uint16),
    )


class _Picture(ctypes.Structure):
    """The struct opj_image_t."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("x0", "y0", "x1", "y1", "numcomps")),
        ("color_space", ctypes.c_int),
        ("comps", ctypes.POINTER(_Component)),
        ("icc_profile_buf", ctypes.c_void_p),
        ("icc_profile_len", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Samples:
    """One component of a decoded picture.

    Attributes:
        values: The values, of shape (height, width). A component can be smaller than the picture.
        bits: How many bits a value has.
        signed: Whether values are signed.
    """

    values: NDArray[np.int32]
    bits: int
    signed: bool


class _Stream:
    """The file that OpenJPEG reads, and what it has said of it last. Only one picture is decoded at a time."""

    def __init__(self) -> None:
        self.source: IO[bytes] | None = None
        self.start = 0
        self.said = ""

    def read(self, target: int, size: int, _: object) -> int:
        data = self.source.read(min(size, _BUFFER)) if self.source else b""
        ctypes.memmove(target, data, len(data))
        return len(data) or _FAILED

    def skip(self, size: int, _: object) -> int:
        return size if self.seek((self.source.tell() - self.start if self.source else 0) + size, None) else -1

    def seek(self, at: int, _: object) -> int:
        if self.source is None or at < 0:
            return 0
        self.source.seek(self.start + at)
        return 1

    def say(self, message: bytes, _: object) -> None:
        self.said = message[:_LONGEST_MESSAGE].decode("ascii", "replace").strip()


# Calls from C need code that is made when these are: a decoding process might not be allowed to make it.
_STREAM = _Stream()
_CALLS = (_READ(_STREAM.read), _SKIP(_STREAM.skip), _SEEK(_STREAM.seek), _SAY(_STREAM.say))


def _library() -> ctypes.CDLL | None:
    """Return OpenJPEG, by Pillow's own link to it; None if it cannot be used."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    try:
        library = ctypes.CDLL(importlib.import_module("PIL._imaging").__file__)
        for name, result, *arguments in (
            ("opj_version", ctypes.c_char_p),
            ("opj_stream_create", pointer, ctypes.c_size_t, integer),
            ("opj_stream_set_read_function", None, pointer, _READ),
            ("opj_stream_set_skip_function", None, pointer, _SKIP),
            ("opj_stream_set_seek_function", None, pointer, _SEEK),
            ("opj_stream_set_user_data", None, pointer, pointer, pointer),
            ("opj_stream_set_user_data_length", None, pointer, ctypes.c_uint64),
            ("opj_stream_destroy", None, pointer),
            ("opj_create_decompress", pointer, integer),
            ("opj_set_error_handler", integer, pointer, _SAY, pointer),
            ("opj_set_default_decoder_parameters", None, pointer),
            ("opj_setup_decoder", integer, pointer, pointer),
            ("opj_read_header", integer, pointer, pointer, pointer),
            ("opj_decode", integer, pointer, pointer, pointer),
            ("opj_destroy_codec", None, pointer),
            ("opj_image_destroy", None, pointer),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        return library if library.opj_version().startswith(b"2.") else None
    except (ImportError, AttributeError, OSError):
        return None


_OPENJPEG = _library()


def is_found() -> bool:
    """Whether OpenJPEG can be used."""
    return _OPENJPEG is not None


@contextlib.contextmanager
def decoded(source: IO[bytes], start: int, halvings: int) -> Iterator[list[Samples]]:
    """Decode a codestream and give its components, for as long as the context lasts.

    Args:
        source: The file.
        start: Where the codestream begins in it.
        halvings: How often to halve the picture.

    Raises:
        MemoryError: There is not enough memory.
        OSError: OpenJPEG refuses the picture; the message is its own.
    """
    assert _OPENJPEG is not None  # noqa: S101  (`is_found` has told)
    size = source.seek(0, 2) - start
    source.seek(start)
    _STREAM.source, _STREAM.start, _STREAM.said = source, start, ""
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, _STREAM, "source", None)
        stream = _made(_OPENJPEG.opj_stream_create(_BUFFER, 1))
        stack.callback(_OPENJPEG.opj_stream_destroy, stream)
        codec = _made(_OPENJPEG.opj_create_decompress(_CODESTREAM))
        stack.callback(_OPENJPEG.opj_destroy_codec, codec)
        read, skip, seek, say = _CALLS
        _OPENJPEG.opj_stream_set_read_function(stream, read)
        _OPENJPEG.opj_stream_set_skip_function(stream, skip)
        _OPENJPEG.opj_stream_set_seek_function(stream, seek)
        _OPENJPEG.opj_stream_set_user_data(stream, None, None)
        _OPENJPEG.opj_stream_set_user_data_length(stream, size)
        _OPENJPEG.opj_set_error_handler(codec, say, None)
        parameters = ctypes.create_string_buffer(_PARAMETERS)
        _OPENJPEG.opj_set_default_decoder_parameters(parameters)
        ctypes.c_uint32.from_buffer(parameters).value = halvings
        picture = ctypes.POINTER(_Picture)()
        _check(_OPENJPEG.opj_setup_decoder(codec, parameters))
        read_it = _OPENJPEG.opj_read_header(stream, codec, ctypes.byref(picture))
        stack.callback(_OPENJPEG.opj_image_destroy, picture)
        _check(read_it)
        _check(_OPENJPEG.opj_decode(codec, stream, picture))
        yield [_samples(picture.contents.comps[index]) for index in range(picture.contents.numcomps)]


def _samples(component: _Component) -> Samples:
    if not component.data or not component.w or not component.h:
        raise OSError("a component has no pixels")
    values = np.ctypeslib.as_array(component.data, (component.h, component.w))
    return Samples(values, component.prec, bool(component.sgnd))


def _made(thing: int | None) -> int:
    if not thing:
        raise MemoryError("out of memory")
    return thing


def _check(succeeded: int) -> None:
    if succeeded:
        return
    if "memory" in _STREAM.said.lower():
        raise MemoryError(_STREAM.said)
    raise OSError(_STREAM.said or "OpenJPEG cannot decode the picture")
