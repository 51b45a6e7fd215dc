"""Shows the frames of an animation as still pictures: each is what is seen at its time, with all that lies below it."""

import io
from collections.abc import Iterator
from typing import IO

from PIL import Image, ImageFile

from thumbrun.imaging import decode
from thumbrun.imaging.animation.animation import Animation, Disposal, Frame, Reader
from thumbrun.imaging.colours import modes

_CLEAR = (0, 0, 0, 0)
_OPAQUE = (255, 255)
_GREY = ("1", "L", "LA", "I;16", "I;16B")


def pictures_seen(name: str, source: IO[bytes], reader: Reader, animation: Animation) -> Iterator[ImageFile.ImageFile]:
    """Yield what is seen at the time of each frame, as a loaded image with the colours and metadata of its file.

    Args:
        name: The format of the file.
        source: The file.
        reader: Reads the animations of this format.
        animation: The animation in the file.

    Raises:
        Exception: The animation is broken; decoders raise exceptions of any kind.
    """
    canvas = _Canvas(animation.width, animation.height)
    for frame in animation.frames:
        before = canvas.part(frame) if frame.disposal is Disposal.RESTORE else None
        with decode.open_image(name, io.BytesIO(reader.still(source, animation, frame))) as still:
            still.load()
            is_grey = still.mode in _GREY
            canvas.draw(still, frame)
            seen = canvas.seen()
            yield _with_pixels(still, seen.convert("LA" if seen.mode == "RGBA" else "L") if is_grey else seen)
        if before is not None:
            canvas.put_back(before, frame)
        elif frame.disposal is Disposal.CLEAR:
            canvas.clear(frame)


class _Canvas:
    """What is seen of an animation."""

    def __init__(self, width: int, height: int) -> None:
        self._pixels = Image.new("RGBA", (width, height), _CLEAR)
        self._is_opaque = False  # whether it is known that every pixel is
        self._last: Image.Image | None = None  # the last picture, if it is opaque and covers all others

    def draw(self, still: ImageFile.ImageFile, frame: Frame) -> None:
        """Draw the picture of a frame, which is loaded."""
        self._last = None
        if not frame.width:
            return
        convert = modes.conversion(still)
        picture = convert(still) if convert else still
        if picture.mode in ("LA", "RGBA"):
            picture = picture.convert("RGBA")
            if frame.is_over:
                picture = Image.alpha_composite(self._pixels.crop(frame.box), picture)
            else:
                self._is_opaque = False
        elif frame.box == (0, 0, *self._pixels.size):
            self._is_opaque = True
            self._last = picture.convert("RGB")
        self._pixels.paste(picture, frame.box)

    def seen(self) -> Image.Image:
        """Return what is seen, of mode RGB if all of it is opaque."""
        if self._last is not None:
            return self._last
        self._is_opaque = self._is_opaque or self._pixels.getchannel("A").getextrema() == _OPAQUE
        # A thumbnail that is neither scaled nor cropped is this very picture, while the canvas goes on to change.
        return self._pixels.convert("RGB") if self._is_opaque else self._pixels.copy()

    def part(self, frame: Frame) -> tuple[Image.Image, bool]:
        """Return what lies where a frame will be drawn, for `put_back`."""
        return self._pixels.crop(frame.box), self._is_opaque

    def put_back(self, part: tuple[Image.Image, bool], frame: Frame) -> None:
        """Put back what lay where a frame was drawn."""
        self._pixels.paste(part[0], frame.box)
        self._is_opaque = part[1]

    def clear(self, frame: Frame) -> None:
        """Make the place of a frame transparent."""
        self._pixels.paste(_CLEAR, frame.box)
        self._is_opaque = False


def _with_pixels(still: ImageFile.ImageFile, seen: Image.Image) -> ImageFile.ImageFile:
    """Give a loaded image other pixels."""
    still._im, still._mode, still._size, still.palette = seen.im, seen.mode, seen.size, None  # noqa: SLF001
    still.info.pop("transparency", None)
    return still
