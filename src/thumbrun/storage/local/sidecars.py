"""Sidecars: files that hold the metadata and content type of the files that thumbrun wrote to a folder.

A file system does not hold them itself. The sidecars lie in `_thumbrun/local/marks` below the store's folder. A
sidecar's name holds the identity of its file: inode, size and time of modification. thumbrun writes it before it links
the file. So file and metadata appear together, another file that takes the name has no metadata, and a file that is
moved within the folder keeps its own. A copy of a file has none.

A sidecar counts only if it belongs to root, to this user or to the owner of its file: nobody can hide the image of
another. No link is followed to it.
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

_TOP = PRIVATE.partition("/")[0]
_LONGEST = 1 << 16  # bytes of a sidecar that are read; one that thumbrun wrote has a tenth of that
_FORGED = (ValueError, AttributeError, TypeError, RecursionError)
_AS_IT_IS = os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)  # follow no link and wait for no pipe

SidecarFolders = dict[str, list[tuple[str, str]]]
"""For a folder of files: the sidecar folders that can describe them, each with the files' prefix, nearest first."""


def generation_of(status: os.stat_result) -> str:
    """Return a text that changes whenever a file's content is replaced.

    It consists of the inode, the size, the times of modification and of the inode's change in nanoseconds, and of what
    else changes the latter: mode, owner, group and the number of hard links.
    """
    access = f"{status.st_mode:o}.{status.st_uid}.{status.st_gid}.{status.st_nlink}"
    return f"{_identity_of(status)}-{status.st_ctime_ns}-{access}"


def is_of_generation(found: str, planned: str) -> bool:
    """Return whether a file of one generation still has the content of another one. Pure.

    A program can write to a file and then restore its time of modification, but not the time of the inode's change. A
    chmod, a chown or a hard link changes that time as well, and is no reason to distrust the content; it shows in mode,
    owner, group or number of links.
    """
    now, then = found.split("-"), planned.split("-")
    if now[:3] != then[:3]:
        return False
    return now[3:4] == then[3:4] or now[4:] != then[4:]


def _identity_of(status: os.stat_result) -> str:
    """Return what a file keeps when it is linked or renamed, and loses when its content is replaced."""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def sidecar_path(folder: str, status: os.stat_result) -> Path:
    """Return the path of a file's sidecar.

    Args:
        folder: The folder of sidecars.
        status: The file's status.
    """
    return Path(folder, f"{status.st_ino % 256:02x}", f"{_identity_of(status)}.json")


def _earlier_sidecar_path(folder: str, name: str, status: os.stat_result) -> Path:
    """Return the path of a sidecar as thumbrun 0.1 named it, by its file's name below the store's folder."""
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return Path(folder, digest[:2], f"{digest}.{_identity_of(status)}.json")


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
        OSError: The sidecar exists but cannot be read, or a link stands for the folder of sidecars. The file must not
            count as a source for that reason.
    """
    folder, _, base = name.rpartition("/")
    if folder not in known:
        known[folder] = _holders(f"{root.rstrip('/')}/{folder}".rstrip("/"))
    for marks, prefix in known[folder]:
        for path in (sidecar_path(marks, status), _earlier_sidecar_path(marks, prefix + base, status)):
            with suppress(FileNotFoundError, *_FORGED):  # a power cut tore it, or it is forged: ignore it
                return _attributes(path, status.st_uid)
    return {}


def linked_private_folder(root: str) -> str | None:
    """Return the path of a link that stands for one of thumbrun's own folders below a store's folder, or None."""
    path = root.rstrip("/")
    for part in (*PRIVATE.split("/"), "marks"):
        path = f"{path}/{part}"
        if os.path.islink(path):  # noqa: PTH114
            return path
    return None


def write_sidecar(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write a sidecar into an existing folder, before the file that it describes exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS, 0o666), "w") as file:
        file.write(json.dumps(attributes))


def _attributes(path: Path, owner: int) -> dict[str, Any]:
    """Return the content of a sidecar, after checking all of it, as anyone who can write to a source can forge one.

    Args:
        path: The path of the sidecar.
        owner: The user who owns the file that it describes.

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
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a regular file")
        if found.st_uid not in (owner, os.geteuid(), 0):
            raise ValueError("a sidecar of somebody else")
        if path.parent.is_symlink():
            raise ValueError("a folder of sidecars that is a link")
        content = json.loads(os.read(descriptor, _LONGEST))
    finally:
        os.close(descriptor)
    metadata, kind = content.get("metadata", {}), content.get("content_type")
    if not all(isinstance(text, str) for text in (*metadata, *metadata.values(), kind or "")):
        raise ValueError("a value that is not text")
    return {"metadata": metadata, "content_type": kind}


def _holders(folder: str) -> list[tuple[str, str]]:
    holders = []
    path, prefix = folder, ""
    while True:
        if os.path.lexists(f"{path}/{_TOP}"):
            if link := linked_private_folder(path):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), link)
            if os.path.isdir(sidecars_folder(path)):  # noqa: PTH112
                holders.append((sidecars_folder(path), prefix))
        if not path:
            return holders
        path, _, last = path.rpartition("/")
        prefix = f"{last}/{prefix}"
