"""What runs in a decoding process: its limits, and one image after the other."""

import ctypes
import os
import resource
import signal
import sys
from mmap import mmap
from pathlib import Path

from thumbrun.imaging.body import opened
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

_SLACK = 64 << 20  # address space beside the pictures: the encoders, fragmentation, Python itself
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def start(memory: int) -> None:
    """Prepare the process.

    Its address space is limited to what it has now, plus `memory` bytes, plus some slack: what decodes to more fails
    with a MemoryError, rather than bring the whole task down. It dies with its parent, whatever the parent dies of,
    leaves Ctrl-C to it, and dies of SIGTERM at once, also within a decoder.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + memory + _SLACK
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def work(handed_over: bytes | str, request: Request) -> Rendered | Refused | NeedsMemory:
    """Make one thumbnail."""
    body = opened(handed_over)
    try:
        return render(body, request)
    finally:
        if isinstance(body, mmap):
            body.close()
