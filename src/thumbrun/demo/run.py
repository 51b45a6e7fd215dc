"""The demo: it starts an emulator, draws sample pictures, runs four tasks and writes the report."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from thumbrun.clock import SystemClock
from thumbrun.demo.emulator import Emulator, running_emulator
from thumbrun.demo.program import EXTRA, available, lack
from thumbrun.demo.sample import Sample
from thumbrun.demo.samples import left_out, samples
from thumbrun.errors import SettingsError
from thumbrun.formats import suffix_of
from thumbrun.logs.choose import DEMO_VARIABLE
from thumbrun.outcomes import Status
from thumbrun.reporting.content import Cell, Report
from thumbrun.reporting.page import page
from thumbrun.reporting.read_run import read_report
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.resolved import resolve
from thumbrun.storage.location import Location, parse
from thumbrun.storage.open import open_store

TASKS = 4
BUCKET = "demo"
MARKER = ".thumbrun-demo"  # marks a folder as the demo's own, so that a later demo can replace its results

# The demo hides variables with these prefixes from its tasks, so that the user's settings do not change its results.
_SETTINGS = (
    "THUMBRUN_",
    "CLOUD_RUN_",
    "INPUT_",
    "OUTPUT_",
    "TASK_",
    "BATCH_",
    "AWS_BATCH_",
    "SLURM_",
    "JOB_COMPLETION_",
)


@dataclass(frozen=True, slots=True)
class DemoStores:
    """The stores of the demo: a bucket of the emulator, or a folder.

    Attributes:
        source: The location of the pictures.
        output: The location of the runs' folders.
        emulator: The emulator, or None if the demo uses a folder.
    """

    source: Location
    output: Location
    emulator: Emulator | None


def demo(folder: str, say: Callable[[str], object]) -> int:
    """Run the demo and return its exit code, which is 0 if every sample has the outcome that the demo intends.

    Args:
        folder: The folder for the thumbnails and the report; the results of an earlier demo are replaced.
        say: A function that prints each line for the user.

    Raises:
        SettingsError: The folder holds other files than those of an earlier demo, or cannot be used.
    """
    try:
        target = Path(folder).resolve()
        claim(target)
    except OSError as error:
        raise SettingsError([f"--folder is {folder!r}, which cannot be used: {error.strerror}"]) from error
    say("Drawing sample pictures …")
    drawn = list(samples())
    if lacking := left_out():
        say(f"The demo leaves out {' and '.join(lacking)}, because this Python cannot write such files ({EXTRA} can).")
    with ExitStack() as stack:
        if available():
            stores = _in_emulator(drawn, stack.enter_context(running_emulator()))
            say(
                f"Uploaded {len(drawn)} objects to {stores.source.uri()} "
                "in an emulator of Cloud Storage on this machine."
            )
        else:
            drawn = [sample for sample in drawn if fits_folder(sample)]
            stores = _in_folder(drawn, target)
            say(f"{lack()} The demo uses the folder {target} instead.")
        say(
            f"Running {TASKS} tasks, as Cloud Run would start them: "
            f"thumbrun run {stores.source.uri()} --tasks {TASKS}\n"
            "Some samples are broken on purpose, so you will see warnings about them.\n"
        )
        run_id = SystemClock().now().strftime("%Y%m%dT%H%MZ")
        code = _run(stores, run_id)
        if code:
            return code
        report = asyncio.run(_report(stores, run_id, {sample.path: sample.note for sample in drawn}))
    return _tell(target, drawn, report, say)


def claim(target: Path) -> None:
    """Mark the folder as the demo's own, and delete the results of an earlier demo from it.

    Raises:
        SettingsError: The folder holds other files.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / MARKER).is_file():
        raise SettingsError([f"--folder is {str(target)!r}, which holds other files; it must be new or empty"])
    if target.exists() and not target.is_dir():
        raise SettingsError([f"--folder is {str(target)!r}, which is a file; it must be a folder"])
    target.mkdir(parents=True, exist_ok=True)
    (target / MARKER).touch()
    for name in ("pictures", "output", "thumbnails"):
        shutil.rmtree(target / name, ignore_errors=True)


