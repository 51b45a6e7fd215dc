"""Tests that thumbrun reads only the bytes that a thumbnail needs, over a store in memory that counts them."""

import io
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.photographs import draw
from tests.unit.imaging.partial.pictures import animated, progressive, psnr
from tests.unit.imaging.partial.pyramids import pyramid
from tests.unit.task.test_pipeline import RUN, item, pool, work
from thumbrun.decoding.pool import DecoderPool
from thumbrun.outcomes import Outcome, Reason, Status
from thumbrun.planning.shards import READ_AT_ONCE
from thumbrun.storage.base import Entry, Sink
from thumbrun.storage.memory import MemoryStore

__all__ = ["pool"]  # a fixture
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Counting(MemoryStore):
    """A store that records its reads, and lets a test do something after each.

    Attributes:
        ranges: The ranges that were asked for.
        bytes_read: The number of bytes that were read.
    """

    def __init__(self) -> None:
        super().__init__("in")
        self.ranges: list[tuple[int, int | None]] = []
        self.bytes_read = 0

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Read a range and record it."""
        self.ranges.append((start, end))
        stated = await super().read(name, sink, generation=generation, start=start, end=end)
        self.bytes_read += len(self.objects[name][1][start:end])
        await self.after(name)
        return stated

    async def after(self, name: str) -> None:
        """Do nothing."""


def noise(kind: str, side: int = 1200) -> bytes:
    """Return a large image of noise in a format."""
    target = io.BytesIO()
    grain = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    picture = Image.fromarray(grain)
    if kind == "HEIC":
        pillow_heif.from_pillow(picture).save(target)
    else:
        picture.save(target, kind)
    return target.getvalue()


async def done(
    source: Counting, pool: DecoderPool, entry: Entry, *, kind: str = "jpeg", max_pixels: int = 10**8
) -> tuple[Outcome, MemoryStore]:
    """Work one item, check that its outcome tells the bytes read, and return the outcome and the output store."""
    output = MemoryStore("out")
    (outcome,), _ = await work(
        source, output, pool, [item(entry, format=kind)], max_bytes=1 << 28, max_pixels=max_pixels
    )
    assert source.bytes_read == outcome.source_bytes
    return outcome, output


@pytest.mark.parametrize(
    ("kind", "make", "most", "steps"),
    [
        ("jpeg", lambda: progressive(4000), 0.2, 3),
        ("gif", lambda: animated(20), 0.15, 3),
        ("tiff", lambda: pyramid(2400, quality=90, rgb=True, apart=True), 0.2, 5),
    ],
    ids=["jpeg", "gif", "tiff"],
)
async def test_a_part_is_enough(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch, kind: str, make: Callable[[], bytes], most: float, steps: int
) -> None:
    """A part makes the same thumbnail as the whole object, and its outcome says that the bytes were not checked."""
    source, body = Counting(), make()
    outcome, output = await done(source, pool, source.put_as_user("a.jpg", body), kind=kind)
    assert (Status.DONE, True) == (outcome.status, outcome.unchecked)
    assert source.bytes_read <= most * len(body)
    assert len(source.ranges) <= steps
    monkeypatch.setattr("thumbrun.task.fetch.READ_AT_ONCE", len(body))
    source = Counting()
    checked, target = await done(source, pool, source.put_as_user("a.jpg", body))
    assert (Status.DONE, False, len(body)) == (checked.status, checked.unchecked, source.bytes_read)
    assert target.objects[f"{RUN}/a.jpg"][1] == output.objects[f"{RUN}/a.jpg"][1]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
async def test_what_is_needed_whole_is_checked(pool: DecoderPool, kind: str) -> None:
    """The fetcher reads such an object once and checks it: a large one in two ranges, a small one in one."""
    source, body = Counting(), noise(kind)
    assert len(body) > READ_AT_ONCE
    outcome, _ = await done(source, pool, source.put_as_user("a.jpg", body))
    assert (Status.DONE, len(body), False) == (outcome.status, outcome.source_bytes, outcome.unchecked)
    assert 2 == len(source.ranges)
    source = Counting()
    await done(source, pool, source.put_as_user("a.jpg", noise(kind, 200)))
    assert [(0, None)] == source.ranges


async def test_looks_that_stay_in_vain_are_given_up(pool: DecoderPool) -> None:
    """The fetcher reads JPEG files at once after many vain peeks, and still finds progressive ones again."""
    source, output, body, other = Counting(), MemoryStore("out"), noise("JPEG", 800), progressive(4000)
    entries = [source.put_as_user(f"a{number:02}.jpg", body) for number in range(48)]
    await work(source, MemoryStore("out"), pool, map(item, entries), max_bytes=1 << 28)
    assert 48 + 16 <= len(source.ranges) <= 48 + 16 + 7 + 2  # the pipeline works eight at once
    entries += [source.put_as_user(f"b{number:02}.jpg", other) for number in range(48)]
    outcomes, _ = await work(source, output, pool, map(item, entries), max_bytes=1 << 28)
    assert {Status.DONE} == {outcome.status for outcome in outcomes}
    whole = sum(not outcome.unchecked for outcome in outcomes[48:])
    assert 1 <= whole <= 15 + 7
    # The thumbnail is the same whether thumbrun read a part or all of the object.
    assert 2 == len({content for name, (_, content) in output.objects.items() if name.startswith(RUN)})


@pytest.mark.slow
async def test_too_many_pixels_are_noticed_where_nothing_is_looked_at_first(pool: DecoderPool) -> None:
    """The fetcher ends a read at the first bytes if they declare too many pixels, and peeks at the next files again."""
    source, body, other = Counting(), noise("JPEG", 800), noise("JPEG", 1200)
    entries = [source.put_as_user(f"a{number:02}.jpg", body) for number in range(40)]
    entries += [source.put_as_user(f"b{number:02}.jpg", other) for number in range(40)]
    outcomes, _ = await work(
        source, MemoryStore("out"), pool, map(item, entries), max_bytes=1 << 28, max_pixels=700_000
    )
    assert {Status.DONE} == {outcome.status for outcome in outcomes[:40]}
    for outcome in outcomes[40:]:
        assert (Reason.TOO_MANY_PIXELS, True) == (outcome.reason, outcome.unchecked)
        assert outcome.source_bytes <= 64 * 1024
    ends = [end for start, end in source.ranges if not start]
    assert None in ends  # thumbrun read some at once
    assert None not in ends[-20:]


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "JPEG2000", "AVIF", "HEIC"])
async def test_too_many_pixels_take_no_more_than_a_header(pool: DecoderPool, kind: str) -> None:
    """The fetcher refuses a picture with too many pixels by its first bytes, as the decoder does by all of them."""
    for side in (1200, 40):
        source, body = Counting(), noise(kind, side)
        outcome, _ = await done(source, pool, source.put_as_user("a.jpg", body), max_pixels=1000)
        assert (Reason.TOO_MANY_PIXELS, side == 1200) == (outcome.reason, outcome.unchecked)
        assert (
            outcome.detail == f"the image has {side:,} x {side:,} pixels; --max-pixels / THUMBRUN_MAX_PIXELS is 1,000"
        )
        assert source.bytes_read <= 64 * 1024


@pytest.mark.parametrize("listed", [True, False])
async def test_what_is_damaged_on_its_way_between_two_ranges(pool: DecoderPool, listed: bool) -> None:
    """The fetcher reads an object again, whole, if the bytes of its ranges do not match the store's checksum."""
    body = noise("PNG")

    class Damaging(Counting):
        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> int | None:
            """Deliver other bytes on the second read."""
            stated = await super().read(name, sink, generation=generation, start=start, end=end)
            if len(self.ranges) == 2:
                sink.reset()
                sink.write(b"?" * (len(body) - start))
            return stated

    source = Damaging()
    output = MemoryStore("out")
    entry = source.put_as_user("a.jpg", body)
    planned = item(entry) if listed else item(entry, crc32c=None)
    (outcome,), _ = await work(source, output, pool, [planned], max_bytes=1 << 28)
    assert (Status.DONE, False) == (outcome.status, outcome.unchecked)
    assert 3 == len(source.ranges)


