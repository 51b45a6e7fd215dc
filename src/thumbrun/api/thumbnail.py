"""`thumbrun.thumbnail`: a thumbnail of one image that a program has in memory."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache

from thumbrun import formats
from thumbrun.api.keywords import flags_of, named_by_keywords, takes, told_in_keywords
from thumbrun.api.shared_decoders import Limits, shared_decoders
from thumbrun.environment.machine import Machine, this_machine
from thumbrun.errors import SettingsError, ThumbrunError
from thumbrun.imaging import sniff
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.imaging.shape import Shape
from thumbrun.outcomes import Reason
from thumbrun.settings import declared
from thumbrun.settings.combinations import reject_beside_formats
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.resolved import usual_memory
from thumbrun.settings.shape import shape_of

SETTINGS = (
    declared.SIZE,
    declared.FIT,
    declared.GRAVITY,
    declared.BACKGROUND,
    declared.ENLARGE,
    declared.FORMAT,
    declared.QUALITY,
    declared.ANIMATED,
    declared.PLACEHOLDER,
    declared.MAX_PIXELS,
    declared.MEMORY,
    declared.WORKERS,
    declared.IMAGE_TIMEOUT,
    declared.REQUIRE_SANDBOX,
)
_SIZE = "The box that the thumbnail fits into, in pixels: 200 or '160x90'. '320x' or 'x200' leaves the other side free."


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail.

    Attributes:
        data: The bytes of its file.
        width: Its width, in pixels.
        height: Its height, in pixels.
        format: Its format: `jpeg`, `png`, `gif`, `webp` or `avif`.
        colour: Its dominant colour as CSS writes it, such as `#3a6ea5`; empty if nothing of it can be seen.
        placeholder: Its placeholder, after the kind and a colon, such as `thumbhash:…`; empty if none was requested.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    format: str
    colour: str = ""
    placeholder: str = ""


class ImageError(ThumbrunError):
    """thumbrun can make no thumbnail of an image.

    Attributes:
        reason: The reason, one of those that the reference lists, such as `truncated`.
        detail: A sentence for people.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["ImageError"], tuple[Reason, str]]:
        """Return how to make the error again, so that it can travel between processes."""
        return type(self), (self.reason, self.detail)


@takes(SETTINGS, size=_SIZE)
def thumbnail(data: bytes | bytearray | memoryview, *, in_process: bool = False, **keywords: object) -> Thumbnail:
    """Make a thumbnail of one image: upright and in true colours. It enlarges nothing unless `enlarge` says so.

    The image is decoded in a process of its own, which is confined and holds nothing of this one. All calls share these
    processes. They start with the first call, and end 30 seconds after the last one, and with this process.

    Args:
        data: The bytes of the image's file.
        in_process: Whether to decode in this very process, one image at a time and without any protection: a broken
            image can end the process or keep it busy, and a hostile one can take it over. `workers` and
            `image_timeout` mean nothing then.
        **keywords: The settings, named and meant like the flags of `thumbrun run`.

    Raises:
        ImageError: The image cannot be made into a thumbnail; `reason` says why.
        SettingsError: Keywords have wrong values; `problems` has all of them.
        DecoderPoolError: This machine cannot start the processes that decode.
        TypeError: There is no such keyword, or its value or `data` is of no such type.
    """
    wanted = _wanted(data, keywords, in_process=in_process)
    if in_process:
        return wanted.made(wanted.rendered_here())
    rendering = wanted.rendering()
    try:
        return wanted.made(rendering.result())
    finally:
        rendering.cancel()  # does nothing unless the wait was interrupted


