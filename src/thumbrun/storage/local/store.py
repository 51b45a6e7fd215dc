"""The store for a local folder, which behaves like a bucket.

It adds the promises of a bucket that a file system does not make:

- A file is created whole, or not at all, and only if the name is free (see `file_creation`).
- A file holds its metadata in an extended attribute (see `file_metadata`), or else a sidecar does (see `sidecars`).
- The generation consists of inode, size and times (see `generation`). It is compared before and after reading.
- `walk` sets the order of a listing, and the files that count as objects. The store's folder itself can be a symbolic
  link.

Names that are not UTF-8 are kept as Python keeps them, with surrogate escapes. JSON carries these unchanged.
"""

import asyncio
import errno
import functools
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from thumbrun.storage.base import (
    PAGE_LIMIT,
    BucketNotFoundError,
    Entry,
    NameRefusedError,
    NotFoundError,
    Page,
    Sink,
    StoreError,
    TransientError,
    Unlisted,
    file_taker,
)
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts
from thumbrun.storage.local import file_metadata
from thumbrun.storage.local.file_creation import create_file
from thumbrun.storage.local.file_reading import FileReading
from thumbrun.storage.local.generation import generation_of
from thumbrun.storage.local.sidecars import SidecarFolders, find_sidecar
from thumbrun.storage.local.system_errors import system_errors
from thumbrun.storage.local.walk import (
    PRIVATE,
    SHUT,
    LinkName,
    ShutFolder,
    is_plain_path,
    is_private,
    leads_through_link,
    walk,
)

T = TypeVar("T")
P = ParamSpec("P")

_THREADS = 16
_LONGEST_PART = 255  # bytes; the limit of nearly all file systems
_LONGEST_PATH = 4096
_PAUSED_WALKS = 8  # listings under way that are remembered, so that their next page does not read a folder again


