"""A folder that behaves like a bucket.

What a bucket gives and a file system does not, each in its own way:

- Created whole, or not at all, and only if absent: a temporary file, then `link(2)`, which fails where the name exists
  (`rename(2)` would replace).
- Metadata: in a sidecar, below `_thumbrun/local/marks` of the folder. Its name holds a hash of the object's name and
  the file's identity, and it is written before the link, so that file and metadata appear as one. The marks of other
  folders that this one lies in, or that lie in it, are read as well: a thumbnail is known wherever it was made.
- Generation: inode, size and time of modification, compared before and after reading.
- Listing order: of the names' UTF-8 bytes, which is that of Python's strings. A folder `a` sorts as `a/`.

Symbolic links, devices, pipes and sockets are never followed or listed below the folder, which may itself be a link.
"""

import asyncio
import errno
import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import google_crc32c

from thumbrun.storage.base import (
    PAGE_LIMIT,
    BucketNotFoundError,
    DamagedError,
    DeniedError,
    Entry,
    ExistsError,
    NameRefusedError,
    NotFoundError,
    Page,
    Sink,
    StoreError,
    TransientError,
)

T = TypeVar("T")
P = ParamSpec("P")

_PRIVATE = "_thumbrun/local"  # below the folder: temporary files and sidecars, never listed
_CHUNK = 1 << 18
_THREADS = 16
_LONGEST_PART = 255  # bytes, of nearly all file systems
_LONGEST_PATH = 4096
_REGULAR_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)


