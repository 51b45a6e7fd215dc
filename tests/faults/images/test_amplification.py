"""Tests that what a task makes of an object's first bytes is bounded by these and by the object, for every format."""

import pytest

from tests.faults.images import amplifiers
from tests.faults.images.amplification import PYTHON, cost
from tests.faults.images.campaign import Campaign
from tests.faults.images.structures import structure
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.shape import USUAL_SHAPE

SEED = 20
STRUCTURES = 80


@pytest.mark.parametrize(
    ("components", "more"),
    [
        (255, {}),  # 744 MB of stand-ins, of 64 KiB that were read
        (60, {}),  # 173 MB
        (4, {}),
        (4, {"low": 3, "finest": 1}),  # components and quantisers like those of a photograph, and no data
    ],
)
def test_stand_ins_for_scans_of_nothing(components: int, more: dict[str, int]) -> None:
    """A JPEG of 270 kB that declares far more blocks than it holds gets no stand-ins, and is read whole."""
    content = amplifiers.components(components, **more)
    seen = cost(content, "jpeg")
    assert ([], False, 0) == (seen.wrong(), seen.part, seen.made), seen
    assert seen.rendered < len(content) + PYTHON
    assert None is dispatch.faster_file(KnownBytes(len(content), content), ((100, 100),), USUAL_SHAPE)


@pytest.mark.parametrize("tags", [990, 240])
@pytest.mark.parametrize("size", [1_500_000, 3_000_000])
def test_values_that_share_a_place(tags: int, size: int) -> None:
    """A TIFF whose tags all name the same third of the file is not copied once for each tag, and is read whole."""
    seen = cost(amplifiers.values(tags, size=size), "tiff")
    assert ([], False, 0) == (seen.wrong(), seen.part, seen.made), seen
    assert seen.held < size + PYTHON


def test_a_few_values_are_no_reason_to_read_all() -> None:
    """A TIFF with one long value is still read in part."""
    seen = cost(amplifiers.values(1), "tiff")
    assert ([], True) == (seen.wrong(), seen.part), seen


@pytest.mark.slow
async def test_structures(capsys: pytest.CaptureFixture[str]) -> None:
    """No structure makes a task or a decoding process read, make, hold or do more than its bounds."""
    campaign = Campaign(SEED)
    await campaign.structures(range(STRUCTURES))
    with capsys.disabled():
        print(f"\n{STRUCTURES} structures: {dict(campaign.tried.largest)}")
    assert [] == campaign.tried.failures
    assert STRUCTURES == campaign.tried.images


def test_structures_come_from_their_seed() -> None:
    """The same seed and number give the same bytes, and another number gives other bytes."""
    assert structure(SEED, 3) == structure(SEED, 3)
    assert structure(SEED, 3).content != structure(SEED, 4).content
