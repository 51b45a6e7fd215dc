"""One decoding process as the task sees it: started, asked, killed when it takes too long, and started again."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGXCPU, Signals

from thumbrun.decoding import protocol
from thumbrun.decoding.body import Body
from thumbrun.decoding.channel import Channel
from thumbrun.decoding.launcher import UNKNOWN, LaunchedProcess, Launcher
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.outcomes import Reason

_START_TIMEOUT = 60.0  # seconds; it takes 0.02, and 0.3 for the first
_TICK = 1.0
_EVENTS = Path("/sys/fs/cgroup/memory.events")  # of cgroup version 2, as a container sees its own


class InnocentDeathError(Exception):
    """The process died, but not of the image that it was given: it had not taken it up, or was told to end."""


class DecodingProcess:
    """A process that decodes one image after the other. One caller at a time uses it."""

    def __init__(self, timeout: float, memory: int, launcher: Launcher, thread: Executor) -> None:
        """Prepare; nothing is started yet.

        Args:
            timeout: Seconds that one image may take.
            memory: Bytes by which the process may grow.
            launcher: By which it is started.
            thread: Where that is done, and where it is reaped.
        """
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
        """Start the process unless it runs; when this returns it is ready.

        Raises:
            OSError, EOFError, TimeoutError, InnocentDeathError: It does not start.
        """
        if self._starting is None:
            if self._channel is not None and self._channel.is_open:
                return
            self._starting = asyncio.ensure_future(self._start())
        starting = self._starting
        try:
            # A caller that is cancelled leaves it starting, for the next.
            await asyncio.shield(starting)
        finally:
            if starting.done():
                self._starting = None

    async def render(self, asked: Sequence[tuple[Body, Request]]) -> list[protocol.Verdict]:
        """Have thumbnails made. If this is cancelled, the process is killed: nobody waits for its answers.

        Args:
            asked: What of. Of several no more than `protocol.MOST_FILES` are in files.

        Returns:
            The verdicts on the first of them. Where the process died, none is on what it died of if that was one of
            several: no one knows which.

        Raises:
            InnocentDeathError: The process died, but not of this image.
        """
        async with self._rendering:
            if self._channel is None:
                raise InnocentDeathError("it does not run")
            return await self._render(self._channel, asked)

    def kill(self) -> None:
        """Kill the process, whatever it decodes."""
        if self._process is not None:
            self._process.kill()

    async def close(self) -> None:
        """Kill the process, whatever it decodes. Calling it twice is harmless."""
        if self._starting is not None:
            with contextlib.suppress(Exception):
                await self._starting
            self._starting = None
        self.kill()
        async with self._rendering:  # whoever waits for its answer sees it die, and only then is the socket closed
            await self._reaped()

    async def _render(self, channel: Channel, asked: Sequence[tuple[Body, Request]]) -> list[protocol.Verdict]:
        limit = _Limit(self._timeout, self.kill)
        verdicts: list[protocol.Verdict] = []
        try:
            await _send(channel, asked)
            for _, request in asked:
                verdicts.append(whole(protocol.answered(await channel.receive()), request))
                limit.restart()
        except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
            limit.cancel()
            code = await self._reaped()
            if len(asked) > 1:
                return verdicts
            if limit.passed:
                return [Refused(Reason.TIMEOUT, f"decoding took longer than {self._timeout:g} s")]
            if isinstance(error, OSError) or code in (-SIGTERM, UNKNOWN):
                # The kernel resets a connection that is closed with bytes unread: it had not taken the image up.
                raise InnocentDeathError(repr(error)) from error
            return [_blamed(code, self._oom_kills)]
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
        self._channel = Channel(ours)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await self._channel.receive()
        except BaseException:
            self.kill()
            self._hang_up()
            raise

    async def _reaped(self) -> int | None:
        """Kill the process if it lives, and return what it died of: minus the signal, or its exit code."""
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
    for body, request in asked:
        if (descriptor := body.descriptor()) is not None:
            descriptors.append(descriptor)
        parts += protocol.ask(request, body.in_memory if descriptor is None else None)
    await channel.send(parts, descriptors)


class _Limit:
    """Calls for the kill when a time has passed in which the task itself was running.

    It counts in ticks: Cloud Run stops a task for seconds when it moves it to another machine, and all its processes
    with it. Such a pause counts as one tick.
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
        return Refused(Reason.OUT_OF_MEMORY, "the system killed the decoding process for want of memory")
    if code == -SIGXCPU:
        return Refused(Reason.TIMEOUT, "decoding took more processor time than it may")
    if code is not None and code < 0:
        return Refused(Reason.CRASHED, f"the decoding process died of {Signals(-code).name}")
    return Refused(Reason.CRASHED, f"the decoding process ended with {code}")


def _oom_kills() -> int:
    """Return how many processes of this container the kernel has killed for want of memory, as far as it says so."""
    try:
        events = _EVENTS.read_text().split()
    except OSError:
        return 0
    return int(events[events.index("oom_kill") + 1]) if "oom_kill" in events else 0


def whole(verdict: protocol.Verdict, request: Request) -> protocol.Verdict:
    """Return a verdict that leaves out none of the thumbnails that were asked for.

    Raises:
        ValueError: It has others in number: the process was taken over.
    """
    if isinstance(verdict, Rendered) and len(verdict.pictures) != len(request.boxes):
        raise ValueError(f"{len(verdict.pictures)} pictures, {len(request.boxes)} were asked for")
    return verdict
