"""The time of a server of Cloud Storage, asked without credentials: they can be refused because a clock is wrong."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from thumbrun.storage.gcs.connection import HttpError, Limits
from thumbrun.storage.gcs.http import HttpClient
from thumbrun.storage.gcs.network_error import network_error
from thumbrun.storage.gcs.proxy import proxy_for

_LEAST_BYTES = 1


async def server_time(root: str, seconds: float) -> datetime | None:
    """Return the time that a server states in its answer, in UTC and whole seconds; None if it states none.

    Any answer will do, a refusal too.

    Args:
        root: The address of the server, as `api_root` returns it.
        seconds: How long the server may be silent.

    Raises:
        StoreError: The server does not answer, or cannot be reached.
    """
    client = HttpClient(root, proxy_for(root))
    try:
        answer = await client.request("GET", "/", Limits(seconds, _LEAST_BYTES), headers={})
    except HttpError as error:
        raise network_error("time", root, error) from error
    finally:
        await client.close()
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
