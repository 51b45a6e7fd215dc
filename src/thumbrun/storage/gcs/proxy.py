"""The proxy to Cloud Storage, from the usual variables, and the tunnel through it (RFC 9110, CONNECT).

Only connections over TLS go through a proxy, so that it sees neither tokens nor bytes. `HTTPS_PROXY` names it, and
`NO_PROXY` the hosts that are reached without it; in lower case the names count more, as everywhere. `HTTP_PROXY` is
ignored: what thumbrun reaches without TLS is an emulator or the metadata server, and both are near.
"""

import asyncio
import base64
import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from thumbrun.errors import SettingsError
from thumbrun.storage.gcs.connection import HttpError

_MOST_HEAD = 1 << 16  # bytes of a proxy's answer; it has some hundred


class ProxyRefusedError(HttpError):
    """The proxy does not let thumbrun through, and will not do so later."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that tunnels connections.

    Attributes:
        host: Its name or address.
        port: Its port.
        user: The user and the password, divided by a colon, or an empty string. No message shows them.
    """

    host: str
    port: int
    user: str = field(default="", repr=False)

    @property
    def authorization(self) -> str:
        """The value of the header `Proxy-Authorization` (RFC 7617)."""
        return f"Basic {base64.b64encode(self.user.encode()).decode()}"

    async def open_tunnel(self, connection: socket.socket, host: str, port: int) -> None:
        """Make the proxy pass a connection on to a server.

        Raises:
            ProxyRefusedError: It refuses.
            HttpError: It does not answer as a proxy does.
        """
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        if self.user:
            head += f"Proxy-Authorization: {self.authorization}\r\n"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, f"{head}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = await loop.sock_recv(connection, 4096)
            answer += piece
            if not piece or len(answer) > _MOST_HEAD:
                raise HttpError(f"the proxy {self.host}:{self.port} ends the connection in the middle of its answer")
        version, _, rest = answer.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal() or not answer.endswith(b"\r\n\r\n"):
            raise HttpError(f"{self.host}:{self.port} does not answer as a proxy")
        if not rest.startswith("2"):
            error = ProxyRefusedError if rest.startswith("4") else HttpError
            raise error(f"the proxy {self.host}:{self.port} does not connect to {target}: {rest}")


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy for a URL, as the environment says, or None if there is none.

    Raises:
        SettingsError: The environment names a proxy that thumbrun cannot use.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or _is_here(parts.hostname or ""):
        return None
    import urllib.request as environment  # it takes long to import

    proxies = environment.getproxies_environment()
    named = proxies.get("https")
    where = parts.netloc.rpartition("@")[2]
    if not named or environment.proxy_bypass_environment(where, proxies):  # type: ignore[attr-defined]
        return None
    return _parsed(named)


def _is_here(host: str) -> bool:
    """Return whether a host is this machine, which no proxy leads to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(named: str) -> Proxy:
    """Return the proxy that a variable names. No error shows the value, because it can hold a password."""
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise SettingsError(["HTTPS_PROXY is no address of a proxy; it must be http://host:port"])
    if parts.scheme != "http":
        problem = (
            f"HTTPS_PROXY names a proxy of the kind {parts.scheme}://, which thumbrun cannot use; it must be "
            "http://host:port, and what goes through the proxy is encrypted all the same"
        )
        raise SettingsError([problem])
    secret = [unquote(part) for part in (parts.username, parts.password) if part is not None]
    return Proxy(host, port or 80, ":".join(secret) + (":" if len(secret) == 1 else ""))
