"""What this process really has: processors and memory, container limits included."""

import math
import os
from pathlib import Path

_CGROUP = Path("sys/fs/cgroup")
# cgroup v1 says "no limit" with a number near 2^63.
_NO_LIMIT = 1 << 60


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may keep busy, at least 1.

    Args:
        root: Of the file system, for tests.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(root)
    return max(1, affinity if quota is None else min(affinity, math.ceil(quota)))


def memory(root: Path = Path("/")) -> int:
    """Return how many bytes of memory this process may use: its container's limit, or the machine's."""
    limits = [value for value in _numbers(root, "memory.max", "memory/memory.limit_in_bytes") if value < _NO_LIMIT]
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *limits])


def _quota(root: Path) -> float | None:
    quotas = []
    for folder in _folders(root):
        words = _read(folder / "cpu.max").split()
        if len(words) == 2 and words[0].isdigit():
            quotas.append(int(words[0]) / int(words[1]))
    quota = _read(root / _CGROUP / "cpu/cpu.cfs_quota_us")
    period = _read(root / _CGROUP / "cpu/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit():
        quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def _numbers(root: Path, second_version: str, first_version: str) -> list[int]:
    texts = [_read(folder / second_version) for folder in _folders(root)]
    texts.append(_read(root / _CGROUP / first_version))
    return [int(text) for text in texts if text.isdigit()]


def _folders(root: Path) -> list[Path]:
    """Return this process's folder of cgroup v2 and all above it: each may hold a limit."""
    path = _read(root / "proc/self/cgroup").rpartition("::")[2].strip("/")
    top = root / _CGROUP
    folder = top / path if path and ".." not in path else top
    return [folder, *(parent for parent in folder.parents if parent == top or top in parent.parents)]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
