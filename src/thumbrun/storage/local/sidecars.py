"""Sidecars: files that hold the metadata and content type of the files that thumbrun wrote to a folder.

A file system does not hold them itself. The sidecars lie in `_thumbrun/local/marks` below the store's folder. A
sidecar's name holds a hash of the file's name below that folder, and the file's identity. thumbrun writes it before it
links the file. So file and metadata appear together, and another file that takes the name has no metadata.
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

_LONGEST = 1 << 16  # bytes of a sidecar that are read; one that thumbrun wrote has a tenth of that
_FORGED = (ValueError, AttributeError, TypeError, RecursionError)
_AS_IT_IS = os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)  # follow no link and wait for no pipe

SidecarFolders = dict[str, list[tuple[str, str]]]
"""For a folder of files: the sidecar folders that can describe them, each with the files' prefix, nearest first."""


def generation_of(status: os.stat_result) -> str:
    """Return a text that changes whenever a file's content is replaced.

    It consists of the inode, the size and the time of modification in nanoseconds.
    """
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def sidecar_path(folder: str, name: str, status: os.stat_result) -> Path:
    """Return the path of a file's sidecar.

    Args:
        folder: The folder of sidecars.
        name: The file's name below the store's folder.
        status: The file's status.
    """
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return Path(folder, digest[:2], f"{digest}.{generation_of(status)}.json")


def sidecars_folder(root: str) -> str:
    """Return the path of the folder that holds a store's sidecars."""
    return f"{root.rstrip('/')}/{PRIVATE}/marks"


def find_sidecar(root: str, name: str, status: os.stat_result, known: SidecarFolders) -> dict[str, Any]:
    """Return the content of a file's sidecar, or an empty dictionary if the file has none.

    Another store can have made the file: a source might hold the output of an earlier run, or be part of it. So the
    sidecars of every folder on the path to the file count.

    Args:
        root: The store's folder.
        name: The file's name in it.
        status: The file's status.
        known: The sidecar folders that are known for each folder; this function adds to them. Do not keep it for
            long, because any folder can get sidecars at any time.

    Raises:
        OSError: The sidecar exists but cannot be read. The file must not count as a source for that reason.
    """
    folder, _, base = name.rpartition("/")
    if folder not in known:
        known[folder] = _holders(f"{root.rstrip('/')}/{folder}".rstrip("/"))
    for marks, prefix in known[folder]:
        with suppress(FileNotFoundError, *_FORGED):  # a power cut tore it, or it is forged: ignore it
            return _attributes(sidecar_path(marks, prefix + base, status))
    return {}


def write_sidecar(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write a sidecar into an existing folder, before the file that it describes exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS, 0o666), "w") as file:
        file.write(json.dumps(attributes))


def _attributes(path: Path) -> dict[str, Any]:
    """Return the content of a sidecar, after checking all of it, as anyone who can write to a source can forge one.

    Raises:
        ValueError: The file is not a valid sidecar.
        OSError: The file cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _AS_IT_IS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
            raise ValueError("a link, a socket or a device") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        found = json.loads(os.read(descriptor, _LONGEST))
    finally:
        os.close(descriptor)
    metadata, kind = found.get("metadata", {}), found.get("content_type")
    if not all(isinstance(text, str) for text in (*metadata, *metadata.values(), kind or "")):
        raise ValueError("a value that is not text")
    return {"metadata": metadata, "content_type": kind}


def _holders(folder: str) -> list[tuple[str, str]]:
    holders = []
    path, prefix = folder, ""
    while True:
        if os.path.isdir(sidecars_folder(path)):  # noqa: PTH112
            holders.append((sidecars_folder(path), prefix))
        if not path:
            return holders
        path, _, last = path.rpartition("/")
        prefix = f"{last}/{prefix}"
