"""Tests that the links of the documents lead to files and headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r'(?:\]\(|(?:src|srcset|href)=")([^)"\s]+)')
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(document: str) -> set[str]:
    """Return the anchors that a forge gives to a document's headings."""
    blocks = re.sub(r"^```.*?^```$", "", document, flags=re.DOTALL | re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(blocks)}


def broken(path: Path) -> list[str]:
    """Return the links of a document that lead nowhere on this machine."""
    found = []
    for link in _LINK.findall(_CODE.sub("", path.read_text("utf-8"))):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if re.match("https?:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    """Each relative link of a document names a file that exists, and a heading in it."""
    assert [] == broken(path)


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """The check finds a missing file and a missing heading, and ignores code and other sites."""
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](page.md#here) [b](#gone) [c](gone.md)\n`[d](gone.md)` [e](https://example.org/#x)\n")
    assert ["#gone", "gone.md"] == broken(page)


def test_headings_have_the_anchors_of_a_forge() -> None:
    """An anchor has lower case, dashes for spaces, and no punctuation; a comment in a code block has no anchor."""
    assert {"one-run-two-tasks", "a_b--c"} == anchors("# One run, two tasks\n## `a_b` & c\n```sh\n# two\n```\n")
