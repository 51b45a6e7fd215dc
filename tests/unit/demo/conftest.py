"""The demo's objects, drawn once for all tests."""

import pytest

from thumbrun.demo.sample import Sample
from thumbrun.demo.samples import samples


@pytest.fixture(scope="session")
def drawn() -> dict[str, Sample]:
    """Return all samples by path."""
    return {sample.path: sample for sample in samples()}
