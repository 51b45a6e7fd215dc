"""A task with default settings lives inside what Cloud Run gives by default: 512 MiB and one processor."""

import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.tasks import Task, Tasks, clean_environment
from tests.photographs import draw, photographs

CONTAINER = 512 << 20
SIDE = 8660  # 50 megapixels


def peak_of(task: Task) -> int:
    """Return the most memory, in bytes, that a task and all of its processes had together until it ended."""
    peak = 0
    process = psutil.Process(task.process.pid)
    while task.process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            # Proportional: what processes share is counted once, as a container's limit does.
            peak = max(peak, sum(member.memory_full_info().pss for member in family))
        except psutil.Error:
            pass  # one of them ended while it was looked at
        time.sleep(0.01)  # between two looks
    return peak


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(not hasattr(psutil.Process().memory_full_info(), "pss"), reason="only Linux tells")
def test_large_and_many_images_stay_within_the_container(
    tasks: Tasks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Photographs, and pictures of 50 megapixels in every way that takes memory, together stay below 512 MiB."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, body in photographs().items():
        (folder / name.replace("/", "-")).write_bytes(body)
    large = draw(SIDE, 1)
    large.save(folder / "a-baseline.jpg", quality=85)
    large.save(folder / "b-progressive.jpg", quality=85, progressive=True)
    large.save(folder / "c-full-colour.jpg", quality=85, progressive=True, subsampling=0)
    large.save(folder / "d.png", compress_level=1)
    large.save(folder / "e.webp", quality=60, method=0)
    large.save(folder / "f.tif")
    large.convert("L").save(folder / "g-grey.png", compress_level=1)
    del large
    # What the defaults come to in such a container.
    environment = clean_environment(THUMBRUN_WORKERS="1", THUMBRUN_MEMORY=str(CONTAINER * 5 // 8))
    task = tasks.command("run", str(folder), "--output", str(tmp_path / "out"), environment=environment)
    peak = peak_of(task)
    assert 0 == task.wait(), task.output()
    with capsys.disabled():
        print(f"\nmost memory of a task and its processes: {peak >> 20} MiB of {CONTAINER >> 20}")
        print(*(line for line in task.output().splitlines() if "out-of-memory" in line), sep="\n")
    assert peak < CONTAINER
    thumbnails = {path.name for path in (tmp_path / "out").glob("*Z/*")}
    assert {"a-baseline.jpg", "b-progressive.jpg", "d.png", "g-grey.png"} <= thumbnails
