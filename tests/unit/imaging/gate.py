"""Gated images: a decoding process stops itself when it begins one, until the test lets it go on.

So a test can act in the middle of an image, however fast the machine is. A signal to a stopped process takes effect
when the process goes on, except SIGKILL, which takes effect at once.
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
    """Return an image with the same pixels, at which a process stops."""
    return content + _MARK


def command() -> str:
    """Return the command of a fork server whose processes stop at gated images; a test gives it to the launcher."""
    before, main, after = launcher._COMMAND.partition(_SERVE)
    assert main
    return f"{before}from tests.unit.imaging import gate; gate.install(); {main}{after}"


def install() -> None:
    """Make the processes that this one will fork stop at gated images."""
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
    """Wait until `count` decoding processes of this one have stopped at an image, and return them."""
    while len(found := at_gate()) != count:
        await asyncio.to_thread(time.sleep, 0.005)
    return found


class StandingTime:
    """Stops the time of the running event loop, except for the time that the test lets pass."""

    def __init__(self) -> None:
        """Stop the time."""
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        loop.time = lambda: self._now  # type: ignore[method-assign]

    def go_on(self, seconds: float) -> None:
        """Let some seconds pass at once."""
        self._now += seconds
