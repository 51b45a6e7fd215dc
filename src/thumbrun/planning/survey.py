"""What a listing shows: every object counted, by what it is."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from thumbrun.planning.select import Decision, Kind
from thumbrun.storage.base import Entry

# Reading these costs a retrieval fee, which is worth a word before a byte is read.
COLD_CLASSES = frozenset(("NEARLINE", "COLDLINE", "ARCHIVE"))
_MOST_TYPES = 50  # distinct labels of objects that are no images: names are data, and memory is bounded


class Survey:
    """Counts objects and bytes, by kind and by type."""

    def __init__(self) -> None:
        self._objects: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._types: dict[str, Counter[str]] = {}
        self._cold: Counter[str] = Counter()

    def count(self, entry: Entry, decision: Decision) -> None:
        """Take one object of the listing."""
        kind = decision.label
        self._objects[kind] += 1
        self._bytes[kind] += entry.size
        label = decision.format_name or _label(entry, decision)
        types = self._types.get(kind)
        if types is None:
            types = self._types[kind] = Counter()
        types[label if label in types or len(types) < _MOST_TYPES else "others"] += 1
        if decision.is_item and entry.storage_class in COLD_CLASSES:
            self._cold[entry.storage_class or ""] += entry.size

    def to_record(self) -> dict[str, Any]:
        """Return the counts as the plan holds them.

        Objects, bytes and types by kind; and the bytes of items in each cold storage class.
        """
        kinds = {
            kind: {
                "objects": count,
                "bytes": self._bytes[kind],
                "types": dict(self._types[kind].most_common()),
            }
            for kind, count in sorted(self._objects.items())
        }
        return {"kinds": kinds, "cold_bytes": dict(self._cold)}


def _label(entry: Entry, decision: Decision) -> str:
    if decision.kind in (Kind.OWN, Kind.EMPTY, Kind.PLACEHOLDER, Kind.EXCLUDED):
        return decision.label
    content_type = (entry.content_type or "").partition(";")[0].strip().lower()
    _, dot, suffix = entry.name.rpartition("/")[2].rpartition(".")
    return " ".join(part for part in (content_type, f".{suffix[:16].lower()}" if dot else "") if part) or "no type"


def describe(seen: Mapping[str, Any]) -> str:
    """Say in plain words what lies under a source: `3 not an image, 1 folder placeholder`, or `nothing`."""
    kinds = [f"{counts['objects']:,} {kind}" for kind, counts in seen["kinds"].items()]
    return ", ".join(kinds) or "nothing"
