"""The faults that the proxy can inject, and who decides when: chance from a seed, or a test's list."""

import random
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from tests.faults.wire.asked import Asked


class Fault(StrEnum):
    """One kind of fault, by where it strikes.

    Before the emulator hears of the request, after it has done what was asked (the lost acknowledgement), or in the
    answer's body.
    """

    UNAVAILABLE = "503 before"
    THROTTLED = "429 before"
    BROKEN = "500 before"
    RESET = "reset before"
    STALL = "stall"
    DENIED = "403 before"
    TAKEN = "412 for a free name"
    DAMAGED = "400 damaged on the way"
    LOST_UNAVAILABLE = "503 after"
    LOST_RESET = "reset after"
    LOST_STALL = "stall after"
    DENIED_TAKEN = "403 for 412"
    CUT = "body cut"
    FLIP = "byte flipped"
    DRIP = "slow drip"


BEFORE = frozenset(
    {
        Fault.UNAVAILABLE,
        Fault.THROTTLED,
        Fault.BROKEN,
        Fault.RESET,
        Fault.STALL,
        Fault.DENIED,
        Fault.TAKEN,
        Fault.DAMAGED,
    }
)
# Bytes of a listing or of an acknowledgement carry no checksum on the wire (there TLS guards them), so that a flip
# is for bodies alone.
FITTING: Mapping[str, tuple[Fault, ...]] = {
    "page": (
        Fault.UNAVAILABLE,
        Fault.THROTTLED,
        Fault.BROKEN,
        Fault.RESET,
        Fault.STALL,
        Fault.DENIED,
        Fault.LOST_UNAVAILABLE,
        Fault.LOST_RESET,
        Fault.CUT,
        Fault.DRIP,
    ),
    "read": (
        Fault.UNAVAILABLE,
        Fault.THROTTLED,
        Fault.BROKEN,
        Fault.RESET,
        Fault.STALL,
        Fault.DENIED,
        Fault.LOST_UNAVAILABLE,
        Fault.LOST_RESET,
        Fault.CUT,
        Fault.FLIP,
        Fault.DRIP,
    ),
    "create": (
        Fault.UNAVAILABLE,
        Fault.THROTTLED,
        Fault.BROKEN,
        Fault.RESET,
        Fault.STALL,
        Fault.DENIED,
        Fault.TAKEN,
        Fault.DAMAGED,
        Fault.LOST_UNAVAILABLE,
        Fault.LOST_RESET,
        Fault.LOST_STALL,
        Fault.DENIED_TAKEN,
        Fault.CUT,
        Fault.DRIP,
    ),
}
FITTING = {**FITTING, "stat": tuple(fault for fault in FITTING["read"] if fault is not Fault.FLIP)}

Decide = Callable[[Asked], Fault | None]


def no_fault(_: Asked) -> Fault | None:
    """Leave every request alone."""
    return None


class Chance:
    """Faults by chance: the same seed gives the same fault to the same request, whoever comes first.

    A request is known by its operation, its name and how often it came before, so that what a seed does hangs on
    nothing but what the tasks ask.
    """

    def __init__(self, seed: str, rate: float, *, most_times: int = 4, weights: Mapping[Fault, float] = {}) -> None:
        """Prepare.

        Args:
            seed: Any text.
            rate: How many of the requests suffer, 0 to 1.
            most_times: A request that came more often suffers no more, so that tasks can come to an end.
            weights: How much more or less often than others a kind comes; 1 where none is given.
        """
        self._seed = seed
        self._rate = rate
        self._most_times = most_times
        self._weights = weights

    def __call__(self, asked: Asked) -> Fault | None:
        """Return the fault that a request suffers."""
        request = f"{asked.operation}/{asked.bucket}/{asked.name}/{asked.from_name}/{asked.time}"
        chance = random.Random(f"{self._seed}/{request}")  # noqa: S311
        fitting = FITTING.get(asked.operation, ())
        if asked.time > self._most_times or not fitting or chance.random() >= self._rate:
            return None
        return chance.choices(fitting, [self._weights.get(fault, 1.0) for fault in fitting])[0]


class Each:
    """Faults one after the other, each on another request, so that every one of these succeeds when tried again.

    Attributes:
        left: What has not been injected yet.
    """

    def __init__(self, faults: Iterable[Fault], about: Callable[[Asked], bool]) -> None:
        """Prepare.

        Args:
            faults: In the order in which they come.
            about: Which requests may suffer.
        """
        self.left = list(faults)
        self._about = about

    def __call__(self, asked: Asked) -> Fault | None:
        """Return the next fault, the first time that such a request comes."""
        return self.left.pop(0) if self.left and asked.time == 1 and self._about(asked) else None
