"""Names thumbnails from the source's name and content type alone, so that no two share a name. Pure.

Every item has a name at level 0: the source's own. If names collide, every item of the group moves to the next level,
which adds a hash of its source path. Then all names are compared again, until none collide. While a plan is made,
thumbrun keeps only 64-bit hashes of names: 10 million names are 80 MB. If two different names have one hash (the chance
is below 1e-5 for 10 million), both merely get a suffix.
"""

import hashlib
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from thumbrun import formats

DIGITS = (0, 10, 24, 64)  # hexadecimal digits of the hash at each level
_KEPT = frozenset(format_.name for format_ in formats.READ if format_.output == format_.name)
_64_BITS = 2**64 - 1
_UTF8_MOST = 4  # the most bytes of one character
_HASHES_A_PASS = 16_000_000  # hashes that are compared together: 128 MB beside those that are kept
_DRAWERS = 256  # groups that a pass sorts hashes into; as Python integers, the hashes of one group take some 2 MB
_SHARED_MOST = 200_000  # colliding hashes that are looked up together: some 15 MB


@dataclass(frozen=True, slots=True)
class NamingRule:
    """The rule by which a run names its thumbnails.

    Attributes:
        layout: `flat` or `tree`.
        format: `keep`, or the one format of all thumbnails.
        folds: Whether the destination might take two names for the same if they differ in case or Unicode form only,
            as disks of macOS and Windows do.
        limit: The most bytes of one name: the limit of the destination, less the run's folder.
    """

    layout: str
    format: str
    folds: bool
    limit: int

    def output_format(self, source_format: str | None) -> str:
        """Return the format of an item's thumbnail; `source_format` is None if only the bytes will tell."""
        return formats.thumbnail_format(self.format, source_format)

    def name(self, path: str, source_format: str | None, level: int) -> str:
        """Return the name of an item's thumbnail below the run's folder.

        Args:
            path: The item's name below the source.
            source_format: The format that the item's content type or name claims, or None.
            level: 0 for the item's own name; each higher level adds more digits of a hash of `path`.
        """
        folder, slash, file_name = path.rpartition("/")
        keeps = source_format in _KEPT and self.format == "keep" and self.layout == "flat"
        if keeps and level == 0 and file_name and _UTF8_MOST * len(file_name) <= self.limit:
            return file_name  # nearly all items end here
        keep_folder = folder + slash if self.layout == "tree" else ""
        appended = self._appended(file_name, source_format)
        dot_suffix = file_name[len(file_name) - len(formats.suffix_of(file_name)) :]
        stem = (file_name.removesuffix(dot_suffix) if dot_suffix else file_name) or "unnamed"
        room = self.limit - len(_utf8(keep_folder + dot_suffix + appended))
        if level == 0 and len(_utf8(stem)) > room:
            level = 1
        mark = f"-{hashlib.sha256(_utf8(path)).hexdigest()[: DIGITS[level]]}" if level else ""
        stem = _cut(stem, room - len(mark))
        return f"{keep_folder}{stem}{mark}{dot_suffix}{appended}"

    def _appended(self, file_name: str, source_format: str | None) -> str:
        output = self.output_format(source_format)
        if self.format == "keep" and output == source_format:
            return ""
        suffixes = formats.BY_NAME[output].suffixes
        return "" if formats.suffix_of(file_name) in suffixes else suffixes[0]

    def key(self, name: str) -> int:
        """Return the 64-bit hash by which names are compared. Other processes get other hashes: Python keys them."""
        if self.folds:
            name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        return hash(name) & _64_BITS  # takes a tenth of the time of a digest


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _cut(stem: str, room: int) -> str:
    """Return as much of the stem as fits into `room` bytes of UTF-8, at least one character."""
    if len(_utf8(stem)) <= room:
        return stem
    return _utf8(stem)[: max(room, 0)].decode("utf-8", "ignore") or stem[0]


class NameBook:
    """Holds the names of a plan that is being made, as hashes, by shard and index."""

    def __init__(self) -> None:
        self._hashes: dict[int, array[int]] = {}
        self._levels: dict[int, bytearray] = {}

    def add(self, shard: int, keys: "array[int]") -> None:
        """Add the keys (array type Q) of a shard's items, in their order, at level 0."""
        self._hashes[shard] = keys

    def level(self, shard: int, index: int) -> int:
        """Return the current level of an item."""
        levels = self._levels.get(shard)
        return levels[index] if levels else 0

    def levels(self, shard: int) -> dict[int, int]:
        """Return the items of a shard above level 0, each with its level."""
        return {index: level for index, level in enumerate(self._levels.get(shard, b"")) if level}

    def raise_colliding(self) -> dict[int, list[int]]:
        """Move every item that shares its key to the next level; the caller then calls `rename` for each.

        Returns:
            The items that moved, by shard; empty if all names differ.

        Raises:
            OverflowError: A name at the last level still collides, which takes 256 equal bits.
        """
        moved: dict[int, list[int]] = {}
        for shared in self._shared():
            for shard, index in self._positions(shared):
                self._raise(shard, index)
                moved.setdefault(shard, []).append(index)
        return moved

    def rename(self, shard: int, index: int, key: int) -> None:
        """Set the key of an item's name at its current level."""
        self._hashes[shard][index] = key

    def _shared(self) -> Iterator[set[int]]:
        """Yield the keys that more than one item has, in sets of limited size."""
        passes = sum(len(keys) for keys in self._hashes.values()) // _HASHES_A_PASS + 1
        shared: set[int] = set()
        for number in range(passes):
            drawers = [array("Q") for _ in range(_DRAWERS)]
            put = [drawer.append for drawer in drawers]
            for keys in self._hashes.values():
                for key in keys if passes == 1 else (key for key in keys if (key >> 8) % passes == number):
                    put[key % _DRAWERS](key)
            del put
            while drawers:
                drawer = drawers.pop()
                if len(set(drawer)) < len(drawer):
                    shared.update(one for one, other in pairwise(sorted(drawer)) if one == other)
                if len(shared) >= _SHARED_MOST:
                    yield shared
                    shared = set()
        if shared:
            yield shared

    def _positions(self, shared: set[int]) -> Iterator[tuple[int, int]]:
        for shard, keys in self._hashes.items():
            if not shared.isdisjoint(keys):
                for index, key in enumerate(keys):
                    if key in shared:
                        yield shard, index

    def _raise(self, shard: int, index: int) -> None:
        levels = self._levels.setdefault(shard, bytearray(len(self._hashes[shard])))
        if levels[index] + 1 >= len(DIGITS):
            raise OverflowError("two items share a name and the SHA-256 of their paths")
        levels[index] += 1
