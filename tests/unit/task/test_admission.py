"""Tests that admission keeps a task within its memory, for any bodies, and that no wait lasts for ever."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual import run
from thumbrun.task.admission import Admission

MEMORY, FINISHED = 1000, 200


IMAGES = st.tuples(st.integers(0, 500), st.integers(0, 1000), st.integers(0, 1000))


@given(st.lists(IMAGES, max_size=30), st.integers(1, 4))
def test_all_that_images_hold_stays_within_the_memory(sizes: list[tuple[int, int, int]], pool: int) -> None:
    """Admission never holds more than the memory and the room for thumbnails, and every image gets its turn."""

    async def scenario() -> None:
        admission = Admission(MEMORY, pool, FINISHED)
        held = 0
        worked = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            assert 0 <= held <= MEMORY + FINISHED

        async def image(body: int, picture: int, thumbnails: int) -> None:
            nonlocal worked
            async with AsyncExitStack() as kept:
                async with admission.body(body) as place:
                    hold(body)
                    await asyncio.sleep(1)
                    needed = min(picture, place.most)
                    made = min(needed, thumbnails)
                    async with AsyncExitStack() as decoding:
                        await decoding.enter_async_context(place.decoding(needed))
                        hold(needed)
                        await asyncio.sleep(2)
                        await place.keep(made, decoding, kept)
                        hold(made - needed)
                    hold(-body)
                await asyncio.sleep(3)
                hold(-made)
            worked += 1

        await asyncio.gather(*(image(*size) for size in sizes))
        assert len(sizes) == worked

    run(scenario())


def test_what_can_never_fit_is_refused() -> None:
    """Admission refuses a body or a picture that can never fit, because the wait would not end."""

    async def scenario() -> None:
        admission = Admission(MEMORY, 2)
        with pytest.raises(ValueError, match="501"):
            async with admission.body(501):
                pass
        async with admission.body(10) as place:
            with pytest.raises(ValueError, match="751"):
                async with place.decoding(751):
                    pass

    run(scenario())


def test_who_gives_up_waiting_leaves_no_trace() -> None:
    """A cancelled body holds no memory, even if its turn came in the moment of the cancellation."""

    async def scenario() -> None:
        admission = Admission(MEMORY, 1)

        async def image(seconds: float) -> None:
            async with admission.body(200):
                await asyncio.sleep(seconds)

        images = [asyncio.ensure_future(image(1)) for _ in range(10)]
        await asyncio.sleep(1)  # the first image ends in this very moment
        for waiting in images[1:6]:
            waiting.cancel()
        await asyncio.gather(*images, return_exceptions=True)
        async with admission.body(500):
            pass

    run(scenario())
