"""Measures one task from process start to exit on a distant store, against the sequential design.

GET takes 50 ms and PUT 80 ms. The server that delays its answers runs on the same processors, and its processor time is
counted apart. The sequential design works on a part of the images, and the bench scales its time up, because every
image takes it the same time.
"""

import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote

from bench.pictures import SIZES, fill
from bench.remote import ROOT, Ran, Remote, remote, run_other, run_task
from bench.results import Result, Row
from bench.server import BUCKET, PREFIX
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request

GET, PUT = 0.05, 0.08  # seconds
IMAGES = 600
MANY = 3_000  # images; so many that the start and the end are a small part of the time
_PART = 40  # images that the sequential design works on
_FEW = 4  # images of the runs that measure the time of the start
_BENCH = ROOT / ".venv/bench/bin/python"
_IMG2DATASET = ROOT / ".venv/img2dataset/bin/img2dataset"


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures for one size of pictures; processor times are in seconds for each image.

    Attributes:
        size: The name of the size.
        bytes: The mean size of a picture, in bytes.
        ours: The seconds from process start to exit for `IMAGES` images.
        ours_many: The seconds from process start to exit for `MANY` images.
        sequential: The same as `ours`, for the sequential design.
        sequential_many: The same as `ours_many`, for the sequential design.
        bulk: The same as `ours`, for img2dataset with the same server; None if it is not installed.
        alone: The processor time of decoding and encoding alone, two images at a time.
        processor: The processor time of all our processes for `MANY` images, with the start.
        starting: The processor time of the start, in seconds in all.
        own: The processor time of the task's own process, without the start.
        theirs: The processor time of the sequential design, with the start.
        server: The processor time of the server during our runs.
    """

    size: str
    bytes: float
    ours: float
    ours_many: float
    sequential: float
    sequential_many: float
    bulk: float | None
    alone: float
    processor: float
    starting: float
    own: float
    theirs: float
    server: float

    @property
    def faster(self) -> float:
        """How many times as fast as the sequential design thumbrun is."""
        return self.sequential / self.ours

    @property
    def faster_with_many(self) -> float:
        """The same as `faster`, if the start and the end are a small part of the time."""
        return self.sequential_many / self.ours_many

    @property
    def beside(self) -> float:
        """The processor time of an image beside decoding and encoding, in seconds, without the start."""
        return self.processor - self.starting / MANY - self.alone

    @property
    def efficiency(self) -> float:
        """The images a second of processor time, with the start, divided by those of decoding and encoding alone."""
        return self.alone / self.processor


def compare(size: str, rounds: int) -> Compared:
    """Measure one size of pictures.

    Args:
        size: One of `SIZES`.
        rounds: The number of runs, of which the medians count.
    """
    ours, ours_many, started, long, short, bulk = (list[Ran]() for _ in range(6))
    alone = list[float]()
    with tempfile.TemporaryDirectory() as root:
        many, full, part, few = (Path(root, name) for name in ("many", "full", "part", "few"))
        for folder, count in ((many, MANY), (full, IMAGES), (part, _PART), (few, _FEW)):
            folder.mkdir()
            made = fill(folder, size, count)
        bodies = [path.read_bytes() for path in made]
        late = {"get": GET, "put": PUT}
        with (
            remote(many, **late) as most,
            remote(full, **late) as all_of_them,
            remote(part, **late) as some,
            remote(few) as none,
        ):
            for _ in range(rounds):
                ours_many.append(run_task(most))
                ours.append(run_task(all_of_them))
                long.append(sequential(some, 1))
                short.append(sequential(some, _PART // _FEW))
                started.append(run_task(none))
                alone.append(_alone(bodies))
                if _IMG2DATASET.exists():
                    bulk.append(_bulk(all_of_them))
    middle = statistics.median
    each = middle(run.seconds for run in long) - middle(run.seconds for run in short)
    each /= _PART - _FEW
    return Compared(
        size=size,
        bytes=statistics.mean(map(len, bodies)),
        ours=middle(run.seconds for run in ours),
        ours_many=middle(run.seconds for run in ours_many),
        sequential=middle(run.seconds for run in long) + (IMAGES - _PART) * each,
        sequential_many=middle(run.seconds for run in long) + (MANY - _PART) * each,
        bulk=middle(run.seconds for run in bulk) if bulk else None,
        alone=middle(alone),
        processor=middle(run.own + run.workers for run in ours_many) / MANY,
        starting=middle(run.own + run.workers for run in started) - _FEW * middle(alone),
        own=(middle(run.own for run in ours_many) - middle(run.own for run in started)) / (MANY - _FEW),
        theirs=middle(run.own for run in long) / _PART,
        server=middle(run.server for run in ours_many) / MANY,
    )


def sequential(server: Remote, tasks: int) -> Ran:
    """Run the sequential design as the first of `tasks` tasks."""
    environment = {
        "INPUT_FOLDER": f"gs://{BUCKET}/{PREFIX}",
        "CLOUD_RUN_TASK_INDEX": "0",
        "CLOUD_RUN_TASK_COUNT": str(tasks),
    }
    return run_other(server, [str(_BENCH), "-m", "bench.contenders.sequential"], environment)


def _bulk(server: Remote) -> Ran:
    """Run img2dataset on the addresses of all images, in two processes with 64 requests at once each."""
    with tempfile.TemporaryDirectory() as root:
        addresses = Path(root, "addresses.txt")
        where = f"{server.url}/storage/v1/b/{BUCKET}/o/{quote(PREFIX, safe='')}"
        addresses.write_text("".join(f"{where}{number:05d}.jpg?alt=media\n" for number in range(IMAGES)))
        options = {
            "url_list": str(addresses),
            "output_folder": str(Path(root, "made")),
            "image_size": "100",
            "resize_mode": "keep_ratio_largest",
            "processes_count": "2",
            "thread_count": "64",
            "number_sample_per_shard": str(IMAGES // 4),
        }
        return run_other(server, [str(_IMG2DATASET), *(f"--{name}={value}" for name, value in options.items())], {})


def _alone(bodies: list[bytes]) -> float:
    """Return the processor time of decoding and encoding an image, in seconds, while both processors are busy with it.

    One processor alone would be faster, because two processors of a cloud machine are often the two threads of one
    core.
    """
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        list(pool.map(_rendering, [bodies[:1]] * 2))  # starts both processes
        return statistics.mean(pool.map(_rendering, [bodies] * 2))


def _rendering(bodies: list[bytes]) -> float:
    request = Request(100, 100, "jpeg", 80, 10**9, 1 << 30)
    began = time.process_time()
    for body in bodies:
        if not isinstance(render(body, request), Rendered):
            raise TypeError("an image of the bench cannot be rendered")
    return (time.process_time() - began) / len(bodies)


def result(rounds: int) -> Result:
    """Measure all sizes and return the rows."""
    found = [compare(size, rounds) for size in SIZES]
    goals = dict(zip(SIZES, (40, 30, 12), strict=True))
    rows = []
    for one in found:
        goal = goals[one.size]
        what = f"images of {one.size}, GET 50 and PUT 80 ms away, process start to exit"
        rows.append(
            Row(
                f"one task, {IMAGES:,} {what}",
                f"{goal} times the sequential design",
                f"{one.faster:.1f} times ({IMAGES / one.ours:.0f} images/s)",
                {"sequential design": f"{IMAGES / one.sequential:.1f} images/s", "img2dataset": _rate(one.bulk)},
                one.faster >= goal,
                f"the store's server took {one.server * 1e3:.2f} ms an image of the same two processors",
            )
        )
        rows.append(
            Row(
                f"one task, {MANY:,} {what}",
                f"{goal} times the sequential design",
                f"{one.faster_with_many:.1f} times ({MANY / one.ours_many:.0f} images/s)",
                {"sequential design": f"{MANY / one.sequential_many:.1f} images/s"},
                one.faster_with_many >= goal,
                "starting and ending, which wait for the store alone, are a small part of these",
            )
        )
        large = one.size != "18 kB"
        rows.append(
            Row(
                f"images a second of our processes' processor time, {one.size}, against decoding and encoding alone",
                "85 %" if large else "",
                f"{one.efficiency:.0%}",
                {"sequential design": f"{one.alone / one.theirs:.0%}"},
                one.efficiency >= 0.85 if large else None,
                f"{MANY:,} images: {one.alone * 1e3:.2f} ms alone, {one.processor * 1e3:.2f} with all else; "
                "the faster the decoder, the more the rest weighs",
            )
        )
        rows.append(
            Row(
                f"processor time beside decoding, {one.size}",
                "0.8 ms an image",
                f"{one.beside * 1e3:.2f} ms",
                {},
                one.beside <= 0.0008,
                f"{MANY:,} images, without the {one.starting:.2f} s of starting; "
                f"{one.own * 1e3:.2f} ms of it in the task itself: requests, and for each megabyte its way from the "
                "network to a decoding process",
            )
        )
    return Result(rows, (), found)


def _rate(seconds: float | None) -> str:
    return f"{IMAGES / seconds:.0f} images/s" if seconds else "absent"
