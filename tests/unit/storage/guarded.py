"""A store in memory that asks before it creates an object, so that a test can refuse it."""

from collections.abc import Callable, Mapping

from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore


class GuardedStore(MemoryStore):
    """A store whose creates a guard can refuse.

    Attributes:
        guard: Called with each name that somebody wants to create; raises the error of the store, or returns.
    """

    def __init__(self, guard: Callable[[str], None], bucket: str = "out") -> None:
        """Set up an empty store."""
        super().__init__(bucket)
        self.guard = guard

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, if the guard lets it pass."""
        self.guard(name)
        return await super().create(
            name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
        )
