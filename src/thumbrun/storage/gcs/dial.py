"""Connects to the first of a server's addresses that answers (RFC 8305, happy eyeballs).

asyncio has this as `happy_eyeballs_delay`, but uvloop, which runs thumbrun, has not.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any, NamedTuple

_HEAD_START_SECONDS = 0.25  # of each address before the next one, as RFC 8305 (section 5) recommends


class Address(NamedTuple):
    """An address of a server.

    Attributes:
        family: IPv4 or IPv6.
        where: The host, the port, and what else the family has.
    """

    family: int
    where: tuple[Any, ...]

    @property
    def is_here(self) -> bool:
        """Whether the address is one that only this machine can have, or stands for all that it has."""
        host = ip_address(str(self.where[0]).partition("%")[0])
        return host.is_loopback or host.is_unspecified


async def resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, in the order of the system, but with IPv4 and IPv6 by turns (RFC 8305, 4)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [Address(family, where) for family, _, _, _, where in found]
    first = [address for address in addresses if address.family == addresses[0].family]
    others = [address for address in addresses if address.family != addresses[0].family]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address is not None]


async def connected(addresses: Sequence[Address]) -> tuple[socket.socket, Address]:
    """Return a socket that is connected, and its address: the first of the addresses that answers.

    Each address has a short head start before the next one. An address that fails gives its turn away at once.

    Raises:
        OSError: None of them accepts a connection.
    """
    left = list(addresses)
    trying: set[asyncio.Task[tuple[socket.socket, Address]]] = set()
    trouble: BaseException = OSError("the host has no address")
    try:
        while left or trying:
            if left:
                trying.add(asyncio.ensure_future(_connect(left.pop(0))))
            done, _ = await asyncio.wait(
                trying, timeout=_HEAD_START_SECONDS if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                trying.remove(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result()
                trouble = error
        raise trouble
    finally:
        for attempt in trying:  # one of them might connect in this moment
            attempt.add_done_callback(_drop)
            attempt.cancel()


async def _connect(address: Address) -> tuple[socket.socket, Address]:
    connecting = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connecting, address.where)
    except BaseException:
        connecting.close()
        raise
    return connecting, address


def _drop(attempt: "asyncio.Task[tuple[socket.socket, Address]]") -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result()[0].close()
