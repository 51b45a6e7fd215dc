"""Small pictures that carry their identity: a grid of light and dark fields, which is readable in the thumbnail too."""

import io
from dataclasses import dataclass

from PIL import Image

_GRID = 4
_BITS = _GRID * _GRID
_NUMBER_BITS, _VERSION_BITS = 10, 3
_SIZES = ((240, 160), (160, 240), (200, 200), (300, 120), (130, 100))
_FORMATS = (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("jpg", "JPEG"))


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity that a picture carries.

    Attributes:
        number: The number of the picture, below 1,024.
        version: How often the picture was replaced, below 8.
    """

    number: int
    version: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture itself, in pixels."""
        return _SIZES[(self.number + self.version) % len(_SIZES)]

    @property
    def extension(self) -> str:
        """The extension of its name, the same for all versions."""
        return _FORMATS[self.number % len(_FORMATS)][0]


def draw(identity: Identity) -> bytes:
    """Return a picture's file."""
    check = (identity.number * 5 + identity.version * 3) % 8
    bits = identity.number | identity.version << _NUMBER_BITS | check << (_NUMBER_BITS + _VERSION_BITS)
    fields = Image.new("L", (_GRID, _GRID))
    fields.putdata([230 if bits >> place & 1 else 25 for place in range(_BITS)])
    target = io.BytesIO()
    image = fields.resize(identity.size, Image.Resampling.NEAREST).convert("RGB")
    format_ = _FORMATS[identity.number % len(_FORMATS)][1]
    image.save(
        target, format_, **({"progressive": identity.number % 8 == 0, "quality": 90} if format_ == "JPEG" else {})
    )
    return target.getvalue()


def look(body: bytes) -> tuple[Identity, tuple[int, int]]:
    """Return the identity that a thumbnail shows, and its size.

    Raises:
        OSError, ValueError: The thumbnail cannot be opened whole, or shows no identity.
    """
    with Image.open(io.BytesIO(body)) as opened:
        image = opened.convert("L")
    width, height = image.size
    bits = 0
    for place in range(_BITS):
        x = (place % _GRID * 2 + 1) * width // (2 * _GRID)
        y = (place // _GRID * 2 + 1) * height // (2 * _GRID)
        level = image.getpixel((x, y))
        if not isinstance(level, int) or 90 < level < 165:
            raise ValueError(f"field {place} is neither light nor dark")
        bits |= (level > 127) << place
    number = bits & (1 << _NUMBER_BITS) - 1
    version = bits >> _NUMBER_BITS & (1 << _VERSION_BITS) - 1
    if bits >> (_NUMBER_BITS + _VERSION_BITS) != (number * 5 + version * 3) % 8:
        raise ValueError("its fields contradict each other")
    return Identity(number, version), (width, height)


def fits(size: tuple[int, int], whole: tuple[int, int], box: int = 100) -> bool:
    """Return whether a thumbnail has the size of a picture that was fitted into a box."""
    scale = box / max(whole)
    return all(abs(side - length * scale) <= 1 for side, length in zip(size, whole, strict=True)) and box == max(size)
