"""Tests of several thumbnails of one item when one of them fails: the item is done only when all of them exist."""

import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from PIL import Image

from tests.unit.imaging.samples import photograph, running
from tests.unit.task.test_pipeline import RUN, item, work
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.recipe import Recipe
from thumbrun.outcomes import Reason, Status
from thumbrun.planning.plan import Item
from thumbrun.storage.base import DamagedError, DeniedError, Entry, TransientError
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.work_item import WorkItem

RECIPE = Recipe(200, 200, smaller=((100, 100), (50, 50)))
NAMES = [f"{RUN}/{size}a.jpg" for size in RECIPE.folders]
BOTH = Recipe(200, 200, "webp", smaller=((100, 100),), further=("jpeg", "avif"))
OUTPUTS = tuple(f"a_{side}.{suffix}" for side in (200, 100) for suffix in ("webp", "jpg", "avif"))
LABELS = [f"{side} {name}" for side in ("200x200", "100x100") for name in ("webp", "jpeg", "avif")]


class Failing(MemoryStore):
    """A store that fails to create one name, before or after it is created."""

    def __init__(self, name: str, error: Exception, *, created: bool = False) -> None:
        """Set up the fault."""
        super().__init__("out")
        self._name, self._error, self._created = name, error, created

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, or fail if it has the chosen name."""
        fails = name == self._name
        if fails and not self._created:
            raise self._error
        entry = await super().create(
            name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
        )
        if fails:
            raise self._error
        return entry


@pytest.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    """Run one decoding process."""
    async with running(memory=64 << 20) as started:
        yield started


@pytest.fixture
def source() -> MemoryStore:
    """Return a store with one photograph."""
    store = MemoryStore("in")
    store.put_as_user("a.jpg", photograph())
    return store


async def test_all_sizes_make_one_outcome(pool: DecoderPool, source: MemoryStore) -> None:
    """Each size has an object with its own marks and checksum, and the item has one outcome for all of them."""
    output = MemoryStore("out")
    (outcome,), _ = await work(source, output, pool, [item(source.objects["a.jpg"][0])], recipe=RECIPE)
    assert sorted(NAMES) == sorted(output.objects)
    lengths = tuple(len(output.objects[name][1]) for name in NAMES)
    assert (Status.DONE, sum(lengths), lengths) == (outcome.status, outcome.output_bytes, outcome.each)
    assert (200, 200) == (outcome.width, outcome.height)
    assert 3 == len({output.objects[name][0].metadata["thumbrun-crc32c"] for name in NAMES})
    assert {RECIPE.digest()} == {output.objects[name][0].metadata["thumbrun-recipe"] for name in NAMES}


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("created", [False, True])
@pytest.mark.parametrize("error", [TransientError("503"), DeniedError("403")])
async def test_a_fault_between_two_sizes(
    pool: DecoderPool, source: MemoryStore, name: str, created: bool, error: Exception
) -> None:
    """After one size fails, thumbrun sees whether all sizes exist, and the next attempt makes only the missing one."""
    output = Failing(name, error, created=created)
    items = [item(source.objects["a.jpg"][0])]
    outcomes, pipeline = await work(source, output, pool, items, recipe=RECIPE)
    # A 403 for an existing name means that the name is taken: by this very thumbnail. The store takes the other sizes,
    # so a 403 for a free name concerns this size alone.
    expected = (1, 0) if isinstance(error, DeniedError) else (0, 1)
    assert expected == (len(outcomes), pipeline.left_open)
    if outcomes:
        assert (None if created else Reason.OUTPUT_DENIED) is outcomes[0].reason
    there = MemoryStore("out")
    there.objects = dict(output.objects)
    before = {key: entry.generation for key, (entry, _) in there.objects.items()}
    _, pipeline = await work(source, there, pool, [], recipe=RECIPE)
    looked = await pipeline.existing_outcome(WorkItem(0, 0, items[0]))
    assert created == (looked is not None and looked.status is Status.DONE)
    (outcome,), _ = await work(source, there, pool, items, recipe=RECIPE)
    assert (Status.DONE, set(NAMES)) == (outcome.status, set(there.objects))
    assert before.items() <= {key: entry.generation for key, (entry, _) in there.objects.items()}.items()


@pytest.mark.parametrize("number", range(3))
async def test_a_damaged_upload_of_one_size(pool: DecoderPool, source: MemoryStore, number: int) -> None:
    """An item fails if the upload of one size is damaged, and its outcome names the size."""
    output = Failing(NAMES[number], DamagedError("other bytes"))
    (outcome,), _ = await work(source, output, pool, [item(source.objects["a.jpg"][0])], recipe=RECIPE)
    size = RECIPE.folders[number].rstrip("/")
    assert (Reason.OUTPUT_DAMAGED, f"{size}: other bytes") == (outcome.reason, outcome.detail)


@pytest.mark.parametrize("number", range(3))
async def test_a_name_that_is_taken_for_one_size(pool: DecoderPool, source: MemoryStore, number: int) -> None:
    """An item fails if a foreign object has the name of one size, and thumbrun does not change that object."""
    output = MemoryStore("out")
    output.put_as_user(NAMES[number], b"a stranger's")
    items = [item(source.objects["a.jpg"][0])]
    (outcome,), pipeline = await work(source, output, pool, items, recipe=RECIPE)
    size = RECIPE.folders[number].rstrip("/")
    for found in (outcome, await pipeline.existing_outcome(WorkItem(0, 0, items[0]))):
        assert found
        assert (Reason.NAME_TAKEN, True) == (found.reason, found.detail.startswith(f"{size}: "))
    assert b"a stranger's" == output.objects[NAMES[number]][1]


async def test_a_refusal_hides_no_damage(
    pool: DecoderPool, source: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one thumbnail is stored damaged and the store refuses another for good, the outcome tells of the damage."""
    output = Failing(NAMES[0], DeniedError("403"))
    create = output.create

    async def damaging(name: str, body: bytes, **others: Any) -> Entry:
        entry = await create(name, body, **others)
        if name == NAMES[2]:
            raise DamagedError("other bytes")
        return entry

    monkeypatch.setattr(output, "create", damaging)
    (outcome,), _ = await work(source, output, pool, [item(source.objects["a.jpg"][0])], recipe=RECIPE)
    assert (Reason.OUTPUT_DAMAGED, "50x50: other bytes") == (outcome.reason, outcome.detail)


