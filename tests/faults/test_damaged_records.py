"""Damages the records of runs at random, and checks that nothing is lost silently: the run goes on, or says why not."""

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.deaths import BROKEN, Life, World
from tests.virtual import VirtualClock, run
from thumbrun.commands.summary import readable, say_run, tally_text
from thumbrun.environment.task_identity import Task
from thumbrun.errors import ThumbrunError
from thumbrun.ledger.seals import COVERS, ROUND, SEAL, SHARD
from thumbrun.ledger.status import has_work
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.planning.plan import read_plan
from thumbrun.runs.find_round import agree_on_round
from thumbrun.runs.record_forms import form_of
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import JSON_TYPE, to_json, to_lines
from thumbrun.runs.rounds import Round, reasons_of
from thumbrun.settings.resolved import resolve
from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.open_stores import Stores
from thumbrun.task.task_result import TaskResult
from thumbrun.verification.findings import FindingKind, VerifyResult, verified_text
from thumbrun.verification.verify import Verifier

STATE = "_thumbrun/"
IMAGES, BROKEN_EACH = 30, 7
SEEDS = 40
SHAPES: tuple[object, ...] = (
    None,
    7,
    "text",
    [],
    [[]],
    {},
    {"version": 1},
    {"version": 1, "run": 3},
    {"version": 1, "shards": 9, "seen": [], "items": "x"},
)


@dataclass(frozen=True, slots=True)
class Damage:
    """One record that was damaged.

    Attributes:
        name: The name of the record.
        how: What was done to it.
        kept: Whether its metadata was kept.
    """

    name: str
    how: str
    kept: bool


