"""Tests that a task with default settings fits the default container of Cloud Run: 512 MiB and one processor."""

import io
from collections import Counter

import pytest
from PIL import Image

from tests.e2e.family import MEASURABLE, peaks_of
from tests.e2e.ledgers import outcomes
from tests.e2e.tasks import Tasks, clean_environment
from tests.faults.images.bombs import BOMBS
from tests.hostile import hostile_images
from tests.photographs import draw, photographs
from tests.steady.decoded import VARIABLE
from thumbrun.demo.emulator import Emulator

CONTAINER = 512 << 20
SIDE = 8660  # 50 megapixels
# thumbrun chooses these values by default in such a container.
DEFAULTS = {"THUMBRUN_WORKERS": "1", "THUMBRUN_MEMORY": str(CONTAINER * 5 // 8)}
LARGE = 30


def large() -> dict[str, bytes]:
    """Return 30 photographs of 50 megapixels by name: most as cameras make them, some in each form that takes memory.

    Several have the same bytes, because drawing 30 takes longer than rendering them, and a task remembers no image.
    """
    drawn = draw(SIDE, 1)

    def saved(format_: str, picture: Image.Image = drawn, **options: int | bool) -> bytes:
        target = io.BytesIO()
        picture.save(target, format_, **options)
        return target.getvalue()

    made = {
        "progressive.jpg": saved("JPEG", quality=85, progressive=True),
        "full-colour.jpg": saved("JPEG", quality=85, progressive=True, subsampling=0),
        "grey.png": saved("PNG", drawn.convert("L"), compress_level=1),
        "colour.png": saved("PNG", compress_level=1),
        "flat.webp": saved("WEBP", drawn.resize((87, 58)).resize(drawn.size, Image.Resampling.NEAREST), method=0),
        "raw.tif": saved("TIFF"),
    }
    cameras = [saved("JPEG", quality=quality) for quality in (75, 85, 92)]
    many = {f"progressive-{number}.jpg": made["progressive.jpg"] for number in range(5)}
    rest = LARGE - len(made) - len(many)
    return made | many | {f"camera-{number}.jpg": cameras[number % len(cameras)] for number in range(rest)}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not MEASURABLE, reason="only Linux tells")
def test_large_and_hostile_images_stay_within_the_container(
    emulator: Emulator, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task stays below 512 MiB with the hostile corpus, every bomb, and 30 photographs of 50 megapixels."""
    emulator.create_bucket("memory")
    hostile = hostile_images() | {name.replace(" ", "-"): bomb.make() for name, bomb in BOMBS.items()}
    objects = {f"hostile/{name}": body for name, body in hostile.items()}
    objects |= {f"large/{name}": body for name, body in large().items()}
    objects |= {f"photographs/{name}": body for name, body in list(photographs().items())[-20:]}
    for name, body in objects.items():
        emulator.put("memory", f"in/{name}", body, content_type="application/octet-stream")
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER="gs://memory/in", **DEFAULTS)
    environment.pop(VARIABLE, None)  # The stand-in of tests.steady would count as the task's memory.
    environment |= {"THUMBRUN_LAYOUT": "tree", "THUMBRUN_DETECT": "content", "THUMBRUN_IMAGE_TIMEOUT": "600"}
    task = tasks.start(environment)
    resident, everything = peaks_of(task)
    assert 0 == task.wait(), task.output()
    rows = outcomes(emulator, "memory")
    became = {row["source"].removeprefix("in/"): row.get("reason", row["status"]) for row in rows}
    with capsys.disabled():
        print(f"\n{len(objects):,} objects, {LARGE} of 50 megapixels: {resident >> 20} MiB at most, {everything >> 20}")
        print(f"with temporary files, of {CONTAINER >> 20}. {Counter(became.values())}")
    assert everything < CONTAINER
    assert len(rows) == len(became)
    of_large = {name.removeprefix("large/"): what for name, what in became.items() if name.startswith("large/")}
    # Such a task has too little memory to decode full colour in progressive scans, and to hold the TIFF.
    beyond = dict.fromkeys(("full-colour.jpg", "raw.tif"), "out-of-memory")
    assert dict.fromkeys(of_large, "done") | beyond == of_large
    assert LARGE == len(of_large)