@takes(SETTINGS, size=_SIZE)
async def thumbnail_async(
    data: bytes | bytearray | memoryview, *, in_process: bool = False, **keywords: object
) -> Thumbnail:
    """Make a thumbnail of one image, as `thumbnail` does."""
    wanted = _wanted(data, keywords, in_process=in_process)
    if in_process:
        return wanted.made(await asyncio.to_thread(wanted.rendered_here))
    return wanted.made(await asyncio.wrap_future(wanted.rendering()))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The thumbnail that a caller wants.

    Attributes:
        data: The bytes of the image.
        box: The width and height that it must fit, in pixels.
        shape: How it fits them.
        format: Its format.
        quality: Its quality, for the lossy encoders.
        animated: Whether it shows all frames of an animation.
        placeholder: The kind of its placeholder; empty for none.
        max_pixels: The most pixels that the image may have.
        limits: The limits of the processes that decode.
        require_sandbox: Whether these must be confined.
    """

    data: bytes
    box: Box
    shape: Shape
    format: str
    quality: int
    animated: bool
    placeholder: str
    max_pixels: int
    limits: Limits
    require_sandbox: bool

    def rendering(self) -> Future[Rendered | Refused]:
        """Begin to make the thumbnail in a process of its own."""
        return shared_decoders(self.limits).render(self.data, self._request, confined=self.require_sandbox)

    def rendered_here(self) -> Rendered | Refused:
        """Make the thumbnail in this process."""
        from thumbrun.imaging.render_here import render_here  # it brings the decoders

        verdict = render_here(self.data, self._request(self.limits.memory))
        if isinstance(verdict, NeedsMemory):
            detail = f"decoding needs {verdict.bytes:,} bytes of memory, but memory is {self.limits.memory:,}"
            return Refused(Reason.OUT_OF_MEMORY, detail)
        return verdict

    def made(self, verdict: Rendered | Refused) -> Thumbnail:
        """Return the thumbnail, or raise ImageError."""
        if isinstance(verdict, Refused):
            raise ImageError(verdict.reason, named_by_keywords(verdict.detail))
        return Thumbnail(verdict.data, verdict.width, verdict.height, self.format, verdict.colour, verdict.placeholder)

    def _request(self, memory: int) -> Request:
        return Request(
            *self.box,
            self.format,
            self.quality,
            self.max_pixels,
            memory,
            placeholder=self.placeholder,
            shape=self.shape,
            animated=self.animated,
        )


def _wanted(data: object, keywords: Mapping[str, object], *, in_process: bool) -> _Wanted:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data must be the bytes of an image, not {type(data).__name__}")
    whole = data if isinstance(data, bytes) else bytes(data)
    values = ParsedValues(SETTINGS, {}, flags_of("thumbnail", SETTINGS, keywords, ("data", "in_process")))
    boxes, names = values.get(declared.SIZE) or (), values.get(declared.FORMAT) or ()
    if len(boxes) > 1:
        values.reject(declared.SIZE, "give one size, such as 200 or '160x90'")
    if len(names) > 1:
        values.reject(declared.FORMAT, "give one format, such as 'webp'")
    reject_beside_formats(values)
    if in_process and values.get(declared.REQUIRE_SANDBOX):
        values.reject(declared.REQUIRE_SANDBOX, "nothing confines what is decoded in_process; use one of the two")
    shape = shape_of(values)
    if values.problems or shape is None:
        with told_in_keywords():
            raise SettingsError(values.problems)
    workers = values.get(declared.WORKERS) or _machine().processors
    (wanted_format,) = values.required(declared.FORMAT)
    format_ = formats.thumbnail_format(wanted_format, sniff.format_of(whole[: sniff.HEAD]))
    return _Wanted(
        data=whole,
        box=boxes[0],
        shape=shape,
        format=format_,
        quality=values.required(declared.QUALITY).of(format_),
        animated=values.required(declared.ANIMATED) == "keep",
        placeholder=values.required(declared.PLACEHOLDER),
        max_pixels=values.required(declared.MAX_PIXELS),
        limits=Limits(
            workers,
            values.get(declared.MEMORY) or usual_memory(workers, _machine()),
            values.required(declared.IMAGE_TIMEOUT),
        ),
        require_sandbox=values.required(declared.REQUIRE_SANDBOX),
    )


@cache
def _machine() -> Machine:
    return this_machine(os.environ)  # on Cloud Run the variables tell what the machine does not show
