"""Chooses few combinations of several factors such that each two values come together in one of them."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

Chosen = dict[str, object]
Pair = frozenset[tuple[str, object]]
_TRIES = 40  # combinations to choose the best of


def pairs_covered(factors: Mapping[str, Sequence[object]], possible: Callable[[Chosen], bool]) -> list[Chosen]:
    """Return combinations that cover every possible pair of values; the same ones each time.

    Args:
        factors: The values of each factor.
        possible: Whether a whole combination is possible.
    """
    chance = random.Random(1)  # noqa: S311  (this keeps no secret)
    names = list(factors)
    left: dict[Pair, None] = {
        frozenset(((one, a), (other, b))): None
        for one, other in itertools.combinations(names, 2)
        for a in factors[one]
        for b in factors[other]
    }
    found: list[Chosen] = []
    while left:
        wanted = next(iter(left))
        tries = [_made(factors, dict(wanted), chance) for _ in range(_TRIES)]
        best = max(filter(possible, tries), key=lambda one: sum(pair in left for pair in _pairs(one)), default=None)
        del left[wanted]  # no combination has it, or the best has
        if best is not None:
            found.append(best)
            for pair in _pairs(best):
                left.pop(pair, None)
    return found


def _made(factors: Mapping[str, Sequence[object]], wanted: Chosen, chance: random.Random) -> Chosen:
    """Return a combination with the wanted values, the others by chance."""
    return {name: wanted.get(name, chance.choice(values)) for name, values in factors.items()}


def _pairs(chosen: Chosen) -> list[Pair]:
    return [frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)]
