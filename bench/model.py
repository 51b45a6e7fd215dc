"""What the bench asks thumbrun's model of time: how many tasks are efficient."""

import math
from dataclasses import dataclass

from thumbrun.pricing.model import RENAME_TRIPS, Model, predict
from thumbrun.storage.ramp import WRITES

LATENCY = 0.1  # seconds that a request takes
RENDER = 0.05  # seconds that an image takes; a task renders one after the other
IN_FLIGHT = 96


@dataclass(frozen=True, slots=True)
class Limit:
    """The number of tasks that work efficiently on a number of images.

    Attributes:
        images: The number of images of all tasks.
        tasks: The largest number of tasks that is efficient; the numbers tried grow by a tenth.
        beyond: The first number of tasks that is not efficient, or None if all are.
        binds: The cause that takes most of their time beside work, or `nothing` if all numbers are efficient.
    """

    images: int
    tasks: int
    beyond: int | None
    binds: str


def limit(model: Model, images: int, *, efficiency: float = 0.95, most: int = 10_000) -> Limit:
    """Return how many tasks are efficient, and the cause that limits a larger number."""
    efficient, tasks = 0, 1
    while tasks <= most:
        predicted = predict(model, tasks, images)
        if predicted.efficiency < efficiency:
            return Limit(images, efficient, tasks, predicted.binds)
        efficient = tasks
        tasks = math.ceil(tasks * 1.1) if tasks > 1 else 2
    return Limit(images, efficient, None, "nothing")


IN_EARNEST = Model(LATENCY, IN_FLIGHT, 0.005, rename_trips=RENAME_TRIPS, writes=WRITES)
"""A task of one processor on photographs from the web, on Cloud Storage."""
