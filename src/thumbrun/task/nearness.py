"""Folders answer in less time than an image takes to decode, so a task begins less ahead of the decoding processes."""

from thumbrun.storage.base import Store

_NEAR_AT_ONCE = 8  # reads and writes of local files at once


def is_folder(store: Store) -> bool:
    """Return whether a store is a folder of this machine."""
    return store.uri("").startswith("file:")


def is_near(source: Store, output: Store) -> bool:
    """Return whether both stores are folders."""
    return is_folder(source) and is_folder(output)


def requests_at_once(source: Store, output: Store, in_flight: int) -> int:
    """Return how many requests keep the decoding processes busy.

    The fewer images a process begins ahead, the fewer are made twice where the same command runs in two terminals.

    Args:
        source: The store of the source.
        output: The store of the thumbnails.
        in_flight: How many requests the settings allow.
    """
    return min(in_flight, _NEAR_AT_ONCE) if is_near(source, output) else in_flight
