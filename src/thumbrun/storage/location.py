"""Where something lies: a bucket or a folder, and a prefix in it. Pure but for the working folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

# https://cloud.google.com/storage/docs/buckets#naming: 3 to 63 characters; where dots divide it, up to 222.
_BUCKET = re.compile(r"(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*(?<![._-])", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+-]*:/")


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix in a store.

    Attributes:
        scheme: `gs` or `file`.
        root: The bucket, or the absolute path of the folder.
        prefix: Of the names in it, empty or ending in `/`; always empty for a folder.
    """

    scheme: str
    root: str
    prefix: str = ""

    def uri(self) -> str:
        """Return the raw URI, ending in `/`; for people, since a folder's is not encoded as `parse` wants it."""
        if self.scheme == "gs":
            return f"gs://{self.root}/{self.prefix}"
        return f"file://{self.root.rstrip('/')}/{self.prefix}"

    def shares_store_with(self, other: "Location") -> bool:
        """Whether both lie in one bucket, or in one local folder."""
        return (self.scheme, self.root) == (other.scheme, other.root)

    def child(self, name: str) -> "Location":
        """Return the folder of that name in this one; of a local folder still the same store."""
        return Location(self.scheme, self.root, f"{self.prefix}{name}/")


def parse(text: str, *, bare: str = "file") -> Location:
    """Return the location that a setting names.

    A folder is meant, so `gs://b/in` is `gs://b/in/`. Names in buckets are taken as they stand, unencoded; a
    `file://` URI is percent-decoded.

    Args:
        text: `gs://bucket/path`, `file:///folder`, or a bare word or path.
        bare: What a word without scheme is: `gs` for a bucket, `file` for a path.

    Raises:
        ValueError: It is none; the message is a sentence that says what would be right.
    """
    if text.startswith("gs://"):
        bucket, _, path = text.removeprefix("gs://").partition("/")
        return _bucket(bucket, path)
    if text.startswith("file:"):
        path = text.removeprefix("file:").removeprefix("//").removeprefix("localhost")
        if not path.startswith("/"):
            raise ValueError("a folder's URI is file:///folder, with three slashes")
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
            f"{bucket!r} is no bucket's name: 3 to 63 lower-case letters, digits, dashes, underscores and dots, "
            "beginning and ending with a letter or digit"
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ValueError("a path in a bucket is valid UTF-8") from None
    return Location("gs", bucket, path if not path or path.endswith("/") else f"{path}/")


def _folder(path: str) -> Location:
    if "\0" in path or not path:
        raise ValueError("a folder's path has at least one character and no NUL")
    try:
        return Location("file", str(Path(path).expanduser().resolve()))
    except RuntimeError:
        raise ValueError(f"{path!r} names a home folder that is not known, or leads round in links") from None
    except OSError as error:
        raise ValueError(f"{path!r} cannot be a folder: {error.strerror}") from None
