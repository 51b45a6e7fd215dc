"""Open the store that a location names."""

import os
from collections.abc import Callable

from thumbrun.clock import Clock
from thumbrun.storage.base import Store
from thumbrun.storage.gcs.key_file import check_key_file
from thumbrun.storage.location import Location
from thumbrun.storage.retry import Retry, RetryingStore
from thumbrun.storage.throttle import Throttle


def open_store(
    location: Location,
    *,
    clock: Clock,
    emulator: str | None = None,
    endpoint: str | None = None,
    user_project: str | None = None,
    in_flight: int = 96,
    on_retry: Callable[[Retry], None] = lambda _: None,
) -> RetryingStore:
    """Return the store of a location, which limits its requests and retries them; no request is sent yet.

    Args:
        location: The location of the store; its prefix does not matter.
        clock: The source of time and randomness for waits.
        emulator: The address of an emulator of Cloud Storage, or None.
        endpoint: The address of Cloud Storage, or None for its public one.
        user_project: The project that pays for requests, or None.
        in_flight: The largest number of requests at once.
        on_retry: A function that is called for every request that is retried.

    Raises:
        UnauthenticatedError: The file of credentials that the environment names cannot be used.
    """
    store: Store
    if location.scheme == "gs":
        from thumbrun.storage.gcs.store import GcsStore  # a local run does not need its imports

        if not emulator:
            check_key_file(os.environ)
        store = GcsStore(location.root, emulator=emulator, endpoint=endpoint, user_project=user_project)
    else:
        from thumbrun.storage.local.store import LocalStore

        store = LocalStore(location.root)
    throttle = Throttle(in_flight, clock.monotonic)
    return RetryingStore(store, throttle, clock.sleep, uniform=clock.uniform, on_retry=on_retry)
