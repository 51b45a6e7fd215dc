"""Checks a local folder, and the room on its disk."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from thumbrun.console import counted, quoted
from thumbrun.diagnosis.content import content_finding, first_entry
from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.in_time import in_time
from thumbrun.diagnosis.subject import Place, Subject
from thumbrun.diagnosis.trial import created
from thumbrun.settings.declared import OUTPUT, SOURCE, STATE
from thumbrun.storage.local.store import LocalStore
from thumbrun.task.local_folders import folder_problems

T = TypeVar("T")

_FEW_BYTES = 100_000_000  # of 10,000 thumbnails, if each has 10 kB
_FEW_FILES = 10_000
_HINT = "check the disk, or the server of the file system, which does not answer"


async def folder_findings(subject: Subject, place: Place, trial: str | None) -> AsyncGenerator[Finding, None]:
    """Yield what there is to say of a local folder.

    Args:
        subject: What is looked at.
        place: The folder, and what the run does there.
        trial: The name of the file to create, or None to create none.

    Raises:
        StoreError: The folder cannot be listed or written to, or a disk does not answer.
    """
    about = place.root.uri()
    # A disk on a network can keep a thread waiting for ever; nothing waits for this one.
    found = await in_time(_in_thread(lambda: list(_looked_at(subject, place))), about, hint=_HINT)
    for finding in found:
        yield finding
    if any(finding.check is Check.FOLDER and finding.level is Level.ERROR for finding in found):
        return
    store = LocalStore(place.root.root)
    try:
        if place.source:
            entry = await in_time(first_entry(store, place.source), about, hint=_HINT)
            yield content_finding(place, place.source, entry)
        if trial is not None:
            _, finding = await in_time(created(store, place, trial), about, hint=_HINT)
            yield finding
    finally:
        await store.close()


def _looked_at(subject: Subject, place: Place) -> Iterator[Finding]:
    """Yield what the system says of a folder and its disk. It blocks, and creates nothing."""
    about = place.root.uri()
    here = {SOURCE} if place.source else set()
    here |= {setting for setting, one in zip((OUTPUT, STATE), subject.written, strict=False) if one in place.written}
    problems = [problem for setting, problem in folder_problems(subject.settings) if setting in here]
    for problem in problems:
        what, _, mend = problem.partition("; ")
        yield Finding(Check.FOLDER, about, Level.ERROR, what, mend)
    if not problems:
        yield Finding(Check.FOLDER, about, Level.OK, f"This user has the rights that a run needs; {place.uses} here")
    if place.written:
        yield _space(place)


def _space(place: Place) -> Finding:
    """Return how much room there is for thumbnails; a file system that counts no files has enough of them."""
    path = Path(place.root.root)
    there = next((folder for folder in (path, *path.parents) if os.path.lexists(folder)), path)
    disk = os.statvfs(there)
    free, files = disk.f_bavail * disk.f_frsize, disk.f_favail if disk.f_files else _FEW_FILES
    room = f"{free / 1e6:,.0f} MB" + (f" and {counted(files, 'file')} (inodes)" if disk.f_files else "")
    level = Level.ERROR if not free or not files else Level.OK
    if level is Level.OK and (free < _FEW_BYTES or files < _FEW_FILES):
        level = Level.WARNING
    mend = "" if level is Level.OK else f"make room on the disk of {quoted(str(there))}, or choose another output"
    return Finding(Check.SPACE, place.root.uri(), level, f"The disk has room for {room}", mend)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run a function in a thread that ends with the process, whatever it waits for, and return its result."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result = problem = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  (it is raised where the result is awaited)
            problem = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(finish, result, problem)

    threading.Thread(target=run, daemon=True).start()
    return await done
