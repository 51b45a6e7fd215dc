"""One decoding process as the task sees it. The task starts it, sends it images, and kills it if it takes too long."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGXCPU, Signals

from thumbrun.decoding import answers, protocol
from thumbrun.decoding.answers import ImproperAnswerError
from thumbrun.decoding.body import Body
from thumbrun.decoding.channel import Channel
from thumbrun.decoding.launcher import UNKNOWN, LaunchedProcess, Launcher
from thumbrun.imaging.request import Refused, Request
from thumbrun.outcomes import Reason

_START_TIMEOUT = 60.0  # seconds; a start takes 0.02 s, the first one 0.3 s
_TICK = 1.0
_EVENTS = Path("/sys/fs/cgroup/memory.events")  # cgroup version 2, as a container sees its own


class InnocentDeathError(Exception):
    """The process died, but not because of its image: it had not accepted the image, or was told to end.

    Attributes:
        blame: The verdict on the image if one process after another dies like this; None if it cannot be the cause.
    """

    def __init__(self, why: str, blame: Refused | None = None) -> None:
        super().__init__(why)
        self.blame = blame


class DecodingProcess:
    """A process that decodes one image after another. Only one caller at a time uses it.

    Attributes:
        confined: Whether the system confines the process by every measure that Linux has; None before it started.
    """

    def __init__(self, timeout: float, memory: int, launcher: Launcher, thread: Executor) -> None:
        """Set up the process; nothing is started yet.

        Args:
            timeout: The number of seconds that one image may take.
            memory: The number of bytes by which the process may grow.
            launcher: The launcher that starts the process.
            thread: The executor that starts and reaps the process.
        """
        self.confined: bool | None = None
        self._timeout = timeout
        self._memory = memory
        self._launcher = launcher
        self._thread = thread
        self._starting: asyncio.Task[None] | None = None
        self._process: LaunchedProcess | None = None
        self._channel: Channel | None = None
        self._oom_kills = 0
        self._rendering = asyncio.Lock()

    async def start(self) -> None:
        """Start the process unless it already runs. The process is ready when this returns.

        Raises:
            OSError, EOFError, TimeoutError, InnocentDeathError: The process does not start.
        """
        if self._starting is None:
            if self._channel is not None and self._channel.is_open:
                return
            self._starting = asyncio.ensure_future(self._start())
        starting = self._starting
        try:
            # If this caller is cancelled, the start goes on for the next caller.
            await asyncio.shield(starting)
        finally:
            if starting.done():
                self._starting = None

    async def render(self, asked: Sequence[tuple[Body, Request]]) -> list[protocol.Verdict]:
        """Make thumbnails. If this is cancelled, it kills the process, because nobody waits for the answers.

        Args:
            asked: The images and their requests. If there are several, at most `protocol.MOST_FILES` may be in files.

        Returns:
            The verdicts on the first images, in order. If the process died of one of several images, that one and the
            later ones have no verdict, because nobody can tell which image it died of.

        Raises:
            InnocentDeathError: The process died, but not because of this image.
        """
        async with self._rendering:
            if self._channel is None or not self._channel.is_open:
                raise InnocentDeathError("the process does not run, or spoke unasked")
            return await self._render(self._channel, asked)

    def kill(self) -> None:
        """Kill the process, even while it decodes."""
        if self._process is not None:
            self._process.kill()

    async def close(self) -> None:
        """Kill the process, even while it decodes. Calling it twice is harmless."""
        if self._starting is not None:
            with contextlib.suppress(Exception):
                await self._starting
            self._starting = None
        self.kill()
        async with self._rendering:  # callers that wait see the process die before its socket closes
            await self._reaped()

    async def _render(self, channel: Channel, asked: Sequence[tuple[Body, Request]]) -> list[protocol.Verdict]:
        limit = _Limit(self._timeout, self.kill)
        verdicts: list[protocol.Verdict] = []
        try:
            await _send(channel, asked)
            for _, request in asked:
                verdicts.append(answers.read(await channel.receive(), request))
                limit.restart()
        except (EOFError, OSError, ImproperAnswerError) as error:
            limit.cancel()
            if isinstance(error, ImproperAnswerError):
                self.kill()
            code = await self._reaped()
            if len(asked) > 1:
                return verdicts
            if limit.passed:
                return [Refused(Reason.TIMEOUT, f"decoding took longer than image-timeout ({self._timeout:g} s)")]
            if isinstance(error, ImproperAnswerError):
                return [Refused(Reason.CRASHED, f"thumbrun killed the decoding process: {error}")]
            if isinstance(error, OSError):
                # The kernel resets a connection that closes with unread bytes: the process had not accepted the image.
                raise InnocentDeathError(repr(error)) from error
            blamed = _blamed(code, self._oom_kills)
            if code in (-SIGTERM, UNKNOWN):  # it might be told to end, or have done this itself
                raise InnocentDeathError(repr(error), blamed) from error
            return [blamed]
        except BaseException:
            self.kill()
            self._hang_up()
            raise
        finally:
            limit.cancel()
        return verdicts

    async def _start(self) -> None:
        await self._reaped()
        loop = asyncio.get_running_loop()
        self._oom_kills = _oom_kills()
        self._process, ours = await loop.run_in_executor(
            self._thread, self._launcher.launch, self._memory, self._timeout
        )
        self._channel = Channel(ours, answers.MOST_READY, self.kill)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                self.confined = answers.read_ready(await self._channel.receive())
        except BaseException:
            self.kill()
            self._hang_up()
            raise

    async def _reaped(self) -> int | None:
        """Kill the process if it lives; return its exit code, or minus the signal that it died of."""
        self._hang_up()
        process, self._process = self._process, None
        if process is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, process.end)

    def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


async def _send(channel: Channel, asked: Sequence[tuple[Body, Request]]) -> None:
    parts: list[bytes] = []
    descriptors: list[int] = []
    try:
        for body, request in asked:
            if (descriptor := body.descriptor()) is not None:
                descriptors.append(descriptor)
            parts += protocol.ask(request, body.in_memory if descriptor is None else None)
        await channel.send(parts, descriptors, answers=[answers.longest(request) for _, request in asked])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


class _Limit:
    """Calls `kill` after some time, and counts only the time in which the task itself was running.

    It counts in ticks. When Cloud Run moves a task to another machine, it stops the task and all its processes for
    seconds. Such a pause counts as one tick.
    """

    def __init__(self, seconds: float, kill: Callable[[], None]) -> None:
        self.passed = False
        self._seconds = self._left = seconds
        self._kill = kill
        self._loop = asyncio.get_running_loop()
        self._timer = self._arm()

    def cancel(self) -> None:
        self._timer.cancel()

    def restart(self) -> None:
        self._timer.cancel()
        self._left = self._seconds
        self._timer = self._arm()

    def _arm(self) -> asyncio.TimerHandle:
        step = min(_TICK, self._left)
        self._left -= step
        return self._loop.call_later(step, self._tick)

    def _tick(self) -> None:
        if self._left > 0:
            self._timer = self._arm()
        else:
            self.passed = True
            self._kill()


def _blamed(code: int | None, oom_kills_before: int) -> Refused:
    """Return the verdict on an image that its process died of."""
    if code == -SIGKILL and _oom_kills() > oom_kills_before:
        return Refused(Reason.OUT_OF_MEMORY, "the system ran out of memory and killed the decoding process")
    if code == -SIGXCPU:
        return Refused(Reason.TIMEOUT, "decoding used more processor time than image-timeout allows")
    if code is not None and code < 0:
        return Refused(Reason.CRASHED, f"the decoding process was killed by {_signal_name(-code)}")
    return Refused(Reason.CRASHED, f"the decoding process ended with exit code {code}")


def _signal_name(number: int) -> str:
    """Return a signal's name; most real-time signals have none."""
    return Signals(number).name if number in set(Signals) else f"signal {number}"


def _oom_kills() -> int:
    """Return how many processes of this container the kernel killed for lack of memory; 0 if it does not say."""
    try:
        events = _EVENTS.read_text().split()
    except OSError:
        return 0
    return int(events[events.index("oom_kill") + 1]) if "oom_kill" in events else 0
