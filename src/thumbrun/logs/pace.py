"""How fast the work goes, and how long the rest will take. Pure."""

from collections import deque

_WINDOW = 30.0  # seconds that a rate is taken over, so that it follows a change and does not jump
_APART = 0.5  # seconds between two samples


class Pace:
    """The rate at which items are finished.

    What an earlier attempt finished, before the first note, does not count as work of this one.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, now: float, finished: int) -> None:
        """Note how many items are finished.

        Args:
            now: Seconds that only ever grow.
            finished: Items with an outcome, of all.
        """
        if len(self._samples) > 1 and now - self._samples[-2][0] < _APART:
            self._samples.pop()
        self._samples.append((now, finished))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """Items a second, or None as long as nothing can be said."""
        if len(self._samples) < 2:
            return None
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at and last > first else None

    def left(self, total: int) -> float | None:
        """Return the seconds until `total` items are finished, or None where nothing can be said."""
        rate = self.rate
        return max(0, total - self._samples[-1][1]) / rate if rate else None


def rate_text(rate: float) -> str:
    """Return a rate as people read it: with a digit after the point where it is small.

    >>> rate_text(3.14), rate_text(1234.5)
    ('3.1', '1,234')
    """
    return f"{rate:.1f}" if rate < 9.95 else f"{rate:,.0f}"


def duration_text(seconds: float) -> str:
    """Return a duration as people read it.

    >>> duration_text(7.4), duration_text(62), duration_text(3 * 3600 + 300), duration_text(50 * 3600)
    ('7 s', '1 min 2 s', '3 h 5 min', '2 d 2 h')
    """
    whole = round(seconds)
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"
