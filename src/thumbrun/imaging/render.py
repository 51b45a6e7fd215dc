"""One image, from bytes to a thumbnail or a refusal: what a decoding process does with what it is given."""

import ctypes
import warnings
from mmap import mmap

from PIL import UnidentifiedImageError

from thumbrun.imaging import cost, decode
from thumbrun.imaging.encode import encode
from thumbrun.imaging.geometry import upright
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

_LONGEST_DETAIL = 200
_CUT_SHORT = ("truncated", "unexpected end", "not enough data", "incomplete", "end of file", "premature")


def render(body: bytes | mmap, request: Request) -> Rendered | Refused | NeedsMemory:
    """Make a thumbnail; whatever the bytes are, this returns.

    The order matters: pixels are limited before memory is, and memory before anything is decoded.

    Args:
        body: The image's bytes.
        request: What to make of them, and within which limits.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is odd in a file; a thumbnail does not care
            return _render(body, request)
    except MemoryError:
        return Refused(Reason.OUT_OF_MEMORY, "decoding took more memory than the process may have")
    except UnidentifiedImageError:
        return Refused(Reason.UNREADABLE, "the bytes are no image of a format that thumbrun reads")
    except Exception as error:  # noqa: BLE001  (hostile bytes make decoders raise anything at all)
        return _refused(error)


def _render(body: bytes | mmap, request: Request) -> Rendered | Refused | NeedsMemory:
    with decode.open_image(body) as image:
        source_format = "JPEG" if image.format == "MPO" else str(image.format)
        width, height = upright(*image.size, decode.orientation_of(image))
        count = width * height
        if count > request.max_pixels:
            return Refused(
                Reason.TOO_MANY_PIXELS, f"{width:,} x {height:,} pixels, max-pixels is {request.max_pixels:,}"
            )
        needed = cost.decoded_bytes(image, decode.decoder_scale(image, request.width, request.height))
        if needed > request.memory:
            return NeedsMemory(needed)
        picture = decode.pixels(image, request.width, request.height)
    data = encode(picture, request.output_format, request.quality)
    if needed > _WORTH_TRIMMING:
        _give_back()
    return Rendered(data, *picture.size, width, height, source_format)


def _refused(error: Exception) -> Refused:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    detail = "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_DETAIL]
    cut_short = isinstance(error, EOFError) or any(words in detail.lower() for words in _CUT_SHORT)
    return Refused(Reason.TRUNCATED if cut_short else Reason.UNREADABLE, detail)


_WORTH_TRIMMING = 32 << 20


def _give_back() -> None:
    """Return freed memory to the system, which the C library otherwise keeps for the next large picture."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
