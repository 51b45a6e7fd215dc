"""Chooses few combinations of several factors such that each two values come together in one of them."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

Chosen = dict[str, object]
Pair = frozenset[tuple[str, object]]


def pairs_covered(factors: Mapping[str, Sequence[object]], possible: Callable[[Chosen], bool]) -> list[Chosen]:
    """Return combinations that cover every possible pair of values; the same ones each time.

    Args:
        factors: The values of each factor.
        possible: Whether a whole combination is possible.
    """
    chance = random.Random(1)  # noqa: S311  (this keeps no secret)
    names = list(factors)
    left: set[Pair] = {
        frozenset(((one, a), (other, b)))
        for one, other in itertools.combinations(names, 2)
        for a in factors[one]
        for b in factors[other]
    }
    found: list[Chosen] = []
    for _ in range(200):
        tries = [_made(factors, left, possible, chance) for _ in range(12)]
        best = max((one for one in tries if one), key=lambda one: len(_pairs(one) & left), default=None)
        if best is None or not _pairs(best) & left:
            continue
        left -= _pairs(best)
        found.append(best)
    return found


def _made(
    factors: Mapping[str, Sequence[object]], left: set[Pair], possible: Callable[[Chosen], bool], chance: random.Random
) -> Chosen | None:
    """Return a combination around a pair that is not covered yet, None if chance finds none."""
    if not left:
        return None
    wanted = dict(chance.choice(sorted(left, key=lambda pair: sorted(map(repr, pair)))))
    for _ in range(20):
        chosen = {name: wanted.get(name, chance.choice(values)) for name, values in factors.items()}
        if possible(chosen):
            return chosen
    return None


def _pairs(chosen: Chosen) -> set[Pair]:
    return {frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)}
