"""The inventory of a run's folder: its objects are listed once and kept in little memory, to be looked up by name.

The inventory keeps 17 bytes for each object: 64 bits of a hash of its name, 64 bits of a hash of its size and marks,
and whether an outcome explains it. A million objects take 17 MB, ten million take 170 MB. Two names can have the same
hash (the chance is below 1e-5 for ten million); then verify can overlook at most that one of the two objects is gone or
unexplained.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping

from thumbrun.planning.listing import RangeListing, pages
from thumbrun.storage.base import Entry, Store

_DIGEST = 8
_RECORD = 2 * _DIGEST + 1
_SLICES = 1024  # each is sorted by itself, so that sorting needs little extra memory


class Inventory:
    """The objects of one folder.

    Attributes:
        objects: How many objects there are.
        unexplained: How many of the objects were never looked up with `find`.
    """

    def __init__(self, marks: tuple[str, ...]) -> None:
        """Start with an empty inventory.

        Args:
            marks: The keys of the metadata that are compared.
        """
        self._marks = marks
        self._slices = [bytearray() for _ in range(_SLICES)]
        self.objects = 0
        self.unexplained = 0

    def add(self, name: str, entry: Entry) -> None:
        """Add an object; `name` is its name below the folder."""
        key = _digest(name)
        self._slices[_slice(key)] += key + self.signature(entry.size, entry.metadata) + b"\0"
        self.objects += 1
        self.unexplained += 1

    def sort(self) -> None:
        """Sort the objects for the lookups; call this once, after the last `add`."""
        for number, records in enumerate(self._slices):
            split = (bytes(records[at : at + _RECORD]) for at in range(0, len(records), _RECORD))
            self._slices[number] = bytearray(b"".join(sorted(split)))

    def signature(self, size: int, metadata: Mapping[str, str]) -> bytes:
        """Return a hash of an object's size and marks."""
        return _digest(json.dumps([size, *(metadata.get(key) for key in self._marks)]))

    def find(self, name: str) -> bytes | None:
        """Return the signature of the object with this name, or None if there is none, and mark it as explained."""
        found = self._position(name)
        if found is None:
            return None
        records, at = found
        self.unexplained -= not records[at + _RECORD - 1]
        records[at + _RECORD - 1] = 1
        return bytes(records[at + _DIGEST : at + 2 * _DIGEST])

    def is_unexplained(self, name: str) -> bool:
        """Return whether the folder holds this object and `find` was never called for it."""
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
    """Yield every object below a prefix in order, except the empty object that some tools create for a folder."""
    async for entries in pages(store, prefix):
        for entry in entries:
            if not _is_placeholder(prefix, entry):
                yield entry


async def take_inventory(
    store: Store, prefix: str, marks: tuple[str, ...], progress: Callable[[int], None] = lambda _: None
) -> Inventory:
    """List a folder once, in parallel ranges if it is large.

    Args:
        store: The store that holds the folder.
        prefix: The prefix of the folder's objects.
        marks: The keys of the metadata that are compared.
        progress: Called now and then with the number of objects found so far.

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
