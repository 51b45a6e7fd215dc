"""Tests of TIFF beside its variants: that the files are what they claim, and that all else is refused by name."""

import io
import itertools

import numpy as np
import pytest
import tifffile

from tests.fidelity.measure import psnr
from tests.fidelity.tiff_writer import Kind, written
from tests.fidelity.variants.tiff import BITS, pairwise, table, with_extra
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.partial import tiff as partial_tiff
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.partial.part import Part
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.imaging.shape import USUAL_SHAPE
from thumbrun.outcomes import Reason

PAIRS = [pytest.param(kind, samples, id=name) for name, kind, samples in pairwise()]
Extra = tuple[int, int, str, tuple[int, ...]]


@pytest.mark.quick(one_in=5)
@pytest.mark.parametrize(("kind", "samples"), PAIRS)
def test_tifffile_reads_what_was_written(kind: Kind, samples: Extra) -> None:
    """The tests' own writer follows the standard: an independent reader finds the same samples."""
    photometric, bits, form, extra = samples
    stored = with_extra(photometric, bits, extra, form).samples
    found = tifffile.imread(io.BytesIO(written(stored, kind)))
    if kind.planar and found.ndim == 3:
        found = np.moveaxis(found, 0, 2)
    assert np.array_equal(stored, np.atleast_3d(found))


def test_every_other_combination_is_refused_by_name() -> None:
    """What the table does not have is refused, and the detail names photometric interpretation or sample format."""
    read = set(table())
    forms = {"u": 1, "i": 2, "f": 3, "undefined": 4, "complex": 5, "complex float": 6}
    photometrics = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 32844, 32845, 34892)
    request = Request(100, 100, "png", 80, 10**8, 10**9)
    drawn = []
    for photometric, bits, (form, number), planar in itertools.product(photometrics, BITS, forms.items(), (1, 2)):
        if (photometric, bits, form) in read:
            continue
        count = {2: 3, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3}.get(photometric, 1)
        tags = {258: (bits,) * count, 284: (planar,), 339: (number,) * count, 320: (0,) * 768, 530: (1, 1)}
        verdict = render(written(np.zeros((8, 128, count), np.uint8), Kind(photometric, tags=tags)), request)
        if not isinstance(verdict, Refused):
            drawn.append((photometric, bits, form, planar))
            continue
        assert Reason.UNREADABLE == verdict.reason
        assert verdict.detail.startswith("tiff: ")
        assert "not read" in verdict.detail
    assert [] == drawn


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(("kind", "samples"), PAIRS)
def test_a_file_of_the_first_page_keeps_its_meaning(kind: Kind, samples: Extra) -> None:
    """The file that thumbrun makes of one page of several makes the same thumbnail as that page."""
    photometric, bits, form, extra = samples
    body = written(with_extra(photometric, bits, extra, form).samples, kind)
    known = KnownBytes(len(body) + 1_000_000, body + bytes(1_000_000))
    part = Part.of(known, partial_tiff.part(known, ((100, 100),), USUAL_SHAPE))
    assert part is not None
    assert psnr(thumbnail_pixels(body, 100, 100), thumbnail_pixels(bytes(part), 100, 100)) == 99


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    "kind",
    [
        Kind(1, 16, compression=5),
        Kind(2, 8, extra=(0,), compression=50000, planar=True),
        Kind(2, 32, "f", compression=8, predictor=3, tile=(256, 256)),
        Kind(5, 8, extra=(2,), compression=8),
    ],
    ids=["16-bit grey", "planes", "floats in tiles", "CMYK with alpha"],
)
async def test_decodes_within_the_memory_it_asks_for(kind: Kind) -> None:
    """A confined process draws a large TIFF of one strip, or of tiles, in the memory that the estimate names."""
    count = {1: 1, 2: 3, 5: 4}[kind.photometric] + len(kind.extra)
    noise = np.random.default_rng(1).random((1500, 2000, count), np.float32)
    body = written(noise if kind.form == "f" else (noise * ((1 << kind.bits) - 1)).astype(np.uint16), kind)
    pool = DecoderPool(1, timeout=60.0, memory=400 << 20)
    await pool.start()
    verdicts: list[Refused | Rendered | NeedsMemory] = []
    for memory in (1, 0):
        given = memory or getattr(verdicts[0], "bytes", 0)
        copy = pool.body(len(body))
        copy.write(body)
        verdicts.append(await pool.render(copy, Request(100, 100, "jpeg", 80, 10**8, given)))
        copy.close()
    await pool.close()
    assert [NeedsMemory, Rendered] == [type(verdict) for verdict in verdicts]
