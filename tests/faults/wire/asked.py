"""Parses the requests of a task to Cloud Storage, as they come over the wire. It shares no code with thumbrun."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_OBJECTS = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<name>.+))?", re.DOTALL)
_UPLOADS = re.compile(r"/upload/storage/v1/b/(?P<bucket>[^/]+)/o")
_PERMISSIONS = {"page": "list", "stat": "get", "read": "get", "create": "create"}


@dataclass(slots=True)
class Asked:
    """One request and its answer.

    Attributes:
        method: The HTTP method.
        path: The path as it came, still encoded.
        query: The parameters by key; the last value if a key comes twice.
        operation: `page`, `stat`, `read`, `create`, or `other` for a request that thumbrun must never make.
        bucket: The name of the bucket, or empty.
        name: The name of the object, or the prefix of a listing.
        time: How often this request has come, from 1: same operation, bucket and name, and for a listing the same page.
        status: The status that the task saw; 0 if it saw none.
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
        """The permission that the request needs: `get`, `list`, `create`, or another word."""
        return _PERMISSIONS.get(self.operation, f"{self.method} {self.path}")

    @property
    def from_name(self) -> str:
        """The name at which a later page of a listing begins; empty for a first page, and for any other operation."""
        return self.query.get("startOffset", self.query.get("pageToken", "")) if self.operation == "page" else ""


def understand(method: str, raw_path: str, body: bytes) -> Asked:
    """Parse a request."""
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
        # An upload without this condition could replace an object, which the permission to create does not allow.
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
