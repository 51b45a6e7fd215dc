"""`process.py` on a machine whose clock the test has set: how far off it is, and what it never shows."""

import os
import sys
from datetime import UTC, datetime, timedelta

from thumbrun.cli import entry
from thumbrun.clock import SystemClock

_VARIABLE = "TESTS_CLOCK"


def clocks_around_a_minute() -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables of tasks that never see the next full minute come, and of those for which it has come.

    On machines of both kinds the clock stands at that minute now, or as near to it as may be.
    """
    full_minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    ahead = (full_minute - datetime.now(UTC)).total_seconds()
    last = full_minute - timedelta(milliseconds=1)
    before = f"{ahead} {datetime.min.replace(tzinfo=UTC).isoformat()} {last.isoformat()}"
    after = f"{ahead} {full_minute.isoformat()} {datetime.max.replace(tzinfo=UTC).isoformat()}"
    return {_VARIABLE: before}, {_VARIABLE: after}


def main() -> int:
    """Set the clock, and do what process.py does."""
    ahead, earliest, latest = os.environ[_VARIABLE].split()

    def now(self: SystemClock) -> datetime:
        del self
        shown = datetime.now(UTC) + timedelta(seconds=float(ahead))
        return min(max(shown, datetime.fromisoformat(earliest)), datetime.fromisoformat(latest))

    SystemClock.now = now  # type: ignore[method-assign]
    return entry(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
