"""Runs `process.py` with a clock that the test sets: how far off the clock is, and which times it never shows."""

import os
import sys
from datetime import UTC, datetime, timedelta

from thumbrun.cli import entry
from thumbrun.clock import SystemClock

_VARIABLE = "TESTS_CLOCK"


def clocks_around_a_minute() -> tuple[dict[str, str], dict[str, str]]:
    """Return variables for tasks whose clock stays before the next full minute, and for tasks whose clock is past it.

    Both clocks begin at that minute, or as near to it as they can.
    """
    full_minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    ahead = (full_minute - datetime.now(UTC)).total_seconds()
    last = full_minute - timedelta(milliseconds=1)
    before = f"{ahead} {datetime.min.replace(tzinfo=UTC).isoformat()} {last.isoformat()}"
    after = f"{ahead} {full_minute.isoformat()} {datetime.max.replace(tzinfo=UTC).isoformat()}"
    return {_VARIABLE: before}, {_VARIABLE: after}


def main() -> int:
    """Set the clock, and then do the same as process.py."""
    ahead, earliest, latest = os.environ[_VARIABLE].split()

    def now(self: SystemClock) -> datetime:
        del self
        shown = datetime.now(UTC) + timedelta(seconds=float(ahead))
        return min(max(shown, datetime.fromisoformat(earliest)), datetime.fromisoformat(latest))

    SystemClock.now = now  # type: ignore[method-assign]
    return entry(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
