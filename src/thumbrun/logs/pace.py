"""The speed of the work, and the time that the rest will take. Pure."""

from collections import deque

_WINDOW = 30.0  # seconds over which a rate is averaged, so that it follows a change but does not jump
_APART = 0.5  # the least time between two samples, in seconds


class Pace:
    """The rate at which a task finishes items.

    Items that an earlier attempt finished, before the first note, do not count as work of this attempt.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, now: float, finished: int) -> None:
        """Record how many items are finished.

        Args:
            now: The time in seconds, from a clock that never goes back.
            finished: The number of all items that have an outcome.
        """
        if len(self._samples) > 1 and now - self._samples[-2][0] < _APART:
            self._samples.pop()
        self._samples.append((now, finished))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """The items finished a second, or None as long as it is not known."""
        if len(self._samples) < 2:
            return None
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at and last > first else None

    def left(self, total: int) -> float | None:
        """Return the seconds until `total` items are finished, or None if the rate is not known."""
        rate = self.rate
        return max(0, total - self._samples[-1][1]) / rate if rate else None


def rate_text(rate: float) -> str:
    """Return a rate as text for people; small rates have a digit after the point.

    >>> rate_text(3.14), rate_text(1234.5)
    ('3.1', '1,234')
    """
    return f"{rate:.1f}" if rate < 9.95 else f"{rate:,.0f}"


def duration_text(seconds: float) -> str:
    """Return a duration as text for people.

    >>> duration_text(7.4), duration_text(62), duration_text(3 * 3600 + 300), duration_text(50 * 3600)
    ('7 s', '1 min 2 s', '3 h 5 min', '2 d 2 h')
    """
    whole = round(seconds)
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"
