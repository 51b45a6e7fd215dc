"""Tests of globs: what they mean, beside regular expressions, and names that somebody chose to be slow."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thumbrun.planning.globs import Glob

TOKENS = ["*", "**", "**/", "/", "?", "a", "b", "-", ".", "\n", "[ab]", "[!a]", "[a-c/]", "[!/]", "[", "]", "\u00e9"]
REGULAR = {"*": "[^/]*", "**": ".*", "**/": "(?:.*/)?", "?": "[^/]", "[ab]": "[ab]", "[!a]": "[^a]"} | {
    "[a-c/]": "[a-c/]",
    "[!/]": "[^/]",
}


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.jpg", ["a.jpg", "x/y/a.jpg"], ["a.jpeg", "ajpg"]),
        ("a/*.jpg", ["a/b.jpg"], ["b.jpg", "a/b/c.jpg", "x/a/b.jpg"]),
        ("a/**/b.jpg", ["a/b.jpg", "a/x/y/b.jpg"], ["ab.jpg"]),
        ("**/thumbs/**", ["thumbs/a", "x/thumbs/a/b"], ["thumbs", "xthumbs/a"]),
        ("IMG_?.jpg", ["IMG_1.jpg"], ["IMG_12.jpg", "IMG_/.jpg"]),
        ("[!a]*", ["b", "x/b"], ["a"]),
        ("[a-c].png", ["b.png"], ["d.png"]),
        ("a.b+(c)", ["a.b+(c)"], ["aXb+(c)"]),
        ("[", ["["], ["]"]),
        ("*", ["a\nb"], []),
        ("*.jpg", ["A.JPG", "x/B.Jpg", "x.jpg/notes"], ["a.png"]),
        ("IMG_[a-c].PNG", ["img_B.png"], ["img_d.png"]),
        ("[!a].png", ["b.png"], ["a.png", "A.png"]),
        ("drafts", ["drafts", "drafts/a", "x/Drafts/y/a"], ["drafts.jpg", "mydrafts/a"]),
        ("drafts/", ["drafts/a", "x/drafts/y/a"], ["drafts", "x/drafts"]),
        ("/drafts", ["drafts", "drafts/a"], ["x/drafts/a"]),
        ("./drafts/", ["drafts/a"], ["x/drafts/a", "drafts"]),
        ("2026/*-raw", ["2026/may-raw/a.jpg", "2026/may-raw"], ["x/2026/may-raw/a.jpg"]),
        ("2026/*", ["2026/a.jpg"], ["2026/may/a.jpg"]),
        (".*", [".hidden.jpg", ".cache/a.jpg", "x/.cache/y/a.jpg"], ["a.jpg", "x/a.b/c.jpg"]),
    ],
)
def test_globs_mean_what_shells_mean(glob: str, matching: list[str], other: list[str]) -> None:
    """One star stays within a folder, two stars cross folders, no case matters, a folder means what is in it."""
    pattern = Glob(glob)
    assert [True] * len(matching) == [bool(pattern.matches(path)) for path in matching]
    assert [False] * len(other) == [bool(pattern.matches(path)) for path in other]


@example(["*", "*", "/"], "")
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8), st.text("ab-./\n\u00e9c[]", max_size=12))
def test_it_matches_what_a_regular_expression_matches(tokens: list[str], path: str) -> None:
    """A glob of any tokens matches a path exactly if the regular expression of the same tokens does."""
    glob = "".join(tokens)
    if glob.startswith(("/", "./")) or glob.endswith("/"):
        return  # rows above test what these mean
    if tokens != re.findall(r"\*\*/|\*\*|\*|\[[^]]+\]|.", glob, re.DOTALL) or "[" in tokens or "***" in glob:
        return  # joined, these tokens would be others
    before = "" if "/" in glob else "(?:.*/)?"
    below = "" if "/" in glob and glob.rpartition("/")[2] == "*" else "(?:/.*)?"
    middle = "".join(REGULAR.get(token, re.escape(token)) for token in tokens)
    regular = re.compile(f"{before}{middle}{below}", re.DOTALL | re.IGNORECASE)
    assert bool(regular.fullmatch(path)) == Glob(glob).matches(path)


@pytest.mark.parametrize(
    "glob", ["*-*-*-*.jpg", "*" + "-*" * 20 + ".jpg", "**/*-**/*-**/*.jpg", "**-**-**-**-x", "[-]*[-]*[-]*[-]*x"]
)
def test_no_name_takes_long(glob: str) -> None:
    """A name of a thousand dashes takes no longer than any other; the suite's time limit checks that."""
    pattern = Glob(glob)
    for name in ("-" * 1024, "-/" * 512, "-" * 1000 + ".jpeg"):
        assert not pattern.matches(name)
    assert Glob("*-*-*-*.jpg").matches("-" * 1000 + ".jpg")


def test_it_forgets_what_names_taught_it() -> None:
    """Names of ever new characters do not fill the memory, and are still matched."""
    pattern = Glob("*-*.jpg")
    for first in range(0x4E00, 0x4E00 + 30_000, 10):
        assert pattern.matches("".join(map(chr, range(first, first + 10))) + "-.jpg")
    assert pattern._remembered <= 10_000 + 20
    assert pattern.matches("a-b.jpg")
