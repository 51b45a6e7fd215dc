"""Tests of credentials with a token server of their own: one token for all requests, renewed, and missing."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from gcloud.aio.auth import Token
from gcloud.aio.auth import token as library
from tenacity import wait_none

from thumbrun.storage.base import TransientError, UnauthenticatedError
from thumbrun.storage.gcs import credentials
from thumbrun.storage.gcs import store as gcs_store
from thumbrun.storage.gcs.credentials import NoCredentialsError, is_on_google
from thumbrun.storage.gcs.store import GcsStore


class Google:
    """A token endpoint and an empty bucket.

    Attributes:
        gate: An event; the endpoint gives no token before it is set.
        status: The status of the token endpoint's answers.
        expires_in: The seconds that a token lasts.
        tokens: The number of tokens given.
        seen: The Authorization header of every request to the bucket.
        revoked: The tokens that the bucket refuses.
        attached: The number of requests to the metadata server, which knows of no account.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.status = 200
        self.expires_in = 3600
        self.asked = asyncio.Event()
        self.tokens = 0
        self.seen: list[str] = []
        self.revoked: set[str] = set()
        self.attached = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if request.path.startswith("/computeMetadata/"):
            self.attached += 1
            return web.Response(status=404)
        if request.path != "/token":
            self.seen.append(request.headers["Authorization"])
            refused = request.headers["Authorization"].removeprefix("Bearer ") in self.revoked
            return web.json_response({}, status=401 if refused else 200)
        self.asked.set()
        await self.gate.wait()
        if self.status != 200:
            return web.json_response({"error": "invalid_grant"}, status=self.status)
        self.tokens += 1
        return web.json_response({"access_token": f"secret-{self.tokens}", "expires_in": self.expires_in})


