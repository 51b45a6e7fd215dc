"""Images and requests for the tests of decoding processes."""

import io
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from PIL import Image

from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

PLENTY = 1 << 40


def request(**changes: int) -> Request:
    """Return a request within generous limits."""
    values: dict[str, Any] = {"width": 100, "height": 100, "quality": 80, "max_pixels": PLENTY, "memory": PLENTY}
    return Request(output_format="jpeg", **(values | changes))


def photograph(side: int = 300, noise: bool = False) -> bytes:
    """Return a JPEG; with noise, it is too large for a socket."""
    image = Image.effect_noise((side, side), 100) if noise else Image.radial_gradient("L").resize((side, side))
    target = io.BytesIO()
    image.convert("RGB").save(target, "JPEG", quality=95)
    return target.getvalue()


def bomb(side: int, bits: int = 8, level: int = 1) -> bytes:
    """Return a PNG of almost no bytes and `side` by `side` grey pixels, which takes long to decode."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([bits, 0, 0, 0, 0])
    rows = zlib.compressobj(level)
    row = bytes(1 + side * bits // 8) * 64
    data = b"".join(rows.compress(row) for _ in range(side // 64)) + rows.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@cache
def slow() -> bytes:
    """Return a PNG of 655 megapixels, which takes more than a second and as many bytes to decode."""
    return bomb(25_600)


def filled(pool: DecoderPool, content: bytes) -> Body:
    """Return a body with content."""
    body = pool.body(len(content))
    body.write(content)
    return body


@asynccontextmanager
async def running(
    count: int = 1, *, limit: float = 60.0, memory: int = 2 << 30, share: int | None = None
) -> AsyncIterator[DecoderPool]:
    """Run decoding processes for the length of a test."""
    pool = DecoderPool(count, timeout=limit, memory=memory, share=share)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def verdict(pool: DecoderPool, content: bytes, asked: Request) -> Rendered | Refused | NeedsMemory:
    """Render one image and return the verdict."""
    body = filled(pool, content)
    try:
        return await pool.render(body, asked)
    finally:
        body.close()
