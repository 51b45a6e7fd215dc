"""Tests of whole runs over photographs, with many tasks, kills, a change of minute, and names of every kind."""

import io
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.e2e.clocked import clocks_around_a_minute
from tests.e2e.requests import requests
from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.faults.wire.proxy import running_proxy
from tests.faults.wire.stage import let_through, wait_until
from tests.fidelity.measure import psnr
from tests.photographs import photographs, reduced
from thumbrun.demo.emulator import Emulator

BUCKET = "photos"
COUNT = 10
CLOCKED = "tests.e2e.clocked"
RUN_FOLDER = re.compile(r"(\d{8}T\d{4}Z(?:-\d+)?)/(.+)", re.DOTALL)
# These names are legal in a bucket and break code that does not quote them. All lie below the source, in/.
ODD_NAMES = (
    "with space.jpg",
    "hash#tag.jpg",
    "question?mark.jpg",
    "100%.jpg",
    "%2Fencoded%20.jpg",
    "emoji 🎉.jpg",
    "new\nline.jpg",
    "/leading slash.jpg",
    "a//double.jpg",
    "..jpg.jpg",
    "quote\"s'.jpg",
    "plus+and&.jpg",
    "é composed.jpg",
    "e\u0301 decomposed.jpg",
)


def upload(emulator: Emulator) -> dict[str, bytes]:
    """Upload the photographs under mixed names, some without content type, with other objects between them.

    Returns:
        The bytes of the images, by the object's name.
    """
    emulator.create_bucket(BUCKET)
    images: dict[str, bytes] = {}
    for number, (path, body) in enumerate(photographs().items()):
        name = f"in/{ODD_NAMES[number]}" if number < len(ODD_NAMES) else f"in/{path}"
        types = (None, "application/octet-stream", f"image/{path.rpartition('.')[2].replace('jpg', 'jpeg')}")
        images[name] = body
        emulator.put(BUCKET, name, body, content_type=types[number % 3])
    some = next(iter(images.values()))
    emulator.put(BUCKET, "in/", b"")
    emulator.put(BUCKET, "in/readme.txt", b"no image", content_type="text/plain")
    emulator.put(BUCKET, "inbox/not mine.jpg", some)
    emulator.put(BUCKET, "in.jpg", some)
    return images


def thumbnails(emulator: Emulator, bucket: str = BUCKET) -> dict[str, dict[str, str]]:
    """Return the metadata of all objects in run folders, by name."""
    return {name: item["metadata"] for name, item in emulator.objects(bucket).items() if RUN_FOLDER.fullmatch(name)}


def check_thumbnails(emulator: Emulator, images: Mapping[str, bytes], bucket: str = BUCKET) -> str:
    """Check that one folder holds each image's thumbnail once, and shows its image; return the run id."""
    found = thumbnails(emulator, bucket)
    folders = {name.partition("/")[0] for name in found}
    assert 1 == len(folders)
    by_source = {marks["thumbrun-source"].removeprefix(f"gs://{BUCKET}/"): name for name, marks in found.items()}
    assert len(images) == len(found)
    assert set(images) == set(by_source)
    for source, name in by_source.items():
        reference = reduced(images[source])
        with Image.open(io.BytesIO(emulator.read(bucket, name))) as thumbnail:
            assert reference.size == thumbnail.size, source
            assert psnr(reference, thumbnail.convert("RGB")) > 24, source
    return folders.pop()


