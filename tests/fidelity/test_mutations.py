"""Tests that a mutated picture is refused, or drawn as two other decoders draw it."""

from collections import Counter

import pytest

from tests.fidelity.mutations import campaign


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_no_mutant_is_drawn_wrongly() -> None:
    """No thumbnail of a mutated picture is unlike the picture on which two other decoders agree."""
    counts: Counter[str] = Counter()
    assert [] == [finding async for finding in campaign(1500, 3, counts)]
    assert counts["like"] > 50