async def test_a_name_too_long_for_one_size(pool: DecoderPool, source: MemoryStore) -> None:
    """An item fails before a byte is read if the name of one size is too long."""
    long = "x" * (1024 - len(f"{RUN}/50x50/"))
    (outcome,), _ = await work(
        MemoryStore("in", exists=False),
        MemoryStore("out"),
        pool,
        [item(source.objects["a.jpg"][0], output=long)],
        recipe=RECIPE,
    )
    assert Reason.NAME_INVALID is outcome.reason


def both(source: MemoryStore) -> Item:
    """Return the item that gets a thumbnail of each size in each format, named by a pattern."""
    changes = {"output": OUTPUTS[0], "outputs": OUTPUTS, "output_format": "webp"}
    return item(source.objects["a.jpg"][0], **changes)


async def test_all_formats_make_one_outcome(pool: DecoderPool, source: MemoryStore) -> None:
    """Each size has an object in each format, of the right type and bytes, and the item has one outcome for all."""
    output = MemoryStore("out")
    (outcome,), _ = await work(source, output, pool, [both(source)], recipe=BOTH)
    assert {f"{RUN}/{name}" for name in OUTPUTS} == set(output.objects)
    assert (Status.DONE, 6) == (outcome.status, len(outcome.each))
    for name, length, label in zip(OUTPUTS, outcome.each, LABELS, strict=True):
        entry, body = output.objects[f"{RUN}/{name}"]
        side, format_ = label.split()
        with Image.open(io.BytesIO(body)) as picture:
            told = (entry.content_type, picture.format, max(picture.size), len(body))
        assert (f"image/{format_}", format_.upper(), int(side.partition("x")[0]), length) == told


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("number", range(6))
async def test_a_fault_between_two_formats(pool: DecoderPool, source: MemoryStore, number: int) -> None:
    """After one thumbnail fails, the item stays open, and the next attempt makes only the one that is missing."""
    name = f"{RUN}/{OUTPUTS[number]}"
    output = Failing(name, TransientError("503"))
    outcomes, pipeline = await work(source, output, pool, [both(source)], recipe=BOTH)
    assert ([], 1, 5) == (outcomes, pipeline.left_open, len(output.objects))
    there = MemoryStore("out")
    there.objects = dict(output.objects)
    assert await pipeline.existing_outcome(WorkItem(0, 0, both(source))) is None
    (outcome,), _ = await work(source, there, pool, [both(source)], recipe=BOTH)
    assert (Status.DONE, 6) == (outcome.status, len(there.objects))
    assert output.objects.items() <= there.objects.items()


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("number", range(6))
async def test_a_name_that_is_taken_for_one_format(pool: DecoderPool, source: MemoryStore, number: int) -> None:
    """An item fails if a foreign object has the name of one thumbnail, and its outcome names size and format."""
    output = MemoryStore("out")
    output.put_as_user(f"{RUN}/{OUTPUTS[number]}", b"a stranger's")
    (outcome,), _ = await work(source, output, pool, [both(source)], recipe=BOTH)
    assert (Reason.NAME_TAKEN, True) == (outcome.reason, outcome.detail.startswith(f"{LABELS[number]}: "))


async def test_a_retry_mixes_no_generations(pool: DecoderPool, source: MemoryStore) -> None:
    """If an image was replaced and some of its thumbnails are there, a retry creates none of the others."""
    output = MemoryStore("out")
    planned = both(source)
    await work(source, output, pool, [planned], recipe=BOTH)
    del output.objects[f"{RUN}/{OUTPUTS[3]}"]
    before = dict(output.objects)
    source.put_as_user("a.jpg", photograph())
    (outcome,), _ = await work(source, output, pool, [planned], recipe=BOTH, live=True)
    assert (Reason.NAME_TAKEN, before) == (outcome.reason, output.objects)
    assert outcome.detail.startswith("200x200 webp shows the image as it was before it was replaced")
    output.objects.clear()
    (outcome,), _ = await work(source, output, pool, [planned], recipe=BOTH, live=True)
    assert (Status.DONE, 6) == (outcome.status, len(output.objects))
