"""What is asked of a decoding process, and what it answers. Plain data that travels between processes."""

from dataclasses import dataclass

from thumbrun.imaging.geometry import Box
from thumbrun.outcomes import Reason


@dataclass(frozen=True, slots=True)
class Request:
    """A thumbnail to make, or several of one image.

    Attributes:
        width: Of the box, in pixels; of the largest where there are several.
        height: As width.
        output_format: `jpeg`, `png`, `gif`, `webp` or `avif`.
        quality: 1 to 100, for the lossy encoders.
        max_pixels: Of the source, as its header declares them.
        memory: Bytes that decoding may take, by the estimate of `cost`.
        claimed: Whether anything but the bytes says that this is an image; without, other bytes are no failure.
        smaller: The other boxes, largest first.
    """

    width: int
    height: int
    output_format: str
    quality: int
    max_pixels: int
    memory: int
    claimed: bool = True
    smaller: tuple[Box, ...] = ()

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, largest first."""
        return ((self.width, self.height), *self.smaller)


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail's file.

    Attributes:
        data: Encoded.
        width: In pixels.
        height: As width.
    """

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The thumbnails of one image.

    Attributes:
        data: The thumbnail, encoded; the largest box's where there are several.
        width: Its own, in pixels.
        height: As width.
        source_width: Of the source, upright.
        source_height: As source_width.
        source_format: What its bytes are, as `formats` calls it.
        smaller: Those of the other boxes, in the order of the request.
    """

    data: bytes
    width: int
    height: int
    source_width: int
    source_height: int
    source_format: str
    smaller: tuple[Picture, ...] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All thumbnails, in the order of the request's boxes."""
        return (Picture(self.data, self.width, self.height), *self.smaller)


@dataclass(frozen=True, slots=True)
class Refused:
    """No thumbnail can be made.

    Attributes:
        reason: Why.
        detail: A short line for people.
    """

    reason: Reason
    detail: str


def too_many_pixels(width: int, height: int, most: int) -> Refused | None:
    """Return the refusal of a picture that declares more than `most` pixels, None where it does not."""
    if width * height <= most:
        return None
    return Refused(Reason.TOO_MANY_PIXELS, f"{width:,} x {height:,} pixels, max-pixels is {most:,}")


@dataclass(frozen=True, slots=True)
class NeedsMemory:
    """The header declares a picture that takes more memory than the request allows.

    Attributes:
        bytes: How much it takes.
    """

    bytes: int
