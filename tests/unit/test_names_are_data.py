"""Tests that thumbrun treats names as data: they stay inside the destination and are read back from records."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.console import printable, quoted
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.naming import NamingRule
from thumbrun.runs import records
from thumbrun.storage.gcs.store import GcsStore
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.local.walk import PRIVATE

TURNS = ("", ".", "..", "...", "\\", "..\\", "~", "C:", "nul", "-", " ", "%2e%2e", "_thumbrun", "local")
ODD = ("\0", "\n", "\x1b[2J", "\u202e", "\udcff", "</script>", "x" * 300, "é" * 200)
PLAIN = ("a", "A", "é", "e\u0301", "a.jpg", ".jpg", "b.HEIC")
PARTS = st.sampled_from((*TURNS, *ODD, *PLAIN))
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = st.lists(PARTS | ANY, min_size=1, max_size=6).map("/".join)
ROOT = Path("/destination/of/the thumbnails")


@pytest.mark.parametrize("layout", ["flat", "tree"])
@given(
    path=PATHS, format_=st.sampled_from(["keep", "jpeg", "avif"]), level=st.integers(0, 3), limit=st.integers(80, 900)
)
def test_no_name_leaves_the_folder_of_the_run(layout: str, path: str, format_: str, level: int, limit: int) -> None:
    """Every name that a folder accepts is a path below the run's folder, and never one of thumbrun's own."""
    name = "20261123T1748Z/" + NamingRule(layout, Recipe(format=format_), True, limit).names(path, "jpeg", level)[0]
    if LocalStore(str(ROOT)).name_problem(name) is None:
        target = os.path.normpath(f"{ROOT}/{name}")
        assert target == f"{ROOT}/{name}"
        assert target.startswith(f"{ROOT}/20261123T1748Z/")
        assert f"/{PRIVATE}/" not in f"{target}/"
        assert all(len(os.fsencode(part)) <= 255 for part in target.split("/"))
        os.fsencode(target)


@given(path=PATHS, level=st.integers(0, 3))
def test_no_name_is_what_a_bucket_cannot_hold(path: str, level: int) -> None:
    """Every name that a bucket accepts is Unicode of 1 to 1,024 bytes without line ends, below the run's folder."""
    name = "r/" + NamingRule("tree", Recipe(), False, 1022).names(path, "jpeg", level)[0]
    if GcsStore("bucket").name_problem(name) is None:
        assert 1 <= len(name.encode("utf-8")) <= 1024
        assert not set(name) & {"\r", "\n"}
        assert name.startswith("r/")


@given(first=PATHS, second=PATHS)
def test_names_that_a_disk_takes_for_one_have_one_key(first: str, second: str) -> None:
    """Two names that differ only by case or Unicode form have the same key in the rule for disks."""
    rule = NamingRule("tree", Recipe(), True, 900)
    for form in ("NFC", "NFD"):
        assert rule.key(first) == rule.key(unicodedata.normalize(form, first))
    if first.casefold() == second.casefold():
        assert rule.key(first) == rule.key(second)


@given(names=st.lists(PATHS | st.text(st.characters(codec=None, categories=None), max_size=20), max_size=8))
def test_records_give_back_every_name(names: list[str]) -> None:
    """Records give back names of any characters unchanged, including line ends and lone surrogates."""
    header, rows = records.from_lines(records.to_lines({"names": names}, [{"name": name} for name in names]), "x")
    assert names == header["names"] == [row["name"] for row in rows]
    assert names == records.from_json(records.to_json({"names": names}), "x")["names"]


@given(name=PATHS | st.text(st.characters(codec=None, categories=None), max_size=20))
def test_what_people_are_shown_is_one_printable_line(name: str) -> None:
    """Thumbrun shows every name as one printable line, which cannot move a cursor or turn the writing direction."""
    assert printable(name).isprintable()
    assert quoted(name).isprintable()
    printable(name).encode("utf-8")
