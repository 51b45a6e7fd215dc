"""How many bytes of a connection the other side has acknowledged.

What a transport has written says little about a slow line: the system takes some megabytes at once, and TLS keeps
buffers of its own.
"""

import asyncio
import socket
import struct
import sys

_TCP_INFO_SIZE = 128
_BYTES_ACKED = struct.Struct("=120xQ")  # `tcpi_bytes_acked` in `struct tcp_info` of linux/tcp.h, since Linux 4.1
_SO_NWRITE = 0x1024  # sys/socket.h of macOS: the bytes that wait in the system


def acknowledged(transport: asyncio.BaseTransport) -> int:
    """Return the bytes that the other side has acknowledged, from any start: only differences mean something.

    A system that does not tell gives 0 each time.
    """
    try:
        connection = transport.get_extra_info("socket")
        if sys.platform == "linux":
            (count,) = _BYTES_ACKED.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE))
            return int(count)
        if sys.platform == "darwin":
            return -int(connection.getsockopt(socket.SOL_SOCKET, _SO_NWRITE))
    except (OSError, AttributeError, struct.error):  # a closed socket, or another kernel
        pass
    return 0
