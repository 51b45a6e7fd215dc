"""Waits for an answer for a bounded time."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from thumbrun.storage.base import TransientError

T = TypeVar("T")

SECONDS = 10.0  # for each request; a store that answers takes less than one
SILENT_HINT = "check the network, the proxy (HTTPS_PROXY), and the address of the store if you set one"


async def in_time(request: Awaitable[T], whom: str, *, seconds: float = SECONDS, hint: str = SILENT_HINT) -> T:
    """Return the answer to a request.

    Args:
        request: The request.
        whom: Who is to answer, for the message.
        seconds: How long to wait.
        hint: What to check if there is no answer.

    Raises:
        TransientError: There is no answer in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await request
    except TimeoutError as error:
        raise TransientError(f"{whom} did not answer within {seconds:g} s", hint=hint) from error
