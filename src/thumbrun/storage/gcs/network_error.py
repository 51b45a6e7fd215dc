"""The store's error for a request that the network did not carry."""

from thumbrun.storage.base import NobodyListensError, StoreError, ThrottledError, TransientError
from thumbrun.storage.gcs.connection import HttpError, NoServerError, TooSlowError
from thumbrun.storage.gcs.proxy import ProxyRefusedError
from thumbrun.storage.gcs.responses import NETWORK_HINT, one_line

EMULATOR_SETTING, ENDPOINT_SETTING = "STORAGE_EMULATOR_HOST", "--endpoint / CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"


def network_error(
    operation: str, where: str, error: HttpError, setting: str = f"{EMULATOR_SETTING} or {ENDPOINT_SETTING}"
) -> StoreError:
    """Return the error for a request that failed on its way.

    A request that is too slow asks for fewer requests at once, as the answer 429 does: they might share a slow line.

    Args:
        operation: The kind of the request.
        where: What the request is about.
        error: What became of the request.
        setting: The setting that names the server.
    """
    message = f"{one_line(where)}: the {operation} request failed: {one_line(str(error))}"
    if isinstance(error, TooSlowError):
        return ThrottledError(message, hint=f"{NETWORK_HINT}; on a slow line, lower --in-flight / THUMBRUN_IN_FLIGHT")
    if isinstance(error, ProxyRefusedError):
        return StoreError(message, hint="check HTTPS_PROXY, its user and password, and NO_PROXY")
    if isinstance(error, NoServerError):
        return NobodyListensError(
            message,
            hint=f"start the server there, or correct or unset {setting}",
        )
    return TransientError(message, hint=NETWORK_HINT)
