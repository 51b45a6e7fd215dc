"""Names thumbnails from the source's name and content type alone, so that no two share a name. Pure.

Every item has a name at level 0: the source's own. If names collide, every item of the group moves to the next level,
which adds a hash of its source path. Then all names are compared again, until none collide. While a plan is made,
thumbrun keeps only 64-bit hashes of names: 10 million names are 80 MB. If two different names have one hash (the chance
is below 1e-5 for 10 million), both merely get a suffix.
"""

import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from thumbrun import formats
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.name_pattern import NamePattern, Target, path_hash, utf8

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
        recipe: The recipe of the run, for formats and boxes.
        pattern: The pattern of the names, in place of the layout; None: the layout counts.
        folds: Whether the destination might take two names for the same if they differ in case or Unicode form only,
            as disks of macOS and Windows do.
        limit: The most bytes of one name: the limit of the destination, less the run's folder.
        part_limit: The most bytes of one part of a name between two slashes, or None for as many as `limit`.
    """

    layout: str
    recipe: Recipe
    folds: bool
    limit: int
    pattern: NamePattern | None = None
    part_limit: int | None = None

    @property
    def names_an_item(self) -> int:
        """How many names of an item are compared: one if its thumbnails differ only by the folder of their size."""
        return len(self.recipe.boxes) * len(self.recipe.formats) if self._expands else 1

    @property
    def _expands(self) -> bool:
        return self.pattern is not None or bool(self.recipe.further)

    def output_format(self, source_format: str | None) -> str:
        """Return the (first) format of an item's thumbnails; `source_format` is None if only the bytes will tell."""
        return formats.thumbnail_format(self.recipe.format, source_format)

    def names(self, path: str, source_format: str | None, level: int) -> tuple[str, ...]:
        """Return the names of an item's thumbnails below the run's folder, in the order of the recipe.

        If the thumbnails differ only by the folder of their size, this is one name, below that folder.

        Args:
            path: The item's name below the source.
            source_format: The format that the item's content type or name claims, or None.
            level: 0 for the item's own name; each higher level adds more digits of a hash of `path`.
        """
        keeps = self.recipe.format == "keep" and source_format in _KEPT
        if keeps and level == 0 and not self._expands:
            own = path if self.layout == "tree" else path[path.rfind("/") + 1 :]
            is_short = _UTF8_MOST * len(own) <= min(self.limit, self.part_limit or self.limit)
            if own and own[-1] != "/" and is_short:
                return (own,)  # nearly all items end here
        first = self.output_format(source_format)
        boxes = self.recipe.boxes if self._expands else self.recipe.boxes[:1]
        targets = [Target(box, format_, keeps) for box in boxes for format_ in (first, *self.recipe.further)]
        pattern = self.pattern or _PATTERNS[self.layout, self._expands and bool(self.recipe.smaller)]
        names = [pattern.expanded(path, target, _mark(path, level)) for target in targets]
        if (beyond := max(map(self._beyond, names))) <= 0:
            return tuple(names)
        mark = _mark(path, max(1, level))
        beyond += 0 if level else len(mark)
        return tuple(pattern.expanded(path, target, mark, beyond) for target in targets)

    def _beyond(self, name: str) -> int:
        """Return by how many bytes a name is too long."""
        parts = max(len(utf8(part)) for part in name.split("/")) - self.part_limit if self.part_limit else 0
        return max(len(utf8(name)) - self.limit, parts)

    def key(self, name: str) -> int:
        """Return the 64-bit hash by which names are compared. Other processes get other hashes: Python keys them."""
        if self.folds:
            name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        return hash(name) & _64_BITS  # takes a tenth of the time of a digest


def _mark(path: str, level: int) -> str:
    """Return what tells an item's names from those of other items, by the digits of its level."""
    return f"-{path_hash(path)[: DIGITS[level]]}" if level else ""


# By the layout, and whether several sizes each have a folder: what it stands for.
_PATTERNS = {
    ("flat", False): NamePattern.parse("{name}"),
    ("flat", True): NamePattern.parse("{width}x{height}/{name}"),
    ("tree", False): NamePattern.parse("{path}"),
    ("tree", True): NamePattern.parse("{width}x{height}/{path}"),
}


class NameBook:
    """Holds the names of a plan that is being made, as hashes, by shard and index.

    An item has one name or several; it moves to the next level with all of them.
    """

    def __init__(self, names_an_item: int = 1) -> None:
        """Begin an empty book.

        Args:
            names_an_item: How many names each item has.
        """
        self._each = names_an_item
        self._hashes: dict[int, array[int]] = {}
        self._levels: dict[int, bytearray] = {}

    def add(self, shard: int, keys: "array[int]") -> None:
        """Add the keys (array type Q) of a shard's items, each with all of its names, in their order, at level 0."""
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
        moved: dict[int, dict[int, None]] = {}
        for shared in self._shared():
            for shard, index in self._positions(shared):
                if index not in moved.setdefault(shard, {}):  # an item can share several of its names
                    self._raise(shard, index)
                    moved[shard][index] = None
        return {shard: list(indices) for shard, indices in moved.items()}

    def rename(self, shard: int, index: int, keys: Iterable[int]) -> None:
        """Set the keys of an item's names at its current level."""
        for place, key in enumerate(keys, index * self._each):
            self._hashes[shard][place] = key

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
                for place, key in enumerate(keys):
                    if key in shared:
                        yield shard, place // self._each

    def _raise(self, shard: int, index: int) -> None:
        levels = self._levels.setdefault(shard, bytearray(len(self._hashes[shard]) // self._each))
        if levels[index] + 1 >= len(DIGITS):
            raise OverflowError("two items share a name and the SHA-256 of their paths")
        levels[index] += 1
