"""The objects of the demo, drawn once for all tests."""

from pathlib import Path

import pytest

from tests.kept import kept
from thumbrun.demo import samples as module
from thumbrun.demo.sample import Sample
from thumbrun.demo.samples import samples


@pytest.fixture(scope="session")
def drawn() -> dict[str, Sample]:
    """Return all samples by path."""
    made_by = Path(module.__file__).parent.glob("*.py")
    return kept("samples", lambda: {sample.path: sample for sample in samples()}, made_by)
