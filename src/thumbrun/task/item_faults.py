"""Tells a fault of thumbrun's own that one item's bytes bring out from errors of the store and of the machine.

Such a fault must cost that item and no other. If it ended the task, the next attempt would meet the same bytes, and
would end in the same way.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from thumbrun.errors import ThumbrunError, origin_of, told
from thumbrun.outcomes import Timing


class ItemFaultError(Exception):
    """thumbrun failed on the bytes of one item.

    Attributes:
        detail: The type and the text of the exception, and where it was raised.
        origin: The type of the exception, and where it was raised: equal for equal faults.
        timing: What the item's time went into.
    """

    timing: Timing | None = None

    def __init__(self, error: Exception) -> None:
        where = origin_of(error)
        self.detail = f"{told(error)} (in {where})"
        self.origin = (type(error).__name__, where)
        super().__init__(self.detail)


@contextmanager
def item_faults(*known: type[Exception]) -> Iterator[None]:
    """Turn an exception that nobody expects into an `ItemFaultError`.

    Errors of the store, of the operating system and of a lack of memory pass, because they say nothing of the item.

    Args:
        known: Further exceptions that pass, because somebody expects them.

    Raises:
        ItemFaultError: The block raised another exception.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (ThumbrunError, OSError, MemoryError, *known)):
            raise
        raise ItemFaultError(error) from error
