"""Tests of the settings of a thumbnail's shape: what goes together, and what does not."""

import pytest

from tests.unit.settings.test_every_setting import problems, resolved
from thumbrun.imaging.shape import USUAL_SHAPE, Shape


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, USUAL_SHAPE),
        ({"gravity": "center"}, USUAL_SHAPE),
        ({"fit": "cover"}, Shape("cover")),
        ({"fit": "cover", "gravity": "attention"}, Shape("cover", "attention")),
        ({"fit": "contain", "gravity": "southwest", "background": "navy"}, Shape("contain", "southwest", "#000080")),
        ({"background": "#FFFFFFFF", "enlarge": "yes"}, Shape(background="#ffffff", enlarge=True)),
        ({"background": "#12345600"}, USUAL_SHAPE),
    ],
)
def test_the_settings_make_a_shape(flags: dict[str, str | None], expected: Shape) -> None:
    """Fit, gravity, background and enlarge are the recipe's shape, and its defaults leave fingerprints as they were."""
    assert expected == resolved(flags).recipe.shape
    assert (expected == USUAL_SHAPE) == (resolved().fingerprint() == resolved(flags).fingerprint())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("320x", ((320, 0),)), ("x200", ((0, 200),)), ("100,x90,320X", ((320, 0), (100, 100), (0, 90)))],
)
def test_a_side_can_be_free(text: str, expected: object) -> None:
    """A size with one side leaves the other free, also among others, and comes back from a claim."""
    settings = resolved({"size": text})
    assert expected == settings.size
    assert expected == resolved({"size": text, "fit": "outside"}).size


def test_all_wrong_combinations_are_told_at_once() -> None:
    """A crop without both sides, a gravity without a crop and a wrong colour are three problems with what is right."""
    found = problems({"size": "320x,100", "fit": "contain", "gravity": "attention", "background": "mauvish"})
    expected = {
        "--background / THUMBRUN_BACKGROUND is 'mauvish'": "it must be a colour, like #rrggbb, #rrggbbaa, a name of",
        "--size / THUMBRUN_SIZE is '320x,100'": "--fit contain needs both sides of each size, like 320x240",
        "--gravity / THUMBRUN_GRAVITY is 'attention'": "--fit contain cuts nothing off; give centre or a",
    }
    assert len(expected) == len(found)
    for problem, (wrong, advice) in zip(found, expected.items(), strict=True):
        assert problem.startswith(f"{wrong}; {advice}")


@pytest.mark.parametrize("fit", ["inside", "fill", "outside"])
def test_a_gravity_needs_a_fit_that_it_changes(fit: str) -> None:
    """Where the whole picture shows and fills the thumbnail, a gravity is a mistake."""
    (problem,) = problems({"fit": fit, "size": "160x90"}, THUMBRUN_GRAVITY="north")
    advice = f"--fit {fit} shows the whole picture; leave --gravity out, or give --fit cover or contain"
    assert f"--gravity / THUMBRUN_GRAVITY is 'north'; {advice}" == problem
    (problem,) = problems({"fit": fit, "size": "160x90", "gravity": "attention"})
    assert problem.endswith("leave --gravity out, or give --fit cover")


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_a_fit_that_needs_both_sides(fit: str) -> None:
    """A box with a free side is refused for a fit that needs both, also if a preset gives it."""
    for flags in ({"size": "x200"}, {"preset": "web"}):
        (problem,) = problems({"fit": fit, **flags})
        assert problem.endswith(f"--fit {fit} needs both sides of each size, like 320x240")


def test_what_a_preset_gives_is_named() -> None:
    """A problem with what a preset gives says so; a size of one's own goes before it."""
    (problem,) = problems({"preset": "web", "fit": "cover"})
    assert problem.startswith("--size / THUMBRUN_SIZE is '320x,640x,1080x,1920x' (--preset); --fit cover needs both")
    assert ((320, 320),) == resolved({"preset": "web", "fit": "cover", "size": "320"}).size
    assert ("webp", "jpeg") == resolved({"preset": "web", "size": "320"}).format
