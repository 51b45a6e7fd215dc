"""Open the store that a location names."""

from collections.abc import Callable

from thumbrun.clock import Clock
from thumbrun.storage.base import Store
from thumbrun.storage.location import Location
from thumbrun.storage.retry import Retry, RetryingStore
from thumbrun.storage.throttle import Throttle


def open_store(
    location: Location,
    *,
    clock: Clock,
    emulator: str | None = None,
    user_project: str | None = None,
    in_flight: int = 96,
    on_retry: Callable[[Retry], None] = lambda _: None,
) -> RetryingStore:
    """Return the store of a location, its requests bounded and tried again; nothing is asked of it yet.

    Args:
        location: Where; its prefix does not matter.
        clock: Time and chance, for waits.
        emulator: Of Cloud Storage, or None.
        user_project: The project that pays, or None.
        in_flight: At most so many requests at once.
        on_retry: Told of every request that is repeated.
    """
    store: Store
    if location.scheme == "gs":
        from thumbrun.storage.gcs.store import GcsStore  # imports that a local run does not need

        store = GcsStore(location.root, emulator=emulator, user_project=user_project)
    else:
        from thumbrun.storage.local.store import LocalStore

        store = LocalStore(location.root)
    throttle = Throttle(in_flight, clock.monotonic)
    return RetryingStore(store, throttle, clock.sleep, uniform=clock.uniform, on_retry=on_retry)
