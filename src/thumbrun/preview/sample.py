"""Makes thumbnails of some items in memory, as a run would, and estimates from them what all items take.

The items go through a task's own pipeline, one after the other, into a store in memory. What is measured is the
processor time of one decoding process for each image; where the system does not tell that, it is the time until its
answer. The wait for the store is not measured: another machine has another line.
"""

import math
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

from thumbrun.clock import SystemClock
from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import DecoderPool
from thumbrun.decoding.tries import Tries
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Outcome, Status
from thumbrun.planning import shards
from thumbrun.planning.plan import Item
from thumbrun.preview.item_watch import Stratum
from thumbrun.pricing.workload import Range
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.admission import Admission, share
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.work_item import WorkItem

_DEVIATIONS = 2  # standard errors between the likely value and the ends of a range
# Of a range to either side. A machine that others share is slower at one time than at another: images took 1.3 times as
# long and more where other programs kept its processors busy (`bench rates`).
_LEAST_SPREAD = 0.25
_PARTS = 4  # of the sample, one after the other, between which the machine's own speed is compared
_FASTEST, _SLOWEST = 0.7, 1.3  # machines in relation to the bench's, as far as images can tell
Strata = Mapping[tuple[str, int], Stratum]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one image took.

    Attributes:
        stratum: Its format and band of sizes.
        size: Its bytes.
        read: The bytes that were read of it.
        expected_ms: Its milliseconds for decoding and encoding by the recorded rates.
        ms: Its milliseconds for decoding and encoding.
        pixels: Its pixels; 0 if it was refused.
        thumbnail_bytes: The bytes of its thumbnails; 0 if it was refused.
    """

    stratum: tuple[str, int]
    size: int
    read: int
    expected_ms: float
    ms: float
    pixels: int
    thumbnail_bytes: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a sample says of all items.

    Attributes:
        images: How many images were tried.
        failed: How many of them got no thumbnail.
        processor: The seconds of processor time of all items, with all their sizes.
        thumbnails: The bytes of all their thumbnails.
        read_share: The bytes that are read, as a share of the items' bytes.
        saving: Of the large JPEG, the share that was read in part only.
        slowness: How many times as long as on the bench's machine a process takes for everything else.
        pixels_a_byte: The pixels for each byte, by format.
    """

    images: int
    failed: int
    processor: Range
    thumbnails: Range
    read_share: float
    saving: float
    slowness: float
    pixels_a_byte: Mapping[str, float]


def choose(strata: Strata, most: int) -> list[tuple[tuple[str, int], Item]]:
    """Return the items to try: at least one of as many strata as possible, and else by what each stratum takes.

    Args:
        strata: The strata, each with items that were chosen at random.
        most: The most items.
    """
    heaviest = sorted(strata, key=lambda key: -strata[key].cost_ms)
    counts = dict.fromkeys(heaviest[:most], 1)
    for _ in range(most - len(counts)):
        # The next item goes where it lowers the error most: to the stratum that takes most for each item tried.
        open_ = [key for key in counts if counts[key] < len(strata[key].chosen)]
        if not open_:
            break
        counts[max(open_, key=lambda key: strata[key].cost_ms / counts[key])] += 1
    return [(key, item) for key, count in counts.items() for item in strata[key].chosen[:count]]


async def try_items(
    chosen: Sequence[tuple[tuple[str, int], Item]], source: Store, settings: Settings, chance: random.Random
) -> list[Taken]:
    """Make the thumbnails of some items in memory, and return what each took; skip those that cannot be read.

    Args:
        chosen: The items, with their strata.
        source: The store of the items.
        settings: The settings of the run.
        chance: Puts the items in an order in which a machine that grows slower harms no stratum more.
    """
    order = chance.sample(range(len(chosen)), len(chosen))
    memory = settings.memory
    timed = _Timed(DecoderPool(1, timeout=settings.image_timeout, memory=memory, share=share(memory, 1)))
    rules = ItemRules(
        run_id="sample",
        folder="",
        recipe=settings.recipe,
        max_pixels=settings.max_pixels,
        max_bytes=settings.max_bytes,
    )
    pipeline = Pipeline(
        source, MemoryStore("sample"), timed, Admission(memory, 1), rules, SystemClock(), items_at_once=1
    )
    taken: list[Taken] = []

    async def works() -> AsyncIterator[WorkItem]:
        for number in order:
            yield WorkItem(0, number, chosen[number][1]._replace(output=f"{number:07d}"))

    async def announced(_: WorkItem) -> None:
        timed.begin()

    def take(outcome: Outcome) -> None:
        stratum, item = chosen[outcome.item]
        if outcome.source_bytes:
            made = outcome.output_bytes if outcome.status is Status.DONE else 0
            expected = shards.cost(item.size, item.format) - shards.BESIDE_MS
            taken.append(Taken(stratum, item.size, outcome.source_bytes, expected, timed.ms, timed.pixels, made))

    try:
        await timed.start()
        await pipeline.run(works(), take, announced)
    finally:
        await timed.close()
    return taken


