"""Runs `thumbrun` with short limits: waits of half a minute take seconds here, and everything else is the same."""

import sys
from typing import Any

from thumbrun.cli import main
from thumbrun.planning import planner
from thumbrun.storage.gcs import store as gcs
from thumbrun.task import shard_processor

SILENCE_SECONDS = 1.5  # in which a request moves too few bytes
DEAD_SECONDS = 3.0  # after the last beat of a planner
BEAT_SECONDS = 0.5
FLUSH_SECONDS = 0.7


def hurry() -> None:
    """Shorten the limits of this process."""
    limits: tuple[tuple[Any, str, float], ...] = (
        (gcs, "_SILENCE_SECONDS", SILENCE_SECONDS),
        (planner, "DEAD_SECONDS", DEAD_SECONDS),
        (planner, "BEAT_SECONDS", BEAT_SECONDS),
        (planner, "LONGEST_WAIT_SECONDS", 1.0),
        (shard_processor, "FLUSH_SECONDS", FLUSH_SECONDS),
    )
    for module, name, seconds in limits:
        if not isinstance(getattr(module, name), float):
            raise TypeError(f"{module.__name__}.{name} is no limit any more")
        setattr(module, name, seconds)


if __name__ == "__main__":
    hurry()
    sys.exit(main())
