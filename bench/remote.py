"""Runs a task as users start it, on a distant store, and measures every process apart."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.server import BUCKET, PREFIX, Stats

ROOT = Path(__file__).parent.parent
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Runs the container's entry. At its end it writes the processor times of the process and of all that it started.
_ENTRY = """
import atexit, json, resource, sys
def tell():
    own, rest = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    with open(sys.argv.pop(), "w") as file:
        json.dump([own.ru_utime + own.ru_stime, rest.ru_utime + rest.ru_stime], file)
atexit.register(tell)
sys.path.insert(0, sys.argv[1])
from thumbrun.cli import main
sys.exit(main(["run"]))
"""


@dataclass(frozen=True, slots=True)
class Remote:
    """A running server.

    Attributes:
        port: Its port on this machine.
    """

    port: int

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def stats(self) -> Stats:
        """Return the server's statistics until now."""
        with _DIRECT.open(f"{self.url}/stats", timeout=30) as response:
            return Stats(**json.load(response))


@dataclass(frozen=True, slots=True)
class Ran:
    """The measurements of a task.

    Attributes:
        began: The time when its process was started, in seconds of the system's clock.
        seconds: The seconds from then to its exit.
        own: The processor time of the process itself, in seconds.
        workers: The processor time of the processes that it started, in seconds.
        server: The processor time of the server, in seconds.
        stats: The server's statistics for this task alone.
    """

    began: float
    seconds: float
    own: float
    workers: float
    server: float
    stats: Stats

    def under_way(self) -> float:
        """Return the thumbnails a second of the middle half of the run's thumbnails.

        At its start and at its end a run waits only for the store, however many images it has.
        """
        made = sorted(self.stats.pictures)
        quarter = len(made) // 4
        return (len(made) - 2 * quarter - 1) / (made[-quarter - 1] - made[quarter])


@contextmanager
def remote(folder: Path, *, get: float = 0.0, put: float = 0.0) -> Iterator[Remote]:
    """Serve the files of a folder as a distant bucket.

    Args:
        folder: The folder whose files lie in the bucket.
        get: The delay of every GET request, in seconds.
        put: The delay of every upload, in seconds.
    """
    command = [sys.executable, "-m", "bench.server", "--source", str(folder), "--get", str(get), "--put", str(put)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None  # noqa: S101  (`Popen` was given a pipe)
        yield Remote(int(server.stdout.readline()))
    finally:
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()


def run_task(server: Remote, settings: Mapping[str, str] | None = None) -> Ran:
    """Run one task on everything that the server holds, as a new run with default settings.

    Raises:
        RuntimeError: The task did not succeed with every image.
    """
    environment = {
        **_inherited(),
        "INPUT_FOLDER": f"gs://{BUCKET}/{PREFIX}",
        "OUTPUT_BUCKET": f"gs://thumbs-{time.time_ns()}",
        "STORAGE_EMULATOR_HOST": server.url,
        "CLOUD_RUN_TASK_INDEX": "0",
        "CLOUD_RUN_TASK_COUNT": "1",
        "CLOUD_RUN_EXECUTION": f"bench-{time.time_ns()}",
        "PYTHONPATH": str(ROOT / "src"),
        **(settings or {}),
    }
    with tempfile.NamedTemporaryFile() as told:
        return _run(server, [sys.executable, "-c", _ENTRY, str(ROOT), told.name], environment, Path(told.name))


def run_other(server: Remote, command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run another program that does the same work.

    Raises:
        RuntimeError: The program did not succeed.
    """
    return _run(server, command, {**_inherited(), "STORAGE_EMULATOR_HOST": server.url, **environment}, None)


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _run(server: Remote, command: Sequence[str], environment: Mapping[str, str], told: Path | None) -> Ran:
    before = server.stats()
    began, start = time.time(), time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    assert process.stdout is not None  # noqa: S101  (`Popen` was given a pipe)
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{command[:3]} ended with {process.returncode}: {said[-2000:].decode(errors='replace')}")
    after = server.stats()
    both = used.ru_utime + used.ru_stime
    own, workers = json.loads(told.read_text()) if told else (both, 0.0)
    requests = {kind: count - before.requests.get(kind, 0) for kind, count in after.requests.items()}
    did = Stats(
        after.first if not before.first else 0.0,
        requests,
        after.sent - before.sent,
        after.received - before.received,
        after.processor - before.processor,
        after.pictures[len(before.pictures) :],
    )
    return Ran(began, seconds, own, workers, did.processor, did)
