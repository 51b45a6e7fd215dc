"""Tests that the pictures in the documents are what their Mermaid sources say, without a browser."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from PIL import Image

from bench.scaling import plan_virtually
from bench.tasks import share
from tests.unit.test_documents import ROOT, module

DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
CHARTS = ("agreement", "batch", "benefits", "flow", "why-tasks")
_FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the exporting program, which sees a copy of the charts in `tmp_path`."""
    program: ModuleType = module("diagrams")
    shutil.copytree(program.FOLDER, tmp_path / "diagrams")
    monkeypatch.setattr(program, "FOLDER", tmp_path / "diagrams")
    monkeypatch.setattr(program, "THEME", tmp_path / "diagrams/theme.json")
    return program


def own_charts(documents: tuple[Path, ...], sources: list[str]) -> list[str]:
    """Return the documents that hold a Mermaid chart which is not one of the sources."""
    return [
        path.name
        for path in documents
        for chart in _FENCE.findall(path.read_text("utf-8"))
        if chart.strip() not in sources
    ]


def test_every_chart_has_current_exports() -> None:
    """Each chart has an SVG and a PNG, made from its present source and theme, and no export lacks its source."""
    program = module("diagrams")
    assert list(CHARTS) == [source.stem for source in program.sources()]
    assert [] == program.stale()


def test_a_changed_source_makes_its_exports_stale(copied: ModuleType) -> None:
    """A change of one chart concerns its two exports and no others; a change of the theme concerns all."""
    source = copied.FOLDER / "batch.mmd"
    source.write_text(source.read_text("utf-8").replace("1,000", "2,000"), "utf-8")
    assert ["batch.png", "batch.svg"] == [path.name for path in copied.stale()]
    copied.THEME.write_text(copied.THEME.read_text("utf-8") + "\n", "utf-8")
    assert 2 * len(CHARTS) == len(copied.stale())


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_missing_export_and_one_without_a_source_are_found(kind: str, copied: ModuleType) -> None:
    """An export that was deleted is stale, and so is one whose source was deleted."""
    (copied.FOLDER / f"flow.{kind}").rename(copied.FOLDER / f"gone.{kind}")
    assert [f"flow.{kind}", f"gone.{kind}"] == [path.name for path in copied.stale()]


def test_charts_of_documents_are_sources(tmp_path: Path) -> None:
    """No document holds a Mermaid chart that differs from every source; the check finds one that does."""
    sources = [source.read_text("utf-8").strip() for source in module("diagrams").sources()]
    assert [] == own_charts(DOCUMENTS, sources)
    page = tmp_path / "page.md"
    page.write_text(f"```mermaid\n{sources[0]}\n```\n", "utf-8")
    assert [] == own_charts((page,), sources)
    page.write_text("```mermaid\nflowchart LR\n    a --> b\n```\n", "utf-8")
    assert ["page.md"] == own_charts((page,), sources)


def test_every_chart_is_shown_by_a_document() -> None:
    """A document shows the SVG of each chart, with a text for those who do not see it."""
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    assert set(CHARTS) == set(re.findall(r"!\[[^\]]{20,}\]\((?:docs/)?diagrams/([a-z-]+)\.svg\)", text))


@pytest.mark.parametrize("name", CHARTS)
def test_exports_bring_their_own_light_background(name: str) -> None:
    """Dark text stands on an opaque light background in both exports, so that a dark page does not swallow it."""
    program = module("diagrams")
    with Image.open(program.FOLDER / f"{name}.png") as picture:
        assert "transparency" not in picture.info
        corner = picture.convert("RGB").getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert min(corner) > 230
    root = ElementTree.parse(program.FOLDER / f"{name}.svg").getroot()  # noqa: S314  (our own file)
    first = root[0]
    assert "{http://www.w3.org/2000/svg}rect" == first.tag
    assert f"#{corner[0]:02x}{corner[1]:02x}{corner[2]:02x}" == first.get("fill")
    assert root.get("viewBox") == " ".join(first.get(key, "") for key in ("x", "y", "width", "height"))
    assert [] == list(root.iter("{http://www.w3.org/2000/svg}foreignObject"))  # text that only browsers draw


def test_the_batch_shows_the_plan_that_thumbrun_makes() -> None:
    """Of 1,000 images, a plan for 10 tasks makes about the shards that the chart shows, and each task gets its part."""
    text = (module("diagrams").FOLDER / "batch.mmd").read_text("utf-8")
    shown = int(re.findall(r"about (\d+) shards\n", text)[0])
    assert shown == pytest.approx(plan_virtually(10, 1_000).shards, rel=0.1)
    assert {shown // 10} == set(map(int, re.findall(r"about (\d+) shards,", text)))
    worked, _ = share(10, 0.001, images=1_000)
    assert [100] * 10 == pytest.approx([one.done for one in worked], rel=0.1)


def test_a_machine_without_the_tools_is_told_what_it_lacks(tmp_path: Path) -> None:
    """Without node, npm and a browser the export fails, names all three, and changes nothing."""
    (tmp_path / "docs").mkdir()
    program = shutil.copy(ROOT / "docs/diagrams.py", tmp_path / "docs")
    shutil.copytree(ROOT / "docs/diagrams", tmp_path / "docs/diagrams")
    (tmp_path / "docs/diagrams/flow.svg").unlink()
    ran = subprocess.run([sys.executable, program], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert 1 == ran.returncode
    for name in ("node", "npm", "chromium"):
        assert f"apt-get install {name}" in ran.stderr
    assert not (tmp_path / "docs/diagrams/flow.svg").exists()
