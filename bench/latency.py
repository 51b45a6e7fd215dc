"""Throughput of one task against the latency of the store, where processors are the limit."""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import remote, run_task
from thumbrun.settings.declared import DECLARED

LATENCIES = (0.0, 0.05, 0.1, 0.2, 0.3)  # seconds a request, GET as PUT
IMAGES = 2_400
_SIZE = "1920 px"


@dataclass(frozen=True, slots=True)
class Late:
    """Throughput at one latency.

    Attributes:
        latency: Seconds a request.
        in_flight: The setting.
        rate: Images a second, from process start to exit.
    """

    latency: float
    in_flight: int
    rate: float


def default_in_flight() -> int:
    """Return the setting's default."""
    return next(int(setting.default or 0) for setting in DECLARED if setting.name == "in_flight")


def raised(latency: float) -> int:
    """Return the setting that matches a latency: the default is meant for 100 ms."""
    return max(default_in_flight(), round(default_in_flight() * latency / 0.1))


def measure(rounds: int) -> list[Late]:
    """Measure every latency with the default, and with the setting raised to match where that is more.

    The runs of one round follow each other, so that what else the machine does meets all alike; medians count.
    """
    found: dict[tuple[float, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        fill(folder, _SIZE, IMAGES)
        for _ in range(rounds):
            for latency in LATENCIES:
                with remote(folder, get=latency, put=latency) as server:
                    for in_flight in sorted({default_in_flight(), raised(latency)}):
                        ran = run_task(server, {"THUMBRUN_IN_FLIGHT": str(in_flight)})
                        found.setdefault((latency, in_flight), []).append(IMAGES / ran.seconds)
    return [Late(*key, statistics.median(rates)) for key, rates in sorted(found.items())]