class LocalStore:
    """One local folder."""

    def __init__(self, root: str) -> None:
        """Set up the store; it reads and creates nothing yet.

        Args:
            root: The folder's absolute path.
        """
        self._root = str(root)
        self._executor: ThreadPoolExecutor | None = None
        self._paused: dict[tuple[str, str, str], Iterator[str | ShutFolder]] = {}
        self._pausing = threading.Lock()

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"file://{self._root.rstrip('/')}/{name}"

    def name_problem(self, name: str) -> str | None:
        """Return why a name cannot be a path below the folder, or None if it can."""
        if not is_plain_path(name):
            return "a path in a folder must not have an empty part, a part . or .., or a NUL character"
        try:
            path = os.fsencode(f"{self._root}/{name}")
        except UnicodeEncodeError:
            return "a path must be valid Unicode"
        if any(len(os.fsencode(part)) > _LONGEST_PART for part in name.split("/")):
            return f"each part of a path must have at most {_LONGEST_PART} bytes"
        if len(path) >= _LONGEST_PATH:
            return f"a path must have fewer than {_LONGEST_PATH:,} bytes"
        if is_private(name):
            return f"{PRIVATE} is reserved for thumbrun"
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List files, as `Store` promises."""
        return await self._in_thread(self._page, prefix, max(prefix, start), end, min(limit, PAGE_LIMIT))

    async def stat(self, name: str) -> Entry | None:
        """Return the file's entry, or None."""
        return await self._in_thread(self._stat, name)

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Read a file, as `Store` promises."""
        sink.reset()
        reading = FileReading(f"{self._root}/{name}", start, end)
        handed_over = False
        try:
            take = file_taker(sink) if start == 0 and end is None else None
            if take is not None:
                while await self._in_thread(self._next_into_memory, reading, name, generation):
                    pass
                take(reading)
                handed_over = True
            else:
                while chunk := await self._in_thread(self._next, reading, name, generation):
                    sink.write(chunk)
        finally:
            if not handed_over:
                reading.close()
        return None  # a file system keeps no checksum

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create a file, as `Store` promises."""
        attributes = {"content_type": content_type, "metadata": dict(metadata)}
        if cache_control:
            attributes["cache_control"] = cache_control
        return await self._in_thread(self._create, name, body, attributes)

    async def bucket_facts(self) -> BucketFacts:
        """Return that nothing is known: a folder has none of these settings."""
        return UNKNOWN

    async def close(self) -> None:
        """End the store's threads."""
        executor, self._executor = self._executor, None
        self._paused.clear()
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)

    async def _in_thread(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a function in a thread.

        If the call is cancelled, it still waits until the function ends, so that nothing runs on unnoticed.
        """
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="thumbrun-local")
        work = functools.partial(function, *arguments, **named)
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            with suppress(Exception):  # nobody wants its error any more; left alone, asyncio would print it
                future.result()
            raise

    def _page(self, prefix: str, start: str, end: str, limit: int) -> Page:
        with system_errors(self.uri(prefix)):
            if not Path(self._root).is_dir():
                raise BucketNotFoundError(f"the folder {self._root} does not exist", hint="check the path")
            with self._pausing:
                names = self._paused.pop((prefix, end, start), None) or walk(self._root, prefix, start)
            found: list[Entry] = []
            unlisted: dict[str, Unlisted] = {}
            links: list[str] = []
            known: SidecarFolders = {}
            for each in names:
                name = each.name if isinstance(each, ShutFolder) else each
                if end and name >= end:
                    break
                if len(found) + len(unlisted) == limit or len(links) == PAGE_LIMIT:
                    self._pause((prefix, end, name), chain((each,), names))
                    return Page(tuple(found), name, tuple(unlisted.values()), tuple(links))
                if isinstance(each, LinkName):
                    links.append(name)
                    continue
                one = self._listed(each, known)
                if isinstance(one, Entry):
                    found.append(one)
                elif one is not None:
                    unlisted[one.name] = one
            return Page(tuple(found), unlisted=tuple(unlisted.values()), links=tuple(links))

    def _listed(self, each: str | ShutFolder, known: SidecarFolders) -> Entry | Unlisted | None:
        """Return what the listing shows of a name: its entry, that it cannot be listed, or None if it is gone.

        Raises:
            OSError: The disk fails.
        """
        name = each.name if isinstance(each, ShutFolder) else each
        try:
            if isinstance(each, ShutFolder):
                raise each.error
            status = os.lstat(f"{self._root}/{name}")
            if stat.S_ISREG(status.st_mode):
                return self._found(name, status, known)
        except (FileNotFoundError, NotADirectoryError):  # deleted since its folder was read
            return None
        except OSError as error:
            if error.errno not in SHUT:
                raise
            return self._unlisted(name, error)
        return None

    def _unlisted(self, name: str, error: OSError) -> Unlisted:
        """Return what cannot be listed because of an error: a folder, a file, or all of a folder's files."""
        # A link stands for the folder of sidecars, or the folder shows its names but lets nobody reach its files.
        of_all_files = error.errno in (errno.EACCES, errno.EPERM) and error.filename == f"{self._root}/{name}"
        if (of_all_files or error.errno == errno.ELOOP) and not name.endswith("/"):
            name = "".join(name.rpartition("/")[:2])
        try:
            with system_errors(self.uri(name)):
                raise error
        except StoreError as told:
            return Unlisted(name, told)

    def _pause(self, where: tuple[str, str, str], names: Iterator[str | ShutFolder]) -> None:
        """Remember where a listing goes on, for a next page with the same prefix, end and start.

        Any other page reads the folders again.
        """
        with self._pausing:
            self._paused.pop(where, None)
            self._paused[where] = names
            while len(self._paused) > _PAUSED_WALKS:
                self._paused.pop(next(iter(self._paused)))

    def _stat(self, name: str) -> Entry | None:
        if self.name_problem(name):
            return None
        with system_errors(self.uri(name)):
            try:
                status = os.lstat(f"{self._root}/{name}")
            except (FileNotFoundError, NotADirectoryError):
                return None
            if not stat.S_ISREG(status.st_mode) or leads_through_link(self._root, name):
                return None
            return self._found(name, status, {})

    def _next(self, reading: FileReading, name: str, generation: str | None) -> bytes:
        """Return the next bytes of a file, or no bytes at its end."""
        with system_errors(self.uri(name)):
            self._begin(reading, name, generation)
            chunk = reading.next()
            if not chunk and reading.has_changed():
                raise TransientError(
                    f"{self.uri(name)} changed while thumbrun read it",
                    hint="check that no other program writes to this file during the run",
                )
            return chunk

    def _next_into_memory(self, reading: FileReading, name: str, generation: str | None) -> bool:
        """Read the next bytes of a file that the system does not hold in memory, and return whether there were any."""
        with system_errors(self.uri(name)):
            self._begin(reading, name, generation)
            return reading.next_into_memory()

    def _begin(self, reading: FileReading, name: str, generation: str | None) -> None:
        """Open a file, unless it is open already, and check that it is what the read asked for."""
        if reading.begun:
            return
        if self.name_problem(name) or leads_through_link(self._root, name):
            raise NotFoundError(f"{self.uri(name)} does not exist")
        if not reading.open():
            raise NotFoundError(f"{self.uri(name)} is not a regular file")
        if not reading.is_of(generation):
            raise NotFoundError(f"{self.uri(name)} does not exist in generation {generation}")

    def _create(self, name: str, body: bytes, attributes: dict[str, Any]) -> Entry:
        if problem := self.name_problem(name):
            raise NameRefusedError(f"{self.uri(name)}: {problem}")
        with system_errors(self.uri(name)):
            return self._entry(name, create_file(self._root, name, body, attributes), attributes)

    def _found(self, name: str, status: os.stat_result, known: SidecarFolders) -> Entry:
        """Return the entry of a file that is there, with its metadata; see `find_sidecar` for `known` and errors."""
        kept = file_metadata.kept(f"{self._root}/{name}", status)
        return self._entry(name, status, kept or find_sidecar(self._root, name, status, known))

    @staticmethod
    def _entry(name: str, status: os.stat_result, attributes: Mapping[str, Any]) -> Entry:
        return Entry(
            name=name,
            size=status.st_size,
            generation=generation_of(status),
            content_type=attributes.get("content_type"),
            # An entry describes the file as it is now. The sidecar's checksum is that of the bytes once written, and
            # the file can differ.
            crc32c=None,
            metadata=attributes.get("metadata", {}),
        )
