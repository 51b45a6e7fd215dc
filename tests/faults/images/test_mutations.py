"""Tests of a short campaign of mutants; `python -m tests.faults.images` runs the long one."""

import pytest

from tests.faults.images.campaign import Campaign
from tests.faults.images.mutants import mutant

SEED = 20
MUTANTS = 400


@pytest.mark.slow
async def test_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    """Every mutant has an outcome that its fault allows, in bounded time and memory, and harms no neighbour."""
    campaign = Campaign(SEED)
    await campaign.mutants(range(MUTANTS))
    with capsys.disabled():
        print(f"\n{MUTANTS} mutants: {dict(campaign.tried.faults)}")
    assert [] == campaign.tried.failures
    assert MUTANTS == campaign.tried.images


@pytest.mark.slow
def test_mutants_come_from_their_seed() -> None:
    """The same seed and number give the same bytes, and another number gives other bytes."""
    assert mutant(SEED, 3) == mutant(SEED, 3)
    assert mutant(SEED, 3).content != mutant(SEED, 4).content
