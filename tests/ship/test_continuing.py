"""Tests that a run can be continued with another number of tasks, as docs/tasks.md says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.test_documents import ROOT


@pytest.mark.slow
def test_another_execution_continues_a_run_with_more_tasks(tmp_path: Path) -> None:
    """With THUMBRUN_RESUME beside the job's own variables, three tasks finish what one of two tasks began."""
    pages = (ROOT / "docs/tasks.md").read_text("utf-8")
    assert re.search(r"execute .*(?:\\\n *)?--update-env-vars THUMBRUN_RESUME=\d{8}T\d{4}Z\n", pages)
    (tmp_path / "in").mkdir()
    for number in range(6):
        Image.new("RGB", (200, 150), (number * 40, 0, 0)).save(tmp_path / f"in/{number}.jpg")

    def work(execution: str, index: int, count: int, **more: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "INPUT_FOLDER": (tmp_path / "in").as_uri(),
            "OUTPUT_BUCKET": (tmp_path / "out").as_uri(),
            "CLOUD_RUN_EXECUTION": execution,
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(count),
            **more,
        }
        ran = subprocess.run(
            [sys.executable, "process.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return ran.stdout + ran.stderr

    work("first", 0, 2)
    (run,) = (path for path in (tmp_path / "out").iterdir() if path.name != "_thumbrun")
    begun = {path.name: path.stat().st_ino for path in run.iterdir()}
    assert 0 < len(begun) < 6
    said = [work("second", index, 3, THUMBRUN_RESUME=run.name) for index in range(3)]
    assert {f"{number}.jpg" for number in range(6)} == {path.name for path in run.iterdir()}
    assert begun == {name: (run / name).stat().st_ino for name in begun}  # none was made again
    assert [run.name] == [path.name for path in (tmp_path / "out").iterdir() if path.name != "_thumbrun"]
    assert "The run is complete: 6 done" in "".join(said)
