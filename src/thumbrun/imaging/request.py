"""The request to a decoding process, and its answers: plain data that travels between processes."""

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from thumbrun.imaging.animation.animation import FORMATS, MOST_FRAMES
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.shape import USUAL_SHAPE, Shape
from thumbrun.outcomes import Reason

BROKEN_PROFILE = "its colour profile is broken, so its colours are taken for sRGB"
TOO_MANY_FRAMES = f"its thumbnail shows only its first frame, because it has more than {MOST_FRAMES} frames"
TOO_MUCH_OF_FRAMES = "its thumbnail shows only its first frame, because all its frames have too many pixels together"
MOST_BYTES = 1 << 28  # of all thumbnails of an image together: no message between processes is longer
REMARKS = (
    BROKEN_PROFILE,
    TOO_MANY_FRAMES,
    TOO_MUCH_OF_FRAMES,
)  # all that a decoding process can remark about an image that it rendered


class Encoding(NamedTuple):
    """How a thumbnail's pixels become a file.

    Attributes:
        format: `jpeg`, `png`, `gif`, `webp` or `avif`.
        quality: The quality for the lossy encoders, from 1 to 100.
    """

    format: str
    quality: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one or several thumbnails of one image: one for each box in each encoding.

    Attributes:
        width: The width of the box, in pixels; of the largest box if there are several.
        height: The height of that box, in pixels.
        output_format: The format of the thumbnails; the first one if there are several.
        quality: The quality for this format.
        max_pixels: The most pixels that the source's header may declare.
        memory: The bytes that decoding may take, as `memory_estimate` says.
        claimed: Whether something other than the bytes says that this is an image. If not, bytes of no image are no
            failure.
        smaller: The other boxes, largest first.
        further: The other encodings of each thumbnail.
        shape: How the picture fits the boxes.
        placeholder: The kind of the placeholder to make, one of `appearance.KINDS`; empty for none.
        animated: Whether the thumbnails of an animation are animated, if their format is one of `animation.FORMATS`.
    """

    width: int
    height: int
    output_format: str
    quality: int
    max_pixels: int
    memory: int
    claimed: bool = True
    smaller: tuple[Box, ...] = ()
    further: tuple[Encoding, ...] = ()
    shape: Shape = USUAL_SHAPE
    placeholder: str = ""
    animated: bool = False

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, largest first."""
        return ((self.width, self.height), *self.smaller)

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """All encodings."""
        return (Encoding(self.output_format, self.quality), *self.further)

    def animates(self, encoding: Encoding) -> bool:
        """Return whether a thumbnail in an encoding moves, if the image does."""
        return self.animated and encoding.format in FORMATS

    @property
    def remarks(self) -> tuple[str, ...]:
        """The remarks that an image can have; those on frames only if a thumbnail would move."""
        return REMARKS if any(map(self.animates, self.encodings)) else (BROKEN_PROFILE,)

    @property
    def thumbnails(self) -> list[tuple[Box, Encoding]]:
        """The box and the encoding of each thumbnail, in the order in which thumbrun makes and records them."""
        return list(product(self.boxes, self.encodings))


@dataclass(frozen=True, slots=True)
class Took:
    """The time that an image took in the process that decodes it, in seconds.

    Attributes:
        decode: Reading its bytes, decoding and scaling.
        encode: Encoding its thumbnails.
    """

    decode: float = 0.0
    encode: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail's file.

    Attributes:
        data: The encoded thumbnail.
        width: The width of the thumbnail, in pixels.
        height: The height of the thumbnail, in pixels.
    """

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The thumbnails of one image.

    Attributes:
        data: The encoded thumbnail; if there are several, that of the largest box in the first encoding.
        width: The width of this thumbnail, in pixels.
        height: The height of this thumbnail, in pixels.
        source_width: The width of the source, upright, in pixels.
        source_height: The height of the source, upright, in pixels.
        source_format: The format of the source's bytes, by its name in `formats`.
        others: The other thumbnails, in the order of the request.
        remark: What people should know of the image, one of `REMARKS`; else empty.
        took: The time that it took.
        colour: The dominant colour of the smallest thumbnail, in the form of `appearance.COLOUR`; empty if it has none.
        placeholder: The placeholder, in the form that `appearance` says; empty if none was requested.
    """

    data: bytes
    width: int
    height: int
    source_width: int
    source_height: int
    source_format: str
    others: tuple[Picture, ...] = ()
    remark: str = ""
    took: Took = field(default=Took(), compare=False)
    colour: str = ""
    placeholder: str = ""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All thumbnails, in the order of the request."""
        return (Picture(self.data, self.width, self.height), *self.others)


@dataclass(frozen=True, slots=True)
class Refused:
    """The refusal of an image: thumbrun can make no thumbnail of it.

    Attributes:
        reason: The reason for the refusal.
        detail: A short line for people.
        took: The time that it took.
    """

    reason: Reason
    detail: str
    took: Took = field(default=Took(), compare=False)


def too_many_pixels(width: int, height: int, most: int) -> Refused | None:
    """Return the refusal of a picture that declares more than `most` pixels, None if it does not."""
    if width * height <= most:
        return None
    limit = f"--max-pixels / THUMBRUN_MAX_PIXELS is {most:,}"
    return Refused(Reason.TOO_MANY_PIXELS, f"the image has {width:,} x {height:,} pixels; {limit}")


@dataclass(frozen=True, slots=True)
class NeedsMemory:
    """The header declares a picture that takes more memory than the request allows.

    Attributes:
        bytes: How many bytes of memory the picture takes.
        took: The time that it took to find out.
    """

    bytes: int
    took: Took = field(default=Took(), compare=False)
