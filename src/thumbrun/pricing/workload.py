"""What a run has to do, as far as its plan tells: images, bytes, requests for them, processor time. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from thumbrun.imaging.geometry import Box, area
from thumbrun.planning.shards import IN_VAIN, STILL_PEEKED_AT

# Milliseconds of processor time for each image and further thumbnail: 9.61 ms an image for two sizes, and 9.06 for the
# larger one alone (`bench sizes`).
FURTHER_MS = 0.55
# Milliseconds of processor time to encode a megapixel of a photograph. Measured at 1,080 pixels, by default quality.
_ENCODE_MS = {"jpeg": 16.0, "keep": 16.0, "png": 370.0, "webp": 93.0, "avif": 280.0}
_OF_A_BOX = 0.6  # the share of a square box that a photograph fills
IMAGES_UNDER_WAY = 64  # of one task on a distant store (`bench task`)
# By how much the recorded rates can be wrong for all images of a run together. They are those of an idle machine. Where
# other programs kept its processors busy, images took 1.3 to 1.9 times as long (`bench rates`), and a platform's vCPU
# can be as slow.
RECORDED_LOW, RECORDED_HIGH = 0.75, 2.0
# Bytes of a thumbnail in a box of 100 x 100 pixels, and the power of the box's pixels by which they grow: JPEG of
# photographs by default quality, which took 2,150 bytes there, and 14,593 and 44,939 in boxes of 400 and 800 pixels.
_THUMBNAIL_BYTES, _THUMBNAIL_POWER = 2150.0, 0.73


# Bytes for each pixel of an image, by format: between those of pictures for the web and those of cameras, which differ
# by four times.
_BYTES_A_PIXEL = {
    "jpeg": 0.17,
    "png": 0.9,
    "gif": 0.3,
    "webp": 0.08,
    "avif": 0.06,
    "heic": 0.12,
    "tiff": 3.0,
    "bmp": 3.0,
    "jpeg2000": 0.2,
    "ico": 4.0,
}


def pixels(size: int, source_format: str | None) -> int:
    """Estimate the pixels of images of one format from their bytes, to half or twice as many."""
    return round(size / _BYTES_A_PIXEL.get(source_format or "", _BYTES_A_PIXEL["jpeg"]))


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
        peeked: How many of them a task peeks at, and then reads on.
        large: How many of them a task peeks at as long as that saves something.
        cost_ms: Their processor time in milliseconds, by the recorded rates.
        gzip: How many of them are stored compressed.
    """

    format: str | None
    storage_class: str | None
    objects: int
    size: int
    peeked: int
    large: int
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
        collisions: How many images have thumbnails that would share a name, so that the planner names them anew.
        read_share: The bytes that are read of images, as a share of their bytes.
        saving: Of the large JPEG, the share at which a peek saves something: progressive ones.
        slowness: How many times as long as on the bench's machine a process takes for whatever is not measured.
        shards: The number of shards by the number of tasks, where a plan was made; others are estimated.
    """

    groups: tuple[Group, ...]
    listed: int
    sizes: int
    processor: Range
    thumbnails: Range
    collisions: int = 0
    read_share: float = 1.0
    saving: float = 0.0
    slowness: float = 1.0
    shards: Mapping[int, int] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """The number of images to decode."""
        return sum(group.objects for group in self.groups)

    @property
    def size(self) -> int:
        """The bytes of all images to decode."""
        return sum(group.size for group in self.groups)

    @property
    def read_by_class(self) -> dict[str, int]:
        """The bytes that are read of the images of each storage class; `STANDARD` if the store tells none."""
        sums: dict[str, int] = {}
        for group in self.groups:
            name = group.storage_class or "STANDARD"
            sums[name] = sums.get(name, 0) + round(self.read_share * group.size)
        return sums

    def reads_by_class(self, tasks: int) -> dict[str, int]:
        """Return how often the images of each storage class are read.

        That is twice if a task peeks at them. A task peeks at all large JPEG that it begins at once, and goes on until
        a number of peeks in a row, n, saved nothing. From then on it peeks at one of m, until one saves something. If a
        share p saves something, it peeks for ((1 - p)^-n - 1) / p images on average, and then at each m-th of m / p
        images.
        """
        large = sum(group.large for group in self.groups)
        at_first = min(large, IMAGES_UNDER_WAY * tasks)
        persistent = (1 - min(self.saving, 0.99)) ** -IN_VAIN
        later = persistent / (persistent + STILL_PEEKED_AT - 1)
        peeked = (at_first + (large - at_first) * later) / large if large else 0.0
        sums: dict[str, int] = {}
        for group in self.groups:
            name = group.storage_class or "STANDARD"
            sums[name] = sums.get(name, 0) + group.objects + group.peeked + math.ceil(peeked * group.large)
        return sums


def _more_ms(boxes: Sequence[Box], formats: Sequence[str], most: float) -> float:
    """Return what the thumbnails of an image take beyond one JPEG of 100 pixels, which the recorded rates include.

    Args:
        boxes: The box of each thumbnail.
        formats: The format of each.
        most: The pixels of the image, which no thumbnail exceeds.
    """
    rates = [_ENCODE_MS[name] for name in formats or ["jpeg"] * len(boxes)]
    encoding = sum(rate * min(most, _OF_A_BOX * area(box)) for rate, box in zip(rates, boxes, strict=True))
    usual = _ENCODE_MS["jpeg"] * min(most, _OF_A_BOX * 100 * 100)
    return max(0.0, encoding - usual) / 1e6 + FURTHER_MS * (len(boxes) - 1)


def workload_of(
    seen: Mapping[str, Any],
    boxes: Sequence[Box],
    formats: Sequence[str] = (),
    *,
    collisions: int = 0,
    processor: Range | None = None,
    thumbnails: Range | None = None,
    read_share: float = 1.0,
    saving: float = 0.0,
    slowness: float = 1.0,
    shards: Mapping[int, int] | None = None,
) -> Workload:
    """Return what a run has to do.

    Args:
        seen: What the listing showed, in the form that the plan holds.
        boxes: The box of each thumbnail of an image, in pixels.
        formats: The format of each, or `keep`; none: as if all were JPEG.
        collisions: How many images have thumbnails that would share a name.
        processor: The seconds of processor time of all images; None: by the recorded rates.
        thumbnails: The bytes of all thumbnails; None: by the recorded rates.
        read_share: The bytes that are read of images, as a share of their bytes.
        saving: Of the large JPEG, the share at which a peek saves something; recorded rates assume baseline JPEG.
        slowness: How many times as long as on the bench's machine a process takes for whatever is not measured.
        shards: The number of shards by the number of tasks, where a plan was made.
    """
    groups = tuple(
        Group(
            row["format"],
            row["storage_class"],
            row["objects"],
            row["bytes"],
            row["peeked"],
            row["large"],
            row["cost_ms"],
            row["gzip"],
        )
        for row in seen.get("formats", ())
    )
    images = sum(group.objects for group in groups)
    likely = sum(group.cost_ms for group in groups) / 1000
    recorded = Range(RECORDED_LOW * likely, likely, RECORDED_HIGH * likely)
    pixels_of_image = sum(pixels(group.size, group.format) for group in groups) / max(1, images)
    each = sum(_THUMBNAIL_BYTES * (area(box) / 10_000) ** _THUMBNAIL_POWER for box in boxes)
    return Workload(
        groups,
        sum(int(kind["objects"]) for kind in seen.get("kinds", {}).values()),
        len(boxes),
        processor or recorded.plus(images * _more_ms(boxes, formats, pixels_of_image) / 1000),
        thumbnails or Range(images * each / 2, images * each, images * each * 2),
        collisions,
        read_share,
        saving,
        slowness,
        shards or {},
    )
