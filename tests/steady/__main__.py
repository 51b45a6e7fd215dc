"""Runs the suite three times at once beside four busy processes, or with decoding that takes a tenth of its time.

python -m tests.steady load|fast [TESTS …]
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from tests.steady.decoded import VARIABLE

_ROOT = Path(__file__).parents[2]
_BUSY = 4
_TIMES = 3
# These tests start tasks that decode images. They fill the folder in which the whole suite then finds thumbnails.
_WITH_TASKS = ("tests/e2e", "tests/faults/wire")


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep this many processors busy, or all processors if there are fewer."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def suite(tests: Sequence[str], told: str, output: IO[str] | None = None, **variables: str) -> bool:
    """Run tests as `make test` does, with SLOW=1 if it is set, say how they ended, and return whether they passed.

    Args:
        tests: The files or folders to run, or nothing for the whole suite.
        told: The name of the run.
        output: The file for the output, or None for this process's own.
        variables: Further variables of the environment.
    """
    began = time.monotonic()
    command = ["make", "--no-print-directory", "test", f"TESTS={' '.join(tests)}"]
    ended = subprocess.run(
        command, cwd=_ROOT, env={**os.environ, **variables}, stdout=output, stderr=output, check=False
    )
    print(f"{told}: {'failed' if ended.returncode else 'passed'} in {time.monotonic() - began:.0f} s", flush=True)
    return not ended.returncode


def load(tests: Sequence[str]) -> bool:
    """Run the suite three times at once beside busy processes: each run is a load for the others too."""

    def run(number: int) -> tuple[bool, str]:
        with TemporaryFile("w+") as output:
            passed = suite(tests, f"run {number} beside {_BUSY} busy processes", output)
            output.seek(0)
            return passed, output.read()

    with busy_processes(_BUSY), ThreadPoolExecutor(_TIMES) as pool:
        runs = list(pool.map(run, range(1, _TIMES + 1)))
    for _, said in runs:
        print(said)
    return all(passed for passed, _ in runs)


def fast(tests: Sequence[str]) -> bool:
    """Run the tests that start tasks and keep their thumbnails; then run the suite with these thumbnails."""
    with TemporaryDirectory(prefix="thumbrun-decoded-") as folder:
        kept = suite(tests or _WITH_TASKS, "run that keeps what is decoded", None, **{VARIABLE: folder})
        before = len(list(Path(folder).iterdir()))
        passed = suite(tests, "run with decoding in a tenth of its time", None, **{VARIABLE: folder})
        print(f"{before:,} images were kept, {len(list(Path(folder).iterdir())) - before:,} had to be decoded")
        return kept and passed


def main() -> int:
    """Run the part that the arguments name, and return 1 if a test fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.steady", description=__doc__)
    parser.add_argument("part", choices=("load", "fast"))
    parser.add_argument("tests", nargs="*", metavar="TESTS", help="files or folders instead of the whole suite")
    asked = parser.parse_args()
    parts = {"load": load, "fast": fast}
    return 0 if parts[asked.part](asked.tests) else 1


if __name__ == "__main__":
    sys.exit(main())
