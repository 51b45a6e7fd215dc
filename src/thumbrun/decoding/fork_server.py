"""The process that decoding processes are forked from: the decoders, imported once, and nothing of the task.

It is started with an empty environment and with one descriptor, a socket to the task. It never sees an image. For
every request it forks a decoding process, which starts in milliseconds, and shares the memory that the decoders' code
takes. Through a second socket it says the process's id and later what it ended with.

It ends with the task: when the task's end of the socket is closed, by whatever end of the task, it kills every
decoding process and is gone. Where it dies first, the kernel kills them.
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


def main(descriptor: int) -> None:
    """Fork a process for every request, until the task hangs up.

    Args:
        descriptor: Of the socket to the task.
    """
    Image.preinit()  # Pillow imports a part of itself at its first image; decoding processes can open no file
    for ignored in (signal.SIGINT, signal.SIGTERM):  # what reaches all processes of a task is the task's to answer
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


def _served(control: socket.socket, children: dict[int, socket.socket]) -> bool:
    """Fork one process; return whether the task is still there to ask for it."""
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
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # at once, also within a decoder; another process does its image
        close_all_but(channel.detach(), _CHANNEL)
        child.main(socket.socket(fileno=_CHANNEL), server, memory, seconds)
        code = 0
    finally:
        os._exit(code)  # nothing of the fork server's is to be run or closed here


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
        return  # nobody wants to know
