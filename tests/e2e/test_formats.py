"""Tests of several formats and of names by a pattern, with real processes and folders."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.tasks import Tasks
from tests.photographs import photographs

WIDTHS, SUFFIXES = (60, 30), {"webp": "WEBP", "jpg": "JPEG"}
PATHS = ("a.jpg", "trip/a.jpg", "trip/b.jpg")


@pytest.mark.slow
def test_every_format_of_every_item(tasks: Tasks, tmp_path: Path) -> None:
    """Two tasks make each size in each format under its name, `verify` finds a lost one, and a retry restores it."""
    for path, body in zip(PATHS, photographs().values(), strict=False):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(body)
    flags = ("--size", "60x60,30x30", "--format", "webp,jpg", "--quality", "webp=70", "--tasks", "2")
    words = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--run-id", "r", *flags)
    task = tasks.command(*words, "--name", "{stem}_{width}.{ext}", "--new")
    assert 2 == task.wait()  # --run-id and --new cannot go together
    task = tasks.command(*words, "--name", "{stem}_{width}.{ext}")
    assert 0 == task.wait(), task.output()
    run = tmp_path / "out/r"
    made = {path.name: path for path in run.iterdir()}
    marks = {name.partition("_")[0] for name in made}
    assert 3 == len(marks)
    assert "b" in marks
    assert {f"{stem}_{width}.{suffix}" for stem in marks for width in WIDTHS for suffix in SUFFIXES} == set(made)
    for name, file in made.items():
        width, _, suffix = name.rpartition("_")[2].partition(".")
        with Image.open(io.BytesIO(file.read_bytes())) as picture:
            assert (SUFFIXES[suffix], int(width)) == (picture.format, max(picture.size))
    found = verified(tasks, run)
    assert (True, 3, 12) == (found["right"], found["items"], found["objects"])

    lost = made["b_30.jpg"]
    body = lost.read_bytes()
    lost.unlink()
    (finding,) = verified(tasks, run, code=3)["findings"]
    assert ("missing", f"file://{lost}", "30x30 jpeg") == (finding["kind"], finding["object"], finding["size"])
    task = tasks.command("retry", str(run), "--reason", "missing")
    assert 0 == task.wait(), task.output()
    assert body == lost.read_bytes()
    assert verified(tasks, run)["right"]


def verified(tasks: Tasks, run: Path, *, code: int = 0) -> dict[str, Any]:
    """Check a run, and return what that finds."""
    task = tasks.command("verify", str(run), "--json")
    assert code == task.wait(), task.output()
    output = task.output()
    found: dict[str, Any] = json.loads(output[output.index("{") :])
    return found


def test_a_pattern_that_cannot_tell_two_sizes_apart(tasks: Tasks, tmp_path: Path) -> None:
    """Wrong names, formats and qualities are refused together, each with what would be right; nothing is written."""
    (tmp_path / "in").mkdir()
    words = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--size", "60,30")
    task = tasks.command(*words, "--name", "{stem}.{ext}", "--format", "webp", "--quality", "avif=101")
    assert 2 == task.wait()
    assert "it gives 60x60 and 30x30 the same name; add {width} or {height}" in task.output()
    assert "--quality / THUMBRUN_QUALITY is 'avif=101'; it must be a whole number, 1 to 100" in task.output()
    assert not (tmp_path / "out").exists()