def fits_folder(sample: Sample) -> bool:
    """Return whether a folder can hold a sample as a bucket does.

    A folder cannot hold empty names, and it shows the type of a file only by its suffix.
    """
    return "//" not in sample.path and not sample.path.endswith("/") and bool(suffix_of(sample.path))


def unexpected(drawn: Sequence[Sample], cells: Sequence[Cell]) -> list[str]:
    """Return a sentence for each sample whose outcome is not the one that the demo intends."""
    meant = {sample.path: (sample.status, sample.reason) for sample in drawn if sample.status is not None}
    came = {cell.source: (cell.status, cell.reason) for cell in cells}
    return [
        f"{path!r}: the demo expected '{_word(meant.get(path))}', but the outcome is '{_word(came.get(path))}'"
        for path in sorted(meant.keys() | came.keys())
        if meant.get(path) != came.get(path)
    ]


def _word(outcome: tuple[object, object] | None) -> str:
    return " ".join(str(part) for part in outcome if part) if outcome else "no item"


def _in_emulator(drawn: Sequence[Sample], emulator: Emulator) -> DemoStores:
    emulator.create_bucket(BUCKET)
    for sample in drawn:
        emulator.put(BUCKET, f"pictures/{sample.path}", sample.data, content_type=sample.content_type)
    return DemoStores(parse(f"gs://{BUCKET}/pictures"), parse(f"gs://{BUCKET}"), emulator)


def _in_folder(drawn: Sequence[Sample], target: Path) -> DemoStores:
    pictures = target / "pictures"
    for sample in drawn:
        path = pictures / sample.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
    return DemoStores(parse(str(pictures)), parse(str(target / "output")), None)


def _places(stores: DemoStores) -> tuple[str, str]:
    """Return source and output as the command line takes them."""
    places = (stores.source, stores.output)
    source, output = (place.root if stores.emulator is None else place.uri() for place in places)
    return source, output


def _run(stores: DemoStores, run_id: str) -> int:
    """Run the tasks in the same terminal, so that the user sees their progress."""
    source, output = _places(stores)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    environ[DEMO_VARIABLE] = "1"
    if stores.emulator:
        environ["STORAGE_EMULATOR_HOST"] = stores.emulator.url
    command = [sys.executable, "-m", "thumbrun", "run", source, "--output", output]
    options = ["--tasks", str(TASKS), "--run-id", run_id, "--no-report"]  # the demo makes its own, with notes
    sys.stdout.flush()  # otherwise a pipe could show the lines of the tasks before the demo's earlier lines
    return subprocess.run([*command, *options], env=environ, check=False).returncode  # noqa: S603  (it runs thumbrun itself)


async def _report(stores: DemoStores, run_id: str, notes: Mapping[str, str]) -> Report:
    """Return the report of the run, with notes on the samples by their paths."""
    source, output = _places(stores)
    url = stores.emulator.url if stores.emulator else None
    settings = resolve({"STORAGE_EMULATOR_HOST": url or ""}, {"source": source, "output": output}, bare_source=True)
    clock = SystemClock()
    store = open_store(stores.output, clock=clock, emulator=url)
    try:
        state = RecordStore(store, settings.state.prefix)
        return await read_report(settings, state, store, run_id, clock, notes=notes)
    finally:
        await store.close()


def _tell(target: Path, drawn: Sequence[Sample], report: Report, say: Callable[[str], object]) -> int:
    """Write the thumbnails and the report into the folder, print their paths, and return the exit code."""
    thumbnails = target / "thumbnails"
    for cell in report.cells:
        if cell.thumbnail is not None:
            path = thumbnails / cell.output
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cell.thumbnail)
    sheet = target / "report.html"
    sheet.write_text(page(report), "utf-8")
    made, skipped, failed = (sum(cell.status is status for cell in report.cells) for status in Status)
    surprises = unexpected(drawn, report.cells)
    say(
        f"\n{len(drawn)} objects, {len(report.cells)} of them images: {made} thumbnails, {skipped} skipped, {failed} "
        + ("failed. Not every outcome is as intended:" if surprises else "failed, all as intended.")
    )
    for surprise in surprises:
        say(f"  {surprise}")
    say(f"  thumbnails  {thumbnails}")
    say(f"  report      {sheet.as_uri()} (open it in a browser)")
    return 1 if surprises else 0
