"""A location: a bucket or a folder, and a prefix in it.

The module is pure, except that relative paths depend on the working folder.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

# A bucket's name has 3 to 63 characters, or up to 222 if dots divide it
# (https://cloud.google.com/storage/docs/buckets#naming).
_BUCKET = re.compile(r"(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*(?<![._-])", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+-]*:/")


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix in a store.

    Attributes:
        scheme: `gs` or `file`.
        root: The bucket, or the absolute path of the folder.
        prefix: The prefix of the names, empty or ending in `/`; always empty for a folder.
    """

    scheme: str
    root: str
    prefix: str = ""

    def uri(self) -> str:
        """Return the raw URI, ending in `/`.

        It is for people to read: a folder's URI is not percent-encoded, so `parse` might not accept it.
        """
        if self.scheme == "gs":
            return f"gs://{self.root}/{self.prefix}"
        return f"file://{self.root.rstrip('/')}/{self.prefix}"

    def shares_store_with(self, other: "Location") -> bool:
        """Return whether both locations lie in one bucket, or in one local folder."""
        return (self.scheme, self.root) == (other.scheme, other.root)

    def lies_below(self, other: "Location") -> bool:
        """Return whether every object here lies in the other location as well."""
        return self.shares_store_with(other) and self.prefix.startswith(other.prefix)

    def child(self, name: str) -> "Location":
        """Return the location of a folder below this one; it stays in the same store."""
        return Location(self.scheme, self.root, f"{self.prefix}{name}/")


def parse(text: str, *, bare: str = "file") -> Location:
    """Return the location that a setting names.

    A location is always a folder, so `gs://b/in` means `gs://b/in/`. Names in buckets are not encoded and stay as they
    are. A `file://` URI is percent-decoded.

    Args:
        text: `gs://bucket/path`, `file:///folder`, or a word or path without a scheme.
        bare: The meaning of a word without a scheme: `gs` for a bucket, `file` for a path.

    Raises:
        ValueError: The text names no location; the message is a sentence that says what would be right.
    """
    if text.startswith("gs://"):
        bucket, _, path = text.removeprefix("gs://").partition("/")
        return _bucket(bucket, path)
    if text.startswith("file:"):
        path = text.removeprefix("file:").removeprefix("//").removeprefix("localhost")
        if not path.startswith("/"):
            raise ValueError("a folder's URI must be file:///folder, with three slashes")
        return _folder(unquote(path, errors="surrogateescape"))
    if _SCHEME.match(text):
        raise ValueError("it must be gs://bucket/path, file:///folder or a local path")
    if bare == "gs" and not text.startswith((".", "/", "~")):
        bucket, _, path = text.partition("/")
        return _bucket(bucket, path)
    return _folder(text)


def _bucket(bucket: str, path: str) -> Location:
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(
            f"{bucket!r} is not a bucket name: it must have 3 to 63 lower-case letters, digits, dashes, underscores "
            "and dots, and begin and end with a letter or digit"
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ValueError("a path in a bucket must be valid UTF-8") from None
    return Location("gs", bucket, path if not path or path.endswith("/") else f"{path}/")


def _folder(path: str) -> Location:
    if "\0" in path or not path:
        raise ValueError("a folder's path must have at least one character and no NUL")
    try:
        return Location("file", str(Path(path).expanduser().resolve()))
    except RuntimeError:
        raise ValueError(f"{path!r} names an unknown home folder, or its symbolic links form a loop") from None
    except OSError as error:
        raise ValueError(f"{path!r} cannot be a folder: {error.strerror}") from None
