"""Sidecars: files that hold the metadata of other files, where the file system has no extended attributes for it.

Earlier versions of thumbrun wrote one for each file that they made. The sidecars lie in `_thumbrun/local/marks` below
the store's folder. A sidecar's name holds the identity of its file: inode, size and time of modification. thumbrun
writes it before it links the file. So file and metadata appear together, another file that takes the name has no
metadata, and a file that is moved within the folder keeps its own. A copy of a file has none.

Nobody can hide the image of another. So a sidecar counts only if it belongs to root, to this user or to the owner of
its file. The same holds for what stands in the way of one: a link, or a folder that this user is not permitted to
enter. It is ignored if it belongs to anybody else. No link is followed.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from thumbrun.storage.local.file_metadata import FORGED, LONGEST, parsed, written
from thumbrun.storage.local.generation import identity_of
from thumbrun.storage.local.walk import PRIVATE, SHUT

_TOP = PRIVATE.partition("/")[0]
_AS_IT_IS = os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)  # follow no link and wait for no pipe

SidecarFolders = dict[str, list[tuple[str, str, str | None]]]
"""For a folder of files: the stores' folders with sidecars that can describe them, nearest first. Each has the files'
prefix, and the link that stands for one of thumbrun's own folders in it, or None."""


def sidecar_path(folder: str, status: os.stat_result) -> Path:
    """Return the path of a file's sidecar.

    Args:
        folder: The folder of sidecars.
        status: The file's status.
    """
    return Path(folder, f"{status.st_ino % 256:02x}", f"{identity_of(status)}.json")


def _earlier_sidecar_path(folder: str, name: str, status: os.stat_result) -> Path:
    """Return the path of a sidecar as thumbrun 0.1 named it, by its file's name below the store's folder."""
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return Path(folder, digest[:2], f"{digest}.{identity_of(status)}.json")


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
        OSError: The sidecar cannot be reached: somebody whose sidecar would count does not let this user in, or has put
            a link in its way. The file must not count as a source for that reason.
    """
    trusted = (status.st_uid, os.geteuid(), 0)
    folder, _, base = name.rpartition("/")
    if folder not in known:
        known[folder] = _holders(f"{root.rstrip('/')}/{folder}".rstrip("/"))
    for holder, prefix, link in known[folder]:
        marks = sidecars_folder(holder)
        for path in (sidecar_path(marks, status), _earlier_sidecar_path(marks, prefix + base, status)):
            # A power cut tore it, or it is forged: ignore it.
            with suppress(FileNotFoundError, NotADirectoryError, *FORGED), _of_trusted(holder, path, trusted):
                if link:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), link)
                return _attributes(path, trusted)
    return {}


def linked_private_folder(root: str) -> str | None:
    """Return the path of a link that stands for one of thumbrun's own folders below a store's folder, or None."""
    return next(filter(os.path.islink, _own_folders(root)), None)


def _own_folders(root: str) -> Iterator[str]:
    path = root.rstrip("/")
    for part in (*PRIVATE.split("/"), "marks"):
        path = f"{path}/{part}"
        yield path


@contextmanager
def _of_trusted(holder: str, path: Path, trusted: Collection[int]) -> Iterator[None]:
    """Ignore what stands in the way of a sidecar if it belongs to nobody whose sidecars count.

    Raises:
        FileNotFoundError: The sidecar cannot be reached because of somebody else.
    """
    try:
        yield
    except OSError as error:
        way = (*_own_folders(holder), str(path.parent), str(path))
        if error.errno in SHUT and (owner := _owner_of_obstacle(way)) is not None and owner not in trusted:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
        raise


def _owner_of_obstacle(way: Iterable[str]) -> int | None:
    """Return who owns the first link, or the first folder or file that this user is not permitted to enter or read."""
    for path in way:
        try:
            status = os.lstat(path)
        except OSError:
            return None
        mode = os.X_OK if stat.S_ISDIR(status.st_mode) else os.R_OK
        if stat.S_ISLNK(status.st_mode) or not os.access(
            path, mode, effective_ids=os.access in os.supports_effective_ids
        ):
            return status.st_uid
    return None


def write_sidecar(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write a sidecar into an existing folder, before the file that it describes exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS, 0o666), "wb") as file:
        file.write(written(attributes, path.stem))


def _attributes(path: Path, trusted: Collection[int]) -> dict[str, Any]:
    """Return the content of a sidecar, after checking all of it, as anyone who can write to a source can forge one.

    Args:
        path: The path of the sidecar.
        trusted: The users whose sidecars count.

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
        if found.st_uid not in trusted:
            raise ValueError("a sidecar of somebody else")
        if path.parent.is_symlink():
            raise ValueError("a folder of sidecars that is a link")
        content = os.read(descriptor, LONGEST)
    finally:
        os.close(descriptor)
    return parsed(content, path.stem)


def _holders(folder: str) -> list[tuple[str, str, str | None]]:
    holders: list[tuple[str, str, str | None]] = []
    path, prefix = folder, ""
    while True:
        if os.path.lexists(f"{path}/{_TOP}"):
            holders.append((path, prefix, linked_private_folder(path)))
        if not path:
            return holders
        path, _, last = path.rpartition("/")
        prefix = f"{last}/{prefix}"
