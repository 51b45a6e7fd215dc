"""Images that wait for the test: their decoding process stops itself as it begins one, until the test lets it go on.

So a test can do what it has to do in the middle of an image however fast the machine is. What is sent to a process
that has stopped comes into effect when it goes on, but for SIGKILL, which does at once.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import IO

import psutil

from thumbrun.decoding import child, launcher, protocol
from thumbrun.imaging.request import Request

_MARK = b"wait for the test"
_SERVE = "fork_server.main("


def gated(content: bytes) -> bytes:
    """Return an image with the same pixels at which a process stops."""
    return content + _MARK


def command() -> str:
    """Return what a fork server runs whose processes stop at such images; a test puts it in the launcher's place."""
    before, main, after = launcher._COMMAND.partition(_SERVE)
    assert main
    return f"{before}from tests.unit.imaging import gate; gate.install(); {main}{after}"


def install() -> None:
    """Have the processes that this one will fork stop at such images."""
    render: Callable[[IO[bytes], Request], protocol.Verdict] = vars(child)["render"]

    def stopping(source: IO[bytes], request: Request) -> protocol.Verdict:
        if source.read().endswith(_MARK):
            os.kill(os.getpid(), signal.SIGSTOP)
        source.seek(0)
        return render(source, request)

    vars(child)["render"] = stopping


def processes(task: int | None = None) -> list[psutil.Process]:
    """Return the decoding processes of a task, or of this process: those below its fork server."""
    of = psutil.Process(task)
    found = []
    for process in of.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if process.ppid() != of.pid:
                found.append(process)
    return found


def at_gate(task: int | None = None) -> list[psutil.Process]:
    """Return the decoding processes that have stopped at an image."""
    found = []
    for process in processes(task):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_STOPPED:
                found.append(process)
    return found


async def stopped(count: int = 1) -> list[psutil.Process]:
    """Wait until so many decoding processes of this one have stopped at an image, and return them."""
    while len(found := at_gate()) != count:
        await asyncio.to_thread(time.sleep, 0.005)
    return found


class StandingTime:
    """The time of the event loop that runs now: it stands still, but for what the test lets pass."""

    def __init__(self) -> None:
        """Stop it."""
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        loop.time = lambda: self._now  # type: ignore[method-assign]

    def go_on(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._now += seconds
