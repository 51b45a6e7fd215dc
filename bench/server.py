"""A server that imitates a distant Cloud Storage: it answers the JSON API from memory, after a fixed delay.

`python -m bench.server --source FOLDER --get 0.05 --put 0.08` serves a folder's files as `gs://pictures/in/…`, and
accepts uploads into any bucket. An emulator behind a proxy would do the same, but it needs much more processor time for
each request, and even more with each object, and the bench measures the same processors. `GET /stats` states the
processor time of this server, so that the bench can count it apart.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

import httptools
import uvloop
from crc32c import crc32c

BUCKET = "pictures"
PREFIX = "in/"
_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Stats:
    """The requests to the server, and its processor time.

    Attributes:
        first: The time of the first request, in seconds of the system's clock; 0 before it.
        requests: The number of requests by kind: list, stat, read, create.
        sent: The bytes of the objects that clients read.
        received: The bytes of the objects that clients created.
        processor: The processor time of this process, in seconds.
        pictures: The time at which each picture was created, in seconds of the system's clock.
    """

    first: float
    requests: dict[str, int]
    sent: int
    received: int
    processor: float
    pictures: list[float]


@dataclass(frozen=True, slots=True)
class _Object:
    body: bytes
    generation: str
    resource: dict[str, object] = field(default_factory=dict)

    def shown(self, bucket: str, name: str) -> dict[str, object]:
        checksum = base64.b64encode(crc32c(self.body).to_bytes(4, "big")).decode()
        known = {"kind": "storage#object", "bucket": bucket, "name": name, "generation": self.generation}
        return {**self.resource, **known, "metageneration": "1", "size": str(len(self.body)), "crc32c": checksum}


class Bucket:
    """All buckets, with their objects by bucket and name."""

    def __init__(self) -> None:
        """Set up empty buckets."""
        self._objects: dict[str, dict[str, _Object]] = {}
        self._shown: dict[tuple[str, str], dict[str, object]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._generation = 1_700_000_000_000_000
        self.first = 0.0
        self.requests: Counter[str] = Counter()
        self.sent = self.received = 0
        self._pictures: list[float] = []

    def put(self, bucket: str, name: str, body: bytes, resource: dict[str, object]) -> dict[str, object]:
        """Create or replace an object."""
        self._generation += 1
        made = _Object(body, str(self._generation), resource)
        self._objects.setdefault(bucket, {})[name] = made
        self._sorted.pop(bucket, None)
        return self._shown.setdefault((bucket, name), made.shown(bucket, name))

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, list[str], bytes]:
        """Answer a request: return status, headers and body."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/stats":
            return self._json(asdict(self.stats()))
        self.first = self.first or time.time()
        path = parts.path.removeprefix("/download").removeprefix("/upload").removeprefix("/storage/v1/b/").split("/", 2)
        bucket, name = path[0], unquote(path[2]) if len(path) > 2 else ""
        if method == "POST":
            return self._create(bucket, query, headers, body)
        if not name:
            return self._list(bucket, query)
        found = self._objects.get(bucket, {}).get(name)
        if found is None or query.get("generation", found.generation) != found.generation:
            self.requests["stat"] += 1
            return 404, [], b'{"error": {"message": "No such object"}}'
        if query.get("alt") != "media":
            self.requests["stat"] += 1
            return self._json(self._shown[bucket, name])
        return self._read(found, headers)

    def stats(self) -> Stats:
        """Return the statistics until now."""
        return Stats(self.first, dict(self.requests), self.sent, self.received, time.process_time(), self._pictures)

    def _read(self, found: _Object, headers: dict[str, str]) -> tuple[int, list[str], bytes]:
        self.requests["read"] += 1
        size, status, body = len(found.body), 200, found.body
        checksum = base64.b64encode(crc32c(body).to_bytes(4, "big")).decode() if size < 1 << 16 else ""
        answer = [f"x-goog-generation: {found.generation}"]
        if checksum:
            answer.append(f"x-goog-hash: crc32c={checksum}")
        if wanted := headers.get("range", "").removeprefix("bytes="):
            first, _, last = wanted.partition("-")
            start, end = int(first), min(int(last) + 1 if last else size, size)
            status, body = 206, body[start:end]
            answer.append(f"Content-Range: bytes {start}-{end - 1}/{size}")
        self.sent += len(body)
        return status, answer, body

    def _list(self, bucket: str, query: dict[str, str]) -> tuple[int, list[str], bytes]:
        self.requests["list"] += 1
        names = self._sorted.get(bucket)
        if names is None:
            names = self._sorted[bucket] = sorted(self._objects.get(bucket, {}))
        prefix, start = query.get("prefix", ""), query.get("pageToken") or query.get("startOffset", "")
        end, most = query.get("endOffset"), int(query.get("maxResults", "1000"))
        found = [n for n in names if n.startswith(prefix) and n >= start and (end is None or n < end)]
        answer: dict[str, object] = {"kind": "storage#objects", "items": [self._shown[bucket, n] for n in found[:most]]}
        if len(found) > most:
            answer["nextPageToken"] = found[most]
        return self._json(answer)

    def _create(
        self, bucket: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> tuple[int, list[str], bytes]:
        self.requests["create"] += 1
        boundary = b"--" + headers["content-type"].partition("boundary=")[2].strip('"').encode()
        _, described, content, *_ = body.split(boundary)
        resource = json.loads(described.partition(b"\r\n\r\n")[2])
        content = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        name = resource.get("name") or query.get("name", "")
        if query.get("ifGenerationMatch") == "0" and name in self._objects.get(bucket, {}):
            return 412, [], b'{"error": {"message": "conditionNotMet"}}'
        self.received += len(content)
        if str(resource.get("contentType", "")).startswith("image/"):
            self._pictures.append(time.time())
        return self._json(self.put(bucket, name, content, resource))

    @staticmethod
    def _json(answer: dict[str, object]) -> tuple[int, list[str], bytes]:
        return 200, ["Content-Type: application/json"], json.dumps(answer).encode()


class _Connection(asyncio.Protocol):
    """A connection that answers one request after the other, each after a delay."""

    def __init__(self, bucket: Bucket, late: Callable[[str], float]) -> None:
        self._bucket = bucket
        self._late = late

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        if "100-continue" in self._headers.get("expect", ""):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        self._body.append(chunk)

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        url, headers, body = self._url.decode(), self._headers, b"".join(self._body)
        seconds = 0.0 if url == "/stats" else self._late(method)
        asyncio.get_running_loop().call_later(seconds, self._answer, method, url, headers, body)
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def _answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> None:
        status, answer, content = self._bucket.answer(method, url, headers, body)
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", *answer]
        self._transport.writelines([("\r\n".join(lines) + "\r\n\r\n").encode(), content])


def filled(folder: Path) -> Bucket:
    """Return a bucket that holds a folder's files as `gs://pictures/in/…`."""
    bucket = Bucket()
    bodies: dict[int, bytes] = {}  # by inode, so that memory holds a file with many names once
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            body = bodies.setdefault(path.stat().st_ino, path.read_bytes())
            kind = _TYPES.get(path.suffix, "application/octet-stream")
            bucket.put(BUCKET, PREFIX + path.relative_to(folder).as_posix(), body, {"contentType": kind})
    return bucket


async def serve(bucket: Bucket, get: float, put: float) -> None:
    """Print the port as the first line, and serve until the process is ended.

    Args:
        bucket: The bucket to serve.
        get: The delay of every GET request, in seconds.
        put: The delay of every upload, in seconds.
    """

    def late(method: str) -> float:
        return get if method == "GET" else put

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(bucket, late), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Print the port as the first line, and serve the folder that the arguments name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--get", type=float, default=0.0)
    parser.add_argument("--put", type=float, default=0.0)
    parsed = parser.parse_args()
    os.setpgrp()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(filled(parsed.source), parsed.get, parsed.put))


if __name__ == "__main__":
    main()
