"""What the report takes that the last task makes: requests, time and processor time. Pure."""

import math
from dataclasses import dataclass

from thumbrun.pricing.workload import Workload
from thumbrun.storage.base import PAGE_LIMIT

# Three objects of its own, the record of each shard and the parts of its ledger, and the pictures that it shows: at
# most so many, and what fits into so many bytes, with those of the HTML beside each (`reporting.cells`).
_CREATED, _READ, _READ_A_SHARD, _PARTS_A_SHARD = 3, 3, 3, 3
_MOST_PICTURES, _BYTES_OF_PICTURES, _BYTES_BESIDE = 1000, 3_000_000, 800
_SHARDS_AT_ONCE, _PICTURES_AT_ONCE = 24, 48
# Requests that wait for each other, besides those of shards and pictures; seconds of processor time at first, for each
# picture and for each image. Fitted to runs of 60 and 285 images, and to the report of a million (`bench report`).
_TRIPS = 2
_AT_FIRST, _A_PICTURE, _AN_IMAGE = 0.1, 0.0006, 0.00004


@dataclass(frozen=True, slots=True)
class ReportCosts:
    """What the report of a run takes.

    Attributes:
        created: The requests that create or list.
        read: The requests that read.
        trips: How many requests wait for each other.
        processor: The seconds of processor time.
    """

    created: int
    read: int
    trips: int
    processor: float


NOTHING = ReportCosts(0, 0, 0, 0.0)


def report_costs(work: Workload, shards: int) -> ReportCosts:
    """Return what the report of a run takes.

    Args:
        work: What the run has to do.
        shards: The number of its shards.
    """
    if not work.images:
        return NOTHING
    each = _BYTES_BESIDE + work.thumbnails.likely / (work.images * work.sizes) * 4 / 3  # as base64
    pictures = min(work.images, _MOST_PICTURES, int(_BYTES_OF_PICTURES / each))
    turns = _READ_A_SHARD * math.ceil(shards / _SHARDS_AT_ONCE) + math.ceil(pictures / _PICTURES_AT_ONCE)
    return ReportCosts(
        created=_CREATED + math.ceil(_PARTS_A_SHARD * shards / PAGE_LIMIT),
        read=_READ + _READ_A_SHARD * shards + pictures,
        trips=_TRIPS + turns,
        processor=work.slowness * (_AT_FIRST + _A_PICTURE * pictures + _AN_IMAGE * work.images),
    )
