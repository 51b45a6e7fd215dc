"""The files below a folder, in the order in which a bucket would list them."""

import os
import stat
from collections.abc import Iterator

PRIVATE = "_thumbrun/local"  # below a folder that is a store: temporary files and sidecars, never listed


def is_private(name: str) -> bool:
    """Whether a name is that of a store's own files, or lies below them, at any depth."""
    return f"/{PRIVATE}/" in f"/{name}/"


def is_plain_path(name: str) -> bool:
    """Whether a name is a path that stays below its folder: no empty part, no `.`, no `..`, no NUL."""
    return "\0" not in name and not any(part in ("", ".", "..") for part in name.split("/"))


def leads_through_link(root: str, name: str) -> bool:
    """Whether any of the folders on the way from a folder to a name is a symbolic link."""
    path = root
    for part in name.split("/")[:-1]:
        path = os.path.join(path, part)  # noqa: PTH118  (a tenth of pathlib's time, for every request)
        if os.path.islink(path):  # noqa: PTH114
            return True
    return False


def walk(root: str, prefix: str, start: str) -> Iterator[str]:
    """Yield the names of the files at or after `start` that begin with `prefix`.

    The order is that of Python's strings, which is that of UTF-8; a folder `a` sorts as `a/`. Folders that cannot
    hold such names are not opened, so that listing a few records costs nothing beside a million pictures. Symbolic
    links, devices, pipes and sockets are neither followed nor yielded. Each folder is read once, when it is reached.

    Raises:
        OSError: A folder cannot be read; that it has vanished is no error.
    """
    stack = [iter(_children(root, folder))] if (folder := _deepest(root, prefix)) is not None else []
    while stack:
        name = next(stack[-1], None)
        if name is None:
            stack.pop()
        elif not name.endswith("/"):
            if name >= start and name.startswith(prefix):
                yield name
        # Any name in the folder begins with its own, so all sort before `start` if the folder's last does.
        elif name[:-1] + chr(ord("/") + 1) > start and name.startswith(prefix):
            stack.append(iter(_children(root, name)))


def _deepest(root: str, prefix: str) -> str | None:
    """Return the folder that holds all names with a prefix, empty or ending in `/`, or None if there is none."""
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
    """Return the names of a folder's files and of its folders, these with `/` behind them, in order."""
    children = []
    try:
        entries = os.scandir(f"{root}/{folder}")
    except (FileNotFoundError, NotADirectoryError):  # gone since it was seen
        return []
    with entries:
        for entry in entries:
            name = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_private(name):
                    children.append(f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                children.append(name)
    children.sort()
    return children
