"""Creates a file whole, or not at all, and only if its name is free.

thumbrun writes a temporary file and then calls `link(2)`, which fails if the name exists (`rename(2)` would replace the
file). A process that is killed in between leaves a temporary file or a sidecar that nobody reads. Nothing is flushed to
the disk, so this promise holds when a process dies, but not after a power cut.
"""

import errno
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from crc32c import crc32c

from thumbrun.storage.base import DamagedError, ExistsError, NameRefusedError, StoreError
from thumbrun.storage.local import file_metadata
from thumbrun.storage.local.sidecars import sidecar_path, sidecars_folder, write_sidecar
from thumbrun.storage.local.system_errors import link_error
from thumbrun.storage.local.walk import PRIVATE

_TEMPORARY = "/".join((PRIVATE, "tmp"))
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS)


def create_file(root: str, name: str, body: bytes, attributes: Mapping[str, Any]) -> os.stat_result:
    """Create a file with its metadata, and the folders that it lies in; return its status.

    Args:
        root: The path of the store's folder.
        name: The name of the file below it, a plain path.
        body: The content.
        attributes: The metadata.

    Raises:
        ExistsError: There is a file of this name.
        NameRefusedError: The name leads through a link or a file, or is no file's.
        DamagedError: The disk has not taken all bytes.
        StoreError: The file system has no hard links.
        OSError: The system refuses something else.
    """
    target = f"{root.rstrip('/')}/{name}"
    Path(root).mkdir(parents=True, exist_ok=True)
    _make_folders(root, _TEMPORARY)
    _make_folders(root, name.rpartition("/")[0])
    temporary = Path(root, _TEMPORARY, uuid4().hex)
    try:
        with temporary.open("xb") as file:
            file.write(body)
        status = temporary.stat()
        if status.st_size != len(body):
            raise DamagedError(
                f"file://{target}: the disk took only {status.st_size} of {len(body)} bytes",
                hint="check the free space and the file system of this disk",
            )
        kept = {**attributes, "name": name, "crc32c": crc32c(body)}
        if file_metadata.keep(str(temporary), status, kept):
            _link(temporary, target)
        else:
            _link_with_sidecar(root, temporary, target, status, kept)
    finally:
        temporary.unlink(missing_ok=True)
    with suppress(OSError):  # the links that were made and removed have changed the generation
        linked = os.lstat(target)
        status = linked if linked.st_ino == status.st_ino else status
    return status


def _link_with_sidecar(
    root: str, temporary: Path, target: str, status: os.stat_result, attributes: dict[str, Any]
) -> None:
    sidecar = sidecar_path(sidecars_folder(root), status)
    _make_folders(root, f"{PRIVATE}/marks/{sidecar.parent.name}")
    write_sidecar(sidecar, attributes)
    try:
        _link(temporary, target)
    except StoreError:
        sidecar.unlink(missing_ok=True)
        raise


def _link(temporary: Path, target: str) -> None:
    try:
        os.link(temporary, target)
    except FileExistsError:
        there = os.lstat(target)
        if os.path.samestat(there, temporary.stat()):
            return  # the link was made and only its acknowledgement was lost, as happens on NFS
        if not stat.S_ISREG(there.st_mode):
            raise NameRefusedError(f"file://{target} is a folder, a link or a device already") from None
        raise ExistsError(f"file://{target} exists already") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise StoreError(
            f"file://{target}: thumbrun cannot create a hard link for this file: {error.strerror}",
            hint="choose a folder on a file system with hard links (FAT has none), and with nothing mounted inside",
        ) from error


def _make_folders(root: str, folder: str) -> None:
    """Create a folder and its parent folders, but follow no symbolic link on the way."""
    path = root
    for part in folder.split("/") if folder else ():
        path = f"{path}/{part}"
        try:
            os.mkdir(path)  # noqa: PTH102
        except FileExistsError:
            kind = os.lstat(path).st_mode
            if stat.S_ISLNK(kind):
                raise link_error(path) from None
            if not stat.S_ISDIR(kind):
                raise NameRefusedError(f"{path} is a file, so it cannot hold other files") from None
