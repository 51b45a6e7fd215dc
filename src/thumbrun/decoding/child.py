"""Runs in a decoding process: sets its limits, then decodes one image after another.

Several small images can arrive together. The process opens, limits and answers each of them as if it came alone. It
sends their replies together, because each reply wakes the task. But after an image that took long it replies at once,
because the task's time limit applies to each image.
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

from thumbrun.decoding import answers, protocol
from thumbrun.decoding.confine import allow_seconds, confine
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Request
from thumbrun.outcomes import Reason

_SLACK = 64 << 20  # bytes of address space beyond the pictures: for encoders, fragmentation and Python itself
_CHUNK = 1 << 18
_LONG = 0.05  # seconds; after an image that took longer, the process replies at once
# The process keeps memory that a picture leaves on the heap for the next one: up to a fifth of what it may grow by, and
# up to this many bytes. If the system mapped and cleared memory again for each picture, that would take as long as
# decoding a WebP (1600 pixels: 32 ms, 17 ms with kept memory), and a tenth of the time of decoding a PNG.
_MOST_KEPT = 64 << 20
_KEPT_OF = 5
# Parameters of mallopt (malloc.h). malloc maps larger pictures, so the system gets them back when they are freed.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def main(channel: socket.socket, server: int, memory: int, seconds: float) -> None:
    """Answer one request after another until the task closes the socket.

    Args:
        channel: The socket to the task.
        server: The id of the process that forked this one; this process ends with it.
        memory: The number of bytes by which the process may grow.
        seconds: The number of seconds that one image may take.
    """
    limits = _Memory(memory)
    confinement = confine(server)
    replies = answers.write_ready(confinement.no_new_privileges and confinement.system_calls)
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
        replies += answers.write(verdict)
        took = time.monotonic() - began


def _rendered(source: IO[bytes], request: Request, memory: int) -> protocol.Verdict:
    """Render an image, unless that takes more memory than this process may have, whatever the request allows.

    Many decoders report a failed allocation as a broken image, so it is better to refuse the image first.
    """
    verdict = render(source, replace(request, memory=min(request.memory, memory)))
    if isinstance(verdict, NeedsMemory) and verdict.bytes <= request.memory:
        return Refused(
            Reason.OUT_OF_MEMORY,
            f"decoding needs {verdict.bytes:,} bytes of memory, but --memory / THUMBRUN_MEMORY allows {memory:,}",
            verdict.took,
        )
    return verdict


class _Memory:
    """Limits the memory of the process, and returns memory to the system between images."""

    def __init__(self, memory: int) -> None:
        """Limit the address space to its present size plus `memory` bytes plus some slack.

        A larger picture then fails with a MemoryError instead of bringing down the whole task.
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
                # Else each thread of a decoder can reserve 64 MiB of the address space, for as long as the process
                # lives, and more of them do on a busy machine. Later pictures then lack it.
                mallopt(_M_ARENA_MAX, 1)
                mallopt(_M_MMAP_THRESHOLD, _MOST_KEPT)
                mallopt(_M_TRIM_THRESHOLD, 2 * _MOST_KEPT)  # `give_back` trims instead, between images
        self._resident = self._size(1)

    def allow(self, memory: int) -> None:
        """Limit the address space to its present size plus the memory admitted for one image plus some slack.

        Some images take more memory than their headers say. Such an image then fails alone: apart from the memory kept
        from earlier images, all processes together stay within the memory that was admitted, and no other process dies.

        Args:
            memory: The number of bytes that decoding the image may take.
        """
        if self._most:
            limit = min(self._most, self._size(0) + memory + _SLACK)
            resource.setrlimit(resource.RLIMIT_AS, (limit, self._most))

    def give_back(self) -> None:
        """Return freed memory to the system if there is more than the process keeps for the next picture."""
        if self._trim is not None and self._size(1) > self._resident + self._kept:
            self._trim(0)

    def _size(self, column: int) -> int:
        """Return the size of the address space (column 0) or of resident memory (column 1), in bytes."""
        if sys.platform != "linux":
            return 0
        return int(os.pread(self._pages, 256, 0).split()[column]) * resource.getpagesize()


class _Inbox:
    """The messages that the task has sent and the process has not handled yet."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._received = bytearray()
        self._descriptors: deque[int] = deque()

    @property
    def has_message(self) -> bool:
        """Whether a complete message has arrived."""
        return bool(self._received) and not protocol.missing(self._received)

    def next(self) -> tuple[Request, IO[bytes]] | None:
        """Return the next request and its image, or None once the task has closed the socket."""
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
        descriptor = self._descriptors.popleft()  # descriptors arrive in the order of their messages
        os.lseek(descriptor, 0, os.SEEK_SET)
        return request, os.fdopen(descriptor, "rb")
