"""Tests that run the examples of docs/library.md."""

import logging
import re
from pathlib import Path

import pytest

import thumbrun
from tests.unit.api.pictures import picture

PAGE = (Path(__file__).parents[3] / "docs/library.md").read_text("utf-8")


def test_the_examples_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example of the page runs after those before it, in a folder with pictures, and says what the page says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)  # it would hold for all tests
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/hill.jpg").write_bytes(picture())
    (tmp_path / "pictures/broken.jpg").write_bytes(b"no image")
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert 7 == len(examples)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "docs/library.md", "exec"), names)  # noqa: S102  (the project's own page)
    said = capsys.readouterr()
    assert "" == said.err
    for words in (
        "200 133 webp",
        "unreadable the bytes are in no image format",
        "1 {'unreadable': 1}",
        "broken.jpg unreadable",
        "True {} ()",
        "1 of 2 images has a thumbnail; 1 failed.",
        "50 True",
        "size is '0'; it must be",
        "image_timeout is '-1'; it must be",
    ):
        assert words in said.out
    assert {"hill.webp", "thumbs", "report.html"} < {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", sorted({*thumbrun.__all__} - {"__version__"}))
def test_the_page_names_everything(name: str) -> None:
    """The page names each function, result and error that `import thumbrun` offers."""
    assert re.search(rf"[`.]{name.removesuffix('_async')}\b", PAGE)
