"""Measures the throughput of one task against the latency of the store, when the processors are the limit.

At its start and at its end a run waits only for the store, however many images it has. So the bench also measures the
throughput in between, which is that of the middle half of the thumbnails.
"""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import remote, run_task
from bench.results import Plot, Result, Row
from thumbrun.settings.declared import DECLARED

LATENCIES = (0.0, 0.05, 0.1, 0.2, 0.3)  # seconds that each request takes, GET and PUT alike
IMAGES = 2_400
_SIZE = "1920 px"


@dataclass(frozen=True, slots=True)
class Late:
    """The throughput at one latency.

    Attributes:
        latency: The time of a request, in seconds.
        in_flight: The value of the setting `in-flight`.
        rate: The images a second of the middle half of the thumbnails.
        whole: The images a second from process start to exit.
    """

    latency: float
    in_flight: int
    rate: float
    whole: float


def default_in_flight() -> int:
    """Return the default of the setting `in-flight`."""
    return next(int(setting.default or 0) for setting in DECLARED if setting.name == "in_flight")


def raised(latency: float) -> int:
    """Return the value of `in-flight` that matches a latency; the default matches 100 ms."""
    return max(default_in_flight(), round(default_in_flight() * latency / 0.1))


def measure(rounds: int) -> list[Late]:
    """Measure every latency with the default of `in-flight`, and with the matching value if that is higher.

    The runs of one round follow each other, so that other work of the machine affects all of them alike. The medians
    count.
    """
    found: dict[tuple[float, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), _SIZE, IMAGES)
        for _ in range(rounds):
            for latency in LATENCIES:
                with remote(Path(folder), get=latency, put=latency) as server:
                    for in_flight in sorted({default_in_flight(), raised(latency)}):
                        ran = run_task(server, {"THUMBRUN_IN_FLIGHT": str(in_flight)})
                        found.setdefault((latency, in_flight), []).append((ran.under_way(), IMAGES / ran.seconds))
    middle = statistics.median
    return [
        Late(*key, rate=middle(rate for rate, _ in runs), whole=middle(whole for _, whole in runs))
        for key, runs in sorted(found.items())
    ]


def result(rounds: int) -> Result:
    """Measure all latencies and return the rows and a plot."""
    found = measure(rounds)
    usual = default_in_flight()
    default = {one.latency: one for one in found if one.in_flight == usual}
    matched = {one.latency: one for one in found if one.in_flight == raised(one.latency)}
    base, far = default[0.0], max(matched)
    rows = []
    for what, one in (
        (f"0 to {far * 1e3:.0f} ms a request, 1920 px, in-flight raised to match", matched[far]),
        (f"0 to 100 ms a request, 1920 px, in-flight {usual}, the default", default[0.1]),
    ):
        rows.append(
            Row(
                f"latency {what}, once under way",
                "falls by less than 10 %",
                f"{1 - one.rate / base.rate:.0%} less ({base.rate:.0f} to {one.rate:.0f} images/s)",
                {},
                one.rate > 0.9 * base.rate,
                "the middle half of a run's thumbnails",
            )
        )
        rows.append(
            Row(
                f"latency {what}, {IMAGES:,} images, process start to exit",
                "",
                f"{1 - one.whole / base.whole:.0%} less ({base.whole:.0f} to {one.whole:.0f} images/s)",
                {},
                None,
                "each run's first and last images wait for the store alone",
            )
        )
    lines = {
        f"in-flight {usual}": [(late * 1e3, one.rate) for late, one in default.items()],
        "raised to match": [(late * 1e3, one.rate) for late, one in matched.items()],
    }
    title = "One task under way, 1920 px, two processors"
    plot = Plot("latency", title, "latency of a request, ms", "images a second", lines)
    return Result(rows, [plot], found)
