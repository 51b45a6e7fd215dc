"""The HTTP session with which gcloud-aio-auth asks for tokens; requests over TLS go through the proxy.

The library's own session ignores `HTTPS_PROXY`. aiohttp's `trust_env` would send the metadata server's requests through
`HTTP_PROXY`, and read passwords from a `.netrc` file.
"""

from collections.abc import Callable
from typing import Any

from thumbrun.storage.gcs.proxy import proxy_for


class TokenSession:
    """What the library uses of an aiohttp session."""

    def __init__(self, opener: Callable[[], Any]) -> None:
        """Set up the session; nothing is opened yet.

        Args:
            opener: Returns a session of aiohttp, whose import takes long.
        """
        self._opener = opener
        self._session: Any = None

    def post(self, url: str, **options: Any) -> Any:
        """Send a POST request."""
        return self._opened().post(url, **options, **_through(url))

    def get(self, url: str, **options: Any) -> Any:
        """Send a GET request."""
        return self._opened().get(url, **options, **_through(url))

    async def close(self) -> None:
        """Close all connections. Calling it twice is harmless."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> Any:
        if self._session is None:
            self._session = self._opener()
        return self._session


def _through(url: str) -> dict[str, Any]:
    """Return the options that lead a request through the proxy.

    Errors of aiohttp show the proxy's URL, so user and password are not in it.
    """
    proxy = proxy_for(url)
    if proxy is None:
        return {}
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    options: dict[str, Any] = {"proxy": f"http://{host}:{proxy.port}"}
    if proxy.user:
        options["proxy_headers"] = {"Proxy-Authorization": proxy.authorization}
    return options
