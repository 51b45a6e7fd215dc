"""The demo, from nothing to a contact sheet: emulator, sample pictures, four tasks, and what came of them."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from thumbrun.clock import SystemClock
from thumbrun.demo.emulator import Emulator, binary, running_emulator
from thumbrun.demo.samples import Sample, samples
from thumbrun.report.collect import collect
from thumbrun.report.contact_sheet import Cell, contact_sheet
from thumbrun.state import State
from thumbrun.storage.location import Location, parse
from thumbrun.storage.open import open_store
from thumbrun.summary import readable

TASKS = 4
BUCKET = "demo"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the demo runs: a bucket of the emulator, or a folder."""

    source: Location
    output: Location
    emulator: Emulator | None


def demo(folder: str, say: Callable[[str], object]) -> int:
    """Run the demo and return its exit code.

    Args:
        folder: Where thumbnails and contact sheet go; what an earlier demo left there is replaced.
        say: Takes each line for the user.
    """
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    say("Drawing sample pictures …")
    drawn = list(samples())
    with ExitStack() as stack:
        place = _prepare(target, drawn, stack, say)
        say(f"Running {TASKS} tasks, as Cloud Run would: thumbrun run {place.source.uri()} --tasks {TASKS}\n")
        run_id = SystemClock().now().strftime("%Y%m%dT%H%MZ")
        code = _run(place, run_id)
        if code:
            return code
        cells = asyncio.run(_look(place, run_id))
    notes = {sample.path: sample.note for sample in drawn}
    cells = [replace(cell, note=notes.get(cell.source, "")) for cell in cells]
    sheet = _write(target, run_id, place, cells)
    made = sum(cell.thumbnail is not None for cell in cells)
    say(f"\n{len(drawn)} objects, {len(cells)} of them images, {made} thumbnails; the rest is explained on the sheet.")
    say(f"  thumbnails     {target / 'thumbnails'}")
    say(f"  contact sheet  {sheet.as_uri()}")
    return 0


def _prepare(target: Path, drawn: Sequence[Sample], stack: ExitStack, say: Callable[[str], object]) -> _Place:
    """Put the sample pictures where the tasks will look for them."""
    if binary() is not None:
        emulator = stack.enter_context(running_emulator())
        emulator.create_bucket(BUCKET)
        say(f"Uploading {len(drawn)} objects to gs://{BUCKET}/pictures, in an emulator of Cloud Storage …")
        for sample in drawn:
            emulator.put(BUCKET, f"pictures/{sample.path}", sample.data, content_type=sample.content_type)
        return _Place(parse(f"gs://{BUCKET}/pictures"), parse(f"gs://{BUCKET}"), emulator)
    pictures = target / "pictures"
    say(f"There is no Cloud Storage emulator for this machine: the demo uses the folder {pictures} instead.")
    for sample in drawn:
        path = pictures / sample.path
        if sample.data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample.data)
    return _Place(parse(str(pictures)), parse(str(target / "output")), None)


def _run(place: _Place, run_id: str) -> int:
    """Run the tasks in the same terminal, so that their progress is seen."""
    places = (place.source, place.output)
    source, output = (where.root if place.emulator is None else where.uri() for where in places)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("THUMBRUN_", "CLOUD_RUN_"))}
    if place.emulator:
        environ["STORAGE_EMULATOR_HOST"] = place.emulator.url
    command = [sys.executable, "-m", "thumbrun", "run", source, "--output", output]
    options = ["--tasks", str(TASKS), "--run-id", run_id]
    return subprocess.run([*command, *options], env=environ, check=False).returncode  # noqa: S603  (this very program)


async def _look(place: _Place, run_id: str) -> list[Cell]:
    """Return what became of the run's items, in alphabetical order."""
    url = place.emulator.url if place.emulator else None
    output = open_store(place.output, clock=SystemClock(), emulator=url)
    try:
        state = State(output, f"{place.output.prefix}_thumbrun/")
        folder = f"{place.output.prefix}{run_id}/"
        return [cell async for cell in collect(state, output, run_id, folder, place.source.prefix)]
    finally:
        await output.close()


def _write(target: Path, run_id: str, place: _Place, cells: Sequence[Cell]) -> Path:
    """Write thumbnails and contact sheet into the folder; return the sheet's path."""
    thumbnails = target / "thumbnails"
    shutil.rmtree(thumbnails, ignore_errors=True)
    thumbnails.mkdir()
    for cell in cells:
        if cell.thumbnail is not None:
            (thumbnails / cell.output).write_bytes(cell.thumbnail)
    facts = [
        ("source", place.source.uri()),
        ("thumbnails", f"{place.output.uri()}{run_id}/"),
        ("tasks", str(TASKS)),
        ("images", readable(sum(cell.source_bytes for cell in cells))),
        ("written", readable(sum(len(cell.thumbnail or b"") for cell in cells))),
    ]
    sheet = target / "contact-sheet.html"
    sheet.write_text(contact_sheet(f"Run {run_id}", facts, cells), "utf-8")
    return sheet
