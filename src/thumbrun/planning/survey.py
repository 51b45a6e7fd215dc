"""Counts all objects that a listing shows, by kind."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thumbrun.console import shortened
from thumbrun.planning import shards
from thumbrun.planning.select import Decision, ObjectKind
from thumbrun.storage.base import Entry, Unlisted

# Reading objects of these classes costs a retrieval fee, so thumbrun warns before it reads a byte.
COLD_CLASSES = frozenset(("NEARLINE", "COLDLINE", "ARCHIVE"))
_MOST_NAMED = 100  # parts of a source that cannot be listed; all are counted
_MOST_SHOWN = 20
_MOST_TYPES_SHOWN = 5
_LONGEST = 400  # characters of why a part cannot be listed; its path can have thousands
_LONGEST_TYPE = 80  # characters of a content type, which an object's owner can choose freely
_MOST_READ = 500  # formats and storage classes that are counted apart
_MOST_TYPES = 50  # types of one kind that are counted apart; names are data, so the memory for them is bounded
# What one object of a kind is, and several are, where that is not simply the kind.
_LINK = "symbolic link"
_IS_AND_ARE: dict[str, tuple[str, str]] = {
    _LINK: ("is a symbolic link", "are symbolic links"),
    ObjectKind.NOT_AN_IMAGE: ("is not an image", "are not images"),
    ObjectKind.PLACEHOLDER: ("is a folder placeholder", "are folder placeholders"),
}


class Survey:
    """Counts objects and bytes, by kind and by type."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, list[int]]] = {}  # numbers of objects and bytes, by kind and type
        self._cold: Counter[str] = Counter()
        self._read: dict[tuple[str | None, str | None], _Read] = {}  # by format and storage class
        self._unlisted: dict[str, str] = {}
        self._hidden = 0
        self._links = 0

    @property
    def is_empty(self) -> bool:
        """Whether the listing has shown nothing at all."""
        return not (self._seen or self._unlisted or self._links)

    def count_links(self, links: int) -> None:
        """Count symbolic links, which are not followed."""
        self._links += links

    def count_unlisted(self, part: Unlisted) -> None:
        """Count a part of the source that cannot be listed, once."""
        self._unlisted[part.name] = shortened(str(part.error), _LONGEST)

    def count(self, entry: Entry, decision: Decision, path: str = "") -> None:
        """Count one object of the listing, whose name below the source is `path`."""
        kind = decision.label
        label = decision.format_name or _label(entry, decision)
        types = self._seen.get(kind)
        if types is None:
            types = self._seen[kind] = {}
        seen = types.get(label)
        if seen is None:
            seen = types.setdefault(label if len(types) < _MOST_TYPES else "others", [0, 0])
        seen[0] += 1
        seen[1] += entry.size
        if decision.is_item and (path.startswith(".") or "/." in path):
            self._hidden += 1
        if decision.is_item and entry.storage_class in COLD_CLASSES:
            self._cold[entry.storage_class or ""] += entry.size

    def count_read(self, entry: Entry, format_name: str | None, cost: float) -> None:
        """Count an item to decode, with the format that it claims and its cost in milliseconds."""
        storage_class = entry.storage_class
        read = self._read.get((format_name, storage_class))
        if read is None:
            if len(self._read) >= _MOST_READ:  # a server that lists any number of classes is not Cloud Storage
                storage_class = None
            read = self._read.setdefault((format_name, storage_class), _Read())
        read.objects += 1
        read.size += entry.size
        if entry.size > shards.READ_AT_ONCE:
            if shards.always_peeked(entry.size, format_name):
                read.peeked += 1
            else:
                read.large += 1
        read.cost += cost
        read.gzip += entry.content_encoding == "gzip"

    def to_record(self) -> dict[str, Any]:
        """Return the counts as the plan holds them.

        They are the objects, bytes and types of each kind, the bytes of items in each cold storage class, and the
        objects, bytes, peeks and milliseconds of the items to decode, by format and storage class; and if there are
        any, the numbers of items that are hidden, of symbolic links, and of parts that cannot be listed, with
        the first of these and why.
        """
        kinds = {
            kind: {
                "objects": sum(objects for objects, _ in types.values()),
                "bytes": sum(size for _, size in types.values()),
                "types": dict(Counter({label: objects for label, (objects, _) in types.items()}).most_common()),
            }
            for kind, types in sorted(self._seen.items())
        }
        seen: dict[str, Any] = {"kinds": kinds, "cold_bytes": dict(self._cold), "formats": self._formats()}
        if self._hidden:
            seen["hidden"] = self._hidden
        if self._links:
            seen["links"] = self._links
        if self._unlisted:
            named = [{"name": name, "detail": self._unlisted[name]} for name in sorted(self._unlisted)[:_MOST_NAMED]]
            seen["unlisted"] = {"parts": len(self._unlisted), "named": named}
        return seen

    def _formats(self) -> list[dict[str, Any]]:
        """Return the items to decode, by format and storage class, the largest number first."""
        rows = sorted(self._read.items(), key=lambda row: -row[1].objects)
        return [
            {
                "format": format_name,
                "storage_class": storage_class,
                "objects": read.objects,
                "bytes": read.size,
                "peeked": read.peeked,
                "large": read.large,
                "cost_ms": round(read.cost, 3),
                "gzip": read.gzip,
            }
            for (format_name, storage_class), read in rows
        ]


