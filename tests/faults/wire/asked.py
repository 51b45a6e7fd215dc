"""What a task asks of Cloud Storage, as it stands in a request on the wire. Shares no code with thumbrun."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_OBJECTS = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<name>.+))?", re.DOTALL)
_UPLOADS = re.compile(r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o")
_PERMISSIONS = {"page": "list", "stat": "get", "read": "get", "create": "create"}


@dataclass(slots=True)
class Asked:
    """One request, and what it was answered with.

    Attributes:
        method: Of HTTP.
        path: As it came, still encoded.
        query: By key; the last value where one comes twice.
        operation: `page`, `stat`, `read`, `create`, or `other`: what thumbrun is never to ask.
        bucket: Its name, or empty.
        name: The object's, for a listing its prefix.
        time: From 1, among the requests of the same operation, bucket and name, for a listing of the same page.
        status: That the task saw; 0 where it saw none.
        applied: Whether the emulator did what was asked.
        fault: The kind of fault that was injected, or empty.
    """

    method: str
    path: str
    query: dict[str, str]
    operation: str = "other"
    bucket: str = ""
    name: str = ""
    time: int = 0
    status: int = 0
    applied: bool = False
    fault: str = ""

    @property
    def permission(self) -> str:
        """The permission that it takes: `get`, `list`, `create`, or another word."""
        return _PERMISSIONS.get(self.operation, f"{self.method} {self.path}")

    @property
    def from_name(self) -> str:
        """Where a listing goes on that has begun; empty for the first page, and for all that is no listing."""
        return self.query.get("startOffset", self.query.get("pageToken", "")) if self.operation == "page" else ""


def understand(method: str, raw_path: str, body: bytes) -> Asked:
    """Return what a request asks."""
    path, _, query = raw_path.partition("?")
    asked = Asked(method, path, {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()})
    if method == "GET" and (found := _OBJECTS.fullmatch(path)):
        asked.bucket = unquote(found["bucket"])
        if found["name"] is None:
            asked.operation, asked.name = "page", asked.query.get("prefix", "")
        else:
            asked.operation = "read" if asked.query.get("alt") == "media" else "stat"
            asked.name = unquote(found["name"])
    elif method == "POST" and (found := _UPLOADS.fullmatch(path)):
        asked.bucket = unquote(found["bucket"])
        # An upload without this condition would replace what is there: the permission to create does not allow that.
        creates = asked.query.get("uploadType") == "multipart" and asked.query.get("ifGenerationMatch") == "0"
        asked.operation = "create" if creates else "other"
        asked.name = asked.query.get("name") or _name_in(body)
    return asked


def _name_in(body: bytes) -> str:
    """Return the name in the first part of a multipart upload, which is JSON."""
    start = body.find(b"\r\n\r\n")
    if start < 0:
        return ""
    end = body.find(b"\r\n--", start)
    try:
        return str(json.loads(body[start:end])["name"])
    except (ValueError, KeyError, TypeError):
        return ""
