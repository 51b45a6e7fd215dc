"""A walk through the files below a folder, in the order in which a bucket would list them."""

import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

PRIVATE = "_thumbrun/local"  # holds the temporary files and sidecars below a store's folder; never listed


# Errors of what cannot be reached, while the rest can.
SHUT = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP)


class ShutFolder(NamedTuple):
    """A folder that cannot be read; its name ends in `/`."""

    name: str
    error: OSError


class LinkName(str):
    """The name of a symbolic link, which nobody follows."""

    __slots__ = ()


def is_private(name: str) -> bool:
    """Return whether a name is `_thumbrun/local` or lies below it, at any depth."""
    return f"/{PRIVATE}/" in f"/{name}/"


def is_plain_path(name: str) -> bool:
    """Return whether a name is a path that stays below its folder: no empty part, no `.`, no `..`, no NUL."""
    return "\0" not in name and not any(part in ("", ".", "..") for part in name.split("/"))


def leads_through_link(root: str, name: str) -> bool:
    """Return whether any folder on the path from the root to a name is a symbolic link."""
    path = root
    for part in name.split("/")[:-1]:
        path = os.path.join(path, part)  # noqa: PTH118  (it takes a tenth of pathlib's time, and every request needs it)
        if os.path.islink(path):  # noqa: PTH114
            return True
    return False


def walk(root: str, prefix: str, start: str) -> Iterator[str | ShutFolder]:
    """Yield the names of the files at or after `start` that begin with `prefix`, and the folders that cannot be read.

    The order is that of Python's strings, which equals that of UTF-8; a folder `a` sorts as `a/`. Folders that cannot
    hold such names are not opened, so that listing a few records is fast even beside a million pictures. Symbolic
    links are yielded as such and not followed; devices, pipes and sockets are not yielded. Each folder is read once,
    when it is reached.

    Raises:
        OSError: The folder of the prefix cannot be read, or the disk fails. A folder that has vanished is no error.
    """
    stack = [iter(_children(root, folder))] if (folder := _deepest(root, prefix)) is not None else []
    while stack:
        name = next(stack[-1], None)
        if name is None:
            stack.pop()
        elif not name.endswith("/"):
            if name >= start and name.startswith(prefix):
                yield name
        # Every name in the folder begins with the folder's name, so if the last possible one sorts before `start`, all
        # do.
        elif name[:-1] + chr(ord("/") + 1) > start and name.startswith(prefix):
            try:
                stack.append(iter(_children(root, name)))
            except OSError as error:
                if error.errno not in SHUT:
                    raise
                yield ShutFolder(name, error)


def _deepest(root: str, prefix: str) -> str | None:
    """Return the folder that holds all names with a prefix, or None if it does not exist.

    The folder is empty or ends in `/`.
    """
    folder, slash, _ = prefix.rpartition("/")
    if not slash:
        return ""
    if not is_plain_path(folder) or is_private(folder):
        return None
    try:
        found = stat.S_ISDIR(os.lstat(f"{root}/{folder}").st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return f"{folder}/" if found and not leads_through_link(root, folder) else None


def _children(root: str, folder: str) -> list[str]:
    """Return the names of a folder's files and folders in order; folders end in `/`."""
    children = []
    try:
        entries = os.scandir(f"{root}/{folder}")
    except (FileNotFoundError, NotADirectoryError):  # deleted after its parent was read
        return []
    with entries:
        for entry in entries:
            name = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_private(name):
                    children.append(f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                children.append(name)
            elif entry.is_symlink():
                children.append(LinkName(name))
    children.sort()
    return children
