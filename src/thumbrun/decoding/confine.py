"""Confines a decoding process, however hostile its image is. Each measure works without the others.

| measure | Linux | macOS |
|---|---|---|
| the environment holds nothing but `KEPT` and `GIVEN` | yes | yes |
| nothing is open except the socket to the task, /dev/null and the size of its own memory | yes | yes |
| address space, processor time, core files, open files and file sizes are limited | yes | all but address space |
| it is the first to be killed where memory runs out | yes | no |
| it has no privilege of root, and gains none through other programs (capabilities, `no_new_privs`) | yes | no |
| it ends with the process that forked it | at once | when it waits for its next image |
| it cannot reach files, connections, programs or other processes (`system_calls`) | x86-64, ARM | no |

`SECURITY.md` says whom these measures guard against.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thumbrun.decoding.seccomp import limit_system_calls

# These variables decide which libraries are found and how they allocate memory. Any other might be a secret.
KEPT = (
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONHOME"),
    *("MALLOC_ARENA_MAX", "MALLOC_CONF", "GLIBC_TUNABLES"),
)
# A decoder brings numpy, whose OpenBLAS would start threads, and a process with several threads must not fork.
GIVEN = {"OPENBLAS_NUM_THREADS": "1"}
_PROCESSORS = os.cpu_count() or 1  # read now, because a confined process cannot read it
_OPEN_FILES = 16  # standard streams, socket, one image, and a few that a decoder can duplicate
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_CAPABILITIES = 0x20080522  # the version of capset's arguments with two sets of three masks (linux/capability.h)


@dataclass(frozen=True, slots=True)
class Confinement:
    """Tells which of the measures are in force, among those that not every system offers.

    Attributes:
        no_new_privileges: Whether this process has no privileges of root, and no program that it starts can gain any.
        system_calls: Whether the kernel lets only those system calls pass that decoding needs.
    """

    no_new_privileges: bool
    system_calls: bool


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that decoding processes may have: those in `KEPT` that are set, and `GIVEN`."""
    return {name: environ[name] for name in KEPT if name in environ} | GIVEN


def close_all_but(kept: int, channel: int) -> None:
    """Close every descriptor except the standard streams and `kept`, which gets the number `channel`.

    Args:
        kept: An open descriptor.
        channel: The number that the descriptor gets, above the standard streams.
    """
    if kept != channel:
        os.dup2(kept, channel, inheritable=False)
    os.closerange(3, channel)
    os.closerange(channel + 1, max(_highest(), channel) + 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # the decoders' libraries print remarks about a file; only the verdict counts
        os.dup2(nothing, stream)
    os.close(nothing)


def confine(parent: int) -> Confinement:
    """Give up every ability that decoding does not need.

    The limits on memory and processor time are set elsewhere, because they change with each request. Call this in a
    process that has one thread, and that has opened and imported all that it needs.

    Args:
        parent: The id of the process that forked this one; this process ends with it.
    """
    with contextlib.suppress(OSError):  # where memory runs out, the kernel kills this process and not the task
        Path("/proc/self/oom_score_adj").write_text("1000")
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails and does not kill
    if sys.platform != "linux":
        return Confinement(no_new_privileges=False, system_calls=False)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent ended before the kernel knew of this
        os.kill(os.getpid(), signal.SIGKILL)
    # Root could raise the hard limits again.
    dropped = library.capset(struct.pack("Ii", _CAPABILITIES, 0), bytes(6 * 4)) == 0
    kept_low = library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    return Confinement(dropped and kept_low, limit_system_calls())


def allow_seconds(seconds: float) -> None:
    """Limit this process's processor time to the time that it has used, plus `seconds` on every processor.

    The task's own limit, in seconds of the clock, takes effect first; this one holds if the task is stopped or gone.
    This sets only the soft limit, so that the next image can move it on.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds * _PROCESSORS) + 2  # whole seconds, rounded up
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


def _highest() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