class LocalStore:
    """One folder."""

    def __init__(self, root: str) -> None:
        """Prepare; nothing is read or made yet.

        Args:
            root: The folder's absolute path.
        """
        self._root = Path(root)
        self._executor: ThreadPoolExecutor | None = None
        self._marked: dict[Path, bool] = {}

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"file://{self._root}/{name}"

    def name_problem(self, name: str) -> str | None:
        """Say why a name cannot be a path below the folder."""
        parts = name.split("/")
        if "\0" in name or any(part in ("", ".", "..") for part in parts):
            return "a path in a folder has no empty part, no . or .. and no NUL"
        if any(len(os.fsencode(part)) > _LONGEST_PART for part in parts):
            return f"a part of a path has at most {_LONGEST_PART} bytes"
        if len(os.fsencode(f"{self._root}/{name}")) >= _LONGEST_PATH:
            return f"a path has fewer than {_LONGEST_PATH:,} bytes"
        if name.startswith(f"{_PRIVATE}/"):
            return f"{_PRIVATE} is thumbrun's own"
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List objects, as the protocol says."""
        return await self._in_thread(self._page, prefix, max(prefix, start), end, min(limit, PAGE_LIMIT))

    async def stat(self, name: str) -> Entry | None:
        """Return the file's entry."""
        return await self._in_thread(self._stat, name)

    async def read(self, name: str, sink: Sink, *, generation: str | None = None) -> None:
        """Read a file, as the protocol says."""
        await self._in_thread(self._read, name, sink, generation)

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create a file, as the protocol says."""
        attributes = {"content_type": content_type, "metadata": dict(metadata)}
        if cache_control:
            attributes["cache_control"] = cache_control
        return await self._in_thread(self._create, name, body, attributes)

    async def close(self) -> None:
        """End the threads."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)

    async def _in_thread(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="thumbrun-local")
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, functools.partial(function, *arguments, **named)
        )

    def _page(self, prefix: str, start: str, end: str, limit: int) -> Page:
        with self._errors(""):
            if not self._root.is_dir():
                raise BucketNotFoundError(f"there is no folder {self._root}", hint="check the path")
            found: list[Entry] = []
            for name, status in self._walk("", prefix, start):
                if end and name >= end:
                    break
                if len(found) == limit:
                    return Page(tuple(found), resume_at=name)
                found.append(self._entry(name, status))
            return Page(tuple(found))

    def _walk(self, folder: str, prefix: str, start: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the files at or after `start` whose names begin with `prefix`, in order.

        Folders that cannot hold such names are not opened.
        """
        stack = [iter(self._children(folder))]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
                continue
            name, entry = child
            if name.endswith("/"):
                # Any name in the folder begins with its own, so all sort before `start` if the folder's last does.
                after_all = name[:-1] + chr(ord("/") + 1)
                if after_all > start and (name.startswith(prefix) or prefix.startswith(name)):
                    stack.append(iter(self._children(name)))
            elif name >= start and name.startswith(prefix):
                with suppress(FileNotFoundError):  # deleted since its folder was read
                    yield name, entry.stat(follow_symlinks=False)

    def _children(self, folder: str) -> list[tuple[str, "os.DirEntry[str]"]]:
        """Return a folder's files and folders (these with `/` behind their names) in the order of their names."""
        children = []
        try:
            entries = os.scandir(self._root / folder)
        except FileNotFoundError:
            return []
        with entries:
            for entry in entries:
                name = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not f"/{name}".endswith(f"/{_PRIVATE}"):
                        children.append((f"{name}/", entry))
                elif entry.is_file(follow_symlinks=False):
                    children.append((name, entry))
        return sorted(children, key=lambda child: child[0])

    def _stat(self, name: str) -> Entry | None:
        if self.name_problem(name):
            return None
        with self._errors(name):
            try:
                status = os.lstat(self._root / name)
            except (FileNotFoundError, NotADirectoryError):
                return None
            return self._entry(name, status) if stat.S_ISREG(status.st_mode) and self._inside(name) else None

    def _read(self, name: str, sink: Sink, generation: str | None) -> None:
        with self._errors(name):
            if self.name_problem(name) or not self._inside(name):
                raise NotFoundError(f"{self.uri(name)} is not there")
            with os.fdopen(os.open(self._root / name, _REGULAR_ONLY), "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode) or generation not in (None, _generation(before)):
                    raise NotFoundError(f"{self.uri(name)} is not there in generation {generation}")
                sink.reset()
                while chunk := file.read(_CHUNK):
                    sink.write(chunk)
                if _generation(os.fstat(file.fileno())) != _generation(before):
                    raise TransientError(f"{self.uri(name)} changed while it was read")

    def _create(self, name: str, body: bytes, attributes: dict[str, Any]) -> Entry:
        if problem := self.name_problem(name):
            raise StoreError(f"{self.uri(name)}: {problem}")
        target = self._root / name
        with self._errors(name):
            folder = self._root / _PRIVATE / "tmp"
            folder.mkdir(parents=True, exist_ok=True)
            self._make_folders(target.parent)
            if not self._inside(name):
                raise DeniedError(f"{self.uri(name)} lies behind a symbolic link", hint="remove the link")
            temporary = folder / uuid4().hex
            try:
                temporary.write_bytes(body)
                status = temporary.stat()
                if status.st_size != len(body):
                    raise DamagedError(f"{self.uri(name)}: {status.st_size} bytes of {len(body)} were written")
                mark = self._mark(self._root, name, status)
                self._write_mark(mark, {**attributes, "name": name, "crc32c": google_crc32c.value(body)})
                try:
                    os.link(temporary, target)
                except FileExistsError:
                    mark.unlink()
                    if not stat.S_ISREG(os.lstat(target).st_mode):
                        raise NameRefusedError(f"{self.uri(name)} is a folder, a link or a device") from None
                    raise
            finally:
                temporary.unlink(missing_ok=True)
            return self._entry(name, status)

    def _make_folders(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise NameRefusedError(f"{folder} is a file, below which there can be none") from error

    def _inside(self, name: str) -> bool:
        """Whether no folder on the way to a name is a symbolic link."""
        folder = self._root
        for part in name.split("/")[:-1]:
            folder /= part
            if folder.is_symlink():
                return False
        return True

    def _entry(self, name: str, status: os.stat_result) -> Entry:
        attributes = self._attributes(name, status)
        return Entry(
            name=name,
            size=status.st_size,
            generation=_generation(status),
            content_type=attributes.get("content_type"),
            # Listings tell what the file holds, not what was once written: the checksum is no more than a wish here.
            crc32c=None,
            metadata=attributes.get("metadata", {}),
        )

    def _attributes(self, name: str, status: os.stat_result) -> dict[str, Any]:
        """Return what the nearest sidecar says of a file, of all the folders that it lies in."""
        path = self._root / name
        for folder in path.parents:
            if self._has_marks(folder):
                mark = self._mark(folder, str(path.relative_to(folder)), status)
                with suppress(OSError, ValueError):
                    found: dict[str, Any] = json.loads(mark.read_bytes())
                    return found
        return {}

    def _has_marks(self, folder: Path) -> bool:
        """Whether a folder has sidecars; remembered once it has, and for folders outside the store once it has not."""
        known = self._marked.get(folder)
        if known is None:
            known = (folder / _PRIVATE / "marks").is_dir()
            if known or folder not in (self._root, *self._root.parents):
                self._marked[folder] = known
        return known

    @staticmethod
    def _mark(folder: Path, name: str, status: os.stat_result) -> Path:
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
        return folder / _PRIVATE / "marks" / digest[:2] / f"{digest}.{_generation(status)}.json"

    @staticmethod
    def _write_mark(mark: Path, attributes: Mapping[str, Any]) -> None:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(attributes))

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        """Turn what the operating system says into the store's errors."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError(f"{self.uri(name)} is not there") from error
        except FileExistsError as error:
            raise ExistsError(f"{self.uri(name)} exists") from error
        except PermissionError as error:
            where = error.filename or self.uri(name)
            raise DeniedError(f"{where}: permission denied", hint="check who owns it and its mode") from error
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
                raise NameRefusedError(f"{self.uri(name)}: {os.strerror(error.errno)}") from error
            if error.errno == errno.ELOOP:
                raise NotFoundError(f"{self.uri(name)} is a symbolic link") from error
            message = f"{self.uri(name)}: {os.strerror(error.errno or 0)}"
            if error.errno in (errno.EINTR, errno.EAGAIN, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE):
                raise TransientError(message, hint="check the disk") from error
            raise StoreError(message, hint="check the disk: its space, its file system") from error


def _generation(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
