"""Tests the way of an item to its outcome, over stores in memory and with real decoding processes."""

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from crc32c import crc32c
from PIL import Image

from tests.photographs import draw
from tests.unit.decoding import hijack
from tests.unit.imaging.animations import gif, shown, written
from tests.unit.imaging.partial.pictures import progressive
from tests.unit.storage.guarded import GuardedStore
from tests.virtual import rounds
from thumbrun.clock import Clock, SystemClock
from thumbrun.decoding import launcher
from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import DecoderPool
from thumbrun.decoding.tries import Tries
from thumbrun.errors import ThumbrunError
from thumbrun.imaging.animation.animation import MOST_FRAMES
from thumbrun.imaging.looks.appearance import is_placeholder
from thumbrun.imaging.looks.dominant_colour import dominant_colour
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.imaging.request import TOO_MANY_FRAMES, NeedsMemory, Refused, Rendered, Request, Took
from thumbrun.imaging.shape import Shape
from thumbrun.outcomes import Outcome, Reason, Status, Timing
from thumbrun.planning.plan import Item
from thumbrun.planning.shards import READ_AT_ONCE
from thumbrun.runs.object_metadata import CHECKSUM_MARK, MARKS, own_metadata
from thumbrun.storage.base import (
    DamagedError,
    DeniedError,
    Entry,
    ExistsError,
    LostError,
    ObjectRefusedError,
    Sink,
    StoreError,
    TransientError,
    UnauthenticatedError,
)
from thumbrun.storage.gcs.responses import status_error
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.admission import Admission
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.refusals import RefusedItemError
from thumbrun.task.work_item import WorkItem

RUN = "20260102T1530Z"
MEMORY = 64 << 20
AT_ONCE = 8  # items
FAULTY = b"\xff\xfe\x00\x0cfaulty one"  # a comment in a JPEG

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def photograph() -> bytes:
    """Return a JPEG of a photograph."""
    target = io.BytesIO()
    draw(300, 1).save(target, "JPEG")
    return target.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[DecoderPool]:
    """Run one decoding process, which all tests share."""
    running = DecoderPool(1, timeout=60, memory=MEMORY)
    await running.start()
    yield running
    await running.close()


def item(entry: Entry, **changes: object) -> Item:
    """Return the item of an object."""
    values: dict[str, object] = {
        "source": entry.name,
        "generation": entry.generation,
        "size": entry.size,
        "crc32c": entry.crc32c,
        "encoding": entry.content_encoding,
        "format": "jpeg",
        "decodable": True,
        "output": entry.name.rpartition("/")[2],
        "output_format": "jpeg",
    }
    return Item(**(values | changes))  # type: ignore[arg-type]


async def at_once(_: WorkItem) -> None:
    """Announce an item without any wait."""


async def work(
    source: MemoryStore,
    output: MemoryStore,
    pool: DecoderPool,
    items: Iterable[Item],
    announced: Callable[[WorkItem], Awaitable[None]] = at_once,
    clock: Clock | None = None,
    **making: object,
) -> tuple[list[Outcome], Pipeline]:
    """Work items; return their outcomes, by index, and the pipeline."""
    pipeline = _pipeline(source, output, pool, clock, **making)
    outcomes: list[Outcome] = []
    await pipeline.run(_feed(items), outcomes.append, announced)
    return sorted(outcomes, key=lambda outcome: outcome.item), pipeline


def _pipeline(
    source: MemoryStore, output: MemoryStore, pool: DecoderPool, clock: Clock | None = None, **making: object
) -> Pipeline:
    values: dict[str, object] = {
        "run_id": RUN,
        "folder": f"{RUN}/",
        "recipe": Recipe(),
        "max_pixels": 10**8,
        "max_bytes": 1 << 20,
    }
    return Pipeline(
        source,
        output,
        pool,
        Admission(MEMORY, 1),
        ItemRules(**(values | making)),  # type: ignore[arg-type]
        clock or SystemClock(),
        items_at_once=AT_ONCE,
    )


async def _feed(items: Iterable[Item]) -> AsyncIterator[WorkItem]:
    for index, one in enumerate(items):
        yield WorkItem(0, index, one)