def sampled(strata: Strata, taken: Sequence[Taken]) -> Sampled:
    """Return what the items that were tried say of all items; at least one was tried.

    Args:
        strata: The strata of all items.
        taken: What each item took, in the order in which they were tried.
    """
    ratios = {key: [one.ms / one.expected_ms for one in taken if one.stratum == key] for key in strata}
    everywhere = sum(one.ms for one in taken) / sum(one.expected_ms for one in taken)
    spread = pvariance([one.ms / one.expected_ms for one in taken])
    # Images that take longer than others of their format and bytes say less of the machine than of themselves.
    slowness = min(max(everywhere, _FASTEST), _SLOWEST)
    seconds = variance = beside = 0.0
    for key, stratum in strata.items():
        own = stratum.cost_ms - shards.BESIDE_MS * stratum.objects
        beside += slowness * shards.BESIDE_MS * stratum.objects / 1000
        tried = ratios[key]
        seconds += own * (fmean(tried) if tried else everywhere) / 1000
        # A stratum of which few were tried is as uneven as all; the items that were tried are certain.
        own_spread = pvariance(tried) if len(tried) > 3 else spread
        unknown = 1 - len(tried) / stratum.objects
        variance += unknown * own_spread * (own / 1000) ** 2 / max(1, len(tried))
    error = max(_DEVIATIONS * math.sqrt(variance), max(_LEAST_SPREAD, _drift(taken)) * seconds)
    made = [one for one in taken if one.thumbnail_bytes]
    large = [one for one in taken if one.stratum[0] == "jpeg" and one.size > shards.READ_AT_ONCE]
    each = fmean([one.thumbnail_bytes for one in made]) if made else 0.0
    likely = each * sum(stratum.objects for stratum in strata.values())
    apart = (
        _DEVIATIONS * math.sqrt(pvariance([one.thumbnail_bytes for one in made]) / len(made)) / each if made else 0.0
    )
    return Sampled(
        len(taken),
        len(taken) - len(made),
        Range(max(seconds / 10, seconds - error) + beside, seconds + beside, seconds + error + beside),
        Range(likely * max(0.0, 1 - apart), likely, likely * (1 + apart)),
        sum(one.read for one in taken) / sum(one.size for one in taken),
        sum(one.read < one.size for one in large) / len(large) if large else 0.0,
        slowness,
        _pixels_a_byte(taken),
    )


def _drift(taken: Sequence[Taken]) -> float:
    """Return by how much the machine was faster or slower at times, as a share of its mean speed.

    The images were tried in a random order, so that each part of the sample takes as long as any other if the machine
    stays the same.
    """
    ratios: dict[tuple[str, int], list[float]] = {}
    for one in taken:
        ratios.setdefault(one.stratum, []).append(one.ms / one.expected_ms)
    own = [one.ms / one.expected_ms / fmean(ratios[one.stratum]) if one.ms else 1.0 for one in taken]
    size = len(own) // _PARTS
    parts = [fmean(own[at * size : (at + 1) * size]) for at in range(_PARTS)] if size else [1.0]
    return (max(parts) - min(parts)) / 2


def _pixels_a_byte(taken: Sequence[Taken]) -> dict[str, float]:
    sums: dict[str, list[int]] = {}
    for one in taken:
        if one.pixels:
            found = sums.setdefault(one.stratum[0], [0, 0])
            found[0] += one.pixels
            found[1] += one.size
    return {name: pixels / size for name, (pixels, size) in sums.items()}


class _Timed:
    """A renderer that measures how long another one takes.

    Attributes:
        ms: The milliseconds of all calls for the present image.
        pixels: The pixels of the image; 0 if it was refused.
    """

    def __init__(self, inner: DecoderPool) -> None:
        self._inner = inner
        self.ms = 0.0
        self.pixels = 0

    def begin(self) -> None:
        """Begin the next image."""
        self.ms, self.pixels = 0.0, 0

    @property
    def is_confined(self) -> bool:
        """Whether the system confines what decodes."""
        return self._inner.is_confined

    async def start(self) -> None:
        """Get ready to render images."""
        await self._inner.start()

    def body(self, size: int) -> Body:
        """Return a body for an image."""
        return self._inner.body(size)

    async def render(
        self, body: Body, request: Request, tries: Tries | None = None
    ) -> Rendered | Refused | NeedsMemory:
        """Make the thumbnails of one image, and add the time that it takes."""
        began, used = time.perf_counter(), self._inner.processor_seconds
        verdict = await self._inner.render(body, request, tries)
        took, now = time.perf_counter() - began, self._inner.processor_seconds
        # A process that died and its successor have each a clock of their own.
        self.ms += 1000 * (now - used if used is not None and now is not None and now > used else took)
        if isinstance(verdict, Rendered):
            self.pixels = verdict.source_width * verdict.source_height
        return verdict

    async def renew(self) -> None:
        """Forget whatever images have left behind."""
        await self._inner.renew()

    async def close(self) -> None:
        """Release everything."""
        await self._inner.close()
