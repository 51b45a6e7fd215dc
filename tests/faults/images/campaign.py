"""The campaign: many mutants through real decoding processes, one after the other."""

import time
from collections.abc import Iterable

from tests.faults.images.bench import bench
from tests.faults.images.mutants import mutant
from tests.faults.tried import Tried

_SHOWN = 50


async def campaign(seed: int, numbers: Iterable[int], *, verbose: bool = False) -> Tried:
    """Try mutants and write down what became of them.

    Args:
        seed: Of the mutants.
        numbers: Which of them.
        verbose: Whether a line is printed for each.
    """
    tried = Tried("hostile images", "")
    started = time.monotonic()
    largest, slowest = 0, 0.0
    async with bench() as watched:
        for number in numbers:
            one = mutant(seed, number)
            name = f"{number} ({one.fault}; {one.detail})"
            seen = await watched.try_(name, one.content)
            largest, slowest = max(largest, seen.grown), max(slowest, seen.seconds)
            tried.images += 1
            tried.items += 1
            tried.faults[one.fault] += 1
            tried.faults[f"outcome: {seen.outcome}"] += 1
            if seen.outcome not in one.expected:
                watched.wrong.append(f"{name}: {seen.outcome}, not {' or '.join(sorted(one.expected))}")
            if verbose:
                print(f"{name}: {seen}")
    tried.faults["processes replaced"] = watched.replaced
    tried.faults["most MiB that a process grew by"] = largest >> 20
    tried.faults["longest, in ms"] = round(slowest * 1000)
    tried.wrong = len(watched.wrong)
    tried.failures = [f"--seed {seed}: {line}" for line in watched.wrong[:_SHOWN]]
    tried.seconds = round(time.monotonic() - started, 1)
    return tried
