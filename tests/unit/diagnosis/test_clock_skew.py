"""Tests of what a diagnosis finds of this machine's clock, against that of a server."""

from datetime import datetime, timedelta

import pytest

from tests.unit.diagnosis.cloud import PHOTOS, CloudStorage, found, of
from thumbrun.clock import SystemClock
from thumbrun.diagnosis.findings import Check, Level


class WrongClock(SystemClock):
    """A clock that is ahead by some seconds, or behind."""

    def __init__(self, ahead: float) -> None:
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        """Return a wrong time."""
        return super().now() + self._ahead


@pytest.mark.parametrize(
    ("ahead", "level", "said"),
    [
        (0, Level.OK, "This clock is right, within "),
        (100, Level.WARNING, "s ahead of that of the store"),
        (-100, Level.WARNING, "s behind that of the store"),
        (7200, Level.ERROR, "s ahead of that of the store"),
        (-7200, Level.ERROR, "s behind that of the store"),
    ],
)
async def test_a_clock_that_is_wrong(cloud: CloudStorage, ahead: float, level: Level, said: str) -> None:
    """A clock that is off by more than half a minute is a warning, by more than five minutes an error."""
    (finding,) = of(await found(f"gs://{PHOTOS}/in", clock=WrongClock(ahead)), Check.CLOCK)
    assert level is finding.level
    assert said in finding.what
    assert ("sudo timedatectl set-ntp true" if ahead else "") == finding.command
