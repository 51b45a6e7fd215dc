"""Animations for tests: drawn frames, written by Pillow or put together by hand."""

import io
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

import av
from PIL import Image, ImageDraw

from thumbrun.imaging.animation.animation import Disposal

SIZE = (240, 160)


def drawn(count: int, size: tuple[int, int] = SIZE, *, transparent: bool = False) -> list[Image.Image]:
    """Return frames on which a disc and a bar move, over gradients or over nothing."""
    width, height = size
    made = []
    for number in range(count):
        if transparent:
            frame = Image.new("RGBA", size, (0, 0, 0, 0))
        else:
            grey = Image.linear_gradient("L").resize(size)
            frame = Image.merge("RGB", (grey, grey.rotate(180), Image.new("L", size, 100))).convert("RGBA")
        draw = ImageDraw.Draw(frame)
        left = width * number // count
        draw.ellipse((left - height // 4, height // 3, left + height // 4, height * 5 // 6), fill=(220, 190, 120))
        draw.rectangle((width // 20, height // 20, width // 8 + 4 * number, height // 6), fill=(140, 80, 90))
        made.append(frame)
    return made


def written(frames: Sequence[Image.Image], name: str, milliseconds: Sequence[int], loop: int, **options: Any) -> bytes:
    """Return an animation that Pillow writes.

    Args:
        frames: The frames.
        name: `gif`, `webp` or `png`.
        milliseconds: How long each frame is shown.
        loop: What Pillow calls the number of loops, which GIF counts after the first one.
        options: Further options of Pillow.
    """
    target = io.BytesIO()
    more: dict[str, Any] = {"lossless": True} if name == "webp" else {}
    frames[0].save(
        *(target, name.upper()),
        save_all=True,
        append_images=frames[1:],
        duration=list(milliseconds),
        loop=loop,
        **(more | options),
    )
    return target.getvalue()


def shown(body: bytes) -> tuple[list[Image.Image], list[int], int | None]:
    """Return the frames of an animation as Pillow shows them, how long each lasts, and the number of loops."""
    with Image.open(io.BytesIO(body)) as image:
        frames, milliseconds = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(image.convert("RGBA"))
            milliseconds.append(int(image.info.get("duration", 0)))
        return frames, milliseconds, image.info.get("loop")


def independent(body: bytes) -> list[Image.Image]:
    """Return the frames of an animation as FFmpeg shows them; those of a WebP, which it does not know, as libwebp does.

    Pillow shows frames of a PNG wrong that restore what was below.
    """
    if body.startswith(b"RIFF"):
        return shown(body)[0]
    with av.open(io.BytesIO(body), "r", format="gif" if body.startswith(b"GIF") else "apng") as container:
        return [Image.fromarray(frame.to_ndarray(format="rgba")) for frame in container.decode(video=0)]


def gif(size: tuple[int, int], frames: Sequence[tuple[int, int, int, int]], *, hundredths: int = 5) -> bytes:
    """Return a GIF of frames of one colour each, given by their left edge, upper edge, width and height."""
    parts = [b"GIF89a", struct.pack("<HH", *size), b"\xf7\0\0", bytes(768)]
    for left, top, width, height in frames:
        parts.append(b"\x21\xf9\x04\0" + struct.pack("<H", hundredths) + b"\0\0")
        parts.append(b"," + struct.pack("<HHHHB", left, top, width, height, 0) + _pixels(left % 256, width, height))
    return b"".join((*parts, b";"))


@cache
def _pixels(number: int, width: int, height: int) -> bytes:
    """Return the compressed pixels of a GIF's picture of one colour."""
    still = io.BytesIO()
    Image.new("L", (width, height), number).save(still, "GIF", optimize=False, interlace=False)
    body = still.getvalue()
    return body[body.index(b",", 13 + 768) + 10 : -1]


def webp(
    size: tuple[int, int], frames: Sequence[tuple[Image.Image, int, int, Disposal, bool]], plays: int = 0
) -> bytes:
    """Return a WebP of frames, each with its left and upper edge, its disposal, and whether it is blended."""
    content = [_chunk(b"VP8X", bytes((0x12, 0, 0, 0)) + _three(size[0] - 1) + _three(size[1] - 1))]
    content.append(_chunk(b"ANIM", bytes(4) + struct.pack("<H", plays)))
    for picture, left, top, disposal, is_over in frames:
        still = io.BytesIO()
        picture.save(still, "WEBP", lossless=True, exact=True)
        flags = (disposal is Disposal.CLEAR) | (not is_over) << 1
        place = b"".join(map(_three, (left // 2, top // 2, picture.width - 1, picture.height - 1, 40)))
        content.append(_chunk(b"ANMF", place + bytes((flags,)) + _picture(still.getvalue())))
    return _chunk(b"RIFF", b"WEBP" + b"".join(content))


def _picture(still: bytes) -> bytes:
    """Return the chunks of a still WebP's picture, without the header of an extended file."""
    return still[12 + 18 :] if still[12:16] == b"VP8X" else still[12:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
