"""Tests of several sizes of every image, with real processes and an emulator."""

import io

import pytest
from PIL import Image

from tests.e2e.tasks import Tasks, cloud_run
from tests.e2e.test_verify import BUCKET, environment, go_on, verify
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator

SIZES = ("400x400", "160x90", "100x100")
IMAGES = 8


def test_the_metadata_of_a_bucket_are_kept(tasks: Tasks, emulator: Emulator) -> None:
    """The plan carries what the listing shows, and a retry makes a lost thumbnail with the same metadata again."""
    emulator.create_bucket(BUCKET)
    own = {"artist": "Ana", "note": 'a "quoted" title\n\u2028', "thumbrun-note": "not kept"}
    emulator.put(BUCKET, "in/a.jpg", next(iter(photographs().values())), metadata=own)
    options = ("--run-id", "one", "--metadata", "keep")
    started = tasks.command("run", f"gs://{BUCKET}/in", *options, environment=environment(emulator))
    assert 0 == started.wait(), started.output()
    (made,) = emulator.objects(BUCKET, "one/").values()
    kept = {key: value for key, value in made["metadata"].items() if not key.startswith("thumbrun-")}
    assert {key: own[key] for key in ("artist", "note")} == kept
    emulator.delete(BUCKET, "one/a.jpg")
    retried = tasks.command("retry", f"gs://{BUCKET}/one", environment=environment(emulator))
    assert 0 == retried.wait(), retried.output()
    (again,) = emulator.objects(BUCKET, "one/").values()
    assert made["metadata"] == again["metadata"]


@pytest.mark.slow
def test_every_size_of_every_item(tasks: Tasks, emulator: Emulator) -> None:
    """Two tasks make three sizes of each image; `verify` finds a lost and a wrong one, and its advice restores both."""
    emulator.create_bucket(BUCKET)
    for number, body in enumerate(list(photographs().values())[:IMAGES]):
        emulator.put(BUCKET, f"in/{number:02}.jpg", body)
    command = ["run", f"gs://{BUCKET}/in", "--size", "100", "--size", "400,160x90", "--format", "jpeg"]
    started = [
        tasks.command(*command, environment=environment(emulator, **cloud_run(index, 2, execution="e")))
        for index in range(2)
    ]
    for task in started:
        assert 0 == task.wait(), task.output()
    (run,) = {name.partition("/")[0] for name in emulator.objects(BUCKET, "2")}
    made = emulator.objects(BUCKET, f"{run}/")
    assert {f"{run}/{size}/{number:02}.jpg" for size in SIZES for number in range(IMAGES)} == set(made)
    for name in made:
        across, down = map(int, name.split("/")[1].split("x"))
        with Image.open(io.BytesIO(emulator.read(BUCKET, name))) as thumbnail:
            assert thumbnail.width <= across
            assert thumbnail.height <= down
    code, found = verify(tasks, emulator, run)
    assert (0, True, IMAGES, 3 * IMAGES) == (code, found["right"], found["items"], found["objects"])

    gone, wrong = f"{run}/160x90/03.jpg", f"{run}/100x100/05.jpg"
    emulator.delete(BUCKET, gone)
    emulator.delete(BUCKET, wrong)
    body = emulator.read(BUCKET, f"{run}/400x400/05.jpg")
    emulator.put(BUCKET, wrong, body, content_type="image/jpeg", metadata=made[wrong]["metadata"])
    for arguments in ((), ("--quick",)):
        code, found = verify(tasks, emulator, run, *arguments)
        assert {
            ("missing", f"gs://{BUCKET}/{gone}", "160x90"),
            ("wrong-length", f"gs://{BUCKET}/{wrong}", "100x100"),
        } == {(finding["kind"], finding["object"], finding["size"]) for finding in found["findings"]}
    emulator.delete(BUCKET, wrong)
    go_on(tasks, emulator, found["advice"])
    code, found = verify(tasks, emulator, run)
    assert (0, {}) == (code, found["counts"])
    assert made[gone]["size"] == emulator.objects(BUCKET, f"{run}/")[gone]["size"]
