"""Opens the stores of one task, each once: source, output and state."""

import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self

from thumbrun.clock import Clock
from thumbrun.logs.events import Events
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store, StoreError
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.gcs.key_file import check_key_file
from thumbrun.storage.location import Location
from thumbrun.storage.open import open_store
from thumbrun.storage.ramp import Ramp
from thumbrun.storage.retry import RetryingStore


def check_credentials(settings: Settings) -> None:
    """Check the file of credentials that the environment names, if the settings need credentials.

    Raises:
        UnauthenticatedError: It cannot be used.
    """
    places = (settings.source, settings.output, settings.state)
    if not settings.emulator and any(place.scheme == "gs" for place in places):
        check_key_file(os.environ)


class Stores:
    """The stores of one task, which open and close together."""

    def __init__(
        self, settings: Settings, events: Events, clock: Clock, opener: Callable[[Location], Store] | None = None
    ) -> None:
        """Set up the stores; none is open yet.

        Args:
            settings: The settings, which name the stores.
            events: Receives an event for every request that is retried.
            clock: Provides time and randomness, for waits.
            opener: Opens each store, instead of `storage.open`.
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
            self._say_set_aside,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def bucket_facts(self) -> tuple[BucketFacts, BucketFacts]:
        """Return what is known of the buckets of source and output. No failure to find out is an error."""

        async def of(store: Store) -> BucketFacts:
            try:
                return await store.bucket_facts()
            except StoreError as error:
                return BucketFacts(trouble=str(error))

        source = await of(self.source)
        return source, source if self.output is self.source else await of(self.output)

    def ramp(self, since: datetime) -> None:
        """Limit this task's requests, from now on, to its share of the rate that a bucket of Cloud Storage accepts.

        Call this once the plan is there; until then one task works and the others wait. Emulators and folders have no
        limit.

        Args:
            since: When the tasks began to work, in UTC.
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
            f"Limited to {rate:,.1f} requests a second, this task's share of the bucket's present limit (--ramp)",
            rate=round(rate, 3),
        )

    def _say_set_aside(self, record: str, error: RecordError) -> None:
        self._events.warning(
            "record-set-aside", f"{error}. thumbrun does without it, and works again what it held", record=record
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
            endpoint=settings.endpoint,
            user_project=settings.user_project,
            in_flight=settings.in_flight,
            on_retry=self._events.retry,
        )
        if location.scheme == "gs" and not settings.emulator:
            self._ramped.append(store)
        return store
