"""The options of Pillow and pi-heif under which thumbrun decodes. They hold for the whole process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pi_heif
from PIL import AvifImagePlugin, Image, PngImagePlugin

_OPTIONS: tuple[tuple[Any, str, Any], ...] = (
    (AvifImagePlugin, "DEFAULT_MAX_THREADS", 1),  # one image keeps only one processor busy, so its time limit is fair
    (pi_heif.options, "DECODE_THREADS", 1),
    (pi_heif.options, "THUMBNAILS", False),
    (pi_heif.options, "DEPTH_IMAGES", False),
    (pi_heif.options, "AUX_IMAGES", False),
    (Image, "MAX_IMAGE_PIXELS", None),  # thumbrun checks a limit of its own before it decodes anything
    # Pictures can hold long texts, up to this bound, because editors store large XMP blocks.
    (PngImagePlugin, "MAX_TEXT_CHUNK", 16 << 20),
)
OURS = tuple(value for _, _, value in _OPTIONS)


def get() -> tuple[Any, ...]:
    """Return the values that the options have now."""
    return tuple(getattr(library, name) for library, name, _ in _OPTIONS)


def put(values: Sequence[Any]) -> None:
    """Give the options these values, in the order of `get`."""
    for (library, name, _), value in zip(_OPTIONS, values, strict=True):
        setattr(library, name, value)


@contextmanager
def kept() -> Iterator[None]:
    """Give the options the values back that they have now, whatever the block does."""
    before = get()
    try:
        yield
    finally:
        put(before)
