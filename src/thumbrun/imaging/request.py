"""What is asked of a decoding process, and what it answers. Plain data that travels between processes."""

from dataclasses import dataclass

from thumbrun.outcomes import Reason


@dataclass(frozen=True, slots=True)
class Request:
    """A thumbnail to make.

    Attributes:
        width: Of the box, in pixels.
        height: As width.
        output_format: `jpeg`, `png`, `gif`, `webp` or `avif`.
        quality: 1 to 100, for the lossy encoders.
        max_pixels: Of the source, as its header declares them.
        memory: Bytes that decoding may take, by the estimate of `cost`.
        claimed: Whether anything but the bytes says that this is an image; without, other bytes are no failure.
    """

    width: int
    height: int
    output_format: str
    quality: int
    max_pixels: int
    memory: int
    claimed: bool = True


@dataclass(frozen=True, slots=True)
class Rendered:
    """A thumbnail.

    Attributes:
        data: Encoded.
        width: In pixels.
        height: As width.
        source_width: Of the source, upright.
        source_height: As source_width.
        source_format: What its bytes are, as `formats` calls it.
    """

    data: bytes
    width: int
    height: int
    source_width: int
    source_height: int
    source_format: str


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
