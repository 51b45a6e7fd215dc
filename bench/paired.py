"""Compares the processor time of decoding and encoding with that of another checkout, by kind of picture.

`python -m bench.paired CHECKOUT [--rounds 5]` prints, for each kind of the corpus and for each unusual sampling of
JPEG, the time of this checkout divided by that of the other: the median of the rounds, the least and the most. Both
run in turn, each round in new processes with the same libraries, and only the processor time of `render` counts, so
that a busy machine hardly changes the ratios. `THUMBRUN_PHOTOS` names a folder of photographs.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.remote import ROOT
from tests.photographs import photographs
from thumbrun.imaging.sniff import HEAD, format_of

_SAMPLINGS = ("422", "411", "440")
_LEAST = 20  # images of a run; a kind that has fewer images repeats them
_OUTPUTS = {"png": "png", "webp": "webp"}
# What a process runs: thumbrun is that of the checkout which PYTHONPATH names.
_RUN = """
import json, sys, time
from pathlib import Path
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request
folder, format_, again = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
request = Request(100, 100, format_, 80, 10**9, 300 << 20)
render(bodies[0], request)
began = time.process_time()
for body in bodies * again:
    if not isinstance(render(body, request), Rendered):
        sys.exit("an image of the bench cannot be rendered")
print(json.dumps(time.process_time() - began))
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of one kind of picture.

    Attributes:
        kind: The kind.
        images: How many different pictures there are.
        milliseconds: The processor time of a picture by this checkout, the median of the rounds.
        ratios: That time divided by the other checkout's, of each round.
    """

    kind: str
    images: int
    milliseconds: float
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
    again = -(-_LEAST // len(bodies))
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            Path(folder, f"{number:04d}").write_bytes(body)
        times: dict[Path, list[float]] = {ROOT: [], other: []}
        for number in range(rounds):
            # Neither is always the first.
            for checkout in (ROOT, other) if number % 2 else (other, ROOT):
                times[checkout].append(_seconds(checkout, folder, format_, again))
    count = len(bodies) * again
    ratios = tuple(own / others for own, others in zip(times[ROOT], times[other], strict=True))
    return Compared(kind, len(bodies), statistics.median(times[ROOT]) / count * 1000, ratios)


def _seconds(checkout: Path, folder: str, format_: str, again: int) -> float:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-c", _RUN, folder, format_, str(again)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=folder).stdout
    return float(json.loads(said))


def main() -> None:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(prog="python -m bench.paired", description=__doc__)
    parser.add_argument("checkout", type=Path, help="another checkout of thumbrun, such as a git worktree")
    parser.add_argument("--rounds", type=int, default=5, help="number of pairs of runs, of which the median counts (5)")
    parsed = parser.parse_args()
    other = parsed.checkout.resolve()
    if not (other / "src/thumbrun").is_dir():
        parser.error(f"{other} is no checkout of thumbrun: it has no src/thumbrun")
    for one in compared(other, parsed.rounds):
        middle, least, most = statistics.median(one.ratios), min(one.ratios), max(one.ratios)
        sys.stdout.write(
            f"{one.kind}: {middle:.2f} times the other's processor time ({least:.2f} to {most:.2f}), "
            f"{one.milliseconds:.1f} ms an image, {one.images} images\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
