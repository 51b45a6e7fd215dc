"""The process that forks the decoding processes. It has imported the decoders once and holds nothing of the task.

The task starts it with an empty environment and with one descriptor, a socket to the task. It never sees an image. For
every request it forks a decoding process, which starts quickly and shares the memory of the decoders' code. Through a
second socket it reports the id of that process, and later its exit code.

It ends with the task. When the task ends in any way, the task's end of the socket closes; the fork server then kills
every decoding process and ends. If the fork server dies first, the kernel kills the decoding processes.
"""

import os
import selectors
import signal
import socket
from typing import NoReturn

from PIL import Image

from thumbrun.decoding import child
from thumbrun.decoding.confine import close_all_but
from thumbrun.decoding.protocol import LAUNCH, NUMBER

_CHANNEL = 3  # the number of the socket in the decoding process: the first after the standard streams


def main(descriptor: int) -> NoReturn:
    """Fork a process for every request until the task closes the socket.

    Args:
        descriptor: The descriptor of the socket to the task.
    """
    Image.preinit()  # else Pillow imports parts of itself at its first image, when a decoding process can open no file
    for ignored in (signal.SIGINT, signal.SIGTERM):  # these can reach all processes of a task; the task alone reacts
        signal.signal(ignored, signal.SIG_IGN)
    woken, waking = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, socket.socket] = {}
    with socket.socket(fileno=descriptor) as control, selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                os.read(woken, 1 << 16)
                _tell_ends(children)
            if control in ready and not _served(control, children):
                break
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)  # else a program that is the first process of its container would keep them as zombies
    os._exit(0)  # the task waits for this, and taking down the imported decoders takes some time


def _served(control: socket.socket, children: dict[int, socket.socket]) -> bool:
    """Serve one request by forking a process; return False if the task is gone."""
    try:
        request, descriptors, _, _ = socket.recv_fds(control, LAUNCH.size, 2)
    except ConnectionError:
        return False
    if not request:
        return False
    channel, status = (socket.socket(fileno=one) for one in descriptors)
    server = os.getpid()
    pid = os.fork()
    if not pid:
        _become_child(channel, server, *LAUNCH.unpack(request))
    channel.close()
    children[pid] = status
    _tell(status, pid)
    return True


def _become_child(channel: socket.socket, server: int, memory: int, seconds: float) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ends it even within a decoder; another renders its image
        close_all_but(channel.detach(), _CHANNEL)
        child.main(socket.socket(fileno=_CHANNEL), server, memory, seconds)
        code = 0
    finally:
        os._exit(code)  # skips all cleanup that belongs to the fork server


def _tell_ends(children: dict[int, socket.socket]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with children.pop(pid) as listener:
                _tell(listener, os.waitstatus_to_exitcode(status))


def _tell(status: socket.socket, number: int) -> None:
    try:
        status.sendall(NUMBER.pack(number))
    except OSError:
        return  # the task no longer listens
