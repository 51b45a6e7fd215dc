"""The campaign: real decoding processes render many mutants, every bomb and every deadly image in turn.

It also measures what a task makes of the first bytes of many structures.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.images.amplification import cost_of
from tests.faults.images.bench import Bench, bench
from tests.faults.images.bombs import BOMBS
from tests.faults.images.deadly import LIMIT, SLOW, crashing
from tests.faults.images.mutants import mutant
from tests.faults.images.structures import structure
from tests.faults.tried import Tried
from thumbrun.outcomes import Reason

BOMBS_MEMORY = 320 << 20  # bytes; the default of the memory setting in a container of 512 MiB
BOMBS_LIMIT = 60.0  # seconds; six times the default, for machines that are busy with other things
_SHOWN = 50
_TIMES = 3


@dataclass(slots=True)
class Campaign:
    """A campaign, and its counts so far.

    Attributes:
        seed: The seed of the mutants.
        verbose: Whether a line is printed for each image.
        tried: The counts.
        grown: The most bytes by which a decoding process grew.
        seconds: The longest time that an image took.
    """

    seed: int
    verbose: bool = False
    tried: Tried = field(default_factory=lambda: Tried("images", ""))
    grown: int = 0
    seconds: float = 0.0

    async def mutants(self, numbers: Iterable[int]) -> None:
        """Try mutants by their numbers."""
        async with bench() as watched:
            for number in numbers:
                one = mutant(self.seed, number)
                name = f"--seed {self.seed} --only {number} ({one.fault}; {one.detail})"
                await self._try(watched, name, one.fault, one.content, one.expected)
        self._note(watched)

    async def structures(self, numbers: Iterable[int]) -> None:
        """Try structures by their numbers: let a task and a decoding process find out if a part of each is enough."""
        for number in numbers:
            started = time.monotonic()
            one = structure(self.seed, number)
            cost = await cost_of(one.content, one.format)
            self.tried.images += 1
            self.tried.items += 1
            self.tried.faults[f"structure: {one.format}"] += 1
            self.tried.faults["outcome: a part is enough" if cost.part else "outcome: read whole or refused"] += 1
            for what, (value, bound) in cost.measures().items():
                share = round(100 * value / bound, 1)
                self.tried.largest[what] = max(share, self.tried.largest.get(what, 0.0))
            self.tried.wrong += len(cost.wrong())
            found = [f"--seed {self.seed} --structure {number} ({one.format}): {line}" for line in cost.wrong()]
            self.tried.failures += found[: _SHOWN - len(self.tried.failures)]
            if self.verbose:
                print(f"--seed {self.seed} --structure {number} ({one.format}): {cost}")
            self.tried.seconds += time.monotonic() - started

    async def bombs(self) -> None:
        """Try every bomb."""
        async with bench(limit=BOMBS_LIMIT, memory=BOMBS_MEMORY) as watched:
            for name, bomb in BOMBS.items():
                await self._try(watched, name, "decompression bomb", bomb.make(), frozenset((bomb.expected,)))
        self._note(watched)

    async def deadly(self) -> None:
        """Try every image that costs a process, each a few times."""
        async with bench(limit=LIMIT, memory=BOMBS_MEMORY) as watched:
            for _ in range(_TIMES):
                for name, make in SLOW.items():
                    await self._try(watched, name, "takes minutes", make(), frozenset((Reason.TIMEOUT,)))
                await self._try(watched, "crash", "kills its decoder", crashing(), frozenset((Reason.CRASHED,)))
        self._note(watched)

    async def _try(self, watched: Bench, name: str, fault: str, content: bytes, expected: frozenset[str]) -> None:
        started = time.monotonic()
        seen = await watched.try_(name, content)
        self.grown, self.seconds = max(self.grown, seen.grown), max(self.seconds, seen.seconds)
        self.tried.images += 1
        self.tried.items += 1
        self.tried.faults[fault] += 1
        self.tried.faults[f"outcome: {seen.outcome}"] += 1
        if seen.outcome not in expected:
            watched.wrong.append(f"{name}: {seen.outcome}, not {' or '.join(sorted(expected))}")
        if self.verbose:
            print(f"{name}: {seen}")
        self.tried.seconds += time.monotonic() - started

    def _note(self, watched: Bench) -> None:
        self.tried.faults["decoding processes replaced"] += watched.replaced
        self.tried.wrong += len(watched.wrong)
        self.tried.failures += watched.wrong[: _SHOWN - len(self.tried.failures)]
