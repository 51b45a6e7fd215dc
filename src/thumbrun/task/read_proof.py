"""Finds out whether a source lets other objects be read, if it refuses one: a byte of another object proves it.

A look at the record of an object would prove less: that can succeed though nothing can decrypt the bytes.
"""

import asyncio

from thumbrun.storage.base import BytesSink, DeniedError, LostError, NotFoundError, Store

_OTHERS = 10  # objects of a folder to try


async def may_read_others(source: Store, refused: str, last_read: str | None) -> bool:
    """Return whether another object may be read.

    If the object that was read last cannot be read any more, or if there is none, thumbrun tries the first ones in the
    refused object's folder and in the bucket. A retry might have only refused items left.

    Args:
        source: The store of the objects.
        refused: The name of the object that cannot be read.
        last_read: The name of the object that was read last, or None.

    Raises:
        StoreError: The source fails for another reason.
    """
    if last_read is not None and await _may_read_a_byte(source, last_read):
        return True
    others: list[str] = []
    for prefix in dict.fromkeys((refused[: refused.rfind("/") + 1], "")):
        page = await source.page(prefix, limit=_OTHERS)
        others += [entry.name for entry in page.entries if entry.name != refused and entry.size]
    return any(await asyncio.gather(*(_may_read_a_byte(source, name) for name in others)))


async def _may_read_a_byte(source: Store, name: str) -> bool:
    try:
        await source.read(name, BytesSink(), start=0, end=1)
    except (DeniedError, LostError, NotFoundError):
        return False
    return True
