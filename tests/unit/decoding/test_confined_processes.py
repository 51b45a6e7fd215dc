"""A decoding process has and can do only what it needs: checked from outside, under a task that holds secrets."""

import contextlib
import os
import platform
import resource
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.hostile import hostile_images
from tests.unit.imaging.encoded import ENCODED
from tests.unit.imaging.samples import photograph, request, running, verdict
from thumbrun.decoding.confine import GIVEN, KEPT, cleaned
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="SECURITY.md: Linux only")
FILTERED = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="SECURITY.md: not here"
)
PRIVATE = "what nobody may see"


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[DecoderPool]:
    """Run decoding processes under a task that holds things that must not reach them: variables, files, connections."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_SECRET_ACCESS_KEY", "THUMBRUN_OUTPUT", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, PRIVATE)
    credentials, log = tmp_path / "credentials.json", tmp_path / "task.log"
    credentials.write_text(PRIVATE)
    left, right = socket.socketpair()
    context = ssl.create_default_context()
    with credentials.open() as file, log.open("w") as lines, left, right:
        tls = context.wrap_socket(left, server_hostname="storage.googleapis.com", do_handshake_on_connect=False)
        for descriptor in (file.fileno(), lines.fileno(), tls.fileno(), right.fileno()):
            os.set_inheritable(descriptor, True)
        async with running(2) as started:
            assert isinstance(await verdict(started, photograph(), request()), Rendered)
            yield started
        tls.close()


def below() -> list[psutil.Process]:
    """Return the fork server and the decoding processes."""
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    assert 3 == len(found)
    return found


def decoding() -> list[psutil.Process]:
    """Return the decoding processes."""
    return [process for process in below() if process.ppid() != os.getpid()]


def descriptors(pid: int) -> dict[int, str]:
    """Return the files that a process has open, by descriptor."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one of this listing
            found[int(entry.name)] = str(entry.readlink())
    return found


def first_to_die_of(pid: int) -> str:
    """Return how early the kernel kills a process where memory runs out: 1000 is before all others."""
    return Path(f"/proc/{pid}/oom_score_adj").read_text().strip()


def status_of(pid: int) -> dict[str, str]:
    """Return the kernel's status of a process."""
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


@pytest.mark.usefixtures("pool")
async def test_no_secret_in_their_environment() -> None:
    """Fork server and decoding processes get no variable that decoding does not need."""
    for process in below():
        assert {*KEPT, *GIVEN} >= set(process.environ())
        assert PRIVATE not in " ".join(process.cmdline())


@pytest.mark.parametrize("name", ["PATH", "HOME", "GOOGLE_APPLICATION_CREDENTIALS", "THUMBRUN_STATE", "HTTPS_PROXY"])
def test_only_what_is_kept_is_passed_on(name: str) -> None:
    """A variable that is not known to be needed is dropped, so that a new secret needs no new rule."""
    assert {"LD_PRELOAD": "x", **GIVEN} == cleaned({name: PRIVATE, "LD_PRELOAD": "x"})


@LINUX
@pytest.mark.usefixtures("pool")
async def test_nothing_of_the_tasks_is_open() -> None:
    """A decoding process has only its socket, /dev/null and its own size open, and nothing of the task."""
    mine = set(descriptors(os.getpid()).values())
    for process in decoding():
        opened = descriptors(process.pid)
        channel, size = opened.pop(3), opened.pop(4)
        assert channel.startswith("socket:")
        assert channel not in mine
        assert f"/proc/{process.pid}/statm" == size
        assert {0: os.devnull, 1: os.devnull, 2: os.devnull} == opened


@LINUX
@pytest.mark.usefixtures("pool")
async def test_limits_and_privileges() -> None:
    """Every decoding process runs under every limit, and can gain no privilege."""
    for process in decoding():
        status = status_of(process.pid)
        assert "1" == status["NoNewPrivs"]
        assert {"0" * 16} == {status[name] for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")}
        assert "1" == status["Threads"]
        assert (0, 0) == process.rlimit(psutil.RLIMIT_CORE)
        assert (0, 0) == process.rlimit(psutil.RLIMIT_FSIZE)
        assert (16, 16) == process.rlimit(psutil.RLIMIT_NOFILE)
        assert "1000" == first_to_die_of(process.pid)
        soft, hard = process.rlimit(psutil.RLIMIT_AS)
        assert soft == hard < psutil.virtual_memory().total + (1 << 30)


@FILTERED
@pytest.mark.usefixtures("pool")
async def test_system_calls_are_filtered() -> None:
    """Every decoding process runs under a filter if the kernel has such filters."""
    for process in decoding():
        assert "2" == status_of(process.pid)["Seccomp"]


@LINUX
async def test_processor_time_is_renewed(pool: DecoderPool) -> None:
    """Every image moves the limit of processor time on, so that a process can serve for hours."""
    for _ in range(4):
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)
    limits = [process.rlimit(psutil.RLIMIT_CPU) for process in decoding()]
    assert {resource.RLIM_INFINITY} == {hard for _, hard in limits}
    assert any(60 <= soft <= 60 * (os.cpu_count() or 1) + 4 for soft, _ in limits)


@pytest.mark.slow
@pytest.mark.parametrize("output", ["jpeg", "png", "gif", "webp", "avif"])
async def test_thumbnails_are_the_same_as_without(output: str) -> None:
    """Confinement changes no pixel: no decoder or encoder misses anything."""
    async with running() as pool:
        for name, content in ENCODED.items():
            for side in (100, 400):
                asked = replace(request(width=side, height=side), output_format=output)
                assert render(content, asked) == await verdict(pool, content, asked), name


async def test_verdicts_are_the_same_as_without() -> None:
    """Confinement changes no verdict on a broken image."""
    async with running() as pool:
        for name, content in hostile_images().items():
            if len(content) < 1 << 15:
                asked = request(memory=16 << 20)
                assert render(content, asked) == await verdict(pool, content, asked), name
