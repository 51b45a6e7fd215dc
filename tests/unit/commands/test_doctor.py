"""Tests of `thumbrun doctor`: its lines, its JSON, its exit codes, what a terminal shows, and Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.tasks import ROOT, clean_environment
from tests.e2e.test_terminal import in_terminal
from thumbrun import cli
from thumbrun.commands.doctor import finding_text, verdict
from thumbrun.diagnosis.findings import HERE, MEANINGS, Check, Finding, Level, failure, to_record

COMMAND = (
    "gcloud storage buckets add-iam-policy-binding gs://a-bucket-with-a-long-name "
    "--member=serviceAccount:thumbs@project.iam.gserviceaccount.com --role=roles/storage.objectViewer"
)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set no variable that thumbrun reads, and let gcloud keep no login."""
    for name in os.environ.keys() - clean_environment():
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no-login"))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")


@pytest.mark.parametrize("columns", [60, 120])
def test_a_finding_fits_and_its_command_stays_whole(columns: int) -> None:
    """No line but the command is wider than the terminal, and the command is one line, to be copied."""
    finding = Finding(
        Check.PERMISSION, "gs://b/", Level.ERROR, "thumbrun is denied " * 20, "grant the role " * 10, COMMAND
    )
    lines = finding_text(finding, True, columns).splitlines()
    assert "gs://b/:" == lines[0]
    assert lines[1].startswith("  error    permission: thumbrun is denied ")
    assert lines[2].startswith(" " * 11)
    assert f"  $ {COMMAND}" == lines[-1]
    assert [] == [line for line in lines[:-1] if len(line) > columns]


def test_names_and_texts_of_strangers_are_made_safe() -> None:
    """What a store or a name says cannot move the cursor."""
    text = finding_text(Finding(Check.BUCKET, "gs://b/\x1b[2J", Level.OK, "a\rb", "c\nd"), True, None)
    assert [] == [sign for sign in text if sign in "\x1b\r"]
    assert 3 == len(text.splitlines())


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], "All is well."),
        ([Level.OK], "All is well."),
        ([Level.OK, Level.WARNING], "No error, 1 warning."),
        ([Level.ERROR, Level.WARNING, Level.WARNING], "1 error, 2 warnings. A run needs the errors mended first."),
    ],
)
def test_the_last_line_counts(levels: list[Level], expected: str) -> None:
    """The last line counts errors and warnings, in the singular and the plural."""
    assert expected == verdict([Finding(Check.BUCKET, HERE, level, "") for level in levels])


def test_every_check_has_a_meaning() -> None:
    """The reference explains every check."""
    assert set(Check) == MEANINGS.keys()


def test_the_form_of_the_json() -> None:
    """The JSON has a version, counts by level, and findings without empty fields."""
    found = [
        Finding(Check.BUCKET, "gs://b/", Level.ERROR, "what", "mend"),
        Finding(Check.CLOCK, HERE, Level.OK, "right"),
    ]
    assert to_record(found) == {
        "version": 1,
        "counts": {"ok": 1, "warning": 0, "error": 1},
        "findings": [
            {"check": "bucket", "about": "gs://b/", "level": "error", "what": "what", "mend": "mend"},
            {"check": "clock", "about": "this machine", "level": "ok", "what": "right"},
        ],
    }


def test_a_fault_of_thumbrun_is_an_error_to_report() -> None:
    """An error that no check expects ends as a finding that says where it comes from, without a secret."""
    with pytest.raises(ValueError, match="Bearer") as caught:
        int("Authorization: Bearer ya29.a-token-of-the-tests")
    found = failure(Check.CLOCK, HERE, caught.value)
    assert (Level.ERROR, "please report it") == (found.level, found.mend)
    assert found.what.startswith("thumbrun has a fault: ValueError: ")
    assert "ya29" not in found.what


def test_without_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a source and an output the machine, the decoders and the credentials are checked, and no place."""
    assert 0 == cli.main(["doctor"])
    said = capsys.readouterr()
    headings = [line for line in said.out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert ["this machine:"] == headings
    assert "credentials: There are none for Cloud Storage here; local folders need none" in said.out
    assert "" == said.err


def test_json_and_the_exit_code_of_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With an error the exit code is 3, and --json prints one document and nothing else."""
    assert 3 == cli.main(["doctor", str(tmp_path / "nowhere"), "--output", str(tmp_path / "out"), "--json"])
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert 1 == record["version"]
    assert record["counts"]["error"] >= 1
    assert "folder" in {finding["check"] for finding in record["findings"] if finding["level"] == "error"}
    assert "" == said.err


def test_wrong_settings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong settings are told all at once, as by every command, with exit code 2."""
    monkeypatch.setenv("THUMBRUN_SIZE", "huge")
    assert 2 == cli.main(["doctor", "s3://bucket", "--workers", "0"])
    said = capsys.readouterr().err
    for label in ("SOURCE / INPUT_FOLDER", "--workers / THUMBRUN_WORKERS", "--size / THUMBRUN_SIZE"):
        assert label in said


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("columns", [60, 120])
def test_in_a_terminal(tmp_path: Path, columns: int) -> None:
    """A terminal shows which check is running, in less than a line, and every line is no wider than it."""
    (tmp_path / "in").mkdir()
    shown = in_terminal("doctor", "in", "--output", "out", folder=tmp_path, columns=columns)
    assert "checking this machine …" in shown
    assert "checking a decoding process …" in shown
    for line in shown.splitlines():
        parts = line.split("\r")  # what is checked is cleared by what comes next on the line
        assert all(len(part) <= columns or " " not in part.strip() for part in parts), shown


def test_ctrl_c_while_a_store_does_not_answer(tmp_path: Path) -> None:
    """At Ctrl-C the command ends with 130, without a traceback, and keeps what it has printed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [sys.executable, "-m", "thumbrun", "doctor", "gs://some-bucket/in"]
        environ = clean_environment(STORAGE_EMULATOR_HOST=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as task:
            connection, _ = silent.accept()  # it asks now, and gets no answer
            task.send_signal(signal.SIGINT)
            out, err = task.communicate()
            connection.close()
    assert (130, b"") == (task.returncode, err)
    assert b"decoding: A decoding process starts" in out
