"""Tests that docs/troubleshooting.md shows what thumbrun really says: each mistake is made, and the texts compared."""

import os
import re

import pytest

from tests.e2e.tasks import ROOT
from tests.ship.mistakes import MISTAKES

PAGE = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
SHOWN = dict(re.findall(r"<!-- mistake: (.+?) -->\n```text\n(.+?)```", PAGE, re.DOTALL))
CODES = {
    "nothing there": 4,
    "misspelt variable": 4,
    "too large for the memory": 0,
    "other processor": 126,
    "no key file": 2,
    "unreadable key file": 2,
}
FOR_ROOT = {"unreadable key file", "folder of another user"}


def test_every_mistake_is_shown() -> None:
    """The page shows each mistake that the tests can make, and no other."""
    assert MISTAKES.keys() == SHOWN.keys()


@pytest.mark.ship
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_page_shows_what_is_said(mistake: str) -> None:
    """Whoever makes a mistake reads each line that the page shows, no traceback, and gets the right exit code."""
    if mistake in FOR_ROOT and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    said = MISTAKES[mistake]()
    for line in SHOWN[mistake].splitlines():
        assert line in said.text
    assert "Traceback" not in said.text
    assert said.code == CODES.get(mistake, 2 if "thumbrun did nothing" in said.text else 1)