@pytest.fixture
async def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Google]:
    """Run the server, and act as a user who has logged in to it."""
    made = Google()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    login = {"type": "authorized_user", "client_id": "id", "client_secret": "s3cret", "refresh_token": "r3fresh"}
    (tmp_path / "key.json").write_text(json.dumps({**login, "token_uri": f"{url}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.setattr(gcs_store, "_API", url)
    monkeypatch.setattr(library, "GCE_METADATA_BASE", f"{url}/computeMetadata/v1")
    monkeypatch.setattr(library, "GCE_ENDPOINT_TOKEN", f"{url}/computeMetadata/v1/token")
    yield made
    made.gate.set()
    await runner.cleanup()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library try again for a token without waiting."""
    monkeypatch.setattr(Token.acquire_access_token.retry, "wait", wait_none())


async def test_one_token_serves_all_requests(google: Google) -> None:
    """Many requests at once ask for one token, and all of them carry it."""
    store = GcsStore("bucket")
    await asyncio.gather(*(store.page("") for _ in range(20)))
    assert 1 == google.tokens
    assert ["Bearer secret-1"] * 20 == google.seen
    await store.close()


async def test_a_cancelled_request_takes_no_token_from_the_others(google: Google) -> None:
    """If a request is cancelled while it waits for the token, the others still get it."""
    google.gate.clear()
    store = GcsStore("bucket")
    first, second = (asyncio.ensure_future(store.page("")) for _ in range(2))
    await google.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    google.gate.set()
    assert () == (await second).entries
    assert first.cancelled()
    await store.close()


async def test_a_store_is_closed_while_it_waits_for_a_token(google: Google) -> None:
    """Closing does not wait for a token server that does not answer."""
    google.gate.clear()
    store = GcsStore("bucket")
    request = asyncio.ensure_future(store.page(""))
    await google.asked.wait()
    request.cancel()
    await asyncio.wait([request])
    await asyncio.wait_for(store.close(), 60)


async def test_credentials_that_are_refused(google: Google) -> None:
    """A revoked login ends the task with an error that says what to do and holds no secret."""
    google.status = 400
    store = GcsStore("bucket")
    with pytest.raises(UnauthenticatedError, match="invalid_grant") as caught:
        await store.page("")
    assert "gcloud auth application-default login" in caught.value.hint
    assert "s3cret" not in str(caught.value)
    assert "r3fresh" not in str(caught.value)
    await store.close()


async def test_credentials_that_cannot_be_renewed_for_now(google: Google) -> None:
    """If a token was valid before, a failed renewal is worth another attempt."""
    google.expires_in = -10
    store = GcsStore("bucket")
    await store.page("")
    google.status = 500
    with pytest.raises(TransientError):
        await store.page("")
    google.status = 200
    await store.page("")
    assert ["Bearer secret-1", "Bearer secret-2"] == google.seen
    await store.close()


async def test_a_token_that_the_store_refuses(google: Google) -> None:
    """Requests whose token is refused before its time share one renewal, and then succeed."""
    store = GcsStore("bucket")
    await store.page("")
    google.revoked = {"secret-1"}
    await asyncio.gather(*(store.page("") for _ in range(20)))
    assert 2 == google.tokens
    assert 20 == google.seen.count("Bearer secret-2")
    await store.close()


async def test_a_store_that_refuses_every_token(google: Google) -> None:
    """A request whose credentials are renewed once and refused again fails, without a secret in its error."""
    google.revoked = {"secret-1", "secret-2", "secret-3"}
    store = GcsStore("bucket")
    with pytest.raises(UnauthenticatedError, match="401") as caught:
        await store.page("")
    assert ["Bearer secret-1", "Bearer secret-2"] == google.seen
    assert "secret" not in str(caught.value)
    await store.close()


async def test_a_refused_token_that_cannot_be_renewed_for_now(google: Google) -> None:
    """If the token server fails just then, another attempt is worth it."""
    store = GcsStore("bucket")
    await store.page("")
    google.revoked, google.status = {"secret-1"}, 500
    with pytest.raises(TransientError, match="renew"):
        await store.page("")
    google.status = 200
    await store.page("")
    assert "Bearer secret-2" == google.seen[-1]
    await store.close()


async def test_a_token_server_that_never_answers(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request does not hang for minutes if the token server never answers."""
    monkeypatch.setattr(credentials, "_SECONDS", 0.2)
    google.gate.clear()
    store = GcsStore("bucket")
    with pytest.raises(UnauthenticatedError):
        await asyncio.wait_for(store.page(""), 60)
    await store.close()


@pytest.mark.parametrize("content", ["{}", '{"type": "authorized_user"}', '{"type": "nothing known"}', "no json", None])
async def test_credentials_that_are_none(content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without usable credentials every request fails with a hint, and no session stays open."""
    monkeypatch.setattr("gcloud.aio.auth.token.GCE_ENDPOINT_TOKEN", "http://127.0.0.1:1/token")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    if content is not None:
        (tmp_path / "key.json").write_text(content)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    store = GcsStore("bucket")
    for error in await asyncio.gather(*(store.page("") for _ in range(5)), return_exceptions=True):
        assert isinstance(error, UnauthenticatedError)
        assert "gcloud auth application-default login" in error.hint
    await store.close()


@pytest.fixture
def _nowhere(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no file of credentials, on a machine that is not Google's."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setattr(credentials, "_PRODUCT", tmp_path / "product_name")
    monkeypatch.setattr(credentials, "_PROBE_SECONDS", 60.0)  # this machine can be busy


@pytest.mark.usefixtures("_nowhere")
async def test_a_machine_without_credentials_is_asked_once(google: Google) -> None:
    """Where there are no credentials, one request to a metadata server shows it, and the error says what there is."""
    store = GcsStore("bucket")
    with pytest.raises(NoCredentialsError, match="gcloud keeps no login, and no account is attached") as caught:
        await store.page("")
    await store.close()
    assert "run `gcloud auth application-default login`" in caught.value.hint
    assert 1 == google.attached


@pytest.mark.usefixtures("_nowhere")
async def test_a_metadata_server_of_google_can_be_late(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Google's platform the metadata server is asked five times, as the library does it."""
    monkeypatch.setenv("CLOUD_RUN_JOB", "thumbs")
    store = GcsStore("bucket")
    with pytest.raises(UnauthenticatedError, match="404"):
        await store.page("")
    await store.close()
    assert 5 == google.attached


@pytest.mark.parametrize(
    ("environ", "product", "expected"),
    [
        ({}, None, False),
        ({}, "To be filled by O.E.M.", False),
        ({}, "Google Compute Engine", True),
        ({"CLOUD_RUN_JOB": "thumbs"}, None, True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, None, True),
        ({"GCE_METADATA_HOST": "127.0.0.1:8080"}, None, True),
        ({"GCE_METADATA_HOST": ""}, None, False),
    ],
)
def test_where_a_metadata_server_belongs(
    environ: dict[str, str], product: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, expected: bool
) -> None:
    """Variables of the platform, or the name of the machine, tell that this is Google's."""
    monkeypatch.setattr(credentials, "_PRODUCT", tmp_path / "product_name")
    if product is not None:
        (tmp_path / "product_name").write_text(f"{product}\n")
    assert expected is is_on_google(environ)
