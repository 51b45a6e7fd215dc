"""The faults that the proxy can inject, and the classes that decide when: by a seed, or by a test's list."""

import random
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from tests.faults.wire.asked import Asked


class Fault(StrEnum):
    """One kind of fault.

    A fault strikes before the emulator gets the request, after the emulator has applied it (the acknowledgement is
    lost), or in the answer's body.
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
# A listing and an acknowledgement have no checksum on the wire, because TLS protects them there. So a flip strikes
# only the bodies of objects.
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
    """Return no fault for any request."""
    return None


class Chance:
    """Chooses faults at random: the same seed gives the same fault to the same request, in whatever order they come.

    A request is identified by its operation, its name and how often it came before, so that the faults depend only on
    the seed and on the requests.
    """

    def __init__(self, seed: str, rate: float, *, most_times: int = 4, weights: Mapping[Fault, float] = {}) -> None:
        """Set the seed and the rates.

        Args:
            seed: Any text.
            rate: The share of the requests that suffer a fault, 0 to 1.
            most_times: A request that came more often than this suffers no fault, so that tasks can end.
            weights: How often a kind comes in relation to others; 1 if it is not given.
        """
        self._seed = seed
        self._rate = rate
        self._most_times = most_times
        self._weights = weights

    def __call__(self, asked: Asked) -> Fault | None:
        """Return the fault that a request suffers, or None."""
        request = f"{asked.operation}/{asked.bucket}/{asked.name}/{asked.from_name}/{asked.time}"
        chance = random.Random(f"{self._seed}/{request}")  # noqa: S311
        fitting = FITTING.get(asked.operation, ())
        if asked.time > self._most_times or not fitting or chance.random() >= self._rate:
            return None
        return chance.choices(fitting, [self._weights.get(fault, 1.0) for fault in fitting])[0]


class Each:
    """Chooses faults in a given order, each for another request, so that every request succeeds on its retry.

    Attributes:
        left: The faults that have not been injected yet.
    """

    def __init__(self, faults: Iterable[Fault], about: Callable[[Asked], bool]) -> None:
        """Set the faults and the requests.

        Args:
            faults: The faults, in the order in which they come.
            about: Returns whether a request can suffer a fault.
        """
        self.left = list(faults)
        self._about = about

    def __call__(self, asked: Asked) -> Fault | None:
        """Return the next fault, the first time that such a request comes."""
        return self.left.pop(0) if self.left and asked.time == 1 and self._about(asked) else None
