"""Compares the processor time of decoding and encoding with that of another checkout, by kind of picture.

`python -m bench.paired CHECKOUT [--rounds 5]` prints, for each kind of the corpus and for each unusual sampling of
JPEG, the time of this checkout divided by that of the other: the median of the rounds, the least and the most. Each
round has a new process of both, with the same libraries, which take turns pass by pass over the pictures. Only the
processor time of `render` counts, and of a round the median of its passes, so that a busy machine hardly changes the
ratios. `--keep` writes the results to `bench/results.json`, for docs/performance.md. `THUMBRUN_PHOTOS` names a folder
of photographs.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.remote import ROOT
from bench.results import Result, Row, keep
from tests.photographs import photographs
from thumbrun.imaging.sniff import HEAD, format_of

_SAMPLINGS = ("422", "411", "440")
_LEAST = 1.0  # seconds of processor time that the passes of each process take together in a round
_AS_FAST = 1.05  # times the other's processor time: two series on a machine with other work differ by as much
_LARGER = (
    "with 4:2:2, 4:1:1 and 4:4:0 the decoder divides less than before, because a component that has fewer samples one "
    "way would be too small for the thumbnail: bars of pure colours had 26 dB"
)
_OUTPUTS = {"png": "png", "webp": "webp"}
# What a process runs: thumbrun is that of the checkout which PYTHONPATH names.
_RUN = """
import sys, time
from pathlib import Path
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request
folder, format_ = Path(sys.argv[1]), sys.argv[2]
bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
request = Request(100, 100, format_, 80, 10**9, 300 << 20)
if not all(isinstance(render(body, request), Rendered) for body in bodies):
    sys.exit("an image of the bench cannot be rendered")
for _ in sys.stdin:
    began = time.process_time()
    for body in bodies:
        render(body, request)
    print(time.process_time() - began, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of one kind of picture.

    Attributes:
        kind: The kind.
        images: How many different pictures there are.
        own: The processor time of a picture by this checkout, in milliseconds, the median of the rounds.
        others: The same by the other checkout.
        ratios: The former divided by the latter, of each round.
    """

    kind: str
    images: int
    own: float
    others: float
    ratios: tuple[float, ...]


def compared(other: Path, rounds: int) -> Iterator[Compared]:
    """Yield the comparison of each kind, from photographs and then from samplings that need a larger scale."""
    kinds: dict[str, list[bytes]] = {}
    for name, body in photographs().items():
        kinds.setdefault(name.partition("/")[0], []).append(body)
    plain = kinds.get("cam", [])[:10]
    for sampling in _SAMPLINGS:
        kinds[f"cam, {':'.join(sampling)}"] = [_sampled(body, sampling) for body in plain]
    for kind, bodies in kinds.items():
        yield _of_kind(kind, bodies, other, rounds)


def _sampled(body: bytes, sampling: str) -> bytes:
    import imagecodecs
    import numpy as np

    with Image.open(io.BytesIO(body)) as picture:
        return bytes(imagecodecs.jpeg8_encode(np.asarray(picture.convert("RGB")), level=90, subsampling=sampling))


def _of_kind(kind: str, bodies: list[bytes], other: Path, rounds: int) -> Compared:
    format_ = _OUTPUTS.get(format_of(bodies[0][:HEAD]) or "", "jpeg")
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            Path(folder, f"{number:04d}").write_bytes(body)
        # Neither is always the first.
        pairs = [_round((ROOT, other) if number % 2 else (other, ROOT), folder, format_) for number in range(rounds)]
    own, others = (statistics.median(times[checkout] for times in pairs) for checkout in (ROOT, other))
    ratios = tuple(times[ROOT] / times[other] for times in pairs)
    return Compared(kind, len(bodies), own / len(bodies) * 1000, others / len(bodies) * 1000, ratios)


def _round(checkouts: tuple[Path, Path], folder: str, format_: str) -> dict[Path, float]:
    """Return the processor time of a pass over the pictures by each checkout, in seconds."""
    passes: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
    with ExitStack() as stack:
        running = {checkout: stack.enter_context(_started(checkout, folder, format_)) for checkout in checkouts}
        while min(map(sum, passes.values())) < _LEAST:
            for checkout, process in running.items():
                passes[checkout].append(_pass(process))
    return {checkout: statistics.median(times) for checkout, times in passes.items()}


def _started(checkout: Path, folder: str, format_: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-c", _RUN, folder, format_]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=folder)


def _pass(process: subprocess.Popen[str]) -> float:
    assert process.stdin  # noqa: S101  (both are pipes)
    assert process.stdout  # noqa: S101
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _row(one: Compared, commit: str) -> Row:
    what = f"processor time, {one.kind}"
    middle, least, most = statistics.median(one.ratios), min(one.ratios), max(one.ratios)
    ours = f"{one.own:.1f} ms, {middle:.2f} times ({least:.2f} to {most:.2f})"
    others = {f"commit {commit}": f"{one.others:.1f} ms"}
    if one.kind.endswith(tuple(map(":".join, _SAMPLINGS))):
        return Row(what, "", ours, others, note=_LARGER)
    return Row(what, f"at most {_AS_FAST} times", ours, others, middle <= _AS_FAST)


def main() -> None:
    """Print a line for each kind, and keep the results if asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.paired", description=__doc__)
    parser.add_argument("checkout", type=Path, help="another checkout of thumbrun, such as a git worktree")
    parser.add_argument("--rounds", type=int, default=5, help="number of pairs of runs, of which the median counts (5)")
    parser.add_argument("--keep", action="store_true", help="write the results to bench/results.json")
    parsed = parser.parse_args()
    other = parsed.checkout.resolve()
    if not (other / "src/thumbrun").is_dir():
        parser.error(f"{other} is no checkout of thumbrun: it has no src/thumbrun")
    git = ["git", "-C", str(other), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    figures = []
    for one in compared(other, parsed.rounds):
        figures.append(one)
        row = _row(one, commit)
        sys.stdout.write(f"{row.what}: {row.ours}; commit {commit} {one.others:.1f} ms; {one.images} images\n")
        sys.stdout.flush()
    if parsed.keep:
        keep("paired", Result([_row(one, commit) for one in figures], figures=figures))


if __name__ == "__main__":
    main()
