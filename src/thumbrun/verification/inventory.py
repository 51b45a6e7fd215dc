"""What lies in a run's folder, listed once and kept small, to be looked up by name.

Of each object 17 bytes are kept: 64 bits of a hash of its name, 64 of its size and marks, and whether anything explains
it. A million objects are 17 MB, ten million 170. Two names of one hash (chance below 1e-5 for ten million) hide at most
that one of the two is gone or that nothing explains it.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping

from thumbrun.planning.listing import RangeListing, pages
from thumbrun.storage.base import Entry, Store

_DIGEST = 8
_RECORD = 2 * _DIGEST + 1
_SLICES = 1024  # each sorted by itself, so that sorting needs little beside what is kept


class Inventory:
    """The objects of one folder.

    Attributes:
        objects: How many there are.
        unexplained: How many of them `find` has not been asked for.
    """

    def __init__(self, marks: tuple[str, ...]) -> None:
        """Start empty.

        Args:
            marks: The keys of the metadata that matter.
        """
        self._marks = marks
        self._slices = [bytearray() for _ in range(_SLICES)]
        self.objects = 0
        self.unexplained = 0

    def add(self, name: str, entry: Entry) -> None:
        """Take an object; its name is given below the folder."""
        key = _digest(name)
        self._slices[_slice(key)] += key + self.signature(entry.size, entry.metadata) + b"\0"
        self.objects += 1
        self.unexplained += 1

    def sort(self) -> None:
        """Prepare for being asked, when all objects are in."""
        for number, records in enumerate(self._slices):
            split = (bytes(records[at : at + _RECORD]) for at in range(0, len(records), _RECORD))
            self._slices[number] = bytearray(b"".join(sorted(split)))

    def signature(self, size: int, metadata: Mapping[str, str]) -> bytes:
        """Return what tells an object of another size or with other marks apart."""
        return _digest(json.dumps([size, *(metadata.get(key) for key in self._marks)]))

    def find(self, name: str) -> bytes | None:
        """Return an object's facts, or None if there is none of that name; from now on something explains it."""
        found = self._position(name)
        if found is None:
            return None
        records, at = found
        self.unexplained -= not records[at + _RECORD - 1]
        records[at + _RECORD - 1] = 1
        return bytes(records[at + _DIGEST : at + 2 * _DIGEST])

    def is_unexplained(self, name: str) -> bool:
        """Whether an object was there that nothing has explained."""
        found = self._position(name)
        return found is not None and not found[0][found[1] + _RECORD - 1]

    def _position(self, name: str) -> tuple[bytearray, int] | None:
        key = _digest(name)
        records = self._slices[_slice(key)]

        def key_of(number: int) -> bytes:
            return bytes(records[number * _RECORD : number * _RECORD + _DIGEST])

        at = _RECORD * bisect_left(range(len(records) // _RECORD), key, key=key_of)
        return (records, at) if records[at : at + _DIGEST] == key else None


async def list_folder(store: Store, prefix: str) -> AsyncIterator[Entry]:
    """Yield every object below a prefix in order, but for the empty one that some tools make to show a folder."""
    async for entries in pages(store, prefix):
        for entry in entries:
            if not _is_placeholder(prefix, entry):
                yield entry


async def take_inventory(
    store: Store, prefix: str, marks: tuple[str, ...], progress: Callable[[int], None] = lambda _: None
) -> Inventory:
    """List a folder once, in parallel ranges if it is large.

    Args:
        store: Where it lies.
        prefix: Of its names.
        marks: The keys of the metadata that matter.
        progress: Told now and then how many objects were found so far.

    Raises:
        StoreError: Listing failed.
    """
    inventory = Inventory(marks)

    async def take(_: object, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if not _is_placeholder(prefix, entry):
                inventory.add(entry.name.removeprefix(prefix), entry)
        progress(inventory.objects)

    await RangeListing(store, prefix, take, _nothing).run()
    inventory.sort()
    return inventory


async def _nothing(_: object) -> None:
    pass


def _is_placeholder(prefix: str, entry: Entry) -> bool:
    return entry.name == prefix and not entry.size


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=_DIGEST).digest()


def _slice(key: bytes) -> int:
    return int.from_bytes(key[:2], "big") % _SLICES
