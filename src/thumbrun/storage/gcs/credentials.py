"""Google's default credentials, as the header of each request.

All requests that wait for a token share one renewal.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from thumbrun.storage.base import TransientError, UnauthenticatedError
from thumbrun.storage.gcs.identity import Identity, identity_in
from thumbrun.storage.gcs.key_file import VARIABLE, check_key_file
from thumbrun.storage.gcs.responses import NETWORK_HINT, one_line
from thumbrun.storage.gcs.token_session import TokenSession

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_SECONDS = 30.0  # the library tries five times on its own, which takes up to 15 s if there are no credentials
# Who has a token of a user, as OpenID Connect asks it; a login with gcloud permits it.
_USER = "https://openidconnect.googleapis.com/v1/userinfo"
_PROBE_SECONDS = 3.0  # in which a metadata server answers; where there is none, nobody does
_METADATA_ADDRESS = "169.254.169.254"  # https://cloud.google.com/compute/docs/metadata/querying-metadata
# What tells that a metadata server belongs to this machine. It can be late there, as in a pod that has just begun.
_PLATFORM_VARIABLES = (
    "CLOUD_RUN_JOB",
    "K_SERVICE",
    "KUBERNETES_SERVICE_HOST",
    "GCE_METADATA_HOST",
    "GCE_METADATA_ROOT",
)
_PRODUCT = Path("/sys/class/dmi/id/product_name")  # of Google's virtual machines: Google Compute Engine
LOGIN = "gcloud auth application-default login"
_HINT = f"run `{LOGIN}`, set {VARIABLE} to a credentials file, or run thumbrun where a service account is attached"


class NoCredentialsError(UnauthenticatedError):
    """There are no credentials on this machine, neither a file nor an account that is attached to it."""

    def __init__(self) -> None:
        super().__init__(
            f"there are no credentials for Cloud Storage: {VARIABLE} is not set, gcloud keeps no login, and no account "
            "is attached to this machine",
            hint=_HINT,
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
            raise _unusable(error) from error
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
                    self._acquiring = asyncio.ensure_future(self._acquire(known=known))
                async with asyncio.timeout(_SECONDS):
                    value = await asyncio.shield(self._acquiring)
        except Exception as error:
            refused = isinstance(error, self._refusal) and 400 <= error.status < 500
            if known and not refused:
                raise TransientError(
                    f"thumbrun could not renew its credentials: {type(error).__name__} {one_line(str(error))}",
                    hint=NETWORK_HINT,
                ) from error
            raise _unusable(error) from error
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
                account = await self._attached()
                await self._token.refresh(timeout=int(_SECONDS))
                return Identity("the account that is attached here", account)
            token = await self._token.refresh(timeout=int(_SECONDS))
        except Exception as error:
            raise _unusable(error) from error
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

    async def _acquire(self, *, known: bool) -> str | None:
        """Return a token.

        The library tries several times, which takes up to 15 s. Without a file, and on a machine that is not Google's,
        one short attempt shows first whether there is anybody to ask.
        """
        if not (known or self._token.service_data or is_on_google(os.environ)):
            await self._attached()
        return await self._token.get()

    async def _attached(self) -> str:
        """Return the address of the account that the metadata server has.

        Raises:
            NoCredentialsError: No metadata server answers, or it has no account.
        """
        from gcloud.aio.auth.token import GCE_METADATA_BASE, GCE_METADATA_HEADERS

        # A name server can take long to say that there is no such name.
        base = GCE_METADATA_BASE.replace("metadata.google.internal", _METADATA_ADDRESS)
        url = f"{base}/instance/service-accounts/default/email"
        try:
            async with asyncio.timeout(_PROBE_SECONDS), self._session.get(url, headers=GCE_METADATA_HEADERS) as answer:
                answer.raise_for_status()
                return one_line(await answer.text())
        except Exception as error:
            raise NoCredentialsError from error

    async def _user(self, token: str) -> str:
        """Return the address of a user, or an empty text if nobody tells it."""
        with suppress(Exception):
            async with asyncio.timeout(_PROBE_SECONDS), self._session.get(_USER, headers=_header(token)) as answer:
                answer.raise_for_status()
                return one_line(str((await answer.json())["email"]))
        return ""


def _header(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def is_on_google(environ: Mapping[str, str]) -> bool:
    """Whether this is Cloud Run, a pod or a virtual machine of Google's, or a metadata server is named."""
    if any(environ.get(variable) for variable in _PLATFORM_VARIABLES):
        return True
    try:
        return _PRODUCT.read_text().startswith("Google")
    except (OSError, ValueError):
        return False


def _unusable(error: Exception) -> UnauthenticatedError:
    if isinstance(error, NoCredentialsError):
        return error
    return UnauthenticatedError(
        f"thumbrun has no usable credentials for Cloud Storage: {type(error).__name__} {one_line(str(error))}",
        hint=_HINT,
    )
