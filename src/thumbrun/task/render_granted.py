"""Renders an image in the memory that it is granted, and asks for more if the image needs more."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import Renderer
from thumbrun.decoding.tries import Tries
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason
from thumbrun.task.admission import MemoryGrant
from thumbrun.task.item_faults import item_faults
from thumbrun.task.stopwatch import Phase, Stopwatch

# An image asks when it is opened, and when its size is known. A decoder that is taken over could ask for ever.
_MOST_DEMANDS = 8


async def render_granted(
    renderer: Renderer,
    body: Body,
    request: Callable[[int], Request],
    grant: MemoryGrant,
    tries: Tries,
    watch: Stopwatch,
    kept: AsyncExitStack,
) -> Rendered | Refused:
    """Decode in the memory that is enough for nearly all images; wait for more if the image needs more.

    Args:
        renderer: Decodes the image.
        body: The image's bytes.
        request: Returns what to make of them, within a number of bytes of memory.
        grant: The memory that decoding can take.
        tries: What earlier calls took for the same image.
        watch: Learns what the time goes into.
        kept: Holds the memory of the thumbnails for as long as the caller needs them.

    Raises:
        ItemFaultError: thumbrun failed on the image.
        DecoderPoolError: No process decodes.
    """
    needed = grant.first
    asked = 0
    watch.turn(Phase.WAITING)
    while needed <= grant.most:
        async with AsyncExitStack() as decoding:
            await decoding.enter_async_context(grant.decoding(needed))
            watch.turn(Phase.WAITING)  # what the decoder states is compared with the time from here on
            with item_faults():
                verdict = await renderer.render(body, request(needed), tries)
            watch.rendered(verdict.took)
            if isinstance(verdict, Rendered):
                await grant.keep(sum(len(picture.data) for picture in verdict.pictures), decoding, kept)
        if isinstance(verdict, NeedsMemory):
            if verdict.bytes <= needed:
                return Refused(Reason.CRASHED, f"the decoder asks for {verdict.bytes:,} bytes, and had {needed:,}")
            needed = verdict.bytes
            asked += 1
            if asked > _MOST_DEMANDS:
                return Refused(Reason.CRASHED, "the decoding process asked for more memory again and again")
        elif needed < grant.share and _may_lack_memory(verdict, asked_for_more=needed > grant.first):
            needed = grant.share
        else:
            return verdict
    return Refused(
        Reason.OUT_OF_MEMORY, f"decoding needs {needed:,} bytes, --memory / THUMBRUN_MEMORY leaves {grant.most:,}"
    )


def _may_lack_memory(verdict: Rendered | Refused, *, asked_for_more: bool) -> bool:
    """Whether more memory can change a verdict.

    libjpeg, OpenJPEG, dav1d and libde265 can report a failed allocation as broken data. An image that did not ask for
    more memory than every image gets first is far below its limit, so then the data are broken.
    """
    if not isinstance(verdict, Refused):
        return False
    return verdict.reason is Reason.OUT_OF_MEMORY or (verdict.reason is Reason.UNREADABLE and asked_for_more)
