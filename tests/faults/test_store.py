"""Tests of the fault store: each kind of fault does what its name says, and the store counts it."""

import random

import pytest

from tests.faults.store import APPLIES, Chances, Fault, FaultStore, Operation, Script
from tests.virtual import run
from thumbrun.storage.base import (
    BytesSink,
    DamagedError,
    DeniedError,
    ExistsError,
    StoreError,
    ThrottledError,
    TransientError,
)
from thumbrun.storage.memory import MemoryStore

BODY = bytes(range(200))
RAISES: dict[Fault, type[StoreError] | None] = {
    Fault.BEFORE: TransientError,
    Fault.AFTER: TransientError,
    Fault.DELAYED: None,
    Fault.CUT: None,
    Fault.FLIPPED: None,
    Fault.TAKEN: ExistsError,
    Fault.DENIED_TAKEN: None,
    Fault.DENIED: DeniedError,
    Fault.REFUSING: DeniedError,
    Fault.THROTTLED: ThrottledError,
    Fault.UNAVAILABLE: ThrottledError,
    Fault.BROKEN_LISTING: TransientError,
    Fault.SHORT_PAGE: None,
    Fault.DAMAGED: TransientError,
    Fault.DAMAGED_KEPT: DamagedError,
}
APPLIED = {Fault.AFTER, Fault.DELAYED, Fault.DENIED_TAKEN, Fault.DAMAGED_KEPT}


def faulty(fault: Fault, bucket: MemoryStore) -> FaultStore:
    """Return a store whose first operation suffers a fault."""
    return FaultStore(bucket, Script(lambda _: True, fault), random.Random(1))  # noqa: S311


@pytest.mark.parametrize("fault", [fault for fault in Fault if "create" in APPLIES[fault]])
def test_faults_of_a_create(fault: Fault) -> None:
    """The object exists only if the fault strikes after the create, and only one kind of fault changes its bytes."""

    async def scenario() -> None:
        bucket = MemoryStore()
        store = faulty(fault, bucket)
        raised: type[StoreError] | None = None
        try:
            await store.create("a", BODY, content_type="image/jpeg", metadata={})
        except StoreError as error:
            raised = type(error)
        assert RAISES[fault] is raised
        assert (fault in APPLIED) == ("a" in bucket.objects)
        assert (fault is Fault.DAMAGED_KEPT) == ("a" in store.damaged)
        assert not bucket.objects or (fault is Fault.DAMAGED_KEPT) == (bucket.objects["a"][1] != BODY)
        assert {fault: 1} == store.faults

    run(scenario())


@pytest.mark.parametrize("fault", [fault for fault in Fault if "read" in APPLIES[fault]])
def test_faults_of_a_read(fault: Fault) -> None:
    """A read raises an error, or delivers the whole body, a cut body, or a body with one bit changed."""

    async def scenario() -> None:
        bucket = MemoryStore()
        bucket.put_as_user("a", BODY)
        store, sink = faulty(fault, bucket), BytesSink()
        if expected := RAISES[fault]:
            with pytest.raises(expected):
                await store.read("a", sink)
        else:
            await store.read("a", sink)
            got = sink.getvalue()
            flips = sum((one ^ other).bit_count() for one, other in zip(got, BODY, strict=False))
            assert (fault is Fault.CUT, fault is Fault.FLIPPED) == (len(got) < len(BODY), flips == 1)
        if fault is not Fault.REFUSING:
            await store.read("a", sink)
            assert BODY == sink.getvalue()

    run(scenario())


@pytest.mark.parametrize("fault", [Fault.SHORT_PAGE, Fault.BROKEN_LISTING])
def test_faults_of_a_listing(fault: Fault) -> None:
    """A listing is complete though pages are short, or break off and are asked for again."""

    async def scenario() -> None:
        bucket = MemoryStore()
        for name in "abcdefgh":
            bucket.put_as_user(name, b"x")
        store = FaultStore(bucket, Chances(random.Random(3), {fault: 0.7}), random.Random(3), page_limit=3)  # noqa: S311
        names: list[str] = []
        start, more = "", True
        while more:
            try:
                page = await store.page("", start=start)
            except TransientError:
                continue
            names += [entry.name for entry in page.entries]
            start, more = page.resume_at, page.more
        assert list("abcdefgh") == names
        assert store.faults[fault]

    run(scenario())


def test_a_refusal_for_a_while_ends() -> None:
    """The store refuses everything for some seconds up to two minutes, and nothing after that."""

    async def scenario() -> None:
        clock = [0.0]
        store = FaultStore(
            MemoryStore(),
            Script(lambda _: True, Fault.REFUSING),
            random.Random(1),  # noqa: S311
            monotonic=lambda: clock[0],
        )
        for moment in (0.0, 1.0, 4.9):
            clock[0] = moment
            with pytest.raises(DeniedError):
                await store.stat("a")
        clock[0] = 121.0
        assert await store.stat("a") is None

    run(scenario())


def test_the_same_seed_gives_the_same_faults() -> None:
    """The same seed gives the same faults, and each kind strikes only operations that it fits."""

    def drawn(seed: int) -> list[Fault | None]:
        chances = Chances(random.Random(seed), dict.fromkeys(Fault, 0.06))  # noqa: S311
        operations = [Operation(kind, "a", start="b", content_type="image/png") for kind in ("page", "read", "create")]
        return [chances.choose(operation) for operation in operations * 400]

    assert drawn(5) == drawn(5) != drawn(6)
    assert set(Fault) <= set(drawn(5))
    for place, fault in enumerate(drawn(5)):
        assert fault is None or ("page", "read", "create")[place % 3] in APPLIES[fault]
