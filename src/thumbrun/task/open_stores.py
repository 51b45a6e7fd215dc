"""The stores of one task: source, output and state, each opened once."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Self

from thumbrun.clock import Clock
from thumbrun.logs.events import Events
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store
from thumbrun.storage.location import Location
from thumbrun.storage.open import open_store
from thumbrun.storage.ramp import Ramp
from thumbrun.storage.retry import RetryingStore


class Stores:
    """The stores of one task, opened and closed together."""

    def __init__(
        self, settings: Settings, events: Events, clock: Clock, opener: Callable[[Location], Store] | None = None
    ) -> None:
        """Prepare.

        Args:
            settings: Where they are.
            events: Hears of requests that are repeated.
            clock: Time and chance, for waits.
            opener: Opens each store instead of `storage.open`.
        """
        self._settings = settings
        self._events = events
        self._clock = clock
        self._opener = opener or self._usual
        self._stack = AsyncExitStack()
        self._ramped: list[RetryingStore] = []

    async def __aenter__(self) -> Self:
        settings = self._settings
        self.source = self._open(settings.source)
        self.output = self.source if settings.output.shares_store_with(settings.source) else self._open(settings.output)
        self.state = RecordStore(
            self.output if settings.state.shares_store_with(settings.output) else self._open(settings.state),
            settings.state.prefix,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    def ramp(self, since: datetime) -> None:
        """From now on, keep to this task's share of what Cloud Storage's buckets take.

        Not while a plan is agreed on and made: then one task works, and the others wait. Emulators and folders take
        what comes.

        Args:
            since: When the tasks began to work, UTC.
        """
        if not self._settings.ramp:
            return
        clock = self._clock
        start = clock.monotonic() - max(0.0, (clock.now() - since).total_seconds())
        for store in self._ramped:
            store.keep_to(
                Ramp(
                    self._settings.ramp,
                    1 / self._settings.task.count,
                    lambda: clock.monotonic() - start,
                    clock.sleep,
                    clock.uniform,
                    self._say_held_back,
                )
            )

    def _say_held_back(self, rate: float) -> None:
        self._events.info(
            "held-back",
            f"Held back to {rate:,.1f} requests a second: this task's share of what the bucket takes by now (--ramp)",
            rate=round(rate, 3),
        )

    def _open(self, location: Location) -> Store:
        store = self._opener(location)
        self._stack.push_async_callback(store.close)
        return store

    def _usual(self, location: Location) -> Store:
        settings = self._settings
        store = open_store(
            location,
            clock=self._clock,
            emulator=settings.emulator,
            user_project=settings.user_project,
            in_flight=settings.in_flight,
            on_retry=self._events.retry,
        )
        if location.scheme == "gs" and not settings.emulator:
            self._ramped.append(store)
        return store


def make_local_folders(settings: Settings) -> None:
    """Make the local folders that thumbnails and records go to."""
    for location in (settings.output, settings.state):
        if location.scheme == "file":
            Path(location.root).mkdir(parents=True, exist_ok=True)