async def test_an_item_is_announced_before_its_first_byte_is_read(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline reads nothing of an item before its announcement is written: its bytes can kill the task too."""
    source = MemoryStore("in")
    happened = list[str]()
    render, read = pool.render, source.read

    async def reading(name: str, sink: Sink, **options: object) -> None:
        happened.append("read")
        await read(name, sink, **options)  # type: ignore[arg-type]

    async def announced(_: WorkItem) -> None:
        await rounds()
        happened.append("announced")

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        happened.append("decoded")
        return await render(body, request)

    monkeypatch.setattr(source, "read", reading)
    monkeypatch.setattr(pool, "render", rendering)
    items = [item(source.put_as_user("a.jpg", photograph))]
    (outcome,), _ = await work(source, MemoryStore("out"), pool, items, announced)
    assert (Status.DONE, ["announced", "read", "decoded"]) == (outcome.status, list(dict.fromkeys(happened)))


class SteppedClock(SystemClock):
    """A clock that stands still, except that a test moves it forward."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds by which it was moved."""
        return self.seconds


async def test_an_outcome_says_what_its_time_went_into(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, decoding, also in vain, encoding, writing and waiting each count where they happen."""
    source, output, clock = MemoryStore("in"), MemoryStore("out"), SteppedClock()
    render, read, create = pool.render, source.read, output.create

    async def reading(name: str, sink: Sink, **options: object) -> None:
        clock.seconds += 1
        await read(name, sink, **options)  # type: ignore[arg-type]

    async def announced(_: WorkItem) -> None:
        clock.seconds += 2

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        verdict = await render(body, request)
        if not isinstance(verdict, Rendered):
            clock.seconds += 64
            return replace(verdict, took=Took(64))
        clock.seconds += 4 + 8 + 16
        assert verdict.took.decode > 0 < verdict.took.encode
        return replace(verdict, took=Took(8, 16))

    async def creating(name: str, data: bytes, **options: object) -> Entry:
        clock.seconds += 32
        return await create(name, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "read", reading)
    monkeypatch.setattr(pool, "render", rendering)
    monkeypatch.setattr(output, "create", creating)
    items = [item(source.put_as_user("a.jpg", photograph))]
    before = clock.now() - timedelta(milliseconds=1)
    (outcome,), _ = await work(source, output, pool, items, announced, clock)
    assert outcome.timing
    assert before <= outcome.timing.began <= clock.now()
    assert Timing(outcome.timing.began, 1000, 72_000, 16_000, 32_000, 6000) == outcome.timing


async def test_what_gets_no_thumbnail_has_times_too(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that is refused, gone, denied or brings out a fault has the time that was spent on it."""
    source, output, clock = MemoryStore("in"), MemoryStore("out"), SteppedClock()
    read, render = source.read, pool.render
    names = ["good.jpg", "broken.jpg", "gone.jpg", "denied.jpg", "faulty.jpg"]
    bodies = [photograph, photograph[:2000], photograph, photograph, photograph[:2] + FAULTY + photograph]
    items = [item(source.put_as_user(name, body)) for name, body in zip(names, bodies, strict=True)]
    del source.objects["gone.jpg"]

    async def reading(name: str, sink: Sink, **options: object) -> None:
        clock.seconds += 1
        if name == "denied.jpg":
            raise DeniedError("no")
        await read(name, sink, **options)  # type: ignore[arg-type]

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        if FAULTY in body.read():
            raise KeyError("x")
        return await render(body, request)

    monkeypatch.setattr(source, "read", reading)
    monkeypatch.setattr(pool, "render", rendering)
    found, _ = await work(source, output, pool, items, clock=clock)
    reasons = [None, Reason.TRUNCATED, Reason.SOURCE_GONE, Reason.SOURCE_DENIED, Reason.INTERNAL_ERROR]
    assert reasons == [outcome.reason for outcome in found]
    assert [True] * 5 == [outcome.timing is not None and outcome.timing.fetch_ms >= 1000 for outcome in found]


async def test_a_decoding_process_tells_its_times(pool: DecoderPool) -> None:
    """A real decoder's times fill the time that the task waits for its answer, or less."""
    target = io.BytesIO()
    draw(3000, 1).save(target, "PNG")
    source, clock = MemoryStore("in"), SystemClock()
    items = [item(source.put_as_user("a.png", target.getvalue()), format="png", output_format="webp")]
    before = clock.now()
    (outcome,), _ = await work(source, MemoryStore("out"), pool, items, max_bytes=1 << 30)
    assert (Status.DONE, True) == (outcome.status, outcome.timing is not None)
    assert outcome.timing
    whole = 1000 * (clock.now() - before).total_seconds()
    assert 0 < outcome.timing.decode_ms + outcome.timing.encode_ms <= whole + 1


async def test_a_decoder_that_lies_about_its_times_costs_only_its_own_figure(
    photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that a decoder claims count for no more than the wait for it, and no other image has different times."""
    monkeypatch.setattr(launcher, "_COMMAND", hijack.command())
    source, clock = MemoryStore("in"), SystemClock()
    bodies = [photograph, hijack.evil(photograph, "days"), photograph]
    items = [item(source.put_as_user(f"{number}.jpg", body)) for number, body in enumerate(bodies)]
    pool = DecoderPool(1, timeout=60, memory=MEMORY)
    await pool.start()
    began = clock.monotonic()
    found, _ = await work(source, MemoryStore("out"), pool, items)
    whole = 1000 * (clock.monotonic() - began) + 1
    await pool.close()
    assert [Status.DONE] * 3 == [outcome.status for outcome in found]
    spent = [outcome.timing[1:] for outcome in found if outcome.timing]
    assert [True] * 3 == [sum(times) <= whole for times in spent]
    assert 0 == spent[1][2], "decoding alone would have taken all of the wait, so nothing is left for encoding"


def _fail_on(chosen: str, error: Exception, pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the check of an answer, or the parsing of parts, raise an error for images that hold these bytes."""
    if chosen == "parse":

        def partial_file(known: KnownBytes, *_: object) -> bytes | None:
            if FAULTY in known.head:
                raise error
            return None

        monkeypatch.setattr("thumbrun.task.fetch.dispatch.partial_file", partial_file)
        return
    render = pool.render

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        if FAULTY in body.read():
            raise error
        return await render(body, request)

    monkeypatch.setattr(pool, "render", rendering)


def _images(source: MemoryStore, photograph: bytes, faulty: Container[int], count: int = 10) -> list[Item]:
    """Put images, of which some hold the bytes that thumbrun fails on, and which are all large enough to be parsed."""
    padded = photograph + bytes(READ_AT_ONCE)
    bodies = [photograph[:2] + FAULTY + padded if number in faulty else padded for number in range(count)]
    return [item(source.put_as_user(f"{number}.jpg", body)) for number, body in enumerate(bodies)]


@pytest.mark.parametrize("step", ["parse", "answer"])
@pytest.mark.parametrize("error", [KeyError("Huffman"), RecursionError(), AssertionError("odd")])
async def test_a_fault_of_thumbrun_costs_one_image(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    """An exception that an item's bytes bring out is its outcome, with the exception's text; all others are done."""
    source = MemoryStore("in")
    _fail_on(step, error, pool, monkeypatch)
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, {2, 7}))
    assert [2, 7] == [outcome.item for outcome in found if outcome.reason is Reason.INTERNAL_ERROR]
    assert 8 == sum(outcome.status is Status.DONE for outcome in found)
    assert type(error).__name__ in found[2].detail
    assert 0 == pipeline.left_open


@pytest.mark.parametrize("step", ["parse", "answer"])
@pytest.mark.parametrize("error", [MemoryError(), OSError(24, "Too many open files")])
async def test_an_error_of_the_machine_leaves_an_image_open(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    """An error that says nothing of the image leaves it open for another attempt; all others are done."""
    source = MemoryStore("in")
    _fail_on(step, error, pool, monkeypatch)
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, {2}))
    assert [0, 1, 3, 4, 5, 6, 7, 8, 9] == [outcome.item for outcome in found]
    assert (1, error) == (pipeline.left_open, pipeline.failure)


async def test_an_exception_of_the_store_leaves_an_image_open(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody expects from a store leaves the image open, because it says nothing of the image."""
    source = MemoryStore("in")
    read = source.read

    async def reading(name: str, sink: Sink, **options: object) -> None:
        if name == "2.jpg":
            raise KeyError("answer")
        await read(name, sink, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "read", reading)
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, ()))
    assert (9, 1) == (len(found), pipeline.left_open)


async def test_objects_that_nobody_can_read_end_no_task(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects that the store refuses to read, each for a reason of its own, fail alone, however many come first."""
    source = MemoryStore("in")
    read = source.read

    async def reading(name: str, sink: Sink, **options: object) -> None:
        if int(name.partition(".")[0]) < 12:
            message = "The target object is encrypted by a customer-supplied encryption key."
            raise status_error("read", source.uri(name), 400, json.dumps({"error": {"message": message}}), {})
        await read(name, sink, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "read", reading)
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, (), 20))
    assert [Reason.SOURCE_DENIED] * 12 + [None] * 8 == [outcome.reason for outcome in found]
    assert "customer-supplied" in found[0].detail
    assert 0 == pipeline.left_open


