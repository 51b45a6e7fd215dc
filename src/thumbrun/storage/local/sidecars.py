"""Sidecars that hold what a file system does not: the metadata and content type of files that thumbrun made.

They lie in `_thumbrun/local/marks` of the folder that was written to. A sidecar's name holds a hash of the file's
name below that folder and the file's identity, and it is written before the file is linked: file and metadata appear
as one, and another file that takes the name has none.
"""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from thumbrun.storage.local.walk import PRIVATE

_LONGEST = 1 << 16  # bytes; one of ours has a tenth of it
_FORGED = (ValueError, AttributeError, TypeError, RecursionError)
_AS_IT_IS = os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)  # no link is followed, no pipe waited for

SidecarFolders = dict[str, list[tuple[str, str]]]
"""The folders of sidecars that may tell of a folder's files, each with the files' prefix in them, nearest first."""


def generation_of(status: os.stat_result) -> str:
    """Return what changes whenever a file's content is replaced: inode, size, time of modification in nanoseconds."""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def mark_path(folder: str, name: str, status: os.stat_result) -> Path:
    """Return where the sidecar of a file lies.

    Args:
        folder: The folder of sidecars.
        name: The file's name below the folder that was written to.
        status: The file's.
    """
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return Path(folder, digest[:2], f"{digest}.{generation_of(status)}.json")


def marks_folder(root: str) -> str:
    """Return the folder of a store's sidecars."""
    return f"{root.rstrip('/')}/{PRIVATE}/marks"


def find_mark(root: str, name: str, status: os.stat_result, known: SidecarFolders) -> dict[str, Any]:
    """Return what a file's sidecar says, or nothing.

    Not only the store itself may have made the file: a source may hold the output of an earlier run, or be part of
    one. So the sidecars of every folder on the way to the file count.

    Args:
        root: The store's folder.
        name: The file's name in it.
        status: The file's.
        known: What is known of folders, extended here. Not to be kept: any folder may get sidecars at any time.

    Raises:
        OSError: A sidecar is there and cannot be read; the file must not pass for a source on that account.
    """
    folder, _, base = name.rpartition("/")
    if folder not in known:
        known[folder] = _holders(f"{root.rstrip('/')}/{folder}".rstrip("/"))
    for marks, prefix in known[folder]:
        with suppress(FileNotFoundError, *_FORGED):  # torn by a power cut, or forged: it tells nothing
            return _attributes(mark_path(marks, prefix + base, status))
    return {}


def write_mark(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write a sidecar into a folder that is there; the file that it tells of is not there yet."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS, 0o666), "w") as file:
        file.write(json.dumps(attributes))


def _attributes(path: Path) -> dict[str, Any]:
    """Return what a sidecar says. Who writes to a source may have made it, so nothing of it is taken on trust.

    Raises:
        ValueError: It is no sidecar.
        OSError: It cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _AS_IT_IS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
            raise ValueError("a link, a socket or a device") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("no file")
        found = json.loads(os.read(descriptor, _LONGEST))
    finally:
        os.close(descriptor)
    metadata, kind = found.get("metadata", {}), found.get("content_type")
    if not all(isinstance(text, str) for text in (*metadata, *metadata.values(), kind or "")):
        raise ValueError("what is no text")
    return {"metadata": metadata, "content_type": kind}


def _holders(folder: str) -> list[tuple[str, str]]:
    holders = []
    path, prefix = folder, ""
    while True:
        if os.path.isdir(marks_folder(path)):  # noqa: PTH112
            holders.append((marks_folder(path), prefix))
        if not path:
            return holders
        path, _, last = path.rpartition("/")
        prefix = f"{last}/{prefix}"
