"""Tests of the embedded emulator: it starts with its block, keeps its objects, and leaves no process behind."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from thumbrun.demo import program
from thumbrun.demo.emulator import Emulator, running_emulator
from thumbrun.demo.program import EmulatorError, Program, available

pytestmark = pytest.mark.skipif(not available(), reason="the emulator's wheel is for Linux on x86-64 only")

ODD = "a//b/../c 100%#?&=+ 🎈\u202e\n.jpg"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Return an emulator that lasts for the module."""
    with running_emulator() as running:
        running.create_bucket("bucket")
        yield running


def wait_for_end(pid_descriptor: int) -> bool:
    """Wait at most a minute until a process has ended."""
    return bool(select.select([pid_descriptor], [], [], 60)[0])


def test_what_is_put_is_what_comes_back(emulator: Emulator) -> None:
    """Any name and any bytes read back from a bucket unchanged."""
    body = bytes(range(256)) * 10
    emulator.put("bucket", ODD, body, content_type="image/jpeg")
    assert body == emulator.read("bucket", ODD)
    assert "image/jpeg" == emulator.objects("bucket")[ODD]["contentType"]
    emulator.delete("bucket", ODD)
    assert ODD not in emulator.objects("bucket")


def test_an_object_may_have_no_content_type(emulator: Emulator) -> None:
    """An object can have no content type, as after many uploads."""
    emulator.put("bucket", "untyped", b"x")
    assert not emulator.objects("bucket", "untyped")["untyped"].get("contentType")


def test_a_proxy_of_the_machine_is_not_asked(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator ignores HTTP_PROXY, because it is on this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert emulator.objects("bucket", "nothing of this name") == {}


def test_its_log_holds_every_request(tmp_path: Path) -> None:
    """A log holds a line for each request once the block has ended."""
    log = tmp_path / "log"
    with running_emulator(log) as running:
        running.create_bucket("bucket")
    assert "server started at" in log.read_text()
    assert "POST /storage/v1/b?project=demo" in log.read_text()


def test_what_it_says_never_stops_it(emulator: Emulator) -> None:
    """The program goes on after more lines than a pipe holds (64 KiB), because the lines are read."""
    for _ in range(400):
        emulator.objects("bucket", "a prefix of some length, which makes each line longer than it would be " * 3)
    assert emulator.objects("bucket", "nothing") == {}


def test_it_ends_with_its_block() -> None:
    """After the block, the process and the thread that reads its output have ended."""
    threads = threading.active_count()
    with running_emulator() as running:
        descriptor = os.pidfd_open(running.pid)
    try:
        assert wait_for_end(descriptor)
    finally:
        os.close(descriptor)
    assert threads == threading.active_count()


def test_it_dies_with_its_parent() -> None:
    """A demo that is killed, even with SIGKILL, leaves no emulator behind."""
    code = "import sys; from thumbrun.demo.program import Program\nprint(Program().pid, flush=True); sys.stdin.read()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    with parent.stdout, parent.stdin:
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            assert wait_for_end(descriptor)
        finally:
            os.close(descriptor)


def test_a_port_that_another_took_first_is_given_up(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another process takes the port first, the program tries the next port."""
    taken = int(emulator.url.rpartition(":")[2])
    free = program.free_port()
    ports = iter([taken, free])
    monkeypatch.setattr(program, "free_port", lambda: next(ports))
    started = Program()
    started.stop()
    assert free == started.port


def test_a_program_that_does_not_start_is_an_error_that_quotes_it(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no port works, the error quotes the program's output."""
    taken = int(emulator.url.rpartition(":")[2])
    monkeypatch.setattr(program, "free_port", lambda: taken)
    with pytest.raises(EmulatorError, match="address already in use"):
        Program()


@pytest.mark.parametrize(
    ("machine", "said"),
    [("x86_64", "it comes with pip install 'thumbrun[demo]'"), ("aarch64", "does not run on this machine")],
)
def test_without_a_program_there_is_an_error(monkeypatch: pytest.MonkeyPatch, machine: str, said: str) -> None:
    """Without the wheel, `available` is false and starting is an error, which names the extra if that would help."""
    monkeypatch.setattr(program, "find_spec", lambda _: None)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("sys.platform", "linux")
    assert not available()
    with pytest.raises(EmulatorError) as caught:
        Program()
    assert said in str(caught.value)