def listings_of_source(emulator: Emulator, log: Path) -> list[str]:
    """Return the requests that listed the source, from the emulator's log."""
    lines = "\n".join(requests(emulator, log, BUCKET)).replace('\\"', '"')
    found = re.findall(rf'"GET (/storage/v1/b/{BUCKET}/o\?[^ ]*) HTTP', lines)
    listed = [request for request in found if "prefix=in/" in unquote(request)]
    return [
        request for request in listed if "maxResults=1&" not in request
    ]  # before a run, each task asks for one name


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("execution", ["thumbs-x7k2p", None])
def test_ten_tasks_with_kills_across_a_change_of_minute(
    emulator: Emulator, tasks: Tasks, emulator_log: Path, execution: str | None
) -> None:
    """Ten tasks that start across a change of minute make one run, though three are killed and one runs twice.

    One more task has another task count. The run's folder holds one thumbnail of every image, with the right size and
    picture, and the tasks list the source only once.
    """
    images = upload(emulator)
    common = clean_environment(
        STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}/in", THUMBRUN_WORKERS="1"
    )
    before, after = clocks_around_a_minute()
    started: dict[int, Task] = {}
    with ExitStack() as stack:
        # The tasks to kill and the one to run twice have a proxy of their own, which lets two images through.
        proxies = {index: stack.enter_context(running_proxy(emulator.url)) for index in (2, 4, 5, 8)}
        for index in range(COUNT):
            environment = common | (before if index < COUNT // 2 else after) | cloud_run(index, COUNT, 0, execution)
            if index in proxies:
                let_through(proxies[index], 2)
                environment["STORAGE_EMULATOR_HOST"] = proxies[index].url
            started[index] = tasks.module(CLOCKED, environment=environment)
            if index in (2, 5, 8):
                wait_until(proxies[index].held.is_set)
                assert started[index].process.poll() is None  # at work
                started[index].kill()
        wait_until(proxies[4].held.is_set)
        others = [
            tasks.module(CLOCKED, environment=common | after | cloud_run(4, COUNT, 0, execution)),  # a second live copy
            tasks.module(CLOCKED, environment=common | after | cloud_run(3, 7, 0, execution)),  # another task count
        ]
        wait_until(lambda: all("Plan " in task.output() for task in others))
        for index in (2, 5, 8):
            environment = common | after | cloud_run(index, COUNT, 1, execution)
            environment["STORAGE_EMULATOR_HOST"] = proxies[index].url
            started[index] = tasks.module(CLOCKED, environment=environment)
        # All have joined the run before it can be finished.
        wait_until(lambda: all("Plan " in started[index].output() for index in range(COUNT)))
        for proxy in proxies.values():
            proxy.release()
        assert [0] * (COUNT + 2) == [task.wait() for task in [*started.values(), *others]], tasks.outputs()
    run_id = check_thumbnails(emulator, images)
    assert 1 == len(listings_of_source(emulator, emulator_log))
    begun = re.findall(r"Run (\S+) \(|\"message\": \"Run (\S+) \(", tasks.outputs())
    assert {run_id} == {"".join(names) for names in begun}
    assert COUNT + len(others) + 3 == len(begun)
    summaries = [name for name in emulator.objects(BUCKET) if name.endswith("summary.json")]
    assert [f"_thumbrun/runs/{run_id}/summary.json"] == summaries
    assert set(images) | {"in/", "in/readme.txt", "inbox/not mine.jpg", "in.jpg"} == {
        name
        for name in emulator.objects(BUCKET)
        if not RUN_FOLDER.fullmatch(name) and not name.startswith("_thumbrun/")
    }


def test_one_task_without_any_engine(emulator: Emulator, tasks: Tasks) -> None:
    """`python process.py` does the whole run with only the source in its environment."""
    images = upload(emulator)
    task = tasks.start(clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}/in/"))
    assert 0 == task.wait(), task.output()
    run_id = check_thumbnails(emulator, images)
    assert f"The run is complete: {len(images)} done. Thumbnails: gs://{BUCKET}/{run_id}/" in task.output()


@pytest.mark.slow
def test_another_bucket_leaves_the_source_untouched(emulator: Emulator, tasks: Tasks) -> None:
    """With OUTPUT_BUCKET, thumbrun writes nothing to the source's bucket, not even records."""
    images = upload(emulator)
    emulator.create_bucket("thumbs")
    before = emulator.objects(BUCKET)
    variables = {"STORAGE_EMULATOR_HOST": emulator.url, "INPUT_FOLDER": f"gs://{BUCKET}/in", "OUTPUT_BUCKET": "thumbs"}
    task = tasks.start(clean_environment(**variables))
    assert 0 == task.wait(), task.output()
    assert before == emulator.objects(BUCKET)
    check_thumbnails(emulator, images, "thumbs")


@pytest.mark.slow
def test_the_root_of_the_bucket_as_source_three_times(emulator: Emulator, tasks: Tasks) -> None:
    """Thumbrun never takes its own objects for items, even after its records were deleted."""
    emulator.create_bucket(BUCKET)
    images = dict(list(photographs().items())[-20:])
    for name, body in images.items():
        emulator.put(BUCKET, name, body)
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}")
    for number in range(1, 4):
        task = tasks.start(environment)
        assert 0 == task.wait(), task.output()
        assert f"Plan made: {len(images)} images" in task.output()
        assert number * len(images) == len(thumbnails(emulator))
        for name in emulator.objects(BUCKET, "_thumbrun/"):
            emulator.delete(BUCKET, name)
    assert 3 == len({name.partition("/")[0] for name in thumbnails(emulator)})


@pytest.mark.slow
def test_tasks_that_find_nothing_to_do_succeed(emulator: Emulator, tasks: Tasks) -> None:
    """If there are more tasks than images, the tasks without a shard exit with 0."""
    emulator.create_bucket(BUCKET)
    emulator.put(BUCKET, "in/one.jpg", next(iter(photographs().values())))
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}/in")
    started = [tasks.start(environment | cloud_run(index, 4, execution="few-1")) for index in range(4)]
    assert [0] * 4 == [task.wait() for task in started], tasks.outputs()
    assert 1 == len(thumbnails(emulator))


