"""Tests of the HTTP client over TLS, which Cloud Storage requires."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.line import slow_line
from thumbrun.storage.gcs.connection import HttpError, Limits
from thumbrun.storage.gcs.http import HttpClient

LIMITS = Limits(10.0, 1024)
BODY = random.Random(1).randbytes(1_000_000)  # noqa: S311


def certify(folder: Path, *names: str) -> Path:
    """Write a key and a self-signed certificate for hosts, and return the file of both."""
    name = names[0]
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def _alternative(name: str) -> x509.GeneralName:
    return x509.DNSName(name) if name[-1].isalpha() else x509.IPAddress(ip_address(name))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """Run a server with a self-signed certificate, and return its address and its certificate."""
    file = certify(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        with suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
        if b"Content-Length: " in head:
            await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + BODY)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}", file
    listening.close()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
async def test_a_server_that_is_known(
    server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """The answer of a server with a trusted certificate arrives whole, also on the container's event loop."""
    url, certificate = server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def ask() -> bytes:
        client = HttpClient(url)
        answer = await client.request("GET", "/", LIMITS, headers={})
        await client.close()
        return answer.body

    def run() -> bytes:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(ask())

    assert BODY == await asyncio.to_thread(run)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
async def test_an_upload_over_a_slow_line(
    server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Progress of an upload is seen through the buffers of TLS: it can take longer than two windows of time."""
    url, certificate = server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    body = BODY[:300_000]

    def run() -> bytes:
        with slow_line(url, 0.8) as line, asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(ask(line.url.replace("http://", "https://")))

    async def ask(near: str) -> bytes:
        client = HttpClient(near)
        answer = await client.request("POST", "/", Limits(1.2, 1024), headers={}, body=body, taker=enough)
        await client.close()
        return answer.body

    def enough(*_: object) -> Callable[[object], bool]:
        return lambda _: False

    assert b"" == await asyncio.to_thread(run)


async def test_a_server_that_is_not_known(server: tuple[str, Path]) -> None:
    """The client sends no request to a server with an unknown certificate, and the error says why."""
    client = HttpClient(server[0])
    with pytest.raises(HttpError, match="certificate"):
        await client.request("GET", "/", LIMITS, headers={})
    await client.close()


async def test_a_certificate_of_another_host(
    server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client rejects a trusted certificate for another name."""
    url, _ = server
    monkeypatch.setenv("SSL_CERT_FILE", str(certify(tmp_path, "127.0.0.2")))
    client = HttpClient(url)
    with pytest.raises(HttpError, match="certificate"):
        await client.request("GET", "/", LIMITS, headers={})
    await client.close()
