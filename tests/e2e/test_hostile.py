"""Tests of a run over hostile images: every image gets an outcome, and the task survives."""

import re
from collections import Counter

import pytest

from tests.e2e.ledgers import outcomes
from tests.e2e.tasks import Tasks, clean_environment
from tests.hostile import hostile_images
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator
from thumbrun.outcomes import Reason


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_hostile_image_has_an_outcome(
    emulator: Emulator, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each object gets exactly one outcome, whatever its bytes are; healthy images are done, and the task succeeds."""
    emulator.create_bucket("hostile")
    healthy = dict(list(photographs().items())[-20:])
    objects = hostile_images() | {f"healthy/{name}": body for name, body in healthy.items()}
    for name, body in objects.items():
        emulator.put("hostile", f"in/{name}", body, content_type="application/octet-stream")
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER="gs://hostile/in")
    task = tasks.start(environment | {"THUMBRUN_LAYOUT": "tree", "THUMBRUN_DETECT": "content"})
    assert 0 == task.wait(500), task.output()
    found = re.search(r"Plan made: ([\d,]+) images", task.output())
    assert found
    planned = int(found[1].replace(",", ""))
    rows = outcomes(emulator, "hostile")
    assert planned == len(rows) == len({row["source"] for row in rows})
    assert {row["reason"] for row in rows if "reason" in row} <= {str(reason) for reason in Reason}
    done = {row["source"].removeprefix("in/") for row in rows if row["status"] == "done"}
    assert {f"healthy/{name}" for name in healthy} <= done
    counts = Counter((row["status"], row.get("reason", "")) for row in rows)
    with capsys.disabled():
        print(f"\n{len(objects):,} hostile and healthy files, {planned:,} of them items:")
        for (status, reason), count in counts.most_common():
            print(f"  {count:>6,}  {status} {reason}")
