"""Google's default credentials, as the header of each request.

All requests that wait for a token share one renewal.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from thumbrun.storage.base import TransientError, UnauthenticatedError
from thumbrun.storage.gcs.identity import Identity, identity_in
from thumbrun.storage.gcs.key_file import check_key_file
from thumbrun.storage.gcs.responses import NETWORK_HINT, one_line
from thumbrun.storage.gcs.token_session import TokenSession

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_SECONDS = 30.0  # the library tries five times on its own, which takes up to 15 s if there are no credentials
# Who has a token of a user, as OpenID Connect asks it; a login with gcloud permits it.
_USER = "https://openidconnect.googleapis.com/v1/userinfo"
_PROBE_SECONDS = 3.0  # in which a metadata server answers; where there is none, nobody does
_HINT = (
    "run `gcloud auth application-default login`, set GOOGLE_APPLICATION_CREDENTIALS to a credentials file, "
    "or run thumbrun where a service account is attached"
)


class Credentials:
    """Google's default credentials."""

    def __init__(self) -> None:
        """Find the credentials.

        Raises:
            UnauthenticatedError: thumbrun found no usable credentials.
        """
        check_key_file(os.environ)
        # These imports take a fifth of a second, and an emulator does not need them.
        from aiohttp import ClientResponseError, ClientSession
        from gcloud.aio.auth import Token

        self._refusal = ClientResponseError
        self._session = TokenSession(ClientSession)
        try:
            self._token: Token = Token(scopes=_SCOPES, session=self._session)  # type: ignore[arg-type]
        except Exception as error:
            raise _none(error) from error
        self._acquiring: asyncio.Task[str | None] | None = None

    async def header(self) -> dict[str, str]:
        """Return the header that authenticates a request.

        Raises:
            UnauthenticatedError: thumbrun has no usable credentials.
            TransientError: The credentials worked before, but could not be renewed now.
        """
        token = self._token
        known = bool(token.access_token)
        try:
            if known and time.time() <= token.access_token_refresh_after:
                value = await token.get()  # returns at once; a token that expires soon is renewed in the background
            else:
                # All requests wait for one task of the library. The shield keeps it alive if one of them is cancelled.
                if self._acquiring is None or self._acquiring.done():
                    self._acquiring = asyncio.ensure_future(token.get())
                async with asyncio.timeout(_SECONDS):
                    value = await asyncio.shield(self._acquiring)
        except Exception as error:
            refused = isinstance(error, self._refusal) and 400 <= error.status < 500
            if known and not refused:
                raise TransientError(
                    f"thumbrun could not renew its credentials: {type(error).__name__} {one_line(str(error))}",
                    hint=NETWORK_HINT,
                ) from error
            raise _none(error) from error
        return _header(value)

    async def renewed(self, refused: Mapping[str, str]) -> dict[str, str]:
        """Return a header with another token, after the store refused one.

        Many requests can find the same token refused; only the first one makes the library renew it.

        Args:
            refused: The header that the store refused.

        Raises:
            UnauthenticatedError, TransientError: As for `header`.
        """
        if refused == _header(self._token.access_token):
            self._token.access_token_refresh_after = 0
        return await self.header()

    async def identity(self) -> Identity:
        """Get a token, in one attempt, and return whose it is.

        Raises:
            UnauthenticatedError: thumbrun has no usable credentials.
        """
        try:
            if not self._token.service_data:
                return Identity("the account that is attached here", await self._attached())
            token = await self._token.refresh(timeout=int(_SECONDS))
        except Exception as error:
            raise _none(error) from error
        found = identity_in(self._token.service_data)
        return replace(found, account=await self._user(token.value)) if found.is_user and not found.account else found

    async def close(self) -> None:
        """Stop waiting for a token. Calling it twice is harmless."""
        acquiring, self._acquiring = self._acquiring, None
        if acquiring is not None and not acquiring.done():
            acquiring.cancel()
            with suppress(asyncio.CancelledError):
                await acquiring
        await self._token.close()
        await self._session.close()

    async def _attached(self) -> str:
        """Return the address of the account that the metadata server has; raise an error if there is none."""
        from gcloud.aio.auth.token import GCE_METADATA_BASE, GCE_METADATA_HEADERS

        url = f"{GCE_METADATA_BASE}/instance/service-accounts/default/email"
        async with asyncio.timeout(_PROBE_SECONDS), self._session.get(url, headers=GCE_METADATA_HEADERS) as answer:
            answer.raise_for_status()
            account = one_line(await answer.text())
        await self._token.refresh(timeout=int(_SECONDS))
        return account

    async def _user(self, token: str) -> str:
        """Return the address of a user, or an empty text if nobody tells it."""
        with suppress(Exception):
            async with asyncio.timeout(_PROBE_SECONDS), self._session.get(_USER, headers=_header(token)) as answer:
                answer.raise_for_status()
                return one_line(str((await answer.json())["email"]))
        return ""


def _header(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _none(error: Exception) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"thumbrun has no usable credentials for Cloud Storage: {type(error).__name__} {one_line(str(error))}",
        hint=_HINT,
    )