async def test_a_part_that_cannot_be_decoded_is_read_whole(pool: DecoderPool) -> None:
    """The pipeline checks all bytes of an image before it calls the image broken."""
    body = progressive(4000)

    class Damaging(Counting):
        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> None:
            """Deliver broken tables on the first read."""
            await super().read(name, sink, generation=generation, start=start, end=end)
            if len(self.ranges) == 1:
                sink.reset()
                sink.write(body[:end].replace(b"\xff\xc4", b"\xff\xee"))

    source, output = Damaging(), MemoryStore("out")
    (outcome,), _ = await work(source, output, pool, [item(source.put_as_user("a.jpg", body))], max_bytes=1 << 28)
    assert (Status.DONE, False) == (outcome.status, outcome.unchecked)
    assert outcome.source_bytes > len(body)
    with Image.open(io.BytesIO(output.objects[f"{RUN}/a.jpg"][1])) as thumbnail:
        assert psnr(draw(4000, 4000 % 7).resize((100, 67)), thumbnail) > 25


@pytest.mark.parametrize("step", [1, 2])
async def test_two_generations_never_mix(pool: DecoderPool, step: int) -> None:
    """The fetcher makes no body of two generations: an object that is replaced between two ranges has changed."""
    body = noise("PNG")

    class Replaced(Counting):
        async def after(self, name: str) -> None:
            """Replace the object once."""
            if len(self.ranges) == step:
                self.put_as_user(name, body[::-1])

    source, output = Replaced(), MemoryStore("out")
    entry = source.put_as_user("a.jpg", body)
    (outcome,), _ = await work(source, output, pool, [item(entry)], max_bytes=1 << 28)
    assert (Reason.SOURCE_CHANGED if step == 1 else None) == outcome.reason
    assert (step == 2) == bool(output.objects)


async def test_more_than_memory_holds(pool: DecoderPool) -> None:
    """The fetcher reads a part of an object that is too large to hold, or refuses it if a part is not enough."""
    for body, reason in ((animated(8) + bytes(40 << 20), None), (noise("PNG") + bytes(40 << 20), Reason.OUT_OF_MEMORY)):
        source = Counting()
        entry = source.put_as_user("a.jpg", body)
        outcome, _ = await done(source, pool, entry)
        assert reason is outcome.reason
        assert source.bytes_read < 1 << 20
