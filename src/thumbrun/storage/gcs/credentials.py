"""Who asks: Google's default credentials as the header of each request, had once for all that wait."""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from thumbrun.storage.base import TransientError, UnauthenticatedError
from thumbrun.storage.gcs.responses import NETWORK_HINT, one_line

if TYPE_CHECKING:
    pass

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_SECONDS = 30.0  # the client tries five times on its own, which takes up to 15 s where there are none
_HINT = (
    "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS, "
    "or run where a service account is attached"
)


class Credentials:
    """Google's default credentials."""

    def __init__(self) -> None:
        """Find them.

        Raises:
            UnauthenticatedError: There are none.
        """
        # A fifth of a second of imports, which an emulator does not need.
        from aiohttp import ClientResponseError
        from gcloud.aio.auth import Token

        self._refusal = ClientResponseError
        try:
            self._token: Token = Token(scopes=_SCOPES)
        except Exception as error:
            raise _none(error) from error
        self._acquiring: asyncio.Task[str | None] | None = None

    async def header(self) -> dict[str, str]:
        """Return the header that says who asks.

        Raises:
            UnauthenticatedError: There are none.
            TransientError: They could not be renewed, though they were had before.
        """
        token = self._token
        known = bool(token.access_token)
        try:
            if known and time.time() <= token.access_token_refresh_after:
                value = await token.get()  # at hand; renewed in the background where it is about to expire
            else:
                # All requests wait for one task of the client, which would be cancelled with any one of them.
                if self._acquiring is None or self._acquiring.done():
                    self._acquiring = asyncio.ensure_future(token.get())
                async with asyncio.timeout(_SECONDS):
                    value = await asyncio.shield(self._acquiring)
        except Exception as error:
            refused = isinstance(error, self._refusal) and 400 <= error.status < 500
            if known and not refused:
                raise TransientError(
                    f"credentials could not be renewed: {type(error).__name__} {one_line(str(error))}",
                    hint=NETWORK_HINT,
                ) from error
            raise _none(error) from error
        return {"Authorization": f"Bearer {value}"}

    async def close(self) -> None:
        """Wait for no token any more. Calling it twice is harmless."""
        acquiring, self._acquiring = self._acquiring, None
        if acquiring is not None and not acquiring.done():
            acquiring.cancel()
            with suppress(asyncio.CancelledError):
                await acquiring
        await self._token.close()


def _none(error: Exception) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"no credentials for Cloud Storage: {type(error).__name__} {one_line(str(error))}", hint=_HINT
    )
