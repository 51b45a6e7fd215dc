"""What a decoding process may not do, however hostile the image that it is given. Each measure stands alone.

| measure | Linux | macOS |
|---|---|---|
| the environment is empty but for `KEPT` and `GIVEN` | yes | yes |
| nothing is open but the socket to the task, /dev/null and the size of its own memory | yes | yes |
| limits: address space, processor time, core files, open files, size of files | yes | all but address space |
| no privileges through programs that have more (`no_new_privs`) | yes | no |
| ends with the process that it was forked from | at once | once it waits for its next image |
| no files, no connections, no programs, no other processes (`system_calls`) | x86-64, ARM | no |

`SECURITY.md` says against whom.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from thumbrun.decoding.seccomp import limit_system_calls

# What decides which libraries are found and how they allocate. Anything else might be a secret.
KEPT = (
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONHOME"),
    *("MALLOC_ARENA_MAX", "MALLOC_CONF", "GLIBC_TUNABLES"),
)
GIVEN = {"OPENBLAS_NUM_THREADS": "1"}  # numpy's, which a decoder brings: a process with other threads is not to fork
_PROCESSORS = os.cpu_count() or 1  # known before nothing can be read any more
_OPEN_FILES = 16  # standard streams, socket, one image, and a few that a decoder may duplicate
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which of the measures hold that not every system has.

    Attributes:
        no_new_privileges: Nothing that this process starts has more privileges.
        system_calls: Only those that decoding needs pass.
    """

    no_new_privileges: bool
    system_calls: bool


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that decoding processes may have, and `GIVEN`."""
    return {name: environ[name] for name in KEPT if name in environ} | GIVEN


def close_all_but(kept: int, channel: int) -> None:
    """Close every descriptor but the standard streams and `kept`, which becomes `channel`.

    Args:
        kept: An open descriptor.
        channel: The number that it is to have, above the standard streams.
    """
    if kept != channel:
        os.dup2(kept, channel, inheritable=False)
    os.closerange(3, channel)
    os.closerange(channel + 1, max(_highest(), channel) + 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # the decoders' libraries print what they think of a file; the verdict says what matters
        os.dup2(nothing, stream)
    os.close(nothing)


def confine(parent: int) -> Confinement:
    """Give up whatever decoding does not need, but for the limits of memory and time, which follow what is asked.

    To be called by a process with one thread and with all that it needs open and imported.

    Args:
        parent: The process that it was forked from, with which it ends.
    """
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit is an error, not a death
    if sys.platform != "linux":
        return Confinement(no_new_privileges=False, system_calls=False)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)
    privileges = bool(library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    return Confinement(privileges, limit_system_calls())


def allow_seconds(seconds: float) -> None:
    """Limit this process's processor time to what it has used, and so many seconds more on every processor.

    The task's own limit, in seconds of the clock, comes first; this one holds when the task is stopped or gone. It
    can be moved on, for the next image: only the soft limit is set.
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
