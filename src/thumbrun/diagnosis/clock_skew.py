"""Checks how far this machine's clock is from the store's."""

from thumbrun.clock import Clock
from thumbrun.diagnosis.findings import HERE, Check, Finding, Level
from thumbrun.diagnosis.in_time import SECONDS
from thumbrun.storage.gcs.server_time import server_time

_MUCH = 30.0  # seconds; the tasks of a run judge by the clock who still works, and take over after 60 s
_TOO_MUCH = 300.0  # seconds; beyond them Google refuses what a key has signed


async def clock_finding(root: str, clock: Clock) -> Finding:
    """Return how far the clock is from the store's.

    Args:
        root: The address of the store.
        clock: The clock of this machine.

    Raises:
        StoreError: The store does not answer.
    """
    before = clock.now()
    theirs = await server_time(root, SECONDS)
    if theirs is None:
        return Finding(Check.CLOCK, HERE, Level.OK, "The store states no time")
    ours = before + (clock.now() - before) / 2
    # The store states whole seconds, cut off.
    skew = round((ours - theirs).total_seconds() - 0.5)
    if abs(skew) <= _MUCH:
        return Finding(Check.CLOCK, HERE, Level.OK, f"This clock is right, within {abs(skew) + 1} s")
    way = "ahead of" if skew > 0 else "behind"
    return Finding(
        Check.CLOCK,
        HERE,
        Level.ERROR if abs(skew) > _TOO_MUCH else Level.WARNING,
        f"This clock is {abs(skew):,} s {way} that of the store: credentials can be refused, and the tasks of a run "
        "misjudge who still works",
        "set the clock, or let the system keep it right",
        "sudo timedatectl set-ntp true",
    )
