"""Measures what a task and a decoding process make of the first bytes of an object, and compares it with the bounds."""

import asyncio
import io
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from thumbrun.decoding.body import Body
from thumbrun.imaging import partial, render, sniff
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.shape import USUAL_SHAPE
from thumbrun.planning.plan import Item
from thumbrun.storage.base import Sink
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.fetch import Fetcher, FetchLimits
from thumbrun.task.unfit import UnfitError

_HERE = str(Path(partial.__file__).parent)
_NAME = "a"
_BOX = 100
_ANY = 1 << 40  # more pixels or bytes than any image has, so that no other limit ends the work first

# What the readers may take. `Part` bounds what they make; see there.
TIMES, SLACK = 2, 1 << 13
REQUESTS = 13  # twelve for parts, and one for the rest
PYTHON = 16 << 20  # bytes of Python's numbers: a TIFF may name 65,536 pieces
LINES_A_BYTE, LINES = 16, 1_000_000  # lines of `imaging.partial`; a byte can be looked at once for each range


@dataclass(frozen=True, slots=True)
class Cost:
    """What an object cost.

    Attributes:
        size: The size of the object, in bytes.
        part: Whether a part of it was enough for the task.
        requests: How many ranges the task asked for.
        read: How many bytes the task read to find out if a part is enough.
        made: The size of the file that the task made of a part, in bytes; 0 if it made none.
        held: The most bytes that the task held at once, the body included.
        lines: How many lines of `imaging.partial` ran in the task.
        rendered: The most bytes that a decoding process held to find and make a shorter file.
        rendered_lines: How many lines of `imaging.partial` ran for that.
    """

    size: int
    part: bool
    requests: int
    read: int
    made: int
    held: int
    lines: int
    rendered: int
    rendered_lines: int

    def measures(self) -> dict[str, tuple[int, int]]:
        """Return each measure and its bound."""
        return {
            "ranges that the task asked for": (self.requests, REQUESTS),
            "bytes read to decide": (self.read, self.size // 3),
            "bytes made, by those read": (self.made, TIMES * self.read + SLACK),
            "bytes made, by the object": (self.made, self.size),
            "bytes held by the task": (self.held, self.size + PYTHON),
            "bytes held by a decoding process": (self.rendered, 2 * self.size + PYTHON),
            "lines run in the task": (self.lines, LINES_A_BYTE * self.read + LINES),
            "lines run in a decoding process": (self.rendered_lines, LINES_A_BYTE * self.size + LINES),
        }

    def wrong(self) -> list[str]:
        """Return a line for each bound that is exceeded."""
        found = self.measures().items()
        return [f"{what}: {value:,}, the bound is {bound:,}" for what, (value, bound) in found if value > bound]


class _Counting(MemoryStore):
    """A store that records the ranges that are read."""

    def __init__(self) -> None:
        super().__init__("in")
        self.ranges: list[tuple[int, int | None]] = []

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        self.ranges.append((start, end))
        return await super().read(name, sink, generation=generation, start=start, end=end)


class _Bodies:
    """Stands in for the renderer, of which fetching needs only the bodies."""

    def body(self, expected: int) -> Body:
        return Body(expected)


def cost(content: bytes, format_: str) -> Cost:
    """Read an object as a task does, and make a shorter file of it as a decoding process does; return the cost."""
    return asyncio.run(cost_of(content, format_))


async def cost_of(content: bytes, format_: str) -> Cost:
    """Do as `cost` does, where an event loop runs already."""
    store = _Counting()
    entry = store.put_as_user(_NAME, content)
    item = Item(_NAME, entry.generation, entry.size, entry.crc32c, None, format_, True, _NAME, "jpeg")
    fetcher = Fetcher(store, _Bodies(), FetchLimits(((_BOX, _BOX),), USUAL_SHAPE, _ANY, False, _ANY, _ANY))  # type: ignore[arg-type]
    made, part = 0, False
    with _measured() as task:
        try:
            fetched = await fetcher.fetch(item)
        except UnfitError:
            pass
        else:
            part, made = fetched.part, fetched.body.size if fetched.part else 0
            fetched.body.close()
    read = sum(end - start for start, end in store.ranges if end is not None)
    with _measured() as process:
        name = sniff.format_of(content[: sniff.HEAD])
        if name is not None:
            render._needed(name, io.BytesIO(content), KnownBytes(len(content)), ((_BOX, _BOX),), USUAL_SHAPE)
    return Cost(
        *(len(content), part, len(store.ranges), read, made, task.held + made, task.lines),
        *(process.held, process.lines),
    )


@dataclass(slots=True)
class _Measured:
    held: int = 0
    lines: int = 0


@contextmanager
def _measured() -> Iterator[_Measured]:
    """Measure the memory that Python takes, and count the lines of `imaging.partial` that run."""
    found = _Measured()

    def line(frame: FrameType, event: str, _: Any) -> Any:
        found.lines += event == "line"
        return line

    def call(frame: FrameType, _: str, __: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_HERE) else None

    before = sys.gettrace()
    tracemalloc.start()
    sys.settrace(call)
    try:
        yield found
    finally:
        sys.settrace(before)
        found.held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
