"""What a run has to do, as far as its plan tells: images, bytes, requests for them, processor time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from thumbrun.imaging.geometry import Box

# Milliseconds of processor time for each image and further size: 9.61 ms an image for two sizes, and 9.06 for the
# larger one alone (`bench sizes`).
FURTHER_MS = 0.55
# By how much the recorded rates can be wrong for all images of a run together, on a processor as fast as the bench's.
# `bench bill` compares them with runs.
RECORDED_LOW, RECORDED_HIGH = 0.75, 1.5
# Bytes of a thumbnail: for each, and for each pixel of its box. JPEG of photographs in the bench, by default quality.
_THUMBNAIL_BYTES, _THUMBNAIL_BYTES_A_PIXEL = 700.0, 0.3


class Range(NamedTuple):
    """An estimate with the lowest and the highest value that are likely."""

    low: float
    likely: float
    high: float

    def times(self, factor: float) -> "Range":
        """Return the range with each of its values multiplied."""
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def plus(self, more: float) -> "Range":
        """Return the range with a number added to each of its values."""
        return Range(self.low + more, self.likely + more, self.high + more)


class Group(NamedTuple):
    """The items to decode of one format and one storage class.

    Attributes:
        format: The format that type or name claims, or None.
        storage_class: The storage class, such as `STANDARD`; None if the store tells none.
        objects: Their number.
        size: Their bytes.
        reads: How often they are read.
        cost_ms: Their processor time in milliseconds, by the recorded rates.
        gzip: How many of them are stored compressed.
    """

    format: str | None
    storage_class: str | None
    objects: int
    size: int
    reads: int
    cost_ms: float
    gzip: int


@dataclass(frozen=True, slots=True)
class Workload:
    """What a run has to do.

    Attributes:
        groups: The items to decode.
        listed: The number of objects that the listing shows.
        sizes: The number of thumbnails of each image.
        processor: The seconds of processor time of all images.
        thumbnails: The bytes of all thumbnails.
        collides: Whether thumbnails would share a name, so that the planner names some anew.
    """

    groups: tuple[Group, ...]
    listed: int
    sizes: int
    processor: Range
    thumbnails: Range
    collides: bool = False

    @property
    def images(self) -> int:
        """The number of images to decode."""
        return sum(group.objects for group in self.groups)

    @property
    def size(self) -> int:
        """The bytes of all images to decode."""
        return sum(group.size for group in self.groups)

    @property
    def reads(self) -> int:
        """How often images are read."""
        return sum(group.reads for group in self.groups)

    def by_class(self, key: str) -> dict[str, int]:
        """Return the sums of `objects`, `size` or `reads` for each storage class; `STANDARD` if none is told."""
        sums: dict[str, int] = {}
        for group in self.groups:
            name = group.storage_class or "STANDARD"
            sums[name] = sums.get(name, 0) + getattr(group, key)
        return sums


def workload_of(
    seen: Mapping[str, Any], boxes: Sequence[Box], *, collides: bool = False, processor: Range | None = None
) -> Workload:
    """Return what a run has to do.

    Args:
        seen: What the listing showed, in the form that the plan holds.
        boxes: The boxes of the recipe, in pixels.
        collides: Whether thumbnails would share a name.
        processor: The seconds of processor time that one size of all images takes; None: by the recorded rates.
    """
    groups = tuple(
        Group(
            row["format"],
            row["storage_class"],
            row["objects"],
            row["bytes"],
            row["reads"],
            row["cost_ms"],
            row["gzip"],
        )
        for row in seen.get("formats", ())
    )
    images = sum(group.objects for group in groups)
    likely = sum(group.cost_ms for group in groups) / 1000
    one_size = processor or Range(RECORDED_LOW * likely, likely, RECORDED_HIGH * likely)
    each = sum(_THUMBNAIL_BYTES + _THUMBNAIL_BYTES_A_PIXEL * width * height for width, height in boxes)
    return Workload(
        groups,
        sum(int(kind["objects"]) for kind in seen["kinds"].values()),
        len(boxes),
        one_size.plus(FURTHER_MS / 1000 * images * (len(boxes) - 1)),
        Range(images * each / 2, images * each, images * each * 2),
        collides,
    )
