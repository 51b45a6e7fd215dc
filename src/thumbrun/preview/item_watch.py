"""Looks at every item of a listing as it comes: which are largest, which names are at risk, which to try. Bounded.

Memory grows by 8 bytes an item where the destination folds names, and not at all elsewhere.
"""

import heapq
import random
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thumbrun.planning import shards
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.plan import Item
from thumbrun.planning.select import Decision, ObjectKind
from thumbrun.storage.base import Entry

_LARGEST = 5  # items that are named
_NAMED = 5  # items with names that the destination cannot hold
_BITS = 2  # sizes within one stratum differ by at most four times


@dataclass(slots=True)
class Stratum:
    """The items to decode of one format and of about one size, and some of them, chosen at random.

    Attributes:
        objects: Their number.
        cost_ms: Their processor time in milliseconds, by the recorded rates.
        chosen: The items that were chosen; each had the same chance.
    """

    objects: int = 0
    cost_ms: float = 0.0
    chosen: list[Item] = field(default_factory=list)


class ItemWatch:
    """Looks at the items of one listing."""

    def __init__(
        self, name_problem: Callable[[str], str | None], rule: NamingRule, *, sample: int, chance: random.Random
    ) -> None:
        """Begin before the first item.

        Args:
            name_problem: Returns why the destination cannot hold a thumbnail of a name, or None if it can.
            rule: The rule that names the thumbnails.
            sample: How many items to choose; 0 for none.
            chance: Chooses them.
        """
        self._name_problem = name_problem
        self._output_format = rule.output_format
        self._keys: array[int] | None = array("q") if rule.folds else None
        self._sample = sample
        self._chance = chance
        self._largest: list[tuple[int, str]] = []
        self._invalid = 0
        self._named: list[dict[str, str]] = []
        self.strata: dict[tuple[str, int], Stratum] = {}

    def item(self, entry: Entry, decision: Decision, outputs: tuple[str, ...]) -> None:
        """Look at the next item and the names that its thumbnails would have."""
        if len(self._largest) < _LARGEST:
            heapq.heappush(self._largest, (entry.size, entry.name))
        elif entry.size > self._largest[0][0]:
            heapq.heapreplace(self._largest, (entry.size, entry.name))
        if self._keys is not None:
            self._keys.extend(map(hash, outputs))
        for output in outputs:
            if problem := self._name_problem(output):
                self._invalid += 1
                if len(self._named) < _NAMED:
                    self._named.append({"source": entry.name, "output": output, "problem": problem})
                break
        if self._sample and decision.kind is not ObjectKind.UNSUPPORTED:
            self._choose(entry, decision, outputs)

    def _choose(self, entry: Entry, decision: Decision, outputs: tuple[str, ...]) -> None:
        """Count an item in its stratum, and keep it with the chance that all its items have (reservoir sampling)."""
        name = decision.format_name
        stratum = self.strata.setdefault((name or "", entry.size.bit_length() // _BITS), Stratum())
        stratum.objects += 1
        stratum.cost_ms += shards.cost(entry.size, name)
        place = len(stratum.chosen) if len(stratum.chosen) < self._sample else self._chance.randrange(stratum.objects)
        if place < self._sample:
            item = Item(
                entry.name,
                entry.generation,
                entry.size,
                entry.crc32c,
                entry.content_encoding,
                name,
                True,
                outputs[0],
                self._output_format(name),
                outputs if len(outputs) > 1 else (),
            )
            stratum.chosen[place : place + 1] = [item]

    @property
    def largest(self) -> list[dict[str, Any]]:
        """The largest items, the largest first."""
        return [{"source": name, "bytes": size} for size, name in sorted(self._largest, reverse=True)]

    def names_at_risk(self, collisions: int) -> dict[str, Any]:
        """Return what is known of names that the destination cannot hold, or might take for another one.

        Args:
            collisions: How many images have thumbnails that would share a name with another one.
        """
        folded = 0 if self._keys is None else max(0, collisions - _repeated(self._keys))
        return {"invalid": self._invalid, "named": self._named, "differ_in_form_only": folded}


def _repeated(keys: "array[int]") -> int:
    """Return how many of some numbers occur more than once."""
    numbers = np.sort(np.frombuffer(keys, dtype=np.int64)) if keys else np.empty(0, dtype=np.int64)
    same = numbers[1:] == numbers[:-1]
    return int(np.count_nonzero(np.append(same, False) | np.insert(same, 0, False)))
