"""A kernel filter for the system calls that a decoding process may make. It works on Linux on x86-64 and ARM only.

Decoding needs memory, threads, a clock, and files that are already open. It needs no new file, no connection, no other
program and no other process. An attacker who takes over a decoder can reach no more than that: not the file with the
credentials, and not the metadata server, which gives a token to anybody who connects to it.

The filter is written in the kernel's classic BPF (seccomp(2)). It needs no privilege except `no_new_privs`. A call that
is not allowed fails with an error; it does not kill the process. The filter makes each call only slightly slower.

Some calls have arguments that reach outside, so the filter allows these only with the arguments that decoding needs. A
filter cannot read a path, so `newfstatat`, which tells of any file, is refused altogether. libheif aborts without a
thread of its own, so threads are allowed, and only the limit on the address space bounds their number.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator

_ALLOWED = {  # name: its numbers on x86-64 and on ARM, None if it has none; frequent calls first
    "read": (0, 63),
    "write": (1, 64),
    "futex": (202, 98),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "brk": (12, 214),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "close": (3, 57),
    "readv": (19, 65),
    "writev": (20, 66),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "getcpu": (309, 168),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "getrandom": (318, 278),
    "getcwd": (79, 17),  # Pillow's `save` calls it, whatever it saves to
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_OF_ITSELF = {"kill": (62, 129), "tgkill": (234, 131)}  # only with this process as first argument
# These only with one of these values as an argument: its position from 0, and the values.
_OF_VALUES = {
    # The flags MSG_DONTWAIT, MSG_NOSIGNAL and MSG_CMSG_CLOEXEC, but not MSG_OOB, whose bytes go past the others.
    "recvmsg": ((47, 212), 2, (0, 0x40000000, 0x40, 0x40000040)),
    "recvfrom": ((45, 207), 3, (0, 0x40)),
    "sendto": ((44, 206), 3, (0, 0x4000, 0x40, 0x4040)),
    # What allocators ask for; others poison pages of the machine (MADV_HWPOISON), or leak what fork keeps apart.
    "madvise": ((28, 233), 2, (0, 1, 2, 3, 4, 8, 14, 15, 16, 17, 20, 21, 22, 23)),
    # F_GETFD, F_GETFL, F_DUPFD_CLOEXEC. Others have the kernel send signals to any process of the user (F_SETOWN).
    "fcntl": ((72, 25), 1, (1, 3, 1030)),
    "ioctl": ((16, 29), 1, (0x5401, 0x5451)),  # TCGETS, to ask for a terminal, and FIOCLEX
    "sched_getaffinity": ((204, 123), 0, (0,)),  # 0: of this process
    "clone": ((56, 220), 0, (0x3D0F00, 0x7D0F00)),  # a thread, as glibc and musl start it; not a process
}
# Of its own limits, only the two that move with every image, RLIMIT_CPU and RLIMIT_AS: within their hard limits.
_PRLIMIT = {"prlimit64": (302, 261)}
_PRLIMIT_OF = (0, 9)
# If one of these calls does not exist, the C library uses an older one; if it is refused, the library gives up.
_UNKNOWN = {"clone3": (435, 435), "statx": (332, 291)}
_FIRST_UNKNOWN = 436

_X86, _ARM = 0, 1
_MACHINES = {"x86_64": (_X86, 0xC000003E), "aarch64": (_ARM, 0xC00000B7)}  # AUDIT_ARCH_… of linux/audit.h

# linux/bpf_common.h and linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS, _ARGUMENT = 0, 4, 16, 8  # offsets in struct seccomp_data, and the length of one
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_SECCOMP = (317, 277)  # the system call that sets a filter
_SECCOMP_SET_MODE_FILTER = 1
# Kernels before 5.16 slow a filtered process down, to protect others that share its memory; here none does.
_SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4

_Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def limit_system_calls() -> bool:
    """Refuse all other system calls of this process from now on; return False if the kernel has no such filter."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES or struct.calcsize("P") != 8:
        return False
    program = b"".join(struct.pack("HBBI", *one) for one in instructions(platform.machine(), os.getpid()))
    library = ctypes.CDLL(None, use_errno=True)
    description = ctypes.byref(_Program(len(program) // 8, program))
    number = ctypes.c_long(_SECCOMP[_MACHINES[platform.machine()][0]])
    flags = (_SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0)  # kernels before 4.17 do not know the flag
    return any(library.syscall(number, _SECCOMP_SET_MODE_FILTER, flag, description) == 0 for flag in flags)


def instructions(machine: str, pid: int) -> Iterator[_Instruction]:
    """Yield the filter's instructions: a code, the jumps if its comparison is true and if it is false, and an operand.

    Args:
        machine: `x86_64` or `aarch64`.
        pid: The id of the process that the filter is for.
    """
    column, architecture = _MACHINES[machine]
    refused = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    unknown = (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    allowed = (_RETURN, 0, 0, _ALLOW)
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, architecture
    yield refused  # a call of another instruction set, which has other numbers
    yield _LOAD, 0, 0, _NUMBER
    for numbers in _ALLOWED.values():
        if (number := numbers[column]) is not None:
            yield _EQUAL, 0, 1, number
            yield allowed
    for numbers in _OF_ITSELF.values():
        yield from _only(numbers[column], (0, (pid,)))
    for numbers, position, values in _OF_VALUES.values():
        yield from _only(numbers[column], (position, values))
    for numbers in _PRLIMIT.values():
        yield from _only(numbers[column], (0, (0,)), (1, _PRLIMIT_OF))
    for numbers in _UNKNOWN.values():
        yield _EQUAL, 0, 1, numbers[column]
        yield unknown
    yield _AT_LEAST, 0, 1, _FIRST_UNKNOWN
    yield unknown
    yield refused


def _only(number: int, *rules: tuple[int, tuple[int, ...]]) -> Iterator[_Instruction]:
    """Yield instructions that let a call pass only if each of some arguments has one of its values.

    The kernel reads only the lower 32 bits of these arguments, and so does the filter.
    """
    body: list[_Instruction] = []
    for position, values in rules:
        body.append((_LOAD, 0, 0, _ARGUMENTS + _ARGUMENT * position))
        body += [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
        body.append((_RETURN, 0, 0, _ERROR | errno.EPERM))
    body.append((_RETURN, 0, 0, _ALLOW))
    yield _EQUAL, 0, len(body), number
    yield from body
