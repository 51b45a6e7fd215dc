"""Tests of what a diagnosis finds of this machine: processors, memory, open files, decoders and the sandbox."""

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.e2e.tasks import ROOT, clean_environment
from tests.unit.diagnosis.cloud import bad, of
from thumbrun.decoding import launcher, versions
from thumbrun.diagnosis import subject as subjects
from thumbrun.diagnosis.diagnose import findings_here
from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.machine import machine_findings
from thumbrun.environment.machine import Machine

MIB = 1 << 20


def of_machine(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, environ: dict[str, str], **flags: str
) -> list[Finding]:
    """Return what is found of a machine with some settings."""
    monkeypatch.setattr(subjects, "this_machine", lambda _: machine)
    return list(machine_findings(subjects.subject_of(environ, flags), environ))


def test_cloud_runs_own_defaults_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of 1 processor and 512 MiB, which is what Cloud Run gives, has all that the settings ask for."""
    findings = of_machine(monkeypatch, Machine(1, 512 * MIB, is_limited=True), {"CLOUD_RUN_JOB": "thumbs"})
    assert [] == bad(findings)
    assert "a task takes up to 462 MiB (320 MiB for images)" in of(findings, Check.MEMORY)[0].what


@pytest.mark.parametrize(
    ("memory", "flags", "level", "mend"),
    [
        (512, {}, Level.OK, ""),
        (
            512,
            {"memory": "400MiB"},
            Level.WARNING,
            "set --memory / THUMBRUN_MEMORY to 370MiB, or give the container 576",
        ),
        (128, {}, Level.ERROR, "give the container 384 MiB"),
        (512, {"workers": "20"}, Level.ERROR, "give the container 2176 MiB"),
    ],
)
def test_memory(monkeypatch: pytest.MonkeyPatch, memory: int, flags: dict[str, str], level: Level, mend: str) -> None:
    """Memory that does not suffice for the settings is a warning; for the least that a task takes, an error."""
    machine = Machine(1, memory * MIB, is_limited=True)
    (finding,) = of(of_machine(monkeypatch, machine, {}, **flags), Check.MEMORY)
    assert level is finding.level
    assert finding.mend.startswith(mend)
    job = {"CLOUD_RUN_JOB": "thumbs"}
    (finding,) = of(of_machine(monkeypatch, machine, job, **flags), Check.MEMORY)
    assert finding.command.startswith("gcloud run jobs update thumbs --memory=") == (level is not Level.OK)


def test_more_workers_than_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """More workers than processors are a warning."""
    (warning,) = bad(of_machine(monkeypatch, Machine(2, 8192 * MIB), {}, workers="3"))
    assert (Check.PROCESSORS, "set --workers / THUMBRUN_WORKERS to 2, or leave it out") == (warning.check, warning.mend)


def test_a_misspelt_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is much like a setting is a warning."""
    (warning,) = bad(of_machine(monkeypatch, Machine(1, 8192 * MIB), {"THUMBRUN_WORKER": "2"}))
    assert "THUMBRUN_WORKER is not a setting of thumbrun" == warning.what
    assert "did you mean THUMBRUN_WORKERS? If not, unset it" == warning.mend


@pytest.mark.parametrize(("files", "level"), [(8192, Level.OK), (256, Level.WARNING), (60, Level.ERROR)])
def test_open_files(monkeypatch: pytest.MonkeyPatch, files: int, level: Level) -> None:
    """Few open files are a warning with the limit that suffices; hardly any are an error."""
    machine = Machine(1, 8192 * MIB, open_files=files)
    (finding,) = of(of_machine(monkeypatch, machine, {}), Check.OPEN_FILES)
    assert level is finding.level
    assert ("" if level is Level.OK else "ulimit -n 432") == finding.command


def test_a_real_limit_on_open_files() -> None:
    """Under `ulimit -n 60` the command still runs to its end: an error about open files, and exit code 3."""
    ended = subprocess.run(
        ["bash", "-c", f"ulimit -n 60; exec {sys.executable} -m thumbrun doctor --workers 1 --json"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (3, "") == (ended.returncode, ended.stderr)
    errors = [one["check"] for one in json.loads(ended.stdout)["findings"] if one["level"] == "error"]
    assert ["open-files"] == errors


async def here(environ: dict[str, str] | None = None) -> list[Finding]:
    """Return what is found of this machine."""
    subject = subjects.subject_of(environ or {}, {})
    return [finding async for finding in findings_here(subject, environ or {}, lambda _: None)]


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="SECURITY.md: not here"
)
async def test_decoders_and_sandbox_hold_here() -> None:
    """The decoders have versions, the sandbox holds, and a real decoding process makes a thumbnail."""
    findings = await here()
    assert {Level.OK} == {one.level for check in (Check.DECODERS, Check.SANDBOX) for one in of(findings, check)}
    assert "libjpeg-turbo " in of(findings, Check.DECODERS)[0].what
    assert ["A decoding process starts, and makes a thumbnail"] == [
        finding.what for finding in of(findings, Check.DECODING)
    ]


@pytest.mark.parametrize(("required", "level"), [("no", Level.WARNING), ("yes", Level.ERROR)])
async def test_a_sandbox_that_does_not_hold(monkeypatch: pytest.MonkeyPatch, required: str, level: Level) -> None:
    """A sandbox out of which something gets is a warning, and an error where thumbrun refuses to run without it."""
    monkeypatch.setattr(versions, "_ATTEMPTS", (*versions._ATTEMPTS, os.getpid))
    (finding,) = of(await here({"THUMBRUN_REQUIRE_SANDBOX": required}), Check.SANDBOX)
    assert level is finding.level
    assert finding.what.startswith("This does not hold here: decoding cannot reach files, network or programs")


async def test_decoding_processes_that_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no decoding process starts, that is an error, and the other checks are made."""
    monkeypatch.setattr(launcher, "_COMMAND", "raise SystemExit(1)")
    findings = await here()
    (error,) = of(findings, Check.DECODING)
    assert (Level.ERROR, "decoding processes cannot be used") == (error.level, error.what.partition(":")[0])
    assert len(findings) >= 6


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_memory_that_is_advised_is_enough(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """A container with the memory that a finding advises has nothing to mend, with the settings as they are."""
    flags = {"workers": str(workers)}
    (short,) = of(of_machine(monkeypatch, Machine(8, 128 * MIB, is_limited=True), {}, **flags), Check.MEMORY)
    advised = int(short.mend.removeprefix("give the container ").removesuffix(" MiB"))
    assert [] == bad(of_machine(monkeypatch, Machine(8, advised * MIB, is_limited=True), {}, **flags))
