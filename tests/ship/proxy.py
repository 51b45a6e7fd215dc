"""The proxy of gcloud: it hands each request to the stand-in for Google's APIs, whatever host the request is for.

So the stand-in sees the real hosts, the region in them too. Nothing leaves the machine, because the proxy refuses to
connect to another host.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request as it arrived.

    Attributes:
        method: The HTTP method.
        host: The host that it was for.
        path: The path, without the query.
        query: The query.
        body: The JSON of the body, or {} if there is none.
        raw: The bytes of the body.
        token: The access token.
    """

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: Json
    raw: bytes
    token: str


class NotFoundError(Exception):
    """There is no such thing in the project."""


class Api(Protocol):
    """What answers requests.

    Attributes:
        refused: Hosts that something tried to reach.
    """

    refused: list[str]

    def answer(self, request: Request) -> Json:
        """Do what a request asks, and return the answer; raise NotFoundError if what it names is not there."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ClassVar[Api]

    def _serve(self) -> None:
        address = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        content_type = self.headers.get("content-type") or ""
        body = json.loads(raw) if raw and content_type.startswith("application/json") else {}
        query = dict(parse_qsl(address.query)) | {"content-type": content_type}
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        request = Request(self.command, address.hostname or "", address.path, query, body, raw, token)
        try:
            status, answer = 200, self.api.answer(request)
        except NotFoundError as error:
            status, answer = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"Not found. {error}"}}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def do_CONNECT(self) -> None:
        """Refuse to reach another host."""
        self.api.refused.append(self.path)
        self.send_error(403, "The stand-in reaches no other host")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving(api: Api) -> Iterator[int]:
    """Serve an API, and yield the port."""
    handler = type("Handler", (_Handler,), {"api": api})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
