"""Tests that a listing in parallel ranges finds every name once, in order within its range, at any timing."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.virtual import run
from thumbrun.planning.listing import NameRange, RangeListing, between, pages
from thumbrun.storage.base import BucketNotFoundError, DeniedError, Entry, Page, TransientError, Unlisted
from thumbrun.storage.memory import MemoryStore


class Slow(MemoryStore):
    """A store that takes a random time for every page, and whose pages are small."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.probes = self.pages = 0

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """List at most seven objects."""
        self.probes += limit == 1
        self.pages += limit > 1
        await asyncio.sleep(self.chance.uniform(0.5, 1.5))
        page = await super().page(prefix, start=start, end=end, limit=min(limit, 7))
        await asyncio.sleep(self.chance.choice([0, 0, 1]))
        return page


async def listed(store: MemoryStore, chance: random.Random, prefix: str = "in/", start: str = "in/") -> list[str]:
    """List in ranges, with a reader that is slow at times; return all names, ordered by range."""
    ranges: dict[str, list[str]] = {}
    finished: set[int] = set()

    async def take(part: NameRange, entries: tuple[Entry, ...]) -> None:
        assert part.number not in finished
        ranges.setdefault(part.first, []).extend(entry.name for entry in entries)
        await asyncio.sleep(chance.choice([0, 0, 3]))

    async def finish(part: NameRange) -> None:
        finished.add(part.number)

    await RangeListing(store, prefix, take, finish).run(start)
    return [name for _, names in sorted(ranges.items()) for name in names]


@settings(max_examples=150, deadline=None)
@given(
    names=st.sets(st.text("ab01/é", min_size=1, max_size=6), max_size=120),
    start=st.text("ab0", max_size=2),
    seed=st.integers(0, 10**6),
)
def test_every_name_is_listed_once_and_in_order(names: set[str], start: str, seed: int) -> None:
    """The listing returns every name once, whatever the names and the timing of listers, probes and reader."""

    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311
        store = Slow(chance)
        for name in names:
            store.put_as_user(f"in/{name}", b"x")
        store.put_as_user("io", b"x")
        expected = sorted(f"in/{name}" for name in names if name >= start)
        assert expected == await listed(store, chance, start=f"in/{start}")

    run(scenario())


def test_many_names_are_listed_side_by_side() -> None:
    """Sixteen listers are several times as fast as one, and spend few requests on probes."""

    async def scenario() -> None:
        chance = random.Random(1)  # noqa: S311
        store = Slow(chance)
        for number in range(7_000):
            store.put_as_user(f"in/IMG_{number:06d}.jpg", b"x")
        assert sorted(store.objects) == await listed(store, chance)
        assert asyncio.get_running_loop().time() < 1_000 * 1.3 / 6
        assert store.probes < store.pages

    run(scenario())


def test_what_all_names_share_takes_few_trips() -> None:
    """The listing finds its ranges within a few round trips, although all names begin alike."""

    async def scenario() -> None:
        class Steady(MemoryStore):
            async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
                """List at most seven objects, after a second."""
                await asyncio.sleep(1)
                return await super().page(prefix, start=start, end=end, limit=min(limit, 7))

        store = Steady()
        for number in range(3_500):
            store.put_as_user(f"in/camera/2026/IMG_{number:09d}.jpg", b"x")
        assert sorted(store.objects) == await listed(store, random.Random(1))  # noqa: S311
        assert asyncio.get_running_loop().time() < 500 / 4  # there are 500 pages, and the reader is slow at times

    run(scenario())


def test_a_lister_that_fails_ends_the_listing() -> None:
    """The listing raises the first error of a lister and stops the others."""

    async def scenario() -> None:
        chance = random.Random(1)  # noqa: S311

        class Failing(Slow):
            async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
                """Fail after a while."""
                if self.pages > 20:
                    raise TransientError("gone")
                return await super().page(prefix, start=start, end=end, limit=limit)

        store = Failing(chance)
        for number in range(1_000):
            store.put_as_user(f"in/{number:06d}", b"x")
        with pytest.raises(TransientError):
            await listed(store, chance)
        with pytest.raises(BucketNotFoundError):
            await listed(MemoryStore(exists=False), chance)

    run(scenario())


@given(low=st.text("abc\0é", max_size=5), high=st.text("abcé", max_size=5), alphabet=st.sets(st.sampled_from("abcé")))
def test_a_middle_lies_between(low: str, high: str, alphabet: set[str]) -> None:
    """A guess lies above the lower bound and below the upper bound."""
    guess = between(low, high, sorted(alphabet))
    if guess is not None and low < high:
        assert low < guess
        assert guess < high or high.startswith(guess) or guess.startswith(high)
    if guess is not None and not high:
        assert low < guess


class PartlyShut(MemoryStore):
    """A store that cannot list the part `m/`, and says so on every page whose range holds it."""

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """List a page."""
        page = await super().page(prefix, start=start, end=end, limit=limit)
        reaches = page.resume_at or end
        shut = start <= "m/" and (not reaches or reaches > "m/")
        part = Unlisted("m/", DeniedError("m/: permission denied"))
        return Page(page.entries, page.resume_at, (part,) if shut else ())


@pytest.mark.parametrize("names", [["a", "z"], [f"a{n:05}" for n in range(9_000)], []], ids=["few", "many", "none"])
async def test_what_cannot_be_listed_is_never_passed_over(names: list[str]) -> None:
    """A part that cannot be listed reaches whoever asks for it, wherever ranges are cut, and is an error for others."""
    store = PartlyShut()
    for name in names:
        store.put_as_user(name, b"x")
    found: list[str] = []
    told: set[str] = set()

    async def take(_: object, entries: tuple[Entry, ...]) -> None:
        found.extend(entry.name for entry in entries)

    async def finish(_: object) -> None:
        pass

    await RangeListing(store, "", take, finish, on_unlisted=lambda part: told.add(part.name)).run()
    assert (names, {"m/"}) == (sorted(found), told)
    with pytest.raises(DeniedError):
        await RangeListing(store, "", take, finish).run()
    with pytest.raises(DeniedError):
        _ = [page async for page in pages(store, "")]


class Growing(Slow):
    """A store into which somebody puts objects while it is listed."""

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """List a page; now and then there is a new object first."""
        if self.chance.random() < 0.5:
            self.put_as_user(f"in/{self.chance.choice('abyz')}{self.chance.random():.9f}", b"x")
        return await super().page(prefix, start=start, end=end, limit=limit)


@given(st.integers(0, 2**32))
@settings(max_examples=200)
def test_what_is_put_meanwhile_is_listed_once_at_most(seed: int) -> None:
    """Every name that is there all the time is listed once, and none is listed twice, though others come meanwhile."""

    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311
        store = Growing(chance)
        names = [f"in/{chance.choice('abyz')}{chance.random():.9f}" for _ in range(60)]
        for name in names:
            store.put_as_user(name, b"x")
        found = await listed(store, chance)
        assert found == sorted(set(found))
        assert set(names) <= set(found)

    run(scenario())
