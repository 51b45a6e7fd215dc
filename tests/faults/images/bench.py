"""Runs decoding processes, and watches the verdict, the time and the memory of each image, and a neighbour."""

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from PIL import Image

from tests.photographs import draw
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

MEMORY = 192 << 20  # bytes, the memory setting
TIMEOUT = 30.0  # seconds; enough on a busy machine too, because an image takes a few hundredths
MAX_PIXELS = 250_000_000  # the default setting
REPLACING = (Reason.CRASHED, Reason.TIMEOUT)  # the reasons that cost a process
# Bytes beside the pictures: the encoder, fragmentation, Python. `task.admission` promises as much for each process; the
# heap that an earlier image left makes the largest bombs come within a few megabytes of it.
_SLACK = 64 << 20  # bytes, as `decoding.child` adds to what an image may take
_PATIENCE = 30.0  # seconds beyond the time limit that a busy machine can need
_TRIES = 1_000  # tries to have both processes at work at once
_BOX = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """The result of one image.

    Attributes:
        verdict: The verdict of the decoding processes.
        seconds: How long the image took.
        grown: The most bytes by which the decoding process's resident memory grew while it was at work; 0 if the
            system does not report it or the process is gone.
    """

    verdict: Rendered | Refused
    seconds: float
    grown: int

    @property
    def outcome(self) -> str:
        """The reason of a refusal, or `done`."""
        return str(self.verdict.reason) if isinstance(self.verdict, Refused) else "done"


@dataclass(slots=True)
class Bench:
    """Two decoding processes, a neighbour that is rendered beside every tenth image, and a list of failures.

    Attributes:
        pool: The decoding processes.
        timeout: The time limit of an image, in seconds.
        memory: The memory setting, in bytes.
        wrong: A line for each failure.
        replaced: How many processes had to be replaced.
    """

    pool: DecoderPool
    timeout: float
    memory: int
    wrong: list[str] = field(default_factory=list)
    replaced: int = 0
    _neighbour: Rendered | Refused | None = None
    _pids: set[int] = field(default_factory=set)
    _tried: int = 0

    async def try_(self, name: str, content: bytes, *, beside: bool | None = None) -> Seen:
        """Render an image, and check everything that must hold for any image.

        Args:
            name: The name of the image in the lines about failures.
            content: The bytes of the image.
            beside: Whether to render a neighbour at the same time; None does so every tenth time.
        """
        self._tried += 1
        beside = self._tried % 10 == 0 if beside is None else beside
        before = {pid: _forget_peak(pid) for pid in self._pids}
        started = asyncio.get_running_loop().time()
        if beside:
            verdict, neighbour = await asyncio.gather(self.render(content), self.render(NEIGHBOUR))
        else:
            verdict, neighbour = await self.render(content), None
        seconds = asyncio.get_running_loop().time() - started
        grown = max((_peak(pid) - resident for pid, resident in before.items()), default=0)
        seen = Seen(verdict, seconds, max(0, grown))
        self._look(name, seen, self.allowed(len(content)))
        if beside or seen.outcome in REPLACING:
            await self.check_neighbour(name, neighbour)
        await self._check_processes(name, seen)
        return seen

    def allowed(self, size: int) -> int:
        """Return the memory that decoding a file of this size can take, as `admission` has it for one process."""
        return self.memory - self.memory // 4 if size <= self.memory // 4 else self.memory - size

    async def render(self, content: bytes) -> Rendered | Refused:
        """Return a verdict; refuse an image that needs more memory than a process can have, as a task does."""
        allowed = self.allowed(len(content))
        body = self.pool.body(len(content))
        try:
            body.write(content)
            verdict = await self.pool.render(body, Request(_BOX, _BOX, "jpeg", 80, MAX_PIXELS, allowed))
        finally:
            body.close()
        if isinstance(verdict, NeedsMemory):
            return Refused(Reason.OUT_OF_MEMORY, f"decoding takes {verdict.bytes:,} bytes")
        return verdict

    async def check_neighbour(self, name: str, neighbour: Rendered | Refused | None = None) -> None:
        """Note a failure if a healthy photograph does not give the same thumbnail as at first, bit by bit."""
        neighbour = neighbour or await self.render(NEIGHBOUR)
        self._neighbour = self._neighbour or neighbour
        if not isinstance(neighbour, Rendered) or neighbour != self._neighbour:
            self.wrong.append(f"{name}: it harms its neighbour: {neighbour}")

    def _look(self, name: str, seen: Seen, allowed: int) -> None:
        if seen.seconds > self.timeout + _PATIENCE:
            self.wrong.append(f"{name}: it took {seen.seconds:.1f} s")
        if seen.grown > allowed + _SLACK:
            self.wrong.append(f"{name}: its process grew by {seen.grown >> 20} MiB of {allowed >> 20}")
        if isinstance(seen.verdict, Rendered):
            if problem := _problem(seen.verdict):
                self.wrong.append(f"{name}: {problem}")
        elif not seen.verdict.detail.isprintable() or len(seen.verdict.detail) > 250:
            self.wrong.append(f"{name}: a detail that garbles a log: {seen.verdict.detail!r}")

    async def _check_processes(self, name: str, seen: Seen) -> None:
        """Note a failure if no outcome explains that a process is gone, or if there are too many processes."""
        if self._pids and seen.outcome not in REPLACING:
            if not all(map(psutil.pid_exists, self._pids)):
                self.wrong.append(f"{name}: {seen.outcome}, but a process is gone")
                self._pids = decoding_processes()
            return
        found = decoding_processes()
        for _ in range(_TRIES if self._pids else 0):
            # Two images put both to work; on a busy machine the first can have its answer before the second asks.
            await asyncio.gather(self.render(NEIGHBOUR), self.render(NEIGHBOUR))
            found = decoding_processes()
            if len(found) >= len(self._pids):
                break
        if self._pids:
            self.replaced += 1
            if len(found) != len(self._pids) or len(found - self._pids) != 1:
                self.wrong.append(f"{name}: {seen.outcome}, and instead of {self._pids} there are {found}")
        self._pids = found