def test_a_terminated_task_hands_back_and_is_resumed(emulator: Emulator, tasks: Tasks) -> None:
    """On SIGTERM a task exits with 130 and prints the command that resumes the run; that command finishes it."""
    images = upload(emulator)
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, THUMBRUN_WORKERS="1")
    with running_proxy(emulator.url) as proxy:
        let_through(proxy, 5)
        task = tasks.command("run", f"gs://{BUCKET}/in", environment=environment | {"STORAGE_EMULATOR_HOST": proxy.url})
        wait_until(lambda: 5 == len(thumbnails(emulator)))
        task.process.terminate()
        assert 130 == task.wait(), task.output()
        assert 5 == len(thumbnails(emulator))
    found = re.search(r"thumbrun (run --resume gs://\S+)", task.output())
    assert found, task.output()
    again = tasks.command(*found[1].split(), environment=environment)
    assert 0 == again.wait(), again.output()
    check_thumbnails(emulator, images)
    finished = tasks.command(*found[1].split(), environment=environment)
    assert 0 == finished.wait(), finished.output()
    assert f"no image left to work on: all {len(images)} had an outcome before" in finished.output()


def test_tasks_side_by_side_on_this_machine(emulator: Emulator, tasks: Tasks) -> None:
    """`--tasks 3` runs three tasks, each with its own shards, and reports the whole run."""
    images = upload(emulator)
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    task = tasks.command("run", f"gs://{BUCKET}/in", "--tasks", "3", environment=environment)
    assert 0 == task.wait(), task.output()
    run_id = check_thumbnails(emulator, images)
    assert f"The run is complete: {len(images)} done" in task.output()
    # The nonces in the names of the ledger's parts tell how many processes wrote to it.
    ledger = emulator.objects(BUCKET, f"_thumbrun/runs/{run_id}/ledger/")
    assert 3 == len({name.rpartition("/")[2].partition("-")[0] for name in ledger})


def test_a_tree_keeps_the_paths_below_the_source(emulator: Emulator, tasks: Tasks) -> None:
    """With --layout tree, a thumbnail has the same path as its image, whatever characters its name has."""
    images = upload(emulator)
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    task = tasks.command("run", f"gs://{BUCKET}/in", "--layout", "tree", "--size", "40", environment=environment)
    assert 0 == task.wait(), task.output()
    below = {found[2] for name in thumbnails(emulator) if (found := RUN_FOLDER.fullmatch(name))}
    assert {name.removeprefix("in/") for name in images} == below


@pytest.mark.slow
def test_a_task_that_cannot_finish_says_how_to_go_on(emulator: Emulator, tasks: Tasks) -> None:
    """If the store fails, a task exits with 1, says what to check, and prints last the command that resumes the run."""
    upload(emulator)
    environment = clean_environment(INPUT_FOLDER=f"gs://{BUCKET}/in")
    with running_proxy(emulator.url) as proxy:
        proxy.refuse = lambda asked: "no" if asked.permission == "create" and RUN_FOLDER.match(asked.name) else None
        task = tasks.start(environment | {"STORAGE_EMULATOR_HOST": proxy.url})
        assert 1 == task.wait(), task.output()
    assert "check that the account that runs thumbrun has the permission storage.objects.create" in task.output()
    expected = rf"continue with: thumbrun run --resume gs://{BUCKET}/\d{{8}}T\d{{4}}Z/$"
    assert re.search(expected, task.output().strip())


def test_cloud_run_gets_one_json_object_a_line(emulator: Emulator, tasks: Tasks) -> None:
    """On Cloud Run, thumbrun prints one JSON object a line, with severity, message and the labels of run and task."""
    emulator.create_bucket(BUCKET)
    emulator.put(BUCKET, "in/new\nline.jpg", b"no image", content_type="image/jpeg")
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}/in")
    task = tasks.start(environment | cloud_run(0, 1, 2, "thumbs-1") | {"CLOUD_RUN_JOB": "thumbs"})
    assert 0 == task.wait(), task.output()
    lines = [json.loads(line) for line in task.output().splitlines()]
    assert {"INFO", "WARNING", "NOTICE"} == {line["severity"] for line in lines}
    assert all(isinstance(line["message"], str) for line in lines)
    labels = [line["logging.googleapis.com/labels"] for line in lines]
    assert {("0", "2")} == {(label["task"], label["attempt"]) for label in labels}
    assert 1 == len({label["run"] for label in labels})
    (failed,) = (line for line in lines if line["event"] == "image-failed")
    assert ("in/new\nline.jpg", "unreadable") == (failed["source"], failed["reason"])
