"""The store's error for a request that the network did not carry."""

from thumbrun.storage.base import StoreError, ThrottledError, TransientError
from thumbrun.storage.gcs.connection import HttpError, TooSlowError
from thumbrun.storage.gcs.proxy import ProxyRefusedError
from thumbrun.storage.gcs.responses import NETWORK_HINT, one_line


def network_error(operation: str, where: str, error: HttpError) -> StoreError:
    """Return the error for a request that failed on its way.

    A request that is too slow asks for fewer requests at once, as the answer 429 does: they might share a slow line.
    """
    message = f"{one_line(where)}: the {operation} request failed: {one_line(str(error))}"
    if isinstance(error, TooSlowError):
        return ThrottledError(message, hint=f"{NETWORK_HINT}; on a slow line, lower --in-flight / THUMBRUN_IN_FLIGHT")
    if isinstance(error, ProxyRefusedError):
        return StoreError(message, hint="check HTTPS_PROXY, its user and password, and NO_PROXY")
    return TransientError(message, hint=NETWORK_HINT)
