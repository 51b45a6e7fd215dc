"""The generation of a local file, which tells whether its content is still the same."""

import os


def generation_of(status: os.stat_result) -> str:
    """Return a text that changes whenever a file's content is replaced.

    It consists of the inode, the size, and the times of modification and of the inode's change in nanoseconds. A
    program can write to a file and then restore its time of modification, but not the time of the inode's change. A
    chmod, a chown or a hard link changes that time as well; nothing tells them from a write.
    """
    return f"{identity_of(status)}-{status.st_ctime_ns}"


def is_of_generation(found: str, planned: str) -> bool:
    """Return whether a file of one generation has the content of another one. Pure.

    Plans of earlier versions state mode, owner, group and number of links after that, or end before the last time.
    """
    now, then = found.split("-")[:4], planned.split("-")[:4]
    return now[: len(then)] == then[: len(now)]


def identity_of(status: os.stat_result) -> str:
    """Return what a file keeps when it is linked or renamed, and loses when its content is replaced."""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
