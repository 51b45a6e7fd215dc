"""Finds the processors, the memory and the open files that this process really has, container limits included.

It checks the processors that the process is allowed to run on, the machine's memory, and the limits of the process's
control group and of all groups above it (version 2, version 1, or both at once). In a container, the paths of the
groups are often those of the host, and the container cannot see them. The limits of the container are then in the top
folder, which is always checked.
"""

import hashlib
import math
import os
import platform
import resource
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("sys/fs/cgroup")
_ENOUGH_FILES = 8192  # more than a process with the highest settings opens
_NO_LIMIT = 1 << 60  # version 1 says "no limit" with a number near 2^63


@dataclass(frozen=True, slots=True)
class Machine:
    """The processors, the memory and the open files that a process can use.

    Attributes:
        processors: How many processors the process can keep busy, at least 1.
        memory: How much memory the process can use, in bytes.
        is_limited: Whether a limit sets the memory, such as a container's: that memory is there for this process alone.
        open_files: How many files and connections the process can have open.
        name: A short name that all processes share which share these processors; it tells nothing else of the machine.
    """

    processors: int
    memory: int
    is_limited: bool = False
    open_files: int = _ENOUGH_FILES
    name: str = ""


def this_machine(environ: Mapping[str, str], root: Path = Path("/")) -> Machine:
    """Return the processors and the memory that this process can use.

    Args:
        environ: The environment. On Cloud Run, the limit of a task can look like the machine's own memory.
        root: The root of the file system, for tests.
    """
    usable = memory(root)
    is_limited = usable < _physical() or bool(environ.get("CLOUD_RUN_JOB"))
    return Machine(processors(root), usable, is_limited, open_files(), name(environ, root))


def name(environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Return 12 hexadecimal digits that tell whether processes share their processors: those that do have the same.

    They are a hash of the number that Linux draws when it starts, else of the machine's name on the network, and of the
    processors that the process is allowed to run on. A container whose processor time is limited is a machine of its
    own. So is every attempt of a task on Cloud Run, where the containers show nothing by which they differ.

    Args:
        environ: The environment.
        root: The root of the file system, for tests.
    """
    parts = [_read(root / "proc/sys/kernel/random/boot_id") or platform.node()]
    if hasattr(os, "sched_getaffinity"):
        parts.append(str(sorted(os.sched_getaffinity(0))))
    if math.isfinite(min(_quotas(root), default=math.inf)):
        with suppress(OSError):
            parts.append(str((root / "proc/self/ns/pid").readlink()))
    if environ.get("CLOUD_RUN_JOB"):
        parts += [environ.get(f"CLOUD_RUN_{part}", "") for part in ("EXECUTION", "TASK_INDEX", "TASK_ATTEMPT")]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def open_files() -> int:
    """Return how many files and connections this process can have open; more than enough count as enough."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft


def raise_open_files() -> None:
    """Raise this process's limit on open files as far as it may. Only a process that is thumbrun's own does so.

    The limit is 256 on macOS, and 1,024 on most systems, unless a process raises its own.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # a system can refuse what its hard limit allows
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process can keep busy, at least 1; a part of a processor counts as one.

    Args:
        root: The root of the file system, for tests.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min(_quotas(root), default=math.inf)
    return max(1, affinity if quota >= affinity else math.ceil(quota))


def memory(root: Path = Path("/")) -> int:
    """Return how many bytes of memory this process can use: the limit of its container, or the machine's memory.

    Args:
        root: The root of the file system, for tests.
    """
    return min([_physical(), *_limits(root)])


def _physical() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _quotas(root: Path) -> Iterator[float]:
    """Yield every limit on processors."""
    for folder in _folders(root, ""):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        yield from _share(quota, period)
    for folder in _folders(root, "cpu"):
        yield from _share(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _share(quota: str, period: str) -> Iterator[float]:
    """Yield a limit in processors, or nothing if there is none: then version 2 says `max`, and version 1 says -1."""
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def _limits(root: Path) -> Iterator[int]:
    """Yield every limit on memory, in bytes."""
    texts = [_read(folder / "memory.max") for folder in _folders(root, "")]
    texts += [_read(folder / "memory.limit_in_bytes") for folder in _folders(root, "memory")]
    for text in texts:
        if text.isdecimal() and 0 < int(text) < _NO_LIMIT:
            yield int(text)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control group and of all groups above it; each can hold a limit.

    Args:
        root: The root of the file system.
        controller: The controller of version 1, like `cpu`; empty for version 2.
    """
    for line in [*_read(root / "proc/self/cgroup").splitlines(), f"0:{controller}:/"]:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            # Several controllers can share a folder, and version 2 can have its own folder beside version 1.
            for mount in {controllers, controller} if controller else {"", "unified"}:
                yield from _upwards(root / _CGROUP / mount, path)


def _upwards(top: Path, path: str) -> Iterator[Path]:
    """Yield the folder at `path` below `top`, the folders between them, and `top`."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        parts = []  # the container cannot see the folder of the group
    for length in range(len(parts), -1, -1):
        yield top.joinpath(*parts[:length])


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
