"""Encodes the frames of an animated thumbnail into one file."""

import io
from collections.abc import Sequence

from PIL import Image, ImageChops

from thumbrun.imaging.animation import gif

_MOST_COLOURS = 256
_MOST_PLAYS = 65_535
_NETSCAPE = b"\x21\xff\x0bNETSCAPE2.0\x03\x01"
_256_COLOURS = bytes((0xF7, 0, 0))  # of a GIF's screen (GIF89a, 18): shared colours, and how many
_CLEARED, _HAS_TRANSPARENT = 2 << 2, 1  # flags of a frame's control block (23)
_TRANSPARENT = 255  # the number of the transparent colour
_SAMPLED, _SAMPLED_PIXELS = 16, 1 << 13  # frames that choose the shared colours, and pixels of each


def encode_animation(
    frames: Sequence[Image.Image], milliseconds: Sequence[int], plays: int, output_format: str, quality: int
) -> bytes:
    """Return the encoded animation.

    Args:
        frames: The frames, all of one size, in mode L, LA, RGB or RGBA.
        milliseconds: How long each of them is shown.
        plays: How often all of them are shown; 0 means without an end.
        output_format: `webp` or `gif`.
        quality: The quality of WebP, from 1 to 100.
    """
    if output_format == "gif":
        return _gif(frames, milliseconds, min(plays, _MOST_PLAYS + 1))
    target = io.BytesIO()
    first, *others = frames
    # The same choices as for a still picture. The encoder leaves out a frame that equals the one before, and shows that
    # one longer.
    lossless = all(frame.getcolors(_MOST_COLOURS) is not None for frame in frames)
    first.save(
        *(target, "WEBP"),
        save_all=True,
        append_images=others,
        duration=list(milliseconds),
        loop=min(plays, _MOST_PLAYS),
        quality=quality,
        method=4,
        lossless=lossless,
    )
    return target.getvalue()


def _gif(frames: Sequence[Image.Image], milliseconds: Sequence[int], plays: int) -> bytes:
    """Return a GIF whose frames share 256 colours.

    Colours for each frame would take ten times as long, and make the file larger. Of an opaque animation, a frame holds
    only the part that changes. If some of it is transparent, every frame is whole, and cleared before the next one.
    """
    opaque = all(frame.mode in ("L", "RGB") for frame in frames)
    palette = _shared_palette(frames, _MOST_COLOURS if opaque else _TRANSPARENT)
    size = b"".join(side.to_bytes(2, "little") for side in frames[0].size)
    parts = [b"GIF89a", size, _256_COLOURS, bytes(palette.getpalette() or ()).ljust(3 * _MOST_COLOURS, b"\0")]
    if plays != 1:
        parts += [_NETSCAPE, max(0, plays - 1).to_bytes(2, "little"), b"\0"]
    before: Image.Image | None = None
    for frame, time in zip(frames, milliseconds, strict=True):
        box = _changed(before, frame) if opaque and before is not None else (0, 0, *frame.size)
        picture = _in_colours(frame.crop(box), palette)
        parts += _gif_frame(picture, box, time // 10, 0 if opaque else _CLEARED | _HAS_TRANSPARENT)
        before = frame
    return b"".join((*parts, b";"))


def _shared_palette(frames: Sequence[Image.Image], colours: int) -> Image.Image:
    """Return a picture with the colours that suit some of the frames, taken evenly."""
    chosen = frames[:: -(-len(frames) // _SAMPLED)]
    width, height = frames[0].size
    reduced = min(1.0, (_SAMPLED_PIXELS / (width * height)) ** 0.5)
    width, height = max(1, int(width * reduced)), max(1, int(height * reduced))
    sample = Image.new("RGB", (width, height * len(chosen)))
    for place, frame in enumerate(chosen):
        sample.paste(frame.convert("RGB").resize((width, height), Image.Resampling.NEAREST), (0, place * height))
    return sample.quantize(colours, Image.Quantize.MEDIANCUT)


def _in_colours(picture: Image.Image, palette: Image.Image) -> Image.Image:
    """Return a picture in the nearest colours of a palette; what is more than half transparent has none of them."""
    made = picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    if picture.mode in ("LA", "RGBA"):
        made.paste(_TRANSPARENT, mask=picture.getchannel("A").point([255] * 128 + [0] * 128))
    return made


def _changed(before: Image.Image, frame: Image.Image) -> tuple[int, int, int, int]:
    """Return the box of the pixels that differ; if none does, that of the first one, so that no frame is lost."""
    pair = (before.convert("RGB"), frame.convert("RGB"))
    return ImageChops.difference(*pair).getbbox() or (0, 0, 1, 1)


def _gif_frame(picture: Image.Image, box: tuple[int, int, int, int], time: int, flags: int) -> list[bytes]:
    """Return the blocks of a frame (GIF89a, 20 to 23).

    Args:
        picture: Its picture, in the shared colours.
        box: Where it lies.
        time: How long it is shown, in hundredths of a second.
        flags: Those of its control block.
    """
    file = io.BytesIO()
    picture.save(file, "GIF", optimize=False, interlace=False)  # optimised, it would have other numbers for its colours
    data = gif.only_picture(file)
    control = b"\x21\xf9\x04" + bytes((flags,)) + time.to_bytes(2, "little") + bytes((_TRANSPARENT, 0))
    place = b"".join(number.to_bytes(2, "little") for number in (*box[:2], *picture.size))
    return [control, b",", place, b"\0", data]
