"""An emulator of the Cloud Storage API on this machine, fake-gcs-server, and a user's requests to its buckets."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from thumbrun.demo.program import Program

_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({})
)  # ignores HTTP_PROXY, as the emulator is on this machine


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator.

    Attributes:
        url: The address of the emulator, in the form that `STORAGE_EMULATOR_HOST` takes.
        pid: The process id of the emulator.
    """

    url: str
    pid: int

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket."""
        self._call("POST", "/storage/v1/b?project=demo", json.dumps({"name": bucket}).encode(), "application/json")

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        self._call("DELETE", f"/storage/v1/b/{bucket}")

    def put(
        self,
        bucket: str,
        name: str,
        body: bytes,
        *,
        content_type: str | None = None,
        encoding: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Create or replace an object, with or without a content type and metadata."""
        resource: dict[str, Any] = {"name": name}
        if metadata:
            resource["metadata"] = dict(metadata)
        if content_type:
            resource["contentType"] = content_type
        if encoding:
            resource["contentEncoding"] = encoding
        boundary = "----part"
        head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(resource)}\r\n"
        typed = f"Content-Type: {content_type}\r\n" if content_type else ""
        parts = [head.encode(), f"--{boundary}\r\n{typed}\r\n".encode(), body, f"\r\n--{boundary}--\r\n".encode()]
        self._call(
            "POST",
            f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart",
            b"".join(parts),
            f"multipart/related; boundary={boundary}",
        )

    def delete(self, bucket: str, name: str) -> None:
        """Delete an object."""
        self._call("DELETE", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")

    def read(self, bucket: str, name: str) -> bytes:
        """Return an object's bytes."""
        return self._call("GET", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")

    def objects(self, bucket: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Return all objects below a prefix, by name."""
        found: dict[str, dict[str, Any]] = {}
        token = ""
        while True:
            query = urlencode({"prefix": prefix, "maxResults": 1000, "pageToken": token})
            answer = json.loads(self._call("GET", f"/storage/v1/b/{bucket}/o?{query}"))
            found |= {item["name"]: item for item in answer.get("items", [])}
            token = answer.get("nextPageToken", "")
            if not token:
                return found

    def _call(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> bytes:
        headers = {"Content-Type": content_type} if content_type else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310  (the emulator's address)
        with _DIRECT.open(request, timeout=30) as response:
            answer: bytes = response.read()
            return answer


@contextmanager
def running_emulator(log: Path | None = None) -> Iterator[Emulator]:
    """Run an emulator with no buckets; it ends with the block, or with this process.

    Args:
        log: The file in which it writes a line for every request, or None.

    Raises:
        EmulatorError: The emulator does not start.
    """
    program = Program(log)
    try:
        yield Emulator(f"http://127.0.0.1:{program.port}", program.pid)
    finally:
        program.stop()
