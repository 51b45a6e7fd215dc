"""JPEG in arithmetic codes: the coefficients of Huffman-coded files, coded anew by the libjpeg that Pillow brings.

Pillow writes no arithmetic codes, but its libjpeg does. No coefficient changes, so the pixels must be the same.
"""

import ctypes
import importlib.metadata
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from PIL import Image

from tests.fidelity.independent import by_libvips
from tests.fidelity.pictures import saved, scene
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

_VERSION = 62  # JPEG_LIB_VERSION of Pillow's libjpeg
_COMPRESS_BYTES, _DECOMPRESS_BYTES, _ERROR_BYTES = 520, 632, 168  # of its structures, where pointers have 8 bytes
_ARITH_CODE = 260  # where `arith_code` is in its jpeg_compress_struct
# The size in pixels by that of a 4:2:0 file in KiB, about. Pillow reads 64 KiB at a time if a decoder can wait.
SIZES = {10: (240, 160), 64: (680, 480), 300: (1560, 1080)}
SAMPLINGS = {"grey": None, "4:4:4": 0, "4:2:0": 2}


@cache
def _libjpeg() -> ctypes.CDLL:
    files = importlib.metadata.files("pillow") or ()
    (found,) = (file for file in files if file.name.startswith("libjpeg"))
    library = ctypes.CDLL(str(found.locate()))
    library.jpeg_std_error.restype = library.jpeg_read_coefficients.restype = ctypes.c_void_p
    return library


def arithmetic(body: bytes, *, progressive: bool = False) -> bytes:
    """Return the picture of a Huffman-coded JPEG in arithmetic codes (ITU-T T.81, annex D), with equal coefficients."""
    library = _libjpeg()
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    source = ctypes.create_string_buffer(_DECOMPRESS_BYTES)
    target = ctypes.create_string_buffer(_COMPRESS_BYTES)
    for structure in (source, target):
        ctypes.c_void_p.from_buffer(structure).value = library.jpeg_std_error(error)
    library.jpeg_CreateDecompress(source, _VERSION, ctypes.c_size_t(len(source)))
    library.jpeg_CreateCompress(target, _VERSION, ctypes.c_size_t(len(target)))
    library.jpeg_mem_src(source, body, ctypes.c_ulong(len(body)))
    library.jpeg_read_header(source, 1)
    coefficients = ctypes.c_void_p(library.jpeg_read_coefficients(source))
    library.jpeg_copy_critical_parameters(source, target)
    ctypes.c_int.from_buffer(target, _ARITH_CODE).value = 1
    if progressive:
        library.jpeg_simple_progression(target)
    made, length = ctypes.c_void_p(), ctypes.c_ulong()
    library.jpeg_mem_dest(target, ctypes.byref(made), ctypes.byref(length))
    library.jpeg_write_coefficients(target, coefficients)
    library.jpeg_finish_compress(target)
    coded = ctypes.string_at(made, length.value)
    ctypes.CDLL(None).free(made)
    for structure in (source, target):
        library.jpeg_destroy(structure)
    return coded


@cache
def huffman(sampling: str, size: tuple[int, int]) -> bytes:
    """Return a picture with the noise of a camera, of one of `SAMPLINGS`, in Huffman codes."""
    noise = np.random.default_rng(1).normal(0, 6, (size[1], size[0], 3))
    picture = Image.fromarray((np.asarray(scene(*size)) + noise).clip(0, 255).astype(np.uint8))
    if sampling == "grey":
        return saved(picture.convert("L"), "JPEG", quality=90)
    return saved(picture, "JPEG", quality=90, subsampling=SAMPLINGS[sampling])


def coded(sampling: str, size: tuple[int, int], *, progressive: bool) -> bytes:
    """Return the same picture in arithmetic codes."""
    return arithmetic(huffman(sampling, size), progressive=progressive)


def variants() -> Iterator[Variant]:
    """Yield pictures of several sizes and samplings in one scan and in many, and files that lack their end."""
    for progressive in (False, True):
        for sampling in SAMPLINGS:
            for size in SIZES.values():
                name = _named(f"{sampling}, {size[0]} x {size[1]}", progressive=progressive)
                encode = partial(coded, sampling, size, progressive=progressive)
                draw = _full(sampling, size)
                yield Variant("jpeg", name, encode, draw, least=40, by="libvips, of the same coefficients")
        whole = partial(coded, "4:2:0", SIZES[64], progressive=progressive)
        for lacking, what in ((2, "no EOI"), (2000, "lacks 2000 bytes")):
            encode = partial(_cut, whole, lacking)
            name = _named(what, progressive=progressive)
            yield Variant("jpeg", name, encode, None, reason=Reason.TRUNCATED)


def _named(what: str, *, progressive: bool) -> str:
    return f"arithmetic, {'progressive, ' if progressive else ''}{what}"


def _full(sampling: str, size: tuple[int, int]) -> Callable[[], Image.Image]:
    return lambda: by_libvips(huffman(sampling, size))


def _cut(encode: Callable[[], bytes], lacking: int) -> bytes:
    return encode()[:-lacking]
