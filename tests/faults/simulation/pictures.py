"""Stand-ins for pictures: their bytes say what becomes of them, so that the oracle knows the truth without decoding."""

import asyncio
import gzip
import hashlib
import random
from dataclasses import dataclass

from tests.faults.simulation.life import Life
from thumbrun.decoding.body import Body
from thumbrun.decoding.tries import Tries
from thumbrun.imaging import request as answers
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

_VERDICTS = {b"bad": Reason.UNREADABLE, b"cut": Reason.TRUNCATED, b"wide": Reason.TOO_MANY_PIXELS}
_KINDS = (b"ok",) * 12 + (b"slow", b"large", *_VERDICTS)
_LARGE = 48 << 20  # bytes that a large picture needs, more than a decoding process's share of the world's memory
POISON = b"poison"

FORMATS = {
    # suffix: content type, format of the thumbnail with `keep`, whether thumbrun opens it, whether it is an item
    ".jpg": ("image/jpeg", "jpeg", True, True),
    ".JPG": (None, "jpeg", True, True),
    ".jpeg": (None, "jpeg", True, True),
    ".png": ("application/octet-stream", "png", True, True),
    ".webp": (None, "webp", True, True),
    ".avif": (None, "avif", True, True),
    ".tif": ("image/tiff", "jpeg", True, True),
    ".svg": ("image/svg+xml", "jpeg", False, True),
    ".txt": ("text/plain", "jpeg", False, False),
}
_SUFFIXES = (".jpg",) * 6 + (".JPG", ".png", ".webp", ".tif", ".svg", ".txt")


@dataclass(frozen=True, slots=True)
class Picture:
    """A source object that the simulation will put.

    Attributes:
        body: The bytes, as stored.
        content_type: The content type, or None.
        encoding: `gzip` or None.
        torn: Whether the bytes differ from the checksum that the store tells.
    """

    body: bytes
    content_type: str | None
    encoding: str | None
    torn: bool


def draw(chance: random.Random, name: str, *, kind: bytes | None = None) -> Picture:
    """Draw the object for a name."""
    kind = kind or chance.choice(_KINDS)
    body = b"|".join((kind, name.encode(), chance.randbytes(chance.randrange(8, 60))))
    encoding = "gzip" if chance.random() < 0.05 else None
    if encoding:
        body = gzip.compress(body, mtime=0)
    return Picture(body, FORMATS[suffix_of(name)][0], encoding, chance.random() < 0.02)


def poisonous() -> Picture:
    """Return an image that kills every process that opens it."""
    return Picture(POISON + b"|", "image/jpeg", None, torn=False)


def suffix_of(name: str) -> str:
    """Return the suffix of a drawn name."""
    return name[name.rindex(".") :]


def draw_name(chance: random.Random, folders: int) -> str:
    """Draw the path of an object below the source; flat names often collide."""
    folder = chance.choice(("", "a/", "b/", "a/b/", "a-b/", "z/y/x/")[:folders])
    return (
        f"{folder}{chance.choice('pqrstuvw')}{chance.choice(('', '', '1', '2', ' é', '-0'))}{chance.choice(_SUFFIXES)}"
    )


def content_of(body: bytes, encoding: str | None) -> bytes:
    """Return the content of a stored body."""
    return gzip.decompress(body) if encoding == "gzip" else body


def truth(content: bytes, box: tuple[int, int], format_: str) -> bytes | str:
    """Return the thumbnail of a content in a box and a format, or the reason why there is none."""
    kind = content.partition(b"|")[0]
    if kind in _VERDICTS:
        return str(_VERDICTS[kind].value)
    if kind == POISON:
        return Reason.POISON.value
    return f"thumbnail|{box[0]}x{box[1]}|{format_}|{hashlib.sha256(content).hexdigest() * 2}".encode()


class SyntheticRenderer:
    """Makes thumbnails that depend on the bytes alone, in virtual time."""

    def __init__(self, life: Life, chance: random.Random, seconds: float) -> None:
        """Set up the renderer.

        Args:
            life: The process that the renderer belongs to.
            chance: Draws how long a picture takes.
            seconds: The most seconds that a picture takes.
        """
        self._life = life
        self._chance = chance
        self._seconds = seconds

    is_confined = True

    async def start(self) -> None:
        """Do nothing; the renderer is always ready."""

    async def renew(self) -> None:
        """Do nothing; no image leaves anything behind."""

    def body(self, size: int) -> Body:
        """Return a body for a number of bytes."""
        return Body(size)

    async def render(self, body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused | NeedsMemory:
        """Return the thumbnails or the verdict that the bytes ask for."""
        await self._life.gate()
        content = body.read()
        kind = content.partition(b"|")[0]
        if kind == POISON:
            self._life.say("opens a picture that kills it")
            self._life.kill()
            await self._life.gate()
        if kind == b"large" and request.memory < _LARGE:
            return NeedsMemory(_LARGE)
        seconds = 14.0 if kind == b"slow" else self._chance.uniform(0, self._seconds)
        await asyncio.sleep(seconds)
        await self._life.gate()
        others = []
        for box, encoding in request.thumbnails:
            made = truth(content, box, encoding.format)
            if isinstance(made, str):
                return Refused(Reason(made), "as its bytes say")
            others.append(answers.Picture(made, *box))
        first = others.pop(0)
        return Rendered(first.data, first.width, first.height, 10, 10, "jpeg", tuple(others))

    async def close(self) -> None:
        """Do nothing; the renderer holds nothing."""
