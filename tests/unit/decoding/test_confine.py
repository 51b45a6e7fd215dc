"""A confined process cannot do harm: each measure stops code that runs in a process of its own."""

import errno
import json
import platform
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="SECURITY.md: Linux only")
FILTERED = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="SECURITY.md: not here"
)
KEY_FILE = "what nobody may see"

CONFINED = """
import fcntl, json, os, socket, sys, threading, ctypes, resource, signal, time
key, own, server = sys.argv[1], os.getpid(), os.getppid()
library = ctypes.CDLL(None, use_errno=True)
def tried(action):
    try:
        return repr(action())
    except OSError as error:
        return error.errno
def call(*arguments):
    result = library.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result
out = os.dup(1)
here = os.open(key, os.O_RDWR)
from thumbrun.decoding.confine import allow_seconds, confine
confine(os.getppid())
"""


def confined(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has confined itself; the code writes to descriptor `out`."""
    return subprocess.run(
        [sys.executable, "-c", CONFINED + textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def key(tmp_path: Path) -> Iterator[Path]:
    """Return a file that holds a key, and check that nobody changed it."""
    path = tmp_path / "key.json"
    path.write_text(KEY_FILE)
    yield path
    assert KEY_FILE == path.read_text()
    assert ["key.json"] == [entry.name for entry in tmp_path.iterdir()]


ATTEMPTS = {
    "read a file": "open(key).read()",
    "make a file": "open(key + '.new', 'w')",
    "list a folder": "os.listdir('/')",
    "delete a file": "os.unlink(key)",
    "rename a file": "os.rename(key, key + '2')",
    "link a file": "os.symlink('/etc/passwd', key + '2')",
    "change its mode": "os.chmod(key, 0o777)",
    "shorten an open file": "os.ftruncate(here, 0)",
    "reach the metadata server": "socket.socket().connect(('169.254.169.254', 80))",
    "reach a local socket": "socket.socket(socket.AF_UNIX)",
    "listen": "socket.socketpair()",
    "start a program": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "kill the task": "os.kill(server, 9)",
    "kill its group": "os.kill(0, 9)",
    "be sent signals of a file": "fcntl.fcntl(here, fcntl.F_SETOWN, server)",
    "choose such a signal": "fcntl.fcntl(here, fcntl.F_SETSIG, 9)",
    "have signals sent": "fcntl.fcntl(here, fcntl.F_SETFL, os.O_ASYNC)",
    "have signals sent by a socket": "fcntl.ioctl(here, 0x8901, b'1234')",
    "list the network": "fcntl.ioctl(here, 0x8912, bytes(16))",
    "ask for a file": "os.stat(key)",
    "touch another of its limits": "call(302, 0, 6, 0, 0)",
    "see another's processors": "os.sched_getaffinity(server)",
    "read another's memory": "call(310, server, 0, 0, 0, 0, 0)",
    "trace another": "call(101, 16, server, 0, 0)",
    "set another's limits": "resource.prlimit(server, resource.RLIMIT_CPU, (1, 1))",
    "send through a ring": "call(425, 1, 0)",
    "watch with a descriptor": "os.pidfd_open(server)",
    "be root": "os.setuid(0)",
    "send out of band": "call(44, 1, 0, 0, 1, 0, 0)",
    "poison a page of the machine": "call(28, 0, 4096, 100)",
    "leave its namespace": "call(272, 0x10000000)",
}


@pytest.mark.quick(one_in=2)
@FILTERED
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_what_a_decoder_that_was_taken_over_cannot_do(attempt: str, key: Path) -> None:
    """Each attempt fails with an error: the process can reach no file, connection, program or other process."""
    if "call(" in attempt and platform.machine() != "x86_64":
        pytest.skip("the numbers of system calls are those of x86-64")
    ended = confined(f"os.write(out, json.dumps(tried(lambda: {attempt})).encode())", str(key))
    assert (0, "") == (ended.returncode, ended.stderr)
    assert json.loads(ended.stdout) in (errno.EPERM, errno.ENOSYS)


def test_no_file_can_be_written(key: Path) -> None:
    """A confined process cannot write even to an open file, on any system, because files may have no bytes."""
    ended = confined("os.write(out, json.dumps(tried(lambda: os.write(here, b'x'))).encode())", str(key))
    assert errno.EFBIG == json.loads(ended.stdout)


def test_what_decoding_needs_still_passes(key: Path) -> None:
    """A confined process can use threads, memory, clocks, open files and signals to itself."""
    code = """
    done = []
    thread = threading.Thread(target=lambda: done.append(time.monotonic()))
    thread.start(); thread.join()
    done.append(len(bytearray(50 << 20)))
    done.append(os.pread(here, 4, 0).decode())
    os.write(out, json.dumps(done[1:]).encode())
    os.kill(own, signal.SIGTERM)
    """
    ended = confined(code, str(key))
    assert (-signal.SIGTERM, [50 << 20, KEY_FILE[:4]]) == (ended.returncode, json.loads(ended.stdout))


def test_open_files_are_few(key: Path) -> None:
    """The limit stops a decoder that opens one file after another, on any system."""
    code = """
    def exhaust():
        while True: os.dup(here)
    os.write(out, json.dumps(tried(exhaust)).encode())
    """
    assert errno.EMFILE == json.loads(confined(code, str(key)).stdout)


def test_an_endless_computation_ends(key: Path) -> None:
    """The kernel ends a process that computes for too long, even if nobody is there to kill it."""
    ended = confined("allow_seconds(0.0)\nwhile True: pass", str(key))
    assert -signal.SIGXCPU == ended.returncode


PARENT = """
import os, sys, time
from thumbrun.decoding.confine import confine
reading, writing = os.pipe()
child = os.fork()
if not child:
    confine(os.getppid())
    os.write(1, str(os.getpid()).encode())
    os.close(1)
    while True: time.sleep(60)
os.close(1)
os.waitpid(child, 0)
"""


@LINUX
def test_it_ends_with_the_process_that_it_was_forked_from() -> None:
    """A killed fork server takes its decoding processes with it, whatever they do."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.read()))
        parent.kill()
    _, alive = psutil.wait_procs([child])
    assert [] == alive


@LINUX
def test_it_does_not_outlive_a_parent_that_is_gone_already() -> None:
    """A process that confines itself after its parent died ends at once."""
    code = "from thumbrun.decoding.confine import confine; confine(1)"
    assert -signal.SIGKILL == subprocess.run([sys.executable, "-c", code], check=False).returncode