@asynccontextmanager
async def bench(*, limit: float = TIMEOUT, memory: int = MEMORY) -> AsyncIterator[Bench]:
    """Run a bench.

    Args:
        limit: The time limit of an image, in seconds.
        memory: The memory setting, in bytes.
    """
    pool = DecoderPool(2, timeout=limit, memory=memory)
    await pool.start()
    try:
        made = Bench(pool, limit, memory)
        await made.try_("the neighbour itself", NEIGHBOUR)
        yield made
        await made.check_neighbour("the last")
    finally:
        await pool.close()


def decoding_processes() -> set[int]:
    """Return the decoding processes of this one: those below the fork server."""
    below = psutil.Process().children(recursive=True)
    return {process.pid for process in below if process.ppid() != os.getpid()}


async def busy_for(seconds: float, until: asyncio.Future[Seen]) -> int:
    """Wait until a decoding process has used this much processor time, and return its process id.

    Args:
        seconds: The processor time, in seconds.
        until: The result of the image that the process decodes; it must not end earlier.
    """

    def worked(pid: int) -> float:
        return float(sum(psutil.Process(pid).cpu_times()[:2]))

    before = {pid: worked(pid) for pid in decoding_processes()}
    while True:
        for pid, already in before.items():
            assert not until.done(), until.result()
            if worked(pid) > already + seconds:
                return pid
        await asyncio.to_thread(time.sleep, 0.01)


def _problem(rendered: Rendered) -> str | None:
    """Return what is wrong with a thumbnail, or None."""
    if not (1 <= rendered.width <= _BOX and 1 <= rendered.height <= _BOX):
        return f"a thumbnail of {rendered.width} x {rendered.height} pixels"
    if rendered.source_width * rendered.source_height > MAX_PIXELS:
        return f"done, though it has {rendered.source_width} x {rendered.source_height} pixels"
    try:
        with Image.open(io.BytesIO(rendered.data)) as thumbnail:
            thumbnail.load()
            sound = thumbnail.format == "JPEG" and thumbnail.size == (rendered.width, rendered.height)
    except OSError as error:
        return f"a torn thumbnail: {error}"
    return None if sound else "a thumbnail that is not what was asked for"


def _forget_peak(pid: int) -> int:
    """Reset the peak size of a process (proc(5), clear_refs), and return its size now."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return 1 << 60  # the peak is unknown
    return _peak(pid)


def _peak(pid: int) -> int:
    """Return the most bytes that a process had in memory; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def _drawn() -> bytes:
    target = io.BytesIO()
    draw(400, 5).save(target, "JPEG", quality=90)
    return target.getvalue()


NEIGHBOUR = _drawn()
