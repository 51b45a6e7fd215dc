"""Tests of patterns that people write as they do for other programs."""

from pathlib import Path

import pytest

from thumbrun.errors import SettingsError
from thumbrun.settings.patterns import pattern_problem
from thumbrun.settings.resolved import resolve

SLIPS = [
    ("*.{jpg,png}", "braces have no meaning here; give each pattern of its own, like '*.jpg,*.png'"),
    ("{a,b}/*.jpg", "braces have no meaning here"),
    ("*.jpg;*.png", "separate patterns with commas, like '*.jpg,*.png'"),
    ("*.jpg *.png", "separate patterns with commas, like '*.jpg,*.png'"),
    ("!*.png", "! has no meaning here"),
    ("../other/*.jpg", "'../other/*.jpg' leads out of the source"),
    ("a/..", "'a/..' leads out of the source"),
    ("gs://b-1/in/*.jpg", "'gs://b-1/in/*.jpg' is a whole place"),
    ("~/pictures", "'~/pictures' is a whole place"),
    ("/usr/lib", "'/usr/lib' is a path of this machine"),
    ("/usr/*.jpg", "'/usr/*.jpg' is a path of this machine"),
]


def problems(source: Path, name: str, text: str) -> tuple[str, ...]:
    """Return the problems of a pattern for a source."""
    try:
        resolve({}, {"source": str(source), "output": str(source / "out"), name: text})
    except SettingsError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize(("text", "advice"), SLIPS)
def test_a_pattern_of_another_program(tmp_path: Path, name: str, text: str, advice: str) -> None:
    """A pattern that can match nothing is one problem, which says what to give, whichever flag has it."""
    (problem,) = problems(tmp_path, name, text)
    assert problem.startswith(f"--{name} / THUMBRUN_{name.upper()} is {text!r}; {advice}")


@pytest.mark.parametrize(
    "text", ["*.jpg, *.png", "{a}", "my photos", "a..b", "/drafts", "x!", "~backup", "[!a]*", "My *.jpg", "?a?", "/usr"]
)
def test_a_pattern_that_can_match(tmp_path: Path, text: str) -> None:
    """A pattern for names that there can be is right, also of a folder in the source that the machine has as well."""
    (tmp_path / "usr").mkdir()
    assert () == problems(tmp_path, "exclude", text)


def test_a_path_of_the_source(tmp_path: Path) -> None:
    """A whole path below the source is answered with the part below the source."""
    (problem,) = problems(tmp_path, "exclude", f"{tmp_path}/drafts/*")
    assert problem.endswith("; a pattern is a path below the source; did you mean 'drafts/*'?")


def test_a_run_keeps_the_patterns_that_it_began_with(tmp_path: Path) -> None:
    """An existing run with such a pattern can be continued."""
    assert pattern_problem(["*.{jpg"])
    flags = {"source": str(tmp_path), "output": str(tmp_path / "out"), "exclude": "*.{jpg", "resume": "mine"}
    assert ("*.{jpg",) == resolve({}, flags).exclude
