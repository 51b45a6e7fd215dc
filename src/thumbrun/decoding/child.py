"""What runs in a decoding process: its limits, and one image after the other.

Several small images may come at once. Each is opened, limited and answered like one that came alone; but the replies
are sent together, since each wakes the task, unless one took long: the task's time limit is for each.
"""

import ctypes
import io
import os
import resource
import socket
import sys
import time
from collections import deque
from dataclasses import replace
from typing import IO

from thumbrun.decoding import protocol
from thumbrun.decoding.confine import allow_seconds, confine
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Request
from thumbrun.outcomes import Reason

_SLACK = 64 << 20  # address space beside the pictures: the encoders, fragmentation, Python itself
_CHUNK = 1 << 18
_LONG = 0.05  # seconds
# What pictures leave on the heap is kept for the next, up to a fifth of what may be taken and to this: to have the
# system map and clear it anew for each takes as long as decoding a WebP picture (1600 pixels: 32 ms, 17 where it is
# kept), and a tenth of decoding a PNG.
_MOST_KEPT = 64 << 20
_KEPT_OF = 5
# Parameters of mallopt (malloc.h): larger pictures are mapped, and so given back as soon as they are freed.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def main(channel: socket.socket, server: int, memory: int, seconds: float) -> None:
    """Answer one request after the other, until the task hangs up.

    Args:
        channel: To the task.
        server: The process that this one was forked from, with which it ends.
        memory: Bytes by which the process may grow.
        seconds: That one image may take.
    """
    limits = _Memory(memory)
    confine(server)
    replies = protocol.frame({"ready": True})
    inbox = _Inbox(channel)
    took = 0.0
    while True:
        if not inbox.has_message or took > _LONG:
            try:
                channel.sendall(b"".join(replies))
            except BrokenPipeError:
                return
            replies = []
        if (received := inbox.next()) is None:
            return
        request, source = received
        began = time.monotonic()
        allow_seconds(seconds)
        with source:
            limits.allow(request.memory)
            verdict = _rendered(source, request, memory)
        limits.give_back()
        replies += protocol.answer(verdict)
        took = time.monotonic() - began


def _rendered(source: IO[bytes], request: Request, memory: int) -> protocol.Verdict:
    """Render, unless that takes more memory than this process may have, whatever the request allows.

    Many decoders report an allocation that fails as a broken image; so it is better not to come to that.
    """
    verdict = render(source, replace(request, memory=min(request.memory, memory)))
    if isinstance(verdict, NeedsMemory) and verdict.bytes <= request.memory:
        return Refused(Reason.OUT_OF_MEMORY, f"decoding takes {verdict.bytes:,} bytes, the process may have {memory:,}")
    return verdict


class _Memory:
    """The limit of the process's memory, and what it returns to the system between images."""

    def __init__(self, memory: int) -> None:
        """Limit the address space to what it is now, plus `memory` bytes, plus some slack.

        What decodes to more then fails with a MemoryError, rather than bring the whole task down.
        """
        self._pages = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else -1
        self._trim = None
        self._most = 0
        self._kept = min(_MOST_KEPT, memory // _KEPT_OF)
        if sys.platform == "linux":
            self._most = self._size(0) + memory + self._kept + _SLACK
            resource.setrlimit(resource.RLIMIT_AS, (self._most, self._most))
            library = ctypes.CDLL(None)
            self._trim = getattr(library, "malloc_trim", None)
            if mallopt := getattr(library, "mallopt", None):
                mallopt(_M_MMAP_THRESHOLD, _MOST_KEPT)
                mallopt(_M_TRIM_THRESHOLD, 2 * _MOST_KEPT)  # `give_back` decides, between images
        self._resident = self._size(1)

    def allow(self, memory: int) -> None:
        """Limit the address space to what it is now, plus what one image was admitted with, plus some slack.

        An image that takes more than its header says, and some do, then fails alone: what all processes take together
        stays within what was admitted, what is kept of earlier images aside, and no neighbour dies for it.

        Args:
            memory: Bytes that decoding the image may take.
        """
        if self._most:
            limit = min(self._most, self._size(0) + memory + _SLACK)
            resource.setrlimit(resource.RLIMIT_AS, (limit, self._most))

    def give_back(self) -> None:
        """Return freed memory to the system where it is more than is kept for the next picture."""
        if self._trim is not None and self._size(1) > self._resident + self._kept:
            self._trim(0)

    def _size(self, column: int) -> int:
        """Return the bytes of the address space (column 0) or of resident memory (1)."""
        if sys.platform != "linux":
            return 0
        return int(os.pread(self._pages, 256, 0).split()[column]) * resource.getpagesize()


class _Inbox:
    """What the task has sent and was not taken up yet."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._received = bytearray()
        self._descriptors: deque[int] = deque()

    @property
    def has_message(self) -> bool:
        """Whether a whole message is there."""
        return bool(self._received) and not protocol.missing(self._received)

    def next(self) -> tuple[Request, IO[bytes]] | None:
        """Return what is asked for next and the image, or None when the task has hung up."""
        while protocol.missing(self._received):
            chunk, descriptors, _, _ = socket.recv_fds(self._channel, _CHUNK, protocol.MOST_FILES)
            if not chunk:
                return None
            self._received += chunk
            self._descriptors += descriptors
        header, data = protocol.split(self._received)
        del self._received[: protocol.length(self._received)]
        request, in_file = protocol.asked(header)
        if not in_file:
            return request, io.BytesIO(data)
        descriptor = self._descriptors.popleft()  # they come in the order of their messages
        os.lseek(descriptor, 0, os.SEEK_SET)
        return request, os.fdopen(descriptor, "rb")
