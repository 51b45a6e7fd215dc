"""Tests of the commands on a local run whose records are damaged: each says what is wrong, and what leads on does."""

import gzip
import json
import shlex
from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks
from tests.photographs import photographs
from thumbrun.runs.records import to_json, to_lines


def begin(tasks: Tasks, folder: Path, run_id: str) -> Path:
    """Make one run of three images, and return the folder of its records."""
    source = folder / "in"
    source.mkdir(exist_ok=True)
    for number, body in enumerate(list(photographs().values())[:3]):
        (source / f"{number}.jpg").write_bytes(body)
    job = tasks.command("run", str(source), "--output", str(folder / "out"), "--run-id", run_id)
    assert 0 == job.wait(), job.output()
    return folder / "out/_thumbrun/runs" / run_id


def last_part(records: Path) -> Path:
    """Return the part that seals the first shard."""
    return max((records / "ledger/0000000").iterdir())


def with_status(status: object) -> bytes:
    """Return a ledger part of shard 0 whose outcome has a status."""
    header = {"run": "one", "shard": 0, "round": 0, "task": 0, "tasks": 1, "attempt": 0, "execution": None}
    row = {"item": 0, "source": "0.jpg", "generation": "1", "output": "0.jpg", "status": status}
    return to_lines({**header, "at": "2026-01-02T15:30:00+00:00", "sealed": False}, [row])


def verified(tasks: Tasks, folder: Path) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Verify the run, and return the exit code and the document."""
    checked = tasks.command("verify", str(folder / "out/one"), "--json")
    code = checked.wait()
    output = checked.output()
    assert "Traceback" not in output
    return code, json.loads(output[output.index("{") :])


@pytest.mark.quick(one_in=6)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        gzip.compress(b'{"version":1}\n7\n'),
        with_status("perhaps"),
        gzip.compress(b'{"version":1}\n' + b"{}\n" * 10**6),
    ],
    ids=["empty", "no object", "unknown", "a million rows"],
)
def test_a_damaged_part_costs_only_work(tasks: Tasks, tmp_path: Path, body: bytes) -> None:
    """A run with a damaged ledger part is finished by `--resume`, and is right again once the part is moved away."""
    records = begin(tasks, tmp_path, "one")
    part = last_part(records)
    part.write_bytes(body)
    (records / "summary.json").unlink()
    resumed = tasks.command("run", "--resume", str(tmp_path / "out/one"))
    assert 0 == resumed.wait(), resumed.output()
    assert f"warning: file://{part} is not" in resumed.output()
    assert "thumbrun does without it, and works again what it held" in resumed.output()
    assert "3 done" in resumed.output()
    code, found = verified(tasks, tmp_path)
    assert (3, [f"file://{part}"]) == (code, [finding["object"] for finding in found["findings"]])
    part.unlink()
    command = found["advice"][-1]
    led_on = tasks.command(*shlex.split(str(command))[1:])
    assert 0 == led_on.wait(), led_on.output()
    assert (0, []) == (verified(tasks, tmp_path)[0], verified(tasks, tmp_path)[1]["findings"])


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plan.json", "of another run"),
        ("plan.json", "deleted"),
        ("run.json", "of another shape"),
        ("planner/0000001/shards/00000-0000000.jsonl.gz", "cut"),
    ],
)
def test_a_record_that_the_run_needs(tasks: Tasks, tmp_path: Path, name: str, how: str) -> None:
    """A needed record that is damaged, deleted, or copied from another run is named, with what leads on."""
    records = begin(tasks, tmp_path, "one")
    other = begin(tasks, tmp_path, "two") if how == "of another run" else records
    changed = {
        "cut": (records / name).read_bytes()[:-9],
        "of another run": (other / name).read_bytes(),
        "of another shape": to_json({"run": "one"}) if name.endswith(".json") else to_lines({"run": "one"}, ["7"]),
        "deleted": b"",
    }[how]
    (records / name).unlink() if how == "deleted" else (records / name).write_bytes(changed)
    (records / "summary.json").unlink()
    for last in last_part(records).parent.iterdir():
        last.unlink()
    for command in (["run", "--resume"], ["verify"]):
        said = tasks.command(*command, str(tmp_path / "out/one"))
        assert said.wait() in (1, 2, 3), said.output()
        assert f"file://{records / name}" in said.output()
        assert "Traceback" not in said.output()
        assert "has a fault" not in said.output()
        assert "thumbrun run --resume" not in said.output()
        assert how == "deleted" or "--new" in said.output()


def forge_spare(records: Path, how: str) -> Path:
    """Forge a record that thumbrun can do without, and return its path."""
    forged = records / ("summary.json" if "summary" in how else "rounds/9999999.json")
    forged.parent.mkdir(exist_ok=True)
    if how == "a summary without an end":
        forged.unlink()
        with forged.open("wb") as file:
            file.truncate(20 << 30)  # a sparse file, which takes no room
        return forged
    if how == "a round that nobody reached":
        forged.write_bytes(b"{}")
        return forged
    told = json.loads(forged.read_bytes())
    told = {key: value for key, value in told.items() if key not in ("version", "crc32c")}
    change = {"done": 10**18} if how == "a summary that does not add up" else {"done": 9, "items": 9}
    forged.unlink()
    forged.write_bytes(to_json({**told, **change}))
    return forged


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        "a summary without an end",
        "a summary that does not add up",
        "a summary of other items",
        "a round that nobody reached",
    ],
)
def test_a_forged_record_that_the_run_can_do_without(tasks: Tasks, tmp_path: Path, how: str) -> None:
    """`verify` names a forged record; `run --resume` and `retry` go on without it, and tell nothing that it says."""
    forged = forge_spare(begin(tasks, tmp_path, "one"), how)
    code, found = verified(tasks, tmp_path)
    assert (3, [f"file://{forged}"]) == (code, [finding["object"] for finding in found["findings"]])
    resume = ["run", "--resume"] if "summary" in how else ["retry"]
    led_on = tasks.command(*resume, str(tmp_path / "out/one"))
    assert 0 == led_on.wait(), led_on.output()
    assert f"warning: file://{forged} is" in led_on.output()
    assert "The run is complete: 3 done." in led_on.output()
