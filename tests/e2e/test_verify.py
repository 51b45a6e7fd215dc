"""Tests of `thumbrun verify RUN` with real processes, on complete runs and on damaged runs."""

import gzip
import io
import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.requests import requests
from tests.e2e.tasks import Tasks, clean_environment, cloud_run
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator

BUCKET = "photos-bucket"
CUT, NO_IMAGE = "in/cut.jpg", "in/none.jpg"
WHOLE = 12


@pytest.fixture
def bucket(emulator: Emulator) -> Emulator:
    """Put twelve photographs, one that is cut, and one object that is no image."""
    emulator.create_bucket(BUCKET)
    whole = [body for name, body in photographs().items() if name.endswith(".jpg")][:WHOLE]
    for number, body in enumerate(whole):
        emulator.put(BUCKET, f"in/{number:02}.jpg", body)
    emulator.put(BUCKET, CUT, whole[0][: len(whole[0]) // 2])
    emulator.put(BUCKET, NO_IMAGE, b"no image")
    return emulator


def environment(emulator: Emulator, **variables: str) -> dict[str, str]:
    """Return the environment of a command on the bucket."""
    return clean_environment(STORAGE_EMULATOR_HOST=emulator.url, **variables)


def run_once(tasks: Tasks, emulator: Emulator, **variables: str) -> str:
    """Run the job with one task and return its run id."""
    task = tasks.start(environment(emulator, INPUT_FOLDER=f"gs://{BUCKET}/in", **variables))
    assert 0 == task.wait(), task.output()
    (folder,) = {name.partition("/")[0] for name in emulator.objects(BUCKET, "2")}
    return folder


def generations(emulator: Emulator) -> dict[str, str]:
    """Return the generation of every object; any write changes this."""
    return {name: item["generation"] for name, item in emulator.objects(BUCKET).items()}


def verify(tasks: Tasks, emulator: Emulator, run: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Verify a run, check that nothing was written, and return the exit code and the document."""
    before = generations(emulator)
    task = tasks.command("verify", f"gs://{BUCKET}/{run}", "--json", *arguments, environment=environment(emulator))
    code = task.wait()
    assert before == generations(emulator)
    output = task.output()
    assert "{" in output, output
    return code, json.loads(output[output.index("{") :])


def named(found: dict[str, Any]) -> dict[str, list[str]]:
    """Return the file names of the objects in the findings, by kind; the name is empty if a finding has no object."""
    kinds: dict[str, list[str]] = {kind: [] for kind in found["counts"]}
    for finding in found["findings"]:
        kinds[finding["kind"]].append(finding.get("object", "").rpartition("/")[2])
    return {kind: sorted(names) for kind, names in kinds.items()}


def picture(width: int, height: int, format_: str = "JPEG") -> bytes:
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format_)
    return file.getvalue()


def padded(body: bytes, size: int) -> bytes:
    """Return a JPEG of exactly this many bytes; a comment fills it up."""
    lacking = size - len(body) - 4
    return body[:2] + b"\xff\xfe" + (lacking + 2).to_bytes(2, "big") + bytes(lacking) + body[2:]


def go_on(tasks: Tasks, emulator: Emulator, advice: list[str]) -> None:
    """Run the command that the advice names."""
    (command,) = [line for line in advice if line.startswith("thumbrun ")]
    task = tasks.command(*shlex.split(command)[1:], environment=environment(emulator))
    assert 0 == task.wait(), task.output()


@pytest.mark.slow
def test_a_whole_run(tasks: Tasks, bucket: Emulator, emulator_log: Path) -> None:
    """`verify` exits with 0 for a complete run, even if single images failed, and only reads from the store."""
    run = run_once(tasks, bucket)
    asked = len(requests(bucket, emulator_log, BUCKET))
    code, found = verify(tasks, bucket, run)
    more = requests(bucket, emulator_log, BUCKET)[asked:]
    assert WHOLE < len(more)
    assert [] == [line for line in more if '"GET /' not in line]
    assert 0 == code
    outcomes = found.pop("outcomes")
    assert (WHOLE, {}, {"truncated": 1, "unreadable": 1}) == tuple(outcomes[k] for k in ("done", "skipped", "failed"))
    assert 0 < found.pop("shards")
    assert {
        "version": 1,
        "run": run,
        "source": f"gs://{BUCKET}/in/",
        "folder": f"gs://{BUCKET}/{run}/",
        "records": f"gs://{BUCKET}/_thumbrun/runs/{run}/",
        "right": True,
        "opened": True,
        "items": WHOLE + 2,
        "objects": WHOLE,
        "counts": {},
        "findings": [],
        "advice": [],
    } == found
    quick = verify(tasks, bucket, run, "--quick")
    assert (0, False) == (quick[0], quick[1]["opened"])
    told = tasks.command("verify", run, "--output", BUCKET, environment=environment(bucket))
    assert 0 == told.wait()
    assert f"Run {run}: 14 items in" in told.output()
    assert "every thumbnail of the items that are done is there, complete and of the right size." in told.output()


def test_every_damage_is_found_and_named(tasks: Tasks, bucket: Emulator) -> None:
    """`verify` finds every damage to thumbnails under its own kind, and reports nothing else."""
    run = run_once(tasks, bucket)
    entries = bucket.objects(BUCKET, f"{run}/")
    names = sorted(entries)
    bodies = {name: bucket.read(BUCKET, name) for name in names}
    marks = {name: entries[name]["metadata"] for name in names}

    def replace(number: int, body: bytes, **other: str) -> None:
        name = names[number]
        bucket.put(BUCKET, name, body, content_type="image/jpeg", metadata=marks[name] | other)

    bucket.delete(BUCKET, names[0])
    replace(1, bodies[names[1]][:-100])
    replace(2, padded(picture(30, 30), len(bodies[names[2]])))
    replace(3, padded(picture(101, 99), len(bodies[names[3]])))
    replace(4, bodies[names[4]], **{"thumbrun-run": "20200101T0000Z"})
    replace(5, bodies[names[5]], **{"thumbrun-source-generation": "1"})
    replace(6, bodies[names[6]], **{"thumbrun-recipe": "0" * 16})
    replace(7, bodies[names[7]][:300] + bytes(len(bodies[names[7]]) - 300))
    replace(8, picture(100, 75, "PNG").ljust(len(bodies[names[8]]), b"\0"))
    bucket.put(BUCKET, names[9], bodies[names[9]])
    bucket.put(BUCKET, f"{run}/strange\x1b[2J.jpg", b"a stranger")
    bucket.put(BUCKET, f"{run}/cut.jpg", b"there is no thumbnail of it")
    bucket.put(BUCKET, f"{run}/", b"")
    by_listing = {
        "missing": ["00.jpg"],
        "not-its-own": ["04.jpg", "05.jpg", "06.jpg", "09.jpg"],
        "wrong-length": ["01.jpg"],
        "unexplained": ["cut.jpg", "strange\x1b[2J.jpg"],
    }
    code, found = verify(tasks, bucket, run, "--quick")
    assert (3, by_listing) == (code, named(found))
    by_opening = {"unreadable": ["07.jpg"], "wrong-format": ["08.jpg"], "wrong-size": ["02.jpg", "03.jpg"]}
    code, found = verify(tasks, bucket, run)
    assert (3, by_listing | by_opening) == (code, named(found))
    assert {kind: len(some) for kind, some in named(found).items()} == found["counts"]
    assert all(finding["detail"] for finding in found["findings"] if finding["kind"] != "missing")
    assert f"thumbrun retry gs://{BUCKET}/{run}/ --reason missing" in found["advice"]
    told = tasks.command("verify", f"gs://{BUCKET}/{run}", environment=environment(bucket))
    assert 3 == told.wait()
    assert "\x1b[2J" not in told.output()
    assert f"gs://{BUCKET}/in/00.jpg -> gs://{BUCKET}/{run}/00.jpg" in told.output()


@pytest.mark.slow
def test_what_it_advises_makes_the_run_whole(tasks: Tasks, bucket: Emulator) -> None:
    """The run is right again after you delete the objects in the way and run the command that verify advises."""
    run = run_once(tasks, bucket)
    bucket.delete(BUCKET, f"{run}/03.jpg")
    bucket.put(BUCKET, f"{run}/05.jpg", b"not a thumbnail")
    code, found = verify(tasks, bucket, run)
    assert (3, {"missing": 1, "not-its-own": 1}) == (code, found["counts"])
    bucket.delete(BUCKET, f"{run}/05.jpg")
    go_on(tasks, bucket, found["advice"])
    code, found = verify(tasks, bucket, run)
    assert (0, {}) == (code, found["counts"]), found


def sealed_shard(emulator: Emulator, run: str) -> tuple[list[str], str, dict[str, str]]:
    """Return the names of all parts of one sealed shard, the part that seals it, and the metadata of that part."""
    prefix = f"_thumbrun/runs/{run}/ledger/"
    parts = emulator.objects(BUCKET, prefix)
    seal = next(name for name, part in parts.items() if "thumbrun-tally" in part["metadata"])
    shard = seal.rpartition("/")[0] + "/"
    return [name for name in parts if name.startswith(shard)], seal, parts[seal]["metadata"]


@pytest.mark.slow
def test_a_shard_whose_parts_are_gone(tasks: Tasks, bucket: Emulator) -> None:
    """If the parts of a shard are gone, its items are open, and `--resume` does them again."""
    run = run_once(tasks, bucket)
    parts, _, _ = sealed_shard(bucket, run)
    for name in parts:
        bucket.delete(BUCKET, name)
    code, found = verify(tasks, bucket, run)
    assert (3, {"open"}) == (code, set(found["counts"]))
    assert [f"thumbrun run --resume gs://{BUCKET}/{run}/"] == found["advice"]
    go_on(tasks, bucket, found["advice"])
    assert (0, {}) == (verify(tasks, bucket, run)[0], verify(tasks, bucket, run)[1]["counts"])


@pytest.mark.slow
def test_outcomes_that_are_gone_from_a_sealed_shard(tasks: Tasks, bucket: Emulator) -> None:
    """If a sealed shard has lost its outcomes, its items are open, verify says so, and `--resume` does them again."""
    run = run_once(tasks, bucket)
    parts, seal, metadata = sealed_shard(bucket, run)
    header = json.loads(gzip.decompress(bucket.read(BUCKET, seal)).splitlines()[0])
    for name in parts:
        bucket.delete(BUCKET, name)
    bucket.put(BUCKET, seal, gzip.compress(json.dumps(header).encode() + b"\n"), metadata=metadata)
    code, found = verify(tasks, bucket, run)
    assert (3, {"open", "bad-record"}) == (code, set(found["counts"]))
    assert "1 part of shard" in next(f["detail"] for f in found["findings"] if f["kind"] == "bad-record")
    assert f"thumbrun run --resume gs://{BUCKET}/{run}/" == found["advice"][-1]
    go_on(tasks, bucket, found["advice"])
    code, found = verify(tasks, bucket, run)
    assert (0, {}) == (code, found["counts"]), found


@pytest.mark.slow
def test_records_that_cannot_be_read(tasks: Tasks, bucket: Emulator) -> None:
    """`verify` names a ledger part, shard or plan that it cannot read; after a bad part, it checks the other shards."""
    run = run_once(tasks, bucket)
    _, seal, metadata = sealed_shard(bucket, run)
    other_version = gzip.compress(b'{"version": 2}\n')
    for body in (b"", b"no record", gzip.compress(b'{"version": 1}\n{"item": 0}\n')[:-9], other_version):
        bucket.put(BUCKET, seal, body, metadata=metadata)
        code, found = verify(tasks, bucket, run, "--quick")
        assert (3, {"bad-record": 1, "open": 1}) == (code, found["counts"])
        assert f"gs://{BUCKET}/{seal}" == found["findings"][0]["object"]
        assert WHOLE + 1 == found["outcomes"]["done"] + sum(found["outcomes"]["failed"].values())
    shards = [name for name in bucket.objects(BUCKET, f"_thumbrun/runs/{run}/planner/") if "/shards/" in name]
    bucket.put(BUCKET, shards[-1], gzip.compress(b'{"version": 1}\n{"item": 0}\n'))
    code, found = verify(tasks, bucket, run, "--quick")
    assert (3, {"bad-record": 2, "open": 1}) == (code, found["counts"])
    bucket.put(BUCKET, f"_thumbrun/runs/{run}/plan.json", b'{"version": 1}')
    code, found = verify(tasks, bucket, run)
    assert (3, {"bad-record": 1}) == (code, found["counts"])


@pytest.mark.slow
def test_a_run_that_is_not_finished(tasks: Tasks, bucket: Emulator) -> None:
    """`verify` reports the remaining items of an unfinished run as open, and names the command that finishes it."""
    common = {"THUMBRUN_BALANCE": "count", "THUMBRUN_STATE": f"gs://{BUCKET}/records"}
    run = run_once(tasks, bucket, **common, **cloud_run(0, 2, execution="e-1"))
    code, found = verify(tasks, bucket, run, "--state", f"gs://{BUCKET}/records")
    assert (3, {"open"}) == (code, set(found["counts"]))
    assert found["items"] == found["counts"]["open"] + found["outcomes"]["done"]
    assert [f"thumbrun run --resume gs://{BUCKET}/{run}/ --state gs://{BUCKET}/records/"] == found["advice"]
    go_on(tasks, bucket, found["advice"])
    code, found = verify(tasks, bucket, run, "--state", f"gs://{BUCKET}/records")
    assert (0, {}) == (code, found["counts"]), found


@pytest.mark.slow
def test_a_run_without_a_plan_and_one_that_is_none(tasks: Tasks, bucket: Emulator) -> None:
    """`verify` exits with 3 if a run has no plan; if there is no such run, it exits with 2 and names the runs there."""
    run = run_once(tasks, bucket)
    bucket.delete(BUCKET, f"_thumbrun/runs/{run}/plan.json")
    code, found = verify(tasks, bucket, run)
    assert (3, {"bad-record": 1}) == (code, found["counts"])  # the run was planned, because it has outcomes
    assert [
        (
            "Restore the records from a copy, or begin another run, with your other flags: "
            f"thumbrun run gs://{BUCKET}/in/ --output gs://{BUCKET}/ --new"
        )
    ] == found["advice"]
    for name in bucket.objects(BUCKET, f"_thumbrun/runs/{run}/ledger/"):
        bucket.delete(BUCKET, name)
    code, found = verify(tasks, bucket, run)
    assert (3, {"no-plan": 1}) == (code, found["counts"])
    assert [f"thumbrun run --resume gs://{BUCKET}/{run}/"] == found["advice"]
    none = tasks.command("verify", f"gs://{BUCKET}/20200101T0000Z", environment=environment(bucket))
    assert 2 == none.wait()
    assert (
        f"{BUCKET}/_thumbrun/runs/20200101T0000Z/run.json does not exist; there is a run there: {run}" in none.output()
    )


@pytest.mark.slow
def test_a_store_that_fails(tasks: Tasks, bucket: Emulator) -> None:
    """If verify cannot list the thumbnails, it exits with 1 and reports no finding."""
    records = {"THUMBRUN_STATE": f"gs://{BUCKET}/records"}
    bucket.create_bucket("thumbs")
    task = tasks.start(environment(bucket, INPUT_FOLDER=f"gs://{BUCKET}/in", OUTPUT_BUCKET="thumbs", **records))
    assert 0 == task.wait(), task.output()
    thumbnails = list(bucket.objects("thumbs"))
    for name in thumbnails:
        bucket.delete("thumbs", name)
    bucket.delete_bucket("thumbs")
    run = thumbnails[0].partition("/")[0]
    told = tasks.command("verify", f"gs://thumbs/{run}", environment=environment(bucket, **records))
    assert 1 == told.wait(), told.output()
    assert "error: the bucket of gs://thumbs/" in told.output()
    none = tasks.command("verify", f"gs://thumbs/{run}", environment=environment(bucket))
    assert 2 == none.wait(), none.output()


def test_a_folder_of_this_machine(tasks: Tasks, tmp_path: Path) -> None:
    """`verify` checks a local run in the same way, also with difficult names, and changes nothing."""
    body = next(iter(photographs().values()))
    for name in ("a.jpg", "b c%20.jpg", "new\nline.jpg", "deep/er/é.jpg", "gone.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    out = tmp_path / "out put"
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(out), "--layout", "tree")
    assert 0 == task.wait(), task.output()
    (run,) = (path for path in out.iterdir() if path.name != "_thumbrun")
    whole = tasks.command("verify", str(run))
    assert 0 == whole.wait(), whole.output()
    (run / "gone.jpg").unlink()
    status, changed = (run / "a.jpg").stat(), bytearray((run / "a.jpg").read_bytes())
    changed[-30] ^= 1  # as a disk does that loses a bit, and so that the rest can be decoded all the same
    with (run / "a.jpg").open("r+b") as file:
        file.write(changed)
    os.utime(run / "a.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.suffix != ".log"}
    damaged = tasks.command("verify", str(run))
    assert 3 == damaged.wait(), damaged.output()
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.suffix != ".log"}
    assert f"thumbrun retry '{run}/' --reason missing" in damaged.output()
    assert "1 missing" in damaged.output()
    assert "1 damaged" in damaged.output()
    assert "Delete the objects named under damaged" in damaged.output()


@pytest.mark.slow
def test_a_name_that_was_taken_is_explained(tasks: Tasks, tmp_path: Path) -> None:
    """`verify` accepts an object whose name made an item fail with name-taken, also with hashed source metadata."""
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "in" / name).write_bytes(next(iter(photographs().values())))
    taken = tmp_path / "out" / "mine" / "a.jpg"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"somebody else's")
    arguments = ("--output", str(tmp_path / "out"), "--run-id", "mine", "--source-metadata", "hash")
    task = tasks.command("run", str(tmp_path / "in"), *arguments)
    assert 0 == task.wait(), task.output()
    told = tasks.command("verify", "mine", "--output", str(tmp_path / "out"))
    assert 0 == told.wait(), told.output()
    assert "1 done, 1 failed (1 name-taken)" in told.output()
