"""Tests that every variant of a format is drawn right, or refused with the true reason."""

import pytest

from tests.fidelity.measure import psnr, reference
from tests.fidelity.table import TARGET, shape
from tests.fidelity.variants import all_variants
from tests.fidelity.variants.variant import Variant
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Refused, Rendered, Request

ALL = [pytest.param(variant, id=f"{variant.kind}, {variant.name}") for variant in all_variants()]


@pytest.mark.quick(one_in=5)
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
