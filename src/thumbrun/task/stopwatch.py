"""Divides the time of one item among what the task does for it.

The watch counts for one phase at a time. So no time counts twice, and the phases add up to the time from the item's
beginning to its outcome:

| phase | what the time goes into |
|---|---|
| fetch | reading the source, with retries and with the waits that the store's rate demands; decompression |
| decode | reading the bytes, decoding and scaling, in the decoding process |
| encode | encoding the thumbnails, in the decoding process |
| put | creating the thumbnails, with retries and waits as for fetch; checking an object that has the name |
| waiting | all else: for memory, for the announcement, and for a decoding process that has other images first |

An item begins once it has a place among those that its task works at once; the wait for that place does not count. The
decoding process itself reads the bytes of a local file, so its fetch is short.

A decoding process states itself how long it decoded and encoded. It could lie, so it counts for no more than the time
in which the task waited for its answer.
"""

from datetime import timedelta
from enum import IntEnum

from thumbrun.clock import Clock
from thumbrun.imaging.request import Took
from thumbrun.outcomes import Timing


class Phase(IntEnum):
    """What an item's time goes into, in the order of the fields of `Timing`."""

    FETCH = 0
    DECODE = 1
    ENCODE = 2
    PUT = 3
    WAITING = 4


class Stopwatch:
    """The times of one item. It counts for waiting at first."""

    def __init__(self, clock: Clock) -> None:
        """Begin to count.

        Args:
            clock: Provides the time.
        """
        self._clock = clock
        self._began = clock.now()
        self._turned = clock.monotonic()
        self._phase = Phase.WAITING
        self._seconds = [0.0] * len(Phase)

    def turn(self, phase: Phase) -> None:
        """Count for a phase from now on."""
        self._seconds[self._phase] += self._passed()
        self._phase = phase

    def rendered(self, took: Took) -> None:
        """Count the time since the last turn as decoding and encoding, as far as they took it; the rest as before."""
        passed = self._passed()
        decode = min(took.decode, passed)
        encode = min(took.encode, passed - decode)
        self._seconds[Phase.DECODE] += decode
        self._seconds[Phase.ENCODE] += encode
        self._seconds[self._phase] += passed - decode - encode

    def timing(self) -> Timing:
        """Return the times until now, in whole milliseconds, which add up to the time since the item began.

        Most thumbnails are encoded in less than a millisecond. So these are no rounded durations, but the differences
        between moments that are cut to milliseconds: over many items, their sum is right.
        """
        self.turn(self._phase)
        moment = self._began.microsecond % 1000 / 1000
        before = 0
        numbers: list[int] = []
        for seconds in self._seconds:
            moment += 1000 * seconds
            numbers.append(int(moment) - before)
            before = int(moment)
        began = self._began - timedelta(microseconds=self._began.microsecond % 1000)
        return Timing(began, *numbers)

    def _passed(self) -> float:
        """Return the seconds since this was last asked."""
        before, self._turned = self._turned, self._clock.monotonic()
        return self._turned - before
