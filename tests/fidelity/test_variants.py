"""Tests that every variant of a format is drawn right, or refused with the true reason."""

import pytest

from tests.fidelity.measure import psnr, reference
from tests.fidelity.table import TARGET, shape
from tests.fidelity.variants import all_variants
from tests.fidelity.variants.variant import Variant
from tests.unit.imaging.samples import request, running, verdict
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.outcomes import Reason

ALL = [pytest.param(variant, id=f"{variant.kind}, {variant.name}") for variant in all_variants()]


@pytest.mark.quick(one_in=8)
@pytest.mark.parametrize("variant", ALL)
def test_is_right_or_refused(variant: Variant) -> None:
    """The thumbnail of a variant shows the right picture; one that thumbrun cannot draw right is refused by name."""
    verdict = render(variant.body, Request(100, 100, "png", 80, 10**8, 10**9))
    if variant.draw is None:
        assert isinstance(verdict, Refused), "it is drawn"
        assert variant.reason == verdict.reason
        assert variant.says in verdict.detail
        return
    assert isinstance(verdict, Rendered), verdict
    right = variant.draw()
    assert (variant.kind, right.size) == (verdict.source_format, (verdict.source_width, verdict.source_height))
    assert psnr(reference(right), thumbnail_pixels(variant.body, 100, 100)) >= variant.least


def test_the_page_lists_every_variant() -> None:
    """docs/pictures.md has a row for each variant, which says whether it is drawn or refused."""
    listed = list(shape(TARGET.read_text("utf-8")))
    rows = {line for line in listed if line.startswith("| ")}
    for variant in all_variants():
        name = variant.name.replace("|", "\\|")
        assert f"| {name}{'' if variant.draw else ' refused'}" in rows, "run python -m tests.fidelity.table"


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_confined_processes_draw_the_same() -> None:
    """A decoding process, which can open no file, gives every variant the verdict that it has anywhere."""
    async with running(2, memory=1 << 30) as pool:
        for variant in all_variants():
            asked = Request(100, 100, "png", 80, 10**8, 10**9)
            assert render(variant.body, asked) == await verdict(pool, variant.body, asked), variant.name


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-8"])
async def test_a_confined_process_names_a_text_in_any_coding(mark: str) -> None:
    """What a file holds that is no picture is named in a decoding process, whatever its characters are coded in."""
    start = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(mark, b"")
    async with running() as pool:
        found = await verdict(pool, start + "<html><body>Not found".encode(mark), request())
    assert isinstance(found, Refused)
    assert (Reason.UNREADABLE, True) == (found.reason, "an HTML page" in found.detail)