@dataclass(slots=True)
class _Read:
    """Sums over the items to decode of one format and one storage class.

    Attributes:
        objects: Their number.
        size: Their bytes.
        peeked: How many of them a task peeks at, so that it reads them twice unless the first bytes are enough.
        large: How many of them a task peeks at as long as that saves something.
        cost: Their processor time in milliseconds, as `shards.cost` estimates it.
        gzip: How many of them are stored compressed.
    """

    objects: int = 0
    size: int = 0
    peeked: int = 0
    large: int = 0
    cost: float = 0.0
    gzip: int = 0


def _label(entry: Entry, decision: Decision) -> str:
    if decision.kind in (ObjectKind.OWN, ObjectKind.EMPTY, ObjectKind.PLACEHOLDER, ObjectKind.EXCLUDED):
        return decision.label
    content_type = shortened((entry.content_type or "").partition(";")[0].strip().lower(), _LONGEST_TYPE)
    _, dot, suffix = entry.name.rpartition("/")[2].rpartition(".")
    return " ".join(part for part in (content_type, f".{suffix[:16].lower()}" if dot else "") if part) or "no type"


def left_out(seen: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of objects that are no items, by kind, and that of symbolic links."""
    return {kind: number for kind, number in _counts(seen).items() if kind == _LINK or not ObjectKind(kind).is_item}


def _counts(seen: Mapping[str, Any]) -> dict[str, int]:
    counts = {kind: int(counts["objects"]) for kind, counts in seen["kinds"].items()}
    return counts | ({_LINK: int(seen["links"])} if "links" in seen else {})


def describe_left_out(seen: Mapping[str, Any]) -> str:
    """Return a sentence that counts the objects that are no items, and says why they are none.

    >>> describe_left_out({"kinds": {"not an image": {"objects": 3, "types": {".txt": 2, ".mov": 1}}}})
    'Left out: 3 objects are not images (2 .txt, 1 .mov)'
    """
    return f"Left out: {_counted_kinds(left_out(seen), seen)}"


def count_of_unlisted(seen: Mapping[str, Any]) -> int:
    """Return how many parts of the source could not be listed."""
    return int(seen["unlisted"]["parts"]) if "unlisted" in seen else 0


def describe_unlisted(seen: Mapping[str, Any], *, now: bool = True) -> str:
    """Return a sentence that names the parts of a source that could not be listed.

    >>> describe_unlisted({"unlisted": {"parts": 1, "named": [{"name": "a/", "detail": "/in/a/: permission denied"}]}})
    'thumbrun cannot list 1 part of the source, and leaves out what it holds: /in/a/: permission denied'

    Args:
        seen: The counts, in the form that the plan holds.
        now: Whether the source was listed just now; else another process did so, when it made the plan.
    """
    parts = count_of_unlisted(seen)
    named = [part["detail"] for part in seen["unlisted"]["named"][:_MOST_SHOWN]]
    more = f"; and {parts - len(named):,} more" if parts > len(named) else ""
    noun, holds = ("part", "it holds") if parts == 1 else ("parts", "they hold")
    of_source = f"{parts:,} {noun} of the source"
    said = (
        f"thumbrun cannot list {of_source}, and leaves out"
        if now
        else (f"When the plan was made, thumbrun could not list {of_source}, so the run lacks")
    )
    return f"{said} what {holds}: {'; '.join(named)}{more}"


def describe(source: str, seen: Mapping[str, Any]) -> str:
    """Return a sentence that says what lies under a source that holds no image.

    >>> describe("gs://b/in/", {"kinds": {}})
    'gs://b/in/ is empty.'
    >>> describe("gs://b/in/", {"kinds": {"folder placeholder": {"objects": 1}, "not an image": {"objects": 3}}})
    'gs://b/in/ holds no image: 3 objects are not images, 1 is a folder placeholder.'

    Args:
        source: The URI of the source.
        seen: The counts, in the form that the plan holds.
    """
    counts = _counts(seen)
    return f"{source} holds no image: {_counted_kinds(counts)}." if counts else f"{source} is empty."


def _counted_kinds(counts: Mapping[str, int], seen: Mapping[str, Any] | None = None) -> str:
    """Return the numbers of objects of some kinds in words, the largest first; with `seen`, their types as well."""
    parts: list[str] = []
    for kind, number in sorted(counts.items(), key=lambda each: -each[1]):
        noun = "" if parts else " object" if number == 1 else " objects"
        one, several = _IS_AND_ARE.get(kind, (f"is {kind}", f"are {kind}"))
        types = [
            f"{count:,} {name}"
            for name, count in (seen["kinds"][kind]["types"] if seen and kind != _LINK else {}).items()
            if name != kind
        ]
        more = [f"{len(types) - _MOST_TYPES_SHOWN:,} more types"] if len(types) > _MOST_TYPES_SHOWN else []
        shown = f" ({', '.join(types[:_MOST_TYPES_SHOWN] + more)})" if types else ""
        parts.append(f"{number:,}{noun} {one if number == 1 else several}{shown}")
    return ", ".join(parts)
