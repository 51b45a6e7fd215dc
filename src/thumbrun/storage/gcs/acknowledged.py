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


def acknowledged(transport: asyncio.BaseTransport) -> int:
    """Return the bytes that the other side has acknowledged so far, or 0 if the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        (count,) = _BYTES_ACKED.unpack(info)
    except (OSError, AttributeError, struct.error):  # a closed socket, or another kernel
        return 0
    return int(count)
