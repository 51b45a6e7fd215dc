"""Tests of the settings that keep a run from becoming larger, dearer or longer than meant."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with five photographs."""
    source = tmp_path / "in"
    source.mkdir()
    for number, body in zip(range(5), photographs().values(), strict=False):
        (source / f"{number}.jpg").write_bytes(body)
    return source


def only_run(tasks: Tasks, output: Path) -> dict[str, Any]:
    """Return what `thumbrun list` says of the one run in an output."""
    listed = tasks.command("list", str(output), "--json")
    assert 0 == listed.wait(), listed.output()
    (run,) = json.loads(listed.output())["runs"]
    return dict(run)


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("tasks_flag", [(), ("--tasks", "2")])
def test_more_images_than_meant(tasks: Tasks, folder: Path, tmp_path: Path, tasks_flag: tuple[str, ...]) -> None:
    """A run of more images than --max-images ends with 2; the same command with a higher number is the same run."""
    command = ("run", str(folder), "--output", str(tmp_path / "out"), *tasks_flag, "--max-images")
    refused = tasks.command(*command, "3")
    assert 2 == refused.wait(), refused.output()
    assert "is 3, but the source holds 5 images, 2 images more; raise it" in refused.output()
    assert 1 == refused.output().count("thumbrun made no thumbnail, because:")
    assert not list((tmp_path / "out").glob("*/*.jpg"))
    assert "refused" == only_run(tasks, tmp_path / "out")["state"]
    allowed = tasks.command(*command, "5")
    assert 0 == allowed.wait(), allowed.output()
    assert 5 == len(list((tmp_path / "out").glob("2*/*.jpg")))
    assert "complete" == only_run(tasks, tmp_path / "out")["state"]


def test_the_status_of_a_refused_run(tasks: Tasks, folder: Path, tmp_path: Path) -> None:
    """The status says that a run was refused and what goes on with it, and not that somebody plans it."""
    output = tmp_path / "out"
    refused = tasks.command("run", str(folder), "--output", str(output), "--run-id", "one", "--max-images", "3")
    assert 2 == refused.wait(), refused.output()
    asked = tasks.command("status", str(output / "one"))
    assert 0 == asked.wait(), asked.output()
    assert "Run one was refused: the source holds more images" in asked.output()
    assert "To go on, give a higher limit with the same command." in asked.output()
    assert "--resume" not in asked.output()
    record = tasks.command("status", str(output / "one"), "--json")
    assert 0 == record.wait(), record.output()
    assert "refused" == json.loads(record.output())["state"]


def test_a_plan_of_more_images_than_meant(tasks: Tasks, folder: Path) -> None:
    """A plan says the same, and writes nothing."""
    refused = tasks.command("plan", str(folder), "--max-images", "4")
    assert 2 == refused.wait(), refused.output()
    assert "the source holds 5 images, 1 image more" in refused.output()


@pytest.mark.slow
def test_a_run_that_costs_more_than_meant(tasks: Tasks, emulator: Emulator) -> None:
    """Both tasks of a run that is too dear end with 2, and nothing is made; the same job with more money goes on."""
    for bucket in ("pictures", "thumbs"):
        emulator.create_bucket(bucket)
    for number, body in zip(range(5), photographs().values(), strict=False):
        emulator.put("pictures", f"in/{number}.jpg", body, content_type="image/jpeg")

    def job(max_cost: str) -> list[Task]:
        common = {"STORAGE_EMULATOR_HOST": emulator.url, "INPUT_FOLDER": "gs://pictures/in", "OUTPUT_BUCKET": "thumbs"}
        return [
            tasks.start(clean_environment(**common, **cloud_run(index, 2), THUMBRUN_MAX_COST=max_cost))
            for index in range(2)
        ]

    for task in job("0.00001"):
        assert 2 == task.wait(), task.output()
        assert "--max-cost / THUMBRUN_MAX_COST is <$0.0001, but the run might cost $0.00" in task.output()
    assert not [name for name in emulator.objects("thumbs") if not name.startswith("_thumbrun/")]
    for task in job("1"):
        assert 0 == task.wait(), task.output()
    made = [name for name in emulator.objects("thumbs") if not name.startswith("_thumbrun/")]
    assert (5, 1) == (len(made), len({name.partition("/")[0] for name in made}))


def test_a_bill_of_a_bucket(tasks: Tasks, emulator: Emulator, tmp_path: Path) -> None:
    """A plan with a sample is one JSON document with estimates and prices, and leaves the buckets as they are."""
    for bucket in ("pictures", "thumbs"):
        emulator.create_bucket(bucket)
    for number, body in zip(range(5), photographs().values(), strict=False):
        emulator.put("pictures", f"in/{number}.jpg", body, content_type="image/jpeg")
    before = emulator.objects("pictures")
    prices = tmp_path / "prices.json"
    row = {"id": "run/vcpu", "usd": 1, "date": "2026-11-28", "source": "an invoice"}
    prices.write_text(json.dumps({"version": 1, "prices": [row]}))
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    flags = ("--output", "gs://thumbs", "--sample", "3", "--deadline", "10m", "--prices", str(prices))
    plan = tasks.command("plan", "gs://pictures/in", *flags, "--json", environment=environment)
    assert 0 == plan.wait(), plan.output()
    said = plan.output()
    found = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert (5, "sample", 3) == (found["items"], found["rates"]["from"], found["rates"]["images"])
    assert {"tasks": 1, "fits": True, "why": "the fewest that are sure to be in time"} == found["recommended"]
    assert found["estimates"][0]["usd"] > 0.5  # a second of a processor costs a dollar
    assert {**row, "what": "Cloud Run jobs, processors", "per": "vCPU-second"} in found["prices"]
    assert before == emulator.objects("pictures")
    assert {} == dict.fromkeys(emulator.objects("thumbs"))


def test_an_attempt_that_takes_too_long(tasks: Tasks, folder: Path, tmp_path: Path) -> None:
    """An attempt ends with 1 after --max-duration, however early that is, and the same command without it goes on."""
    command = ("run", str(folder), "--output", str(tmp_path / "out"), "--run-id", "one")
    for _ in range(2):
        stopped = tasks.command(*command, "--max-duration", "0.001")
        assert 1 == stopped.wait(), stopped.output()
        assert "stopped after 0.001 seconds, the limit of --max-duration / THUMBRUN_MAX_DURATION" in stopped.output()
    again = tasks.command(*command)
    assert 0 == again.wait(), again.output()
    assert 5 == len(list((tmp_path / "out/one").iterdir()))