async def test_each_suspect_has_a_new_process(pool: DecoderPool, photograph: bytes) -> None:
    """No decoding process has more than one suspect, so none can die of what an earlier image did to its process."""
    source, outcomes, seen = MemoryStore("in"), list[Outcome](), list[int]()

    async def announced(_: WorkItem) -> None:
        await pool._processes[0].start()
        process = pool._processes[0]._process
        assert process is not None
        seen.append(process._pid)

    pipeline = _pipeline(source, MemoryStore("out"), pool)
    await pipeline.run_alone(_feed(_images(source, photograph, (), 4)), outcomes.append, announced)
    assert 4 == len(set(seen)) == len(outcomes)
    assert {Status.DONE} == {outcome.status for outcome in outcomes}


async def test_a_compressed_object_takes_no_more_than_an_image_may(pool: DecoderPool, photograph: bytes) -> None:
    """What is decompressed, and what it comes from, stay together within the memory for one image."""
    source = MemoryStore("in")
    largest = Admission(MEMORY, 1).largest_body
    bodies = [photograph + bytes(largest * 6 // 10), photograph]
    items = [
        item(
            source.put_as_user(f"{number}.jpg", gzip.compress(body, level), content_encoding="gzip"),
            encoding="gzip",
        )
        for number, (body, level) in enumerate(zip(bodies, (0, 6), strict=True))
    ]
    found, _ = await work(source, MemoryStore("out"), pool, items, max_bytes=largest)
    assert [Reason.OUT_OF_MEMORY, None] == [outcome.reason for outcome in found]


async def test_the_same_fault_eight_times_in_a_row_ends_the_task(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If thumbrun fails on eight images in a row in the same way, they have no outcome, and the task ends."""
    source = MemoryStore("in")
    _fail_on("answer", KeyError("x"), pool, monkeypatch)
    with pytest.raises(ThumbrunError, match="in the same way on 8 images in a row; the last one: KeyError"):
        await work(source, MemoryStore("out"), pool, _images(source, photograph, range(20), 20))


async def test_different_faults_in_a_row_are_outcomes(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults that are not the same do not end the task: each is the outcome of its image."""
    source = MemoryStore("in")
    raised = iter(range(20))

    async def rendering(_: Body, __: Request, ___: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        if next(raised) % 2:
            raise KeyError("x")
        raise ValueError("y")

    monkeypatch.setattr(pool, "render", rendering)
    found, _ = await work(source, MemoryStore("out"), pool, _images(source, photograph, (), 20))
    assert {Reason.INTERNAL_ERROR} == {outcome.reason for outcome in found}
    assert 20 == len(found)


async def test_a_suspect_bears_its_own_fault(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item that is worked alone gets its outcome, even if the same fault comes again and again."""
    source, outcomes = MemoryStore("in"), list[Outcome]()
    _fail_on("answer", KeyError("x"), pool, monkeypatch)
    pipeline = _pipeline(source, MemoryStore("out"), pool)
    items = _images(source, photograph, range(20), 20)
    await pipeline.run_alone(_feed(items), outcomes.append, at_once)
    assert [Reason.INTERNAL_ERROR] * 20 == [outcome.reason for outcome in outcomes]


async def test_who_runs_out_of_memory_gets_a_process_share(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that needs more memory than the header says gets a process's share before the image is refused."""
    source, given, render = MemoryStore("in"), list[int](), pool.render
    share = Admission(MEMORY, 1)

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        given.append(request.memory)
        if request.memory < MEMORY // 2:
            return Refused(Reason.OUT_OF_MEMORY, "decoding took more memory than the process may have")
        return await render(body, request)

    monkeypatch.setattr(pool, "render", rendering)
    (outcome,), _ = await work(source, MemoryStore("out"), pool, [item(source.put_as_user("a.jpg", photograph))])
    async with share.body(1) as hold:
        assert (Status.DONE, [hold.first, hold.share]) == (outcome.status, given)


@pytest.mark.parametrize("asked", [False, True])
async def test_a_large_image_that_seems_broken_gets_a_process_share(
    pool: DecoderPool, photograph: bytes, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """A decoder can take a failed allocation for a broken file, so large images are tried again with more memory.

    An image that fits into the memory that it gets first is unreadable at once.
    """
    source, given, render = MemoryStore("in"), list[int](), pool.render
    async with Admission(MEMORY, 1).body(1) as grant:
        needed = grant.first + 1

    async def rendering(body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        given.append(request.memory)
        if asked and request.memory < needed:
            return NeedsMemory(needed)
        if request.memory <= needed:
            return Refused(Reason.UNREADABLE, "jpeg: broken data stream when reading image file")
        return await render(body, request)

    monkeypatch.setattr(pool, "render", rendering)
    (outcome,), _ = await work(source, MemoryStore("out"), pool, [item(source.put_as_user("a.jpg", photograph))])
    if asked:
        assert (Status.DONE, [grant.first, needed, grant.share]) == (outcome.status, given)
    else:
        assert (Reason.UNREADABLE, [grant.first]) == (outcome.reason, given)


async def test_a_thumbnail_and_its_marks(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline makes a thumbnail that names its source, and an outcome that tells the bytes read and made."""
    source, output = MemoryStore("in"), MemoryStore("out")
    entry = source.put_as_user("a/é.jpg", photograph)
    (outcome,), _ = await work(source, output, pool, [item(entry)])
    made, body = output.objects[f"{RUN}/é.jpg"]
    with Image.open(io.BytesIO(body)) as thumbnail:
        assert (100, 67) == thumbnail.size == (outcome.width, outcome.height)
    assert (Status.DONE, len(photograph), len(body)) == (outcome.status, outcome.source_bytes, outcome.output_bytes)
    assert ("image/jpeg", RUN, "memory://in/a/é.jpg", entry.generation, Recipe().digest()) == (
        made.content_type,
        made.metadata["thumbrun-run"],
        made.metadata["thumbrun-source"],
        made.metadata["thumbrun-source-generation"],
        made.metadata["thumbrun-recipe"],
    )


async def test_a_private_source_leaves_a_hash(pool: DecoderPool, photograph: bytes) -> None:
    """With source_metadata=hash, thumbrun keeps the source's name off the thumbnail."""
    source, output = MemoryStore("in"), MemoryStore("out")
    entry = source.put_as_user("secret/name.jpg", photograph)
    await work(source, output, pool, [item(entry, output="x.jpg")], hash_source=True)
    assert "secret" not in json.dumps(dict(output.objects[f"{RUN}/x.jpg"][0].metadata))


async def test_what_exists_is_looked_at(pool: DecoderPool, photograph: bytes) -> None:
    """This very thumbnail counts as done, of whatever generation; one of another run, or a stranger's, has the name."""
    source, output = MemoryStore("in"), MemoryStore("out")
    names = ("own.jpg", "other-run.jpg", "other-generation.jpg", "stranger.jpg")
    items = [item(source.put_as_user(name, photograph)) for name in names]
    await work(source, output, pool, items[:1])
    own = output.objects[f"{RUN}/own.jpg"][0].metadata
    output.put_as_user(f"{RUN}/other-run.jpg", b"x", metadata={**own, "thumbrun-run": "earlier"})
    mine = {**own, "thumbrun-source": "memory://in/other-generation.jpg", "thumbrun-source-generation": "1"}
    mine["thumbrun-crc32c"] = f"{crc32c(b'x'):08x}"
    output.put_as_user(f"{RUN}/other-generation.jpg", b"x", metadata=mine)
    output.put_as_user(f"{RUN}/stranger.jpg", b"x")
    before = dict(output.objects)
    outcomes, _ = await work(source, output, pool, items)
    assert [None, Reason.NAME_TAKEN, None, Reason.NAME_TAKEN] == [outcome.reason for outcome in outcomes]
    assert ["", "", "1", ""] == [outcome.made_of for outcome in outcomes]
    assert before == output.objects


async def test_the_metadata_of_the_source_are_kept(pool: DecoderPool, photograph: bytes) -> None:
    """A thumbnail keeps the source's own keys below thumbrun's marks, as many as fit, and tells how many do not.

    A later round keeps those of the generation that it shows.
    """
    source, output = MemoryStore("in"), MemoryStore("out")
    own = {
        "artist": "Ana",
        "Título": "Пейзаж 🏔",
        "thumbrun-note": "x",
        "Thumbrun-Run": "y",
        "goog-reserved-file-mtime": "1",
    }
    full = {"a": "a" * 5000, "b": "b" * 4000, "c": "c" * 3000}
    entries = [
        source.put_as_user(name, photograph, metadata=metadata) for name, metadata in (("a.jpg", own), ("b.jpg", full))
    ]
    items = [item(entry, metadata=own_metadata(entry.metadata)) for entry in entries]
    (first, second), _ = await work(source, output, pool, items, keeps_metadata=True)
    made = output.objects[f"{RUN}/a.jpg"][0].metadata
    marks = {key: value for key, value in made.items() if key in (*MARKS, CHECKSUM_MARK)}
    assert {"artist": "Ana", "Título": "Пейзаж 🏔"} | marks == made
    assert (RUN, "") == (made["thumbrun-run"], first.detail)
    made = output.objects[f"{RUN}/b.jpg"][0].metadata
    assert {"a", "c", *marks} == made.keys()
    assert sum(len((key + value).encode()) for key, value in made.items()) <= 8192
    assert "its thumbnail lacks 1 key of its metadata: an object has room for 8,192 bytes" == second.detail

    source.put_as_user("a.jpg", photograph, metadata={"artist": "Eva"})
    later = MemoryStore("later")
    await work(source, later, pool, items[:1], keeps_metadata=True, live=True)
    assert "Eva" == later.objects[f"{RUN}/a.jpg"][0].metadata["artist"]
    none = MemoryStore("none")
    await work(source, none, pool, [item(source.objects["b.jpg"][0])], live=True)
    assert marks.keys() == none.objects[f"{RUN}/b.jpg"][0].metadata.keys()


async def test_a_crop_decides_how_much_is_read(pool: DecoderPool) -> None:
    """A progressive JPEG is read in part for a square that it covers, and whole if the square needs more of it."""
    source = MemoryStore()
    entry = source.put_as_user("a.jpg", progressive(4000))
    for side, whole in ((100, False), (200, True)):
        output = MemoryStore("out")
        recipe = Recipe(side, side, shape=Shape("cover", "attention"))
        (outcome,), _ = await work(source, output, pool, [item(entry)], recipe=recipe, max_bytes=1 << 30)
        assert (Status.DONE, side, side) == (outcome.status, outcome.width, outcome.height)
        assert whole == (outcome.source_bytes == entry.size)
    inside, _ = await work(source, MemoryStore("out"), pool, [item(entry)], recipe=Recipe(200, 200), max_bytes=1 << 30)
    assert inside[0].source_bytes < entry.size


async def test_an_animation_is_read_whole(pool: DecoderPool) -> None:
    """A still thumbnail needs the first frame of a large GIF alone; an animated one needs all, and tells its bounds."""
    noise = Image.effect_noise((300, 300), 100)
    times = [50, 60, 70, 80, 90, 100]
    body = written([noise.rotate(number * 40) for number in range(len(times))], "gif", times, 0)
    assert len(body) > READ_AT_ONCE
    many = gif((250, 250), [(number % 3, 0, 250, 250) for number in range(MOST_FRAMES + 1)])
    source, output, still = MemoryStore("in"), MemoryStore("out"), MemoryStore("still")
    items = [
        item(source.put_as_user(name, content), format="gif", output_format="gif")
        for name, content in (("noise.gif", body), ("many.gif", many))
    ]
    (kept, bounded), _ = await work(source, output, pool, items, recipe=Recipe(animated="keep"), max_bytes=1 << 24)
    assert (len(body), False, "") == (kept.source_bytes, kept.unchecked, kept.detail)
    assert (times, TOO_MANY_FRAMES) == (shown(output.objects[f"{RUN}/noise.gif"][1])[1], bounded.detail)
    (first, _), _ = await work(source, still, pool, items, max_bytes=1 << 24)
    assert first.source_bytes < len(body)
    assert 1 == len(shown(still.objects[f"{RUN}/noise.gif"][1])[0])


async def test_the_looks_are_those_of_the_smallest_thumbnail(pool: DecoderPool) -> None:
    """The outcome tells the upright size of the source, and colour and placeholder of the smallest thumbnail.

    An attempt that finds the thumbnails tells nothing if it has not seen the image.
    """
    photograph, target, exif = draw(300, 1), io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    photograph.save(target, "JPEG", exif=exif)
    source, output = MemoryStore("in"), MemoryStore("out")
    items = [item(source.put_as_user("a.jpg", target.getvalue()))]
    rules: dict[str, Any] = {"recipe": Recipe(200, 200, smaller=((60, 60),)), "placeholder": "blurhash"}
    (outcome,), pipeline = await work(source, output, pool, items, **rules)
    assert (photograph.height, photograph.width) == (outcome.source_width, outcome.source_height)
    pixels = thumbnail_pixels(target.getvalue(), 60, 60)
    assert abs(int(outcome.colour[1:3], 16) - int(dominant_colour(pixels)[1:3], 16)) < 16
    assert is_placeholder(outcome.placeholder, "blurhash")
    (again,), _ = await work(source, output, pool, items, **rules)
    assert (outcome.colour, outcome.placeholder) == (again.colour, again.placeholder)
    found = await pipeline.existing_outcome(WorkItem(0, 0, items[0]))
    assert found is not None
    assert (Status.DONE, 0, "", "") == (found.status, found.source_width, found.colour, found.placeholder)


async def test_a_thumbnail_that_was_damaged_on_its_way_is_not_taken_for_done(
    pool: DecoderPool, photograph: bytes
) -> None:
    """A task that finds a thumbnail with other bytes than were sent reports it as damaged, as its sender does."""
    source, output = MemoryStore("in"), MemoryStore("out")
    items = [item(source.put_as_user("a.jpg", photograph))]
    await work(source, output, pool, items)
    entry, body = output.objects[f"{RUN}/a.jpg"]
    output.put_as_user(f"{RUN}/a.jpg", body[:-1], metadata=entry.metadata)
    (outcome,), _ = await work(source, output, pool, items)
    assert Reason.OUTPUT_DAMAGED is outcome.reason


async def test_objects_that_changed_after_the_plan(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline reports a deleted or replaced object; if the bucket keeps old versions, it reads the planned one."""
    for versioning in (False, True):
        source, output = MemoryStore("in", versioning=versioning), MemoryStore("out")
        items = [item(source.put_as_user(name, photograph)) for name in ("gone.jpg", "changed.jpg")]
        source.delete_as_user("gone.jpg")
        source.put_as_user("changed.jpg", b"another picture")
        outcomes, _ = await work(source, output, pool, items)
        expected = [None, None] if versioning else [Reason.SOURCE_GONE, Reason.SOURCE_CHANGED]
        assert expected == [outcome.reason for outcome in outcomes]


@pytest.mark.parametrize("listed", [True, False])
async def test_bytes_that_do_not_match_their_checksum(pool: DecoderPool, photograph: bytes, listed: bool) -> None:
    """The pipeline reads a body again if the network damaged it, and reports a body that is damaged in the store.

    The listing states no checksum for an object under a customer-managed key, but the answer to a read does.
    """

    class Damaging(MemoryStore):
        reads = 0

        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> int | None:
            """Deliver another last byte, on the first read or on every one."""
            stated = await super().read(name, sink, generation=generation, start=start, end=end)
            self.reads += 1
            if self.reads == 1 or name == "always.jpg":
                sink.reset()
                sink.write(photograph[:-1] + b"?")
            return stated

    def planned(entry: Entry) -> Item:
        return item(entry) if listed else item(entry, crc32c=None)

    source, output = Damaging("in"), MemoryStore("out")
    (once,), _ = await work(source, output, pool, [planned(source.put_as_user("once.jpg", photograph))])
    assert (Status.DONE, 2, False) == (once.status, source.reads, once.unchecked)
    (always,), _ = await work(source, output, pool, [planned(source.put_as_user("always.jpg", photograph))])
    assert Reason.SOURCE_DAMAGED is always.reason
    assert [f"{RUN}/once.jpg"] == list(output.objects)


async def test_a_way_that_damages_everything_is_no_outcome(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline leaves an item open if every read delivers other bytes, because a later attempt might read it."""

    class Mangling(MemoryStore):
        reads = 0

        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> None:
            """Deliver another last byte on each read."""
            await super().read(name, sink, generation=generation, start=start, end=end)
            self.reads += 1
            sink.reset()
            sink.write(photograph[:-1] + bytes([self.reads]))

    source, output = Mangling("in"), MemoryStore("out")
    outcomes, pipeline = await work(source, output, pool, [item(source.put_as_user("a.jpg", photograph))])
    assert ([], 1) == (outcomes, pipeline.left_open)
    assert {} == output.objects


async def test_a_body_that_never_ends(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline stops reading at the listed size, and leaves the item open, because the store is at fault."""
    taken = 0

    class Endless(MemoryStore):
        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> None:
            """Send the object again and again."""
            nonlocal taken
            sink.reset()
            while True:
                sink.write(photograph)
                taken += 1

    source, output = Endless("in"), MemoryStore("out")
    entry = source.put_as_user("a.jpg", photograph)
    outcomes, pipeline = await work(source, output, pool, [item(entry, crc32c=None)])
    assert ([], 1, 1) == (outcomes, pipeline.left_open, taken)
    assert {} == output.objects


async def test_objects_stored_compressed(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline checks and decompresses objects with contentEncoding gzip; too long or broken ones fail."""
    source, output = MemoryStore("in"), MemoryStore("out")
    whole = gzip.compress(photograph)
    bodies = {
        "whole.jpg": whole,
        "cut.jpg": whole[:-20],
        "none.jpg": photograph,
        "bomb.jpg": gzip.compress(b"\0" * (2 << 20)),
    }
    items = [item(source.put_as_user(name, body, content_encoding="gzip")) for name, body in bodies.items()]
    outcomes, _ = await work(source, output, pool, items)
    expected = [None, Reason.TRUNCATED, Reason.UNREADABLE, Reason.TOO_LARGE]
    assert expected == [outcome.reason for outcome in outcomes]


async def test_what_needs_no_byte_is_not_read(pool: DecoderPool) -> None:
    """Unsupported formats, too large objects and impossible names get their outcome without a request."""
    source, output = MemoryStore("in", exists=False), MemoryStore("out", exists=False)
    entry = Entry("a.jpg", 10, "1")
    items = [
        item(entry, decodable=False, format=None),
        item(entry, size=2 << 20),
        item(entry, output="x" * 1024),
    ]
    outcomes, _ = await work(source, output, pool, items)
    assert [
        (Status.SKIPPED, Reason.UNSUPPORTED),
        (Status.FAILED, Reason.TOO_LARGE),
        (Status.FAILED, Reason.NAME_INVALID),
    ] == [(outcome.status, outcome.reason) for outcome in outcomes]


async def test_bytes_that_nothing_claims_to_be_an_image(pool: DecoderPool, photograph: bytes) -> None:
    """With detect=content, thumbrun skips bytes that are no image; an item that claims to be an image fails."""
    source, output = MemoryStore("in"), MemoryStore("out")
    entries = [source.put_as_user(f"upload-{n}", body) for n, body in enumerate((photograph, b"a letter", b"a letter"))]
    items = [
        item(entry, format=source_format) for entry, source_format in zip(entries, (None, None, "jpeg"), strict=True)
    ]
    outcomes, _ = await work(source, output, pool, items)
    assert [(Status.DONE, None), (Status.SKIPPED, Reason.NOT_AN_IMAGE), (Status.FAILED, Reason.UNREADABLE)] == [
        (outcome.status, outcome.reason) for outcome in outcomes
    ]


async def test_pictures_beyond_the_limits(pool: DecoderPool) -> None:
    """The header shows that a picture has too many pixels, or needs more memory than there is."""
    source, output = MemoryStore("in"), MemoryStore("out")
    target = io.BytesIO()
    Image.new("RGB", (5000, 5000)).save(target, "PNG")
    entry = source.put_as_user("large.png", target.getvalue())
    (pixels,), _ = await work(source, output, pool, [item(entry)], max_pixels=10**6)
    (memory,), _ = await work(source, output, pool, [item(entry)])
    assert [Reason.TOO_MANY_PIXELS, Reason.OUT_OF_MEMORY] == [pixels.reason, memory.reason]


class Refusing(MemoryStore):
    """Raises an error for reads of some names."""

    def __init__(self, error: StoreError, names: set[str]) -> None:
        super().__init__("in")
        self.error = error
        self.names = names

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read, or raise the error."""
        if name in self.names:
            raise self.error
        await super().read(name, sink, generation=generation, start=start, end=end)

    async def stat(self, name: str) -> Entry | None:
        """Stat, or raise the error if it concerns stats as well."""
        if name in self.names and isinstance(self.error, DeniedError):
            raise self.error
        return await super().stat(name)


@pytest.mark.parametrize("left", [0, 1])
async def test_one_object_that_may_not_be_read(pool: DecoderPool, photograph: bytes, left: int) -> None:
    """The pipeline fails one denied object if it may read others, even if a retry has only the denied one left."""
    source, output = Refusing(DeniedError("403"), {"in/b.jpg"}), MemoryStore("out")
    items = [item(source.put_as_user(name, photograph)) for name in ("a.jpg", "in/b.jpg")]
    outcomes, pipeline = await work(source, output, pool, items[left:])
    assert Reason.SOURCE_DENIED is outcomes[-1].reason
    assert 0 == pipeline.left_open


async def test_a_proof_that_is_gone(pool: DecoderPool, photograph: bytes) -> None:
    """If the object that was read last is deleted meanwhile, another one shows that others can be read."""
    source = Refusing(DeniedError("403"), {"c.jpg"})
    items = [item(source.put_as_user(name, photograph)) for name in ("a.jpg", "b.jpg", "c.jpg")]
    found: list[Outcome] = []

    def taken(outcome: Outcome) -> None:
        found.append(outcome)
        if outcome.item == 1:
            source.delete_as_user("b.jpg")

    pipeline = _pipeline(source, MemoryStore("out"), pool)
    await pipeline.run(_feed(items[:2]), taken, at_once)
    await pipeline.run(_feed(items[2:]), taken, at_once)
    assert Reason.SOURCE_DENIED is found[-1].reason
    assert 0 == pipeline.left_open


async def test_no_object_may_be_read(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline leaves all items open if the bucket denies every object, and gives up after many."""
    names = [f"in/{number}.jpg" for number in range(20)]
    source, output = Refusing(DeniedError("403"), set(names)), MemoryStore("out")
    items = [item(source.put_as_user(name, photograph)) for name in names]
    outcomes, pipeline = await work(source, output, pool, items[:3])
    assert ([], 3) == (outcomes, pipeline.left_open)
    with pytest.raises(RefusedItemError):
        await work(source, output, pool, items)


class Withdrawing(MemoryStore):
    """Refuses a number of requests in a row, from some request on."""

    def __init__(self, after: int, times: int) -> None:
        super().__init__("in")
        self.after = after
        self.times = times

    def count(self) -> None:
        """Count a request, and refuse it if its turn has come."""
        self.after -= 1
        if -self.times <= self.after < 0:
            raise DeniedError("403")

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read, or refuse."""
        self.count()
        await super().read(name, sink, generation=generation, start=start, end=end)

    async def stat(self, name: str) -> Entry | None:
        """Stat, or refuse."""
        self.count()
        return await super().stat(name)


@pytest.mark.parametrize("times", [1, 2, 3, 4, 5, 6, 1000])
async def test_a_bucket_that_refuses_in_the_middle(pool: DecoderPool, photograph: bytes, times: int) -> None:
    """The pipeline fails no item if the bucket denies everything after some reads: it leaves each open, or does it."""
    source, output = Withdrawing(2, times), MemoryStore("out")
    items = [item(source.put_as_user(f"{number}.jpg", photograph)) for number in range(6)]
    outcomes, pipeline = await work(source, output, pool, items)
    assert [Status.DONE] * len(outcomes) == [outcome.status for outcome in outcomes]
    assert 6 == len(outcomes) + pipeline.left_open
    assert (times == 1000) == bool(pipeline.left_open)  # a few refusals pass while other objects are tried


async def test_a_store_that_fails_leaves_items_open(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline leaves an item open after the last retry and works the others; after many in a row, it gives up."""
    source, output = Refusing(TransientError("503, for long"), {"b.jpg"}), MemoryStore("out")
    items = [item(source.put_as_user(name, photograph)) for name in ("a.jpg", "b.jpg", "c.jpg")]
    outcomes, pipeline = await work(source, output, pool, items)
    assert [0, 2] == [outcome.item for outcome in outcomes]
    assert (1, "503, for long") == (pipeline.left_open, str(pipeline.failure))
    many = [items[1]] * 20
    with pytest.raises(TransientError):
        await work(source, output, pool, many)


async def test_missing_credentials_end_the_task(pool: DecoderPool, photograph: bytes) -> None:
    """A 401 ends the task at once, because it is the same for every object."""
    source = Refusing(UnauthenticatedError("401"), {"a.jpg"})
    with pytest.raises(UnauthenticatedError):
        await work(source, MemoryStore("out"), pool, [item(source.put_as_user("a.jpg", photograph))])


@pytest.mark.parametrize("error", [DeniedError("403"), DamagedError("other bytes")])
async def test_a_destination_that_does_not_take_thumbnails(
    pool: DecoderPool, photograph: bytes, error: StoreError
) -> None:
    """A missing permission leaves the item open; a thumbnail that the store damaged fails its own item only."""
    source = MemoryStore("in")
    entry = source.put_as_user("a.jpg", photograph)
    if isinstance(error, DeniedError):
        outcomes, pipeline = await work(source, Picky(error, ""), pool, [item(entry)])
        assert ([], 1, "403") == (outcomes, pipeline.left_open, str(pipeline.failure))
        with pytest.raises(RefusedItemError):
            await work(source, Picky(error, ""), pool, [item(entry)] * 8)
    else:
        (outcome,), _ = await work(source, Picky(error, ""), pool, [item(entry)])
        assert Reason.OUTPUT_DAMAGED is outcome.reason


class Picky(GuardedStore):
    """Refuses to create objects whose names hold a word, a number of times."""

    def __init__(self, error: StoreError, word: str, times: int = 1000) -> None:
        super().__init__(self._check)
        self.error = error
        self.word = word
        self.times = times

    def _check(self, name: str) -> None:
        if self.word in name and self.times > 0:
            self.times -= 1
            raise self.error


REFUSALS = [DeniedError("403, a hold"), ObjectRefusedError("400, encryption"), ExistsError("412, nothing is there")]


@pytest.mark.parametrize("error", REFUSALS, ids=["403", "400", "412"])
async def test_a_thumbnail_that_the_store_refuses(pool: DecoderPool, photograph: bytes, error: StoreError) -> None:
    """A thumbnail that the store refuses fails, with the store's words, if others are created after it."""
    source = MemoryStore("in")
    found, pipeline = await work(source, Picky(error, "0.jpg"), pool, _images(source, photograph, ()))
    assert [Reason.OUTPUT_DENIED] + [None] * 9 == [outcome.reason for outcome in found]
    assert str(error) in found[0].detail
    assert 0 == pipeline.left_open


@pytest.mark.parametrize("may_create", [True, False])
async def test_the_only_thumbnails_are_refused(pool: DecoderPool, photograph: bytes, may_create: bool) -> None:
    """A few refused items fail if another object can be created beside their thumbnails, and stay open if not."""
    source, outcomes = MemoryStore("in"), list[Outcome]()
    pipeline = _pipeline(source, Picky(REFUSALS[0], ".jpg"), pool)

    async def beside(_: WorkItem) -> bool:
        return may_create

    await pipeline.run(_feed(_images(source, photograph, (), 5)), outcomes.append, at_once, beside)
    assert ([Reason.OUTPUT_DENIED] * 5 if may_create else []) == [outcome.reason for outcome in outcomes]
    assert (0 if may_create else 5) == pipeline.left_open


async def test_all_thumbnails_are_refused(pool: DecoderPool, photograph: bytes) -> None:
    """If the store takes records but no thumbnail at all, the task ends, and no image fails."""
    source, outcomes = MemoryStore("in"), list[Outcome]()
    pipeline = _pipeline(source, Picky(REFUSALS[0], ".jpg"), pool)

    async def beside(_: WorkItem) -> bool:
        return True

    with pytest.raises(RefusedItemError):
        await pipeline.run(_feed(_images(source, photograph, (), 20)), outcomes.append, at_once, beside)
    assert [] == outcomes


@pytest.mark.parametrize("times", [1, 3, 5, 1000])
async def test_an_output_that_refuses_for_a_while(pool: DecoderPool, photograph: bytes, times: int) -> None:
    """No item fails because a permission was missing for a while."""
    source = MemoryStore("in")
    found, pipeline = await work(source, Picky(REFUSALS[0], "", times), pool, _images(source, photograph, (), 6))
    assert [Status.DONE] * len(found) == [outcome.status for outcome in found]
    assert 6 == len(found) + pipeline.left_open


async def test_files_that_the_disk_cannot_read(pool: DecoderPool, photograph: bytes) -> None:
    """Files that a disk fails to read fail alone, however many there are, if it reads others."""
    source = Refusing(LostError("Input/output error"), {f"{number}.jpg" for number in range(12)})
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, (), 14))
    assert [Reason.SOURCE_DAMAGED] * 12 + [None] * 2 == [outcome.reason for outcome in found]
    assert 0 == pipeline.left_open


async def test_what_can_be_looked_at_and_not_read_proves_nothing(pool: DecoderPool, photograph: bytes) -> None:
    """If the records of all objects can be read, but no byte of any object, every item stays open."""
    source = Refusing(ObjectRefusedError("the key is disabled"), {f"{number}.jpg" for number in range(6)})
    source.stat = partial(MemoryStore.stat, source)  # type: ignore[method-assign]
    found, pipeline = await work(source, MemoryStore("out"), pool, _images(source, photograph, (), 6))
    assert ([], 6) == (found, pipeline.left_open)


async def test_a_key_of_the_writers_own_needs_no_proof(pool: DecoderPool, photograph: bytes) -> None:
    """The only object of a bucket fails if its writer encrypted it with a key of his own."""
    source = Refusing(ObjectRefusedError("a customer-supplied key", is_own=True), {"0.jpg"})
    (outcome,), _ = await work(source, MemoryStore("out"), pool, _images(source, photograph, (), 1))
    assert Reason.SOURCE_DENIED is outcome.reason


async def test_many_items_are_under_way_at_once_but_not_too_many(pool: DecoderPool, photograph: bytes) -> None:
    """The pipeline works as many items at once as its bound allows, and no more."""
    enough = asyncio.Event()

    class Slow(MemoryStore):
        under_way = most = 0

        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> None:
            """Wait until as many items are in progress as the bound allows, and a little longer."""
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            if self.under_way == AT_ONCE:
                enough.set()
            await enough.wait()
            await rounds()
            await super().read(name, sink, generation=generation, start=start, end=end)
            self.under_way -= 1

    source = Slow("in")
    items = [item(source.put_as_user(f"{n}.jpg", photograph)) for n in range(40)]
    outcomes, _ = await work(source, MemoryStore("out"), pool, items)
    assert 40 == len(outcomes)
    assert AT_ONCE == source.most
