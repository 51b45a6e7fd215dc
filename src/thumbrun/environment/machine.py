"""What this process really has: processors and memory, container limits included.

Looked at are the processors that the process may run on, the limits of its own control group and of all above it
(version 2, and version 1, and both at once), and the machine's memory. Within a container the groups' own paths are
often those of the host and not to be seen; the container's limits then stand at the top, which is always looked at.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # version 1 says "no limit" with a number near 2^63


@dataclass(frozen=True, slots=True)
class Machine:
    """What a process may use.

    Attributes:
        processors: That it may keep busy, at least 1.
        memory: In bytes.
    """

    processors: int
    memory: int


def this_machine(root: Path = Path("/")) -> Machine:
    """Return what this process may use.

    Args:
        root: Of the file system, for tests.
    """
    return Machine(processors(root), memory(root))


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may keep busy, at least 1; a part of one counts as one.

    Args:
        root: Of the file system, for tests.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min(_quotas(root), default=math.inf)
    return max(1, affinity if quota >= affinity else math.ceil(quota))


def memory(root: Path = Path("/")) -> int:
    """Return how many bytes of memory this process may use: its container's limit, or the machine's.

    Args:
        root: Of the file system, for tests.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_limits(root)])


def _quotas(root: Path) -> Iterator[float]:
    """Yield limits in processors."""
    for folder in _folders(root, ""):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        yield from _share(quota, period)
    for folder in _folders(root, "cpu"):
        yield from _share(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _share(quota: str, period: str) -> Iterator[float]:
    """Yield one limit, or none: version 2 says `max`, version 1 says -1."""
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def _limits(root: Path) -> Iterator[int]:
    """Yield limits in bytes."""
    texts = [_read(folder / "memory.max") for folder in _folders(root, "")]
    texts += [_read(folder / "memory.limit_in_bytes") for folder in _folders(root, "memory")]
    for text in texts:
        if text.isdecimal() and 0 < int(text) < _NO_LIMIT:
            yield int(text)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield this process's control group and all above it; each may hold a limit.

    Args:
        root: Of the file system.
        controller: Of version 1, like `cpu`; empty for version 2.
    """
    for line in [*_read(root / "proc/self/cgroup").splitlines(), f"0:{controller}:/"]:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            # Several controllers may share a folder, and version 2 may stand beside version 1 in one of its own.
            for mount in {controllers, controller} if controller else {"", "unified"}:
                yield from _upwards(root / _CGROUP / mount, path)


def _upwards(top: Path, path: str) -> Iterator[Path]:
    """Yield the folder at `path` below `top`, those between, and `top`."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        parts = []  # the group lies outside of what this container sees
    for length in range(len(parts), -1, -1):
        yield top.joinpath(*parts[:length])


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
