"""Tests of the way to Cloud Storage through a proxy: which one, the tunnel, and that nothing tells its password."""

import asyncio
import json
import ssl
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from aiohttp import web
from gcloud.aio.auth import Token
from tenacity import wait_none

from tests.unit.storage.gcs.test_https import certify
from tests.unit.storage.gcs.tunnels import Tunnels, tunnels_to
from thumbrun.errors import SettingsError
from thumbrun.storage.base import StoreError, TransientError
from thumbrun.storage.gcs.connection import HttpError, Limits
from thumbrun.storage.gcs.http import HttpClient
from thumbrun.storage.gcs.proxy import Proxy, proxy_for
from thumbrun.storage.gcs.store import GcsStore

LIMITS = Limits(10.0, 1024)
GOOGLE = "https://storage.googleapis.com"
HOSTS = ("storage.example", "token.example")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the proxies of the machine that runs the tests."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        (GOOGLE, {}, None),
        (GOOGLE, {"HTTPS_PROXY": ""}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://proxy.example:3128"}, Proxy("proxy.example", 3128)),
        (GOOGLE, {"HTTPS_PROXY": "http://proxy.example:3128/"}, Proxy("proxy.example", 3128)),
        (GOOGLE, {"HTTPS_PROXY": "http://proxy.example"}, Proxy("proxy.example", 80)),
        (GOOGLE, {"HTTPS_PROXY": "proxy.example:3128"}, Proxy("proxy.example", 3128)),
        (GOOGLE, {"HTTPS_PROXY": "http://[fd00::1]:3128"}, Proxy("fd00::1", 3128)),
        (GOOGLE, {"HTTPS_PROXY": "http://a:b@p:1"}, Proxy("p", 1, "a:b")),
        (GOOGLE, {"HTTPS_PROXY": "http://a:b%40%3A%2F@p:1"}, Proxy("p", 1, "a:b@:/")),
        (GOOGLE, {"HTTPS_PROXY": "http://a@p:1"}, Proxy("p", 1, "a:")),
        (GOOGLE, {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, Proxy("p", 1)),
        (GOOGLE, {"HTTP_PROXY": "http://p:1"}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example, .googleapis.com"}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "storage.googleapis.com"}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://p:1", "no_proxy": "googleapis.com"}, None),
        (GOOGLE, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "oogleapis.com,storage.google"}, Proxy("p", 1)),
        ("https://localhost:4443", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://127.0.0.2:4443", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://[::1]:4443", {"HTTPS_PROXY": "http://p:1"}, None),
        ("http://emulator:4443", {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, None),
        ("http://metadata.google.internal", {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, None),
    ],
)
def test_which_proxy(
    url: str, variables: dict[str, str], expected: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY holds for all that goes over TLS to another machine, except for what NO_PROXY names."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert expected == proxy_for(url)


@pytest.mark.parametrize(
    "value",
    [
        "https://user:s3cret@proxy:3128",
        "socks5://user:s3cret@proxy:1080",
        "http://user:s3cret@",
        "http://user:s3cret@proxy:port",
        "http://user:s3cret@proxy:99999",
        "http://[user:s3cret@proxy",
    ],
)
def test_a_proxy_that_cannot_be_used(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of another kind, or a value that is no address, is an error that says what to set, and no secret."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(SettingsError, match=r"HTTPS_PROXY .*it must be http://host:port") as caught:
        GcsStore("bucket")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value, chain=False))


async def test_an_emulator_is_reached_without_a_proxy(proxy: Tunnels, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request to an emulator goes through the proxy, even over TLS."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    store = GcsStore("bucket", emulator="https://nowhere.invalid")
    with pytest.raises(TransientError, match="cannot connect to the server"):
        await store.page("")
    assert [] == proxy.asked
    await store.close()


def test_the_text_of_a_proxy() -> None:
    """Neither user nor password shows where the object is printed."""
    assert "Proxy(host='p', port=1)" == repr(Proxy("p", 1, "user:s3cret"))


@asynccontextmanager
async def google(certificate: Path) -> AsyncIterator[int]:
    """Run a server over TLS that gives tokens and has an empty bucket, and return its port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            return web.json_response({"access_token": "t0ken", "expires_in": 3600})
        if request.headers.get("Authorization") != "Bearer t0ken":
            return web.json_response({}, status=401)
        return web.json_response({"host": request.headers["Host"], "items": []})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a certificate for both hosts, which is trusted."""
    file = certify(tmp_path, *HOSTS)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    # aiohttp has read the trusted certificates when it was imported.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    return file


def _log_in(folder: Path) -> str:
    """Write a login whose tokens come from the server, and return its file."""
    login = {"type": "authorized_user", "client_id": "id", "client_secret": "a", "refresh_token": "b"}
    (folder / "key.json").write_text(json.dumps({**login, "token_uri": "https://token.example/token"}))
    return str(folder / "key.json")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_everything_goes_through_the_proxy(
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Tokens and objects come through tunnels of the proxy, which need not be on a network that can resolve names."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", _log_in(tmp_path))

    async def scenario() -> list[str]:
        async with google(certificate) as server, tunnels_to(server) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
            store = GcsStore("bucket", endpoint="https://storage.example")
            await asyncio.gather(*(store.page("") for _ in range(3)))
            await store.close()
            return proxy.asked

    with asyncio.Runner(loop_factory=loop) as runner:
        asked = runner.run(scenario())
    assert 4 == len(asked)
    assert all("proxy-authorization: basic dxnlcjpwqhnz" in head.lower() for head in asked)
    assert {f"CONNECT {host}:443 HTTP/1.1" for host in HOSTS} == {head.partition("\r\n")[0] for head in asked}


@pytest.fixture
async def proxy() -> AsyncIterator[Tunnels]:
    """Run a proxy that leads nowhere."""
    async with tunnels_to(1) as made:
        yield made


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", StoreError),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n", StoreError),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", TransientError),
        (b"HTTP/1.1 302 Found\r\nLocation: http://login.example\r\n\r\n", TransientError),
        (b"SSH-2.0-OpenSSH\r\n\r\n", TransientError),
        (b"HTTP/1.1 200 OK\r\n\r\nmore", TransientError),
        (b"HTTP/1.1 502 Bad", TransientError),
        (b"HTTP/1.1 502 " + b"x" * 100_000, TransientError),
        (b"", TransientError),
    ],
)
async def test_a_proxy_that_does_not_connect(
    proxy: Tunnels, answer: bytes, kind: type[StoreError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of the proxy's own ends the run; the rest is worth another attempt. No error shows the password."""
    proxy.answer = answer
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@127.0.0.1:{proxy.port}")
    store = GcsStore("bucket", endpoint="https://storage.example")
    monkeypatch.setattr(store, "_anonymous", True)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught:
        await store.page("")
    assert kind is type(caught.value)
    assert caught.value.hint
    assert str(caught.value).isprintable()
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert "dXNlcjpzM2NyZXQ" not in "".join(traceback.format_exception(caught.value))
    await store.close()


async def test_a_proxy_that_refuses_the_token_server(
    proxy: Tunnels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the library that asks for tokens shows no password of the proxy either."""
    monkeypatch.setattr(Token.acquire_access_token.retry, "wait", wait_none())
    proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", _log_in(tmp_path))
    store = GcsStore("bucket", endpoint="https://storage.example")
    with pytest.raises(StoreError, match="407") as caught:
        await store.page("")
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told
    assert "dXNlcjpzM2NyZXQ" not in told
    assert all("proxy-authorization" in head.lower() for head in proxy.asked)
    await store.close()


async def test_an_address_of_ipv6_is_asked_for_in_brackets(proxy: Tunnels) -> None:
    """The target of CONNECT is an authority, in which an IPv6 address stands in brackets."""
    proxy.answer = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
    client = HttpClient("https://[fd00::1]:4443", Proxy("127.0.0.1", proxy.port))
    with pytest.raises(HttpError, match="502"):
        await client.request("GET", "/", LIMITS, headers={})
    assert ["CONNECT [fd00::1]:4443 HTTP/1.1\r\nHost: [fd00::1]:4443\r\n\r\n"] == proxy.asked
    await client.close()


async def test_no_proxy_listens() -> None:
    """The error of a proxy that cannot be reached names the proxy."""
    client = HttpClient(GOOGLE, Proxy("127.0.0.1", 1, "user:s3cret"))
    with pytest.raises(HttpError, match=r"through the proxy 127\.0\.0\.1") as caught:
        await client.request("GET", "/", LIMITS, headers={})
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    await client.close()
