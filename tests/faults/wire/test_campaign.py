"""Tests of a short campaign of schedules; `python -m tests.faults.wire --seed N` repeats one of them."""

from pathlib import Path

import pytest

from tests.faults.tried import Tried
from tests.faults.wire.campaign import campaign


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [101, 104, 113])
def test_nothing_is_lost_doubled_torn_or_wrong(seed: int, tmp_path: Path) -> None:
    """Killed and interrupted tasks over a wire that fails leave every item with one outcome and its thumbnail."""
    tried = campaign(1, seed, print, tmp_path)
    assert [] == tried.failures, tried.command
    assert 0 < tried.items
    assert 0 < tried.faults.total()
    tried.write(tmp_path / "tried.json")
    assert tried == Tried.read(tmp_path / "tried.json")