def truncate(chance: random.Random, body: bytes) -> bytes:
    """Cut a record short, or leave nothing of it."""
    return body[: chance.choice((0, 1, len(body) // 2, len(body) - 1))]


def flip(chance: random.Random, body: bytes) -> bytes:
    """Flip a bit of a record."""
    changed = bytearray(body)
    changed[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def other_than(chance: random.Random, value: object) -> object:
    """Return a value of another type."""
    return chance.choice([shape for shape in SHAPES if shape is not None and type(shape) is not type(value)])


def reshape(chance: random.Random, body: bytes) -> bytes:
    """Replace a record by JSON of another shape, with the checksum that it must have."""
    if body[:2] != b"\x1f\x8b":
        record = json.loads(body)
        key = chance.choice([key for key in record if key != "crc32c"])
        if chance.random() < 0.4:
            shape = chance.choice(SHAPES)
            return to_json(shape) if isinstance(shape, dict) else json.dumps(shape).encode()
        return to_json({**record, key: other_than(chance, record[key])})
    header, *rows = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    if rows and chance.random() < 0.7:
        number = chance.randrange(len(rows))
        key = chance.choice(list(rows[number]))
        rows[number] = chance.choice(
            [chance.choice(SHAPES), {**rows[number], key: other_than(chance, rows[number][key])}]
        )
        return to_lines(header, [json.dumps(row) for row in rows])
    key = chance.choice(list(header))
    return to_lines({**header, key: other_than(chance, header[key])}, rows)


def damage(world: World, chance: random.Random) -> Damage:
    """Damage one record of the run of execution-1, in a bucket that holds another run as well.

    Its report is no record: thumbrun never reads it, and makes it again from the records.
    """
    store = world.store
    run_id = run_of(world)
    anchors = [name for name in store.objects if name.startswith(f"{STATE}anchors/")]
    below = [name for name in store.objects if name.startswith(f"{STATE}runs/{run_id}/")]
    of_run = [name for name in below if form_of(name.removeprefix(STATE))]
    name = chance.choice([chance.choice(of_run), chance.choice(of_run), chance.choice(anchors)])
    entry, body = store.objects[name]
    how = chance.choice(("truncate", "flip", "reshape", "swap", "delete"))
    kept = chance.random() < 0.5
    if how == "delete":
        store.delete_as_user(name)
        return Damage(name, how, kept)
    if how == "swap":
        form = form_of(name.removeprefix(STATE))
        others = [n for n in store.objects if n != name and n.startswith(STATE)]
        alike = [other for other in others if form_of(other.removeprefix(STATE)) is form]
        other = chance.choice(alike if alike and chance.random() < 0.8 else others)
        entry, changed = store.objects[other]
    else:
        change = {"truncate": truncate, "flip": flip, "reshape": reshape}[how]
        changed = change(chance, body)
    metadata = entry.metadata if kept else {}
    store.put_as_user(name, changed, content_type=entry.content_type or JSON_TYPE, metadata=metadata)
    return Damage(name, how, kept)


def run_of(world: World) -> str:
    """Return the run of execution-1, by the claims in the bucket."""
    claims = [body for name, (_, body) in world.store.objects.items() if name.endswith("/run.json")]
    return str(next(r["run"] for r in map(json.loads, claims) if r["owner"] == "execution:execution-1"))


async def two_runs(seed: int, lifetime: float | None) -> World:
    """Return a bucket with one complete run, and a second run of execution-1 that ended after some seconds."""
    world = World(seed, retries=0)
    world.put({f"{n:02}.jpg": (BROKEN if n % BROKEN_EACH == 0 else b"image") + b" %d" % n for n in range(IMAGES)})
    world.environ["CLOUD_RUN_EXECUTION"] = "execution-0"
    await world.execute()
    world.environ["CLOUD_RUN_EXECUTION"] = "execution-1"
    await world.execute(lambda: lifetime)
    return world


async def verified(world: World, run_id: str) -> VerifyResult:
    """Verify the run, and open no thumbnail."""
    events, clock = Events(Quiet(), VirtualClock()), VirtualClock()
    settings = resolve({"INPUT_FOLDER": "gs://bucket/in"}, {"resume": run_id})
    async with Stores(settings, events, clock, lambda _: world.store) as stores:
        return await Verifier(settings, stores, events, None).run()


class Quiet:
    """A sink that shows nothing."""

    def event(self, *_: object) -> None:
        """Show nothing."""

    progress = event

    def close(self) -> None:
        """Do nothing."""


async def go_on(world: World) -> TaskResult | ThumbrunError:
    """Start the next attempt of the task, and return its result or its error; nothing else may be raised."""
    try:
        return await world.runner(0, 1, Life()).run(asyncio.Event())
    except ThumbrunError as error:
        return error


def check_error(world: World, harmed: Damage, error: ThumbrunError) -> None:
    """Check that an error names the record, and says what to do."""
    assert world.store.uri(harmed.name) in str(error), (harmed, error)
    assert error.hint or error.exit_code == 2, (harmed, error)


async def check_verify(world: World, run_id: str, harmed: Damage, *, ended: bool) -> None:
    """Check that `verify` names the damaged record, unless nobody can tell that there ever was one."""
    try:
        found = await verified(world, run_id)
    except ThumbrunError as error:
        check_error(world, harmed, error)
        return
    named = json.dumps(found.to_record())
    of_run = harmed.name.startswith(f"{STATE}runs/{run_id}/") and "/beats/" not in harmed.name
    if harmed.how != "delete" and of_run and harmed.name in world.store.objects:
        assert json.dumps(world.store.uri(harmed.name))[1:-1] in named, (harmed, named)
        assert not found.right
    if not ended:
        assert not found.right or not of_run, (harmed, named)


@pytest.mark.slow
@pytest.mark.parametrize("lifetime", [None, 4.0, 6.5], ids=["finished", "begun", "half"])
def test_a_damaged_record_loses_no_image(lifetime: float | None) -> None:
    """Whatever is done to one record, the run ends right or an error names the record, and verify names it."""
    for seed in range(SEEDS):
        run(damaged_once(seed, lifetime))


async def damaged_once(seed: int, lifetime: float | None) -> None:
    """Damage one record and continue the run."""
    chance = random.Random(f"{seed} {lifetime}")  # noqa: S311
    world = await two_runs(seed, None if lifetime is None else lifetime + chance.uniform(-1, 1))
    run_id = run_of(world)
    before = dict(world.store.objects)
    harmed = damage(world, chance)
    if unharmed(before, world, harmed):
        return
    await asyncio.sleep(2)
    ended = await go_on(world)
    if isinstance(ended, ThumbrunError):
        check_error(world, harmed, ended)
    else:
        assert ended.run is not None, harmed
        is_gone = harmed.how == "delete" and harmed.name.startswith(f"{STATE}anchors/")  # begins another run
        assert is_gone or run_id == ended.run_id, harmed
        failed = len(range(0, IMAGES, BROKEN_EACH))
        assert (IMAGES - failed, failed) == (ended.run.done, ended.run.failed.total()), harmed
        assert IMAGES - failed == sum(name.startswith(f"{ended.run_id}/") for name in world.store.objects), harmed
        if harmed.how != "delete" and not harmed.name.startswith(f"{STATE}anchors/"):
            told = "record-set-aside" in world.warnings
            assert told or lifetime is None or not is_read(harmed.name), (harmed, world.warnings)
    await check_verify(world, run_id, harmed, ended=not isinstance(ended, ThumbrunError))


def is_read(name: str) -> bool:
    """Return whether a task that continues an unfinished run reads the record."""
    return "/claims/" not in name and "/beats/" not in name and "/ledger/" not in name


def unharmed(before: Mapping[str, tuple[object, bytes]], world: World, harmed: Damage) -> bool:
    """Return whether a record says what it said before, so that there is nothing to find."""
    new = world.store.objects.get(harmed.name)
    return new is not None and content(before[harmed.name][1]) == content(new[1])


def content(body: bytes) -> object:
    """Return what a record says, or its bytes if it says nothing."""
    try:
        return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else json.loads(body)
    except (ValueError, OSError, EOFError, zlib.error):
        return body


FORGED = st.sampled_from(
    (2**53, 2**63 - 1, 2**63, 10**30, 10**400, 9 * 10**4299, -1, -(10**400), 0, 1, 9_999_999, 0.5, 1.7e308, 5e-324)
) | st.sampled_from(("\ud800", "a\udcffb", "\0", "", "/", "..", "../../x", "\x1b[2J\n\u202e", "x" * 60_000, "9" * 300))
SEALS = (ROUND, COVERS, SHARD)


@cache
def finished() -> World:
    """Return a world with a finished run of execution-1, which is made once and never changed."""
    return run(two_runs(7, None))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every number and text in a value from JSON."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    elif value is not None and path != ("version",):
        yield path


def with_value(value: Any, path: tuple[Any, ...], forged: object) -> Any:
    """Return a copy of a value from JSON, with another value at a path."""
    if not path:
        return forged
    copy = value.copy()
    copy[path[0]] = with_value(value[path[0]], path[1:], forged)
    return copy


def forge(world: World, name: str, draw: Callable[[Any], Any]) -> None:
    """Replace one or two values of a record, or one of the metadata of its seal; all checksums are right."""
    entry, body = world.store.objects[name]
    metadata = dict(entry.metadata)
    seals = [key for key in (*SEALS, SEAL) if key in metadata or (key == ROUND and SEAL in metadata)]
    if seals and draw(st.booleans()):
        key = draw(st.sampled_from(seals))
        if key == SEAL:
            tally = json.loads(metadata[SEAL])
            path = draw(st.sampled_from(list(leaves(tally))))
            metadata[SEAL] = json.dumps(with_value(tally, path, draw(FORGED)))
        else:
            metadata[key] = draw(st.sampled_from(("9" * 5000, "9" * 19, "9" * 18, "9" * 7, "-1", "\u0661", "")))
    elif body[:2] == b"\x1f\x8b":
        lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        for _ in range(draw(st.integers(1, 2))):
            lines = with_value(
                lines, draw(st.sampled_from([p for p in leaves(lines) if p[1:] != ("version",)])), draw(FORGED)
            )
        body = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    else:
        record = json.loads(body)
        for _ in range(draw(st.integers(1, 2))):
            record = with_value(
                record, draw(st.sampled_from([p for p in leaves(record) if p != ("crc32c",)])), draw(FORGED)
            )
        if name.endswith("/plan.json") and draw(st.booleans()):  # the sums of a plan, too, are as they should be
            record |= {"items": sums(record["shards"], 1), "bytes": sums(record["shards"], 2)}
        body = to_json(record)
    world.store.put_as_user(name, body, content_type=entry.content_type or JSON_TYPE, metadata=metadata)


def sums(shards: Any, column: int) -> Any:
    """Return the sum of a column of a plan's shards, or None if it has none."""
    try:
        return sum(shard[column] for shard in shards)
    except TypeError:
        return None


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_a_forged_value_ends_in_no_unexpected_exception(data: st.DataObject) -> None:
    """Whatever number or text is forged at any place of a record, all commands end, or name what is wrong."""
    world = World(7, retries=0, environ=dict(finished().environ))
    world.store.objects.update(finished().store.objects)
    run_id = run_of(world)
    names = [name for name in world.store.objects if name.startswith((f"{STATE}runs/{run_id}/", f"{STATE}anchors/"))]
    if not data.draw(st.booleans(), "summary stays"):
        world.store.delete_as_user(f"{STATE}runs/{run_id}/summary.json")
        names.remove(f"{STATE}runs/{run_id}/summary.json")
    # Each kind of record is as likely as any other, however many there are of it.
    forms = {name: form for name in names if (form := form_of(name.removeprefix(STATE)))}
    kinds = sorted({form.name.pattern for form in forms.values()})
    kind = data.draw(st.sampled_from(kinds), "kind")
    of_kind = [name for name, form in forms.items() if form.name.pattern == kind]
    forge(world, data.draw(st.sampled_from(sorted(of_kind)), "name"), data.draw)
    run(all_commands(world, run_id))


async def all_commands(world: World, run_id: str) -> None:
    """Do what `verify`, `retry` and `run --resume` do, and show what they show; only errors for users are raised."""
    with suppress(ThumbrunError):
        found = await verified(world, run_id)
        json.dumps(found.to_record()).encode()
        assert verified_text(found, tally_text(Tally.from_record(found.outcomes.to_record())))
    with suppress(ThumbrunError):
        state = RecordStore(world.store, STATE)
        plan = await read_plan(state, state.names.run(run_id))
        assert plan is not None
        reasons = reasons_of(("timeout",))
        anything = partial(has_work, state, plan, Round(reasons=reasons))
        await agree_on_round(state, run_id, reasons, Task(0, 1), VirtualClock(), join_within=3600, has_work=anything)
    ended = await go_on(world)
    if not isinstance(ended, ThumbrunError) and ended.run is not None:
        say_run(ended, Events(Quiet(), VirtualClock()))
        assert readable(ended.run.source_bytes)


class Strict(MemoryStore):
    """A bucket whose names must be UTF-8, as those of Cloud Storage are."""

    async def stat(self, name: str) -> Entry | None:
        """Encode the name, as a request does."""
        name.encode()
        return await super().stat(name)


@pytest.mark.parametrize(
    ("output", "kind"), [("\udcff.jpg", FindingKind.MISSING), ("\ud800.jpg", FindingKind.BAD_RECORD)]
)
def test_a_forged_name_that_is_not_utf_8(output: str, kind: FindingKind) -> None:
    """`verify` reports a thumbnail whose forged name no bucket can hold, or the record that holds the name."""
    store = Strict("b")
    store.objects.update(finished().store.objects)
    world = World(7, store=store)
    run_id = run_of(world)
    name = next(name for name in sorted(store.objects) if name.startswith(f"{STATE}runs/{run_id}/planner/0000001/sh"))
    entry, body = store.objects[name]
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    for line in lines[1:]:
        line["output"] = output
    store.put_as_user(name, to_lines(lines[0], lines[1:]), metadata=entry.metadata)
    found = run(verified(world, run_id))
    assert not found.right
    assert found.counts[kind]
