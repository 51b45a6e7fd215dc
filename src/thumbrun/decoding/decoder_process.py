"""One decoding process as the task sees it. The task starts it, sends it images, and kills it if it takes too long."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGXCPU, Signals

from thumbrun.decoding import answers, protocol
from thumbrun.decoding.answers import ImproperAnswerError
from thumbrun.decoding.body import Body
from thumbrun.decoding.channel import Channel
from thumbrun.decoding.launcher import UNKNOWN, LaunchedProcess, Launcher
from thumbrun.decoding.tries import Countdown, Tries
from thumbrun.imaging.request import Refused, Request, Took
from thumbrun.outcomes import Reason

_START_TIMEOUT = 60.0  # seconds; a start takes 0.02 s, the first one 0.3 s
_LIMIT = "--image-timeout / THUMBRUN_IMAGE_TIMEOUT"
_EVENTS = Path("/sys/fs/cgroup/memory.events")  # cgroup version 2, as a container sees its own


@dataclass(frozen=True, slots=True)
class Asked:
    """One image for a decoding process.

    Attributes:
        body: The image's bytes.
        request: What to make of them.
        tries: What this and earlier tries take.
    """

    body: Body
    request: Request
    tries: Tries


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

    def __init__(self, timeout: float, share: int, launcher: Launcher, thread: Executor) -> None:
        """Set up the process; nothing is started yet.

        Args:
            timeout: The number of seconds that one image may take, over all its tries.
            share: The number of bytes by which the process may grow, unless it is started for an image that needs more.
            launcher: The launcher that starts the process.
            thread: The executor that starts and reaps the process.
        """
        self.confined: bool | None = None
        self._timeout = timeout
        self._share = self._room = share
        self._launcher = launcher
        self._thread = thread
        self._starting: asyncio.Task[None] | None = None
        self._process: LaunchedProcess | None = None
        self._channel: Channel | None = None
        self._oom_kills = 0
        self._rendering = asyncio.Lock()

    async def start(self, memory: int = 0) -> None:
        """Start the process unless it already runs. The process is ready when this returns.

        A process that is taken over can use all the memory that it may grow by. So only an image that needs more than
        a process's share gets a process that may take more, and the next image gets a new one.

        Args:
            memory: The number of bytes that the next image may take.

        Raises:
            OSError, EOFError, TimeoutError, InnocentDeathError: The process does not start.
        """
        room = max(self._share, memory)
        if self._starting is None:
            if self._channel is not None and self._channel.is_open and self._room == room:
                return
            self._room = room
            self._starting = asyncio.ensure_future(self._start())
        starting = self._starting
        try:
            # If this caller is cancelled, the start goes on for the next caller.
            await asyncio.shield(starting)
        finally:
            if starting.done():
                self._starting = None

    @property
    def processor_seconds(self) -> float | None:
        """The processor time that the process has used, or None if it does not run, or the system does not tell."""
        return self._process.processor_seconds if self._process is not None else None

    async def render(self, asked: Sequence[Asked]) -> list[protocol.Verdict]:
        """Make thumbnails. If this is cancelled, it kills the process, because nobody waits for the answers.

        Args:
            asked: The images. If there are several, at most `protocol.MOST_FILES` may be in files.

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
        starting, self._starting = self._starting, None
        if starting is not None:
            with contextlib.suppress(Exception):
                await starting  # if this is cancelled, so is the start
        self.kill()
        async with self._rendering:  # callers that wait see the process die before its socket closes
            await self._reaped()

    async def _render(self, channel: Channel, asked: Sequence[Asked]) -> list[protocol.Verdict]:
        limit = Countdown(self._left(asked[0]), self.kill)
        verdicts: list[protocol.Verdict] = []
        try:
            await _send(channel, asked)
            for one in asked:
                if verdicts:
                    limit.restart(self._left(one))
                verdicts.append(answers.read(await channel.receive(), one.request))
        except (EOFError, OSError, ImproperAnswerError) as error:
            limit.cancel()
            if isinstance(error, ImproperAnswerError):
                self.kill()
            code = await self._reaped()
            if len(asked) == 1:
                verdict = self._verdict_of_death(error, code, too_late=limit.passed)
                verdicts.append(replace(verdict, took=Took(decode=limit.spent)))
        except BaseException:
            self.kill()
            self._hang_up()
            raise
        finally:
            limit.cancel()
            if len(asked) == 1:  # of several, nobody knows which one took the time
                asked[0].tries.seconds += limit.spent
        return verdicts

    def _verdict_of_death(self, error: Exception, code: int | None, *, too_late: bool) -> Refused:
        """Return the verdict on an image that was alone in its process when that died.

        Raises:
            InnocentDeathError: The process died, but not because of this image.
        """
        if too_late:
            return Refused(Reason.TIMEOUT, f"decoding took longer than {_LIMIT} ({self._timeout:g} s)")
        if isinstance(error, ImproperAnswerError):
            return Refused(Reason.CRASHED, f"thumbrun killed the decoding process: {error}")
        if isinstance(error, OSError):
            # The kernel resets a connection that closes with unread bytes: the process had not accepted the image.
            raise InnocentDeathError(repr(error)) from error
        blamed = _blamed(code, self._oom_kills)
        if code in (-SIGTERM, UNKNOWN):  # it might be told to end, or have done this itself
            raise InnocentDeathError(repr(error), blamed) from error
        return blamed

    def _left(self, asked: Asked) -> float:
        return max(0.0, self._timeout - asked.tries.seconds)

    async def _start(self) -> None:
        await self._reaped()
        loop = asyncio.get_running_loop()
        self._oom_kills = _oom_kills()
        launching = loop.run_in_executor(self._thread, self._launcher.launch, self._room, self._timeout)
        try:
            self._process, ours = await asyncio.shield(launching)
        except asyncio.CancelledError:
            launching.add_done_callback(_abandon)
            raise
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
        # Who is cancelled does not wait, but the process ends all the same: a job that nobody started can be cancelled.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, process.end))

    def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


def _abandon(launching: "asyncio.Future[tuple[LaunchedProcess, socket.socket]]") -> None:
    """End a process that was launched for nobody, because its start was cancelled in the meantime."""
    if not launching.cancelled() and launching.exception() is None:
        process, ours = launching.result()
        ours.close()
        process.abandon()


async def _send(channel: Channel, asked: Sequence[Asked]) -> None:
    parts: list[bytes] = []
    descriptors: list[int] = []
    try:
        for one in asked:
            if (descriptor := one.body.descriptor()) is not None:
                descriptors.append(descriptor)
            parts += protocol.ask(one.request, one.body.in_memory if descriptor is None else None)
        await channel.send(parts, descriptors, answers=[answers.longest(one.request) for one in asked])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _blamed(code: int | None, oom_kills_before: int) -> Refused:
    """Return the verdict on an image that its process died of."""
    if code == -SIGKILL and _oom_kills() > oom_kills_before:
        return Refused(Reason.OUT_OF_MEMORY, "the system ran out of memory and killed the decoding process")
    if code == -SIGXCPU:
        return Refused(Reason.TIMEOUT, f"decoding used more processor time than {_LIMIT} allows")
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
