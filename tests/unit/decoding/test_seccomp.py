"""The filter of system calls judges each call correctly, for both machines and on any."""

import errno
import re
from pathlib import Path

import pytest

from thumbrun.decoding import seccomp
from thumbrun.decoding.seccomp import instructions, limit_system_calls

ME, OTHER = 4711, 1
X86, ARM = ("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)
PASSES = "passes"


def judged(
    machine: tuple[str, int], number: int, arguments: int | tuple[int, int] = 0, architecture: int | None = None
) -> str | int:
    """Return the filter's verdict on a call: that it passes, or the error."""
    program = list(instructions(machine[0], ME))
    first, second = arguments if isinstance(arguments, tuple) else (arguments, 0)
    call = {0: number, 4: machine[1] if architecture is None else architecture, 16: first, 24: second}
    at, loaded = 0, 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x06:  # return
            return PASSES if operand == 0x7FFF0000 else operand & 0xFFFF
        if code == 0x20:  # load
            loaded = call[operand]
        else:
            true = {0x15: loaded == operand, 0x35: loaded >= operand}[code]
            at += if_true if true else if_false


@pytest.mark.parametrize(
    ("name", "machine", "number", "arguments", "expected"),
    [
        ("read", X86, 0, 0, PASSES),
        ("read", ARM, 63, 0, PASSES),
        ("exit_group", X86, 231, 0, PASSES),
        ("openat", X86, 257, 0, errno.EPERM),
        ("openat", ARM, 56, 0, errno.EPERM),
        ("socket", X86, 41, 0, errno.EPERM),
        ("socket", ARM, 198, 0, errno.EPERM),
        ("connect", X86, 42, 0, errno.EPERM),
        ("connect", ARM, 203, 0, errno.EPERM),
        ("execve", X86, 59, 0, errno.EPERM),
        ("execve", ARM, 221, 0, errno.EPERM),
        ("fork", X86, 57, 0, errno.EPERM),
        ("clone of a thread", X86, 56, 0x3D0F00, PASSES),
        ("clone of a thread", ARM, 220, 0x3D0F00, PASSES),
        ("clone of a process", X86, 56, 0x1200011, errno.EPERM),
        ("clone of a process", ARM, 220, 0x1200011, errno.EPERM),
        ("clone of a thread in another namespace", X86, 56, 0x3D0F00 | 0x20000000, errno.EPERM),
        ("F_DUPFD_CLOEXEC", X86, 72, (3, 1030), PASSES),
        ("F_GETFL", ARM, 25, (3, 3), PASSES),
        ("F_SETFL, with O_ASYNC or without", X86, 72, (3, 4), errno.EPERM),
        ("F_SETOWN", X86, 72, (3, 8), errno.EPERM),
        ("F_SETSIG", X86, 72, (3, 10), errno.EPERM),
        ("F_SETOWN_EX", ARM, 25, (3, 15), errno.EPERM),
        ("TCGETS", X86, 16, (3, 0x5401), PASSES),
        ("FIOASYNC", X86, 16, (3, 0x5452), errno.EPERM),
        ("FIOSETOWN", X86, 16, (3, 0x8901), errno.EPERM),
        ("SIOCSPGRP", ARM, 29, (3, 0x8902), errno.EPERM),
        ("SIOCGIFCONF", X86, 16, (3, 0x8912), errno.EPERM),
        ("newfstatat", X86, 262, 0, errno.EPERM),
        ("statx", X86, 332, 0, errno.ENOSYS),
        ("sendmsg", X86, 46, 3, errno.EPERM),
        ("sched_getaffinity of itself", X86, 204, 0, PASSES),
        ("sched_getaffinity of another", X86, 204, OTHER, errno.EPERM),
        ("prlimit of its memory", X86, 302, (0, 9), PASSES),
        ("prlimit of its open files", X86, 302, (0, 7), errno.EPERM),
        ("prlimit of another's memory", ARM, 261, (OTHER, 9), errno.EPERM),
        ("setrlimit", X86, 160, 0, errno.EPERM),
        ("clone3", X86, 435, 0, errno.ENOSYS),
        ("kill of itself", X86, 62, ME, PASSES),
        ("kill of another", X86, 62, OTHER, errno.EPERM),
        ("tgkill of itself", ARM, 131, ME, PASSES),
        ("tgkill of another", ARM, 131, OTHER, errno.EPERM),
        ("prlimit of itself", X86, 302, 0, PASSES),
        ("prlimit of another", X86, 302, OTHER, errno.EPERM),
        ("ptrace", X86, 101, 0, errno.EPERM),
        ("io_uring_setup", X86, 425, 0, errno.EPERM),
        ("openat2", X86, 437, 0, errno.ENOSYS),
        ("pidfd_getfd", ARM, 438, 0, errno.ENOSYS),
        ("read of the x32 numbering", X86, 0x40000000, 0, errno.ENOSYS),
    ],
)
def test_what_becomes_of_a_call(
    name: str, machine: tuple[str, int], number: int, arguments: int | tuple[int, int], expected: str | int
) -> None:
    """The filter passes calls that decoding needs and refuses all others, by the numbers of each machine."""
    del name
    assert expected == judged(machine, number, arguments)


@pytest.mark.parametrize("machine", [X86, ARM])
def test_calls_of_another_instruction_set_are_refused(machine: tuple[str, int]) -> None:
    """A process that changes to 32 bits, which has other numbers, can make no call."""
    assert {errno.EPERM} == {judged(machine, number, architecture=0x40000003) for number in range(500)}


HEADERS = [
    (0, Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"#define __NR_(\w+)\s+(\d+)"),
    (1, Path("/usr/include/asm-generic/unistd.h"), r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
]


@pytest.mark.parametrize(("column", "header", "pattern"), HEADERS, ids=["x86-64", "ARM"])
def test_the_numbers_are_the_kernels(column: int, header: Path, pattern: str) -> None:
    """Every number is the one that the kernel's own headers give the name."""
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    numbers = {name: int(number) for name, number in re.findall(pattern, header.read_text())}
    numbers.setdefault("newfstatat", numbers.get("fstatat", -1))
    tables = ("_ALLOWED", "_OF_ITSELF", "_PRLIMIT", "_UNKNOWN")
    listed = {name: number for table in tables for name, number in getattr(seccomp, table).items()}
    listed |= {name: numbers_ for name, (numbers_, _, _) in seccomp._OF_VALUES.items()}
    expected = {name: number[column] for name, number in listed.items() if number[column] is not None}
    assert expected == {name: numbers.get(name) for name in expected}


@pytest.mark.parametrize("machine", ["riscv64", "i686", "arm64"])
def test_elsewhere_there_is_none(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with unknown numbers gets no filter, and the function says so."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert not limit_system_calls()
