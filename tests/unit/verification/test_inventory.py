"""Tests of the small inventory of a folder, which answers as a dictionary would."""

from hypothesis import given
from hypothesis import strategies as st

from tests.virtual import run
from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore
from thumbrun.verification.inventory import Inventory, list_folder, take_inventory

MARKS = ("thumbrun-run", "thumbrun-source")
NAMES = st.text(min_size=1, max_size=6)
OBJECTS = st.dictionaries(NAMES, st.tuples(st.integers(0, 1 << 50), st.dictionaries(st.sampled_from(MARKS), NAMES)))


@given(OBJECTS, st.lists(NAMES))
def test_it_answers_as_a_dictionary_would(objects: dict[str, tuple[int, dict[str, str]]], asked: list[str]) -> None:
    """The inventory finds every object with its size and marks, and objects that nobody asked for are unexplained."""
    inventory = Inventory(MARKS)
    for name, (size, marks) in objects.items():
        inventory.add(name, Entry(name, size, "1", metadata=marks | {"other": "mark"}))
    inventory.sort()
    for name in [*asked, *list(objects)[::2]]:
        found = inventory.find(name)
        assert (inventory.signature(*objects[name]) if name in objects else None) == found
    left = set(objects) - set(asked) - set(list(objects)[::2])
    assert len(objects) == inventory.objects
    assert len(left) == inventory.unexplained
    assert left == {name for name in objects if inventory.is_unexplained(name)}


def test_size_and_every_mark_count() -> None:
    """Objects that differ in their size or in any mark have different facts."""
    inventory = Inventory(MARKS)
    whole = {"thumbrun-run": "a", "thumbrun-source": "b"}
    variants = [(1, whole), (2, whole), (1, whole | {"thumbrun-run": "b"}), (1, {"thumbrun-source": "b"}), (1, {})]
    assert len(variants) == len({inventory.signature(size, marks) for size, marks in variants})
    assert inventory.signature(1, whole) == inventory.signature(1, whole | {"other": "mark"})


def test_a_large_folder_is_listed_whole_and_once() -> None:
    """A folder beyond ten pages is listed in parallel ranges, without its neighbours and its placeholder."""

    async def scenario() -> None:
        store = MemoryStore()
        names = {f"{n * 7919 % 12_007:05}.jpg" for n in range(12_007)}
        for name in names:
            store.put_as_user(f"run/{name}", b"x")
        store.put_as_user("run/", b"")
        store.put_as_user("run.jpg", b"")
        store.put_as_user("run0", b"")
        told: list[int] = []
        inventory = await take_inventory(store, "run/", MARKS, told.append)
        assert 12_007 == inventory.objects == told[-1]
        assert all(inventory.find(name) for name in names)
        assert 0 == inventory.unexplained
        assert {f"run/{name}" for name in names} == {entry.name async for entry in list_folder(store, "run/")}

    run(scenario())
