"""Guards an emulator with credentials: a service account's key, the server that gives tokens, and a check of each."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ACCOUNT = "thumbs@project.iam.gserviceaccount.com"
TOKEN = "ya29.a-token-of-the-tests"  # noqa: S105  (it opens nothing)
_PASSED_ON = ("content-type", "range")
_PASSED_BACK = ("content-type", "content-range", "x-goog")


class Guard(ThreadingHTTPServer):
    """Gives a token to who signs with the key, and passes on requests that carry it.

    Attributes:
        url: The address of the guard.
        tokens: The number of tokens given.
        passed: The number of requests passed on.
        refused: The number of requests without the token.
        asked: The method and the path of each request with the token.
        answer_to: Returns status and JSON of an answer to a method and a path, or None for the emulator's answer.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        """Listen; `serve_forever` answers.

        Args:
            upstream: The emulator's address.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.tokens = self.passed = self.refused = 0
        self.asked: list[tuple[str, str]] = []
        self.answer_to: Callable[[str, str], tuple[int, Any] | None] = lambda _, __: None
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_file(self) -> str:
        """Return the text of the service account's key file, whose tokens come from this guard."""
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": "1", "project_id": "project"}
        return json.dumps(key | {"private_key": private.decode(), "token_uri": f"{self.url}/token"})

    def account(self, assertion: str) -> Any:
        """Return the account that signed a request for a token.

        Raises:
            jwt.InvalidTokenError: Another key signed it, or it is for another server.
        """
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return jwt.decode(assertion, public, algorithms=["RS256"], audience=f"{self.url}/token")["iss"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Guard

    def do_GET(self) -> None:
        """Pass a request on."""
        self._pass_on()

    def do_POST(self) -> None:
        """Give a token, or pass a request on."""
        if self.path == "/token":
            self._give_token()
        else:
            self._pass_on()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's name)
        """Print nothing."""

    def _give_token(self) -> None:
        (assertion,) = parse_qs(self._body().decode())["assertion"]
        try:
            account = self.server.account(assertion)
        except jwt.InvalidTokenError:
            account = None
        if account != ACCOUNT:
            self._answer(400, b'{"error": "invalid_grant"}')
            return
        self.server.tokens += 1
        self._answer(200, json.dumps({"access_token": TOKEN, "expires_in": 3600}).encode())

    def _pass_on(self) -> None:
        body = self._body()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.server.refused += 1
            self._answer(401, b'{"error": {"code": 401, "message": "Invalid Credentials"}}')
            return
        self.server.asked.append((self.command, self.path))
        if own := self.server.answer_to(self.command, self.path):
            self._answer(own[0], json.dumps(own[1]).encode())
            return
        self.server.passed += 1
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        upstream = http.client.HTTPConnection(self.server.upstream)
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower().startswith(_PASSED_BACK)}
        self._answer(answer.status, answer.read(), kept)
        upstream.close()

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def guarded(upstream: str) -> Iterator[Guard]:
    """Run a guard before an emulator."""
    with Guard(upstream) as guard:
        thread = Thread(target=guard.serve_forever, daemon=True)
        thread.start()
        try:
            yield guard
        finally:
            guard.shutdown()
            thread.join()
