"""The metadata and content type of a local file, in an extended attribute of the file.

So a folder holds no other file for it. The metadata appear together with the file, whenever a process is killed, and
stay with it wherever it is moved on its file system. They repeat the identity of their file: a copy has none, even if
the program that copied it kept the attribute, and neither has a file whose content was replaced.

Linux has such attributes, on nearly all file systems. Where they are missing or too short, thumbrun writes a sidecar
(see `sidecars`).

Whoever can write to a file can set this attribute. That person could as well replace the image.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from thumbrun.storage.local.generation import identity_of

LONGEST = 1 << 16  # bytes of metadata that are read; what thumbrun wrote has a tenth of that
FORGED = (ValueError, AttributeError, TypeError, RecursionError)  # what reading metadata can raise
_ATTRIBUTE = "user.thumbrun"
_IS_SUPPORTED = hasattr(os, "setxattr")  # Python offers it on Linux alone


def keep(path: str, status: os.stat_result, attributes: Mapping[str, Any]) -> bool:
    """Store metadata in a file, and return whether its file system took them.

    Args:
        path: The path of the file.
        status: The file's status; neither its content nor its time of modification must change any more.
        attributes: The metadata and content type, which JSON can carry.
    """
    if not _IS_SUPPORTED:
        return False
    try:
        os.setxattr(path, _ATTRIBUTE, written(attributes, identity_of(status)), follow_symlinks=False)
    except OSError:  # the file system has no attributes, or not that long ones; ext4 takes some 4,000 bytes
        return False
    return True


def kept(path: str, status: os.stat_result) -> dict[str, Any] | None:
    """Return the metadata that are stored in a file, or None if there are none.

    Args:
        path: The path of the file.
        status: The file's status.
    """
    if not _IS_SUPPORTED:
        return None
    with suppress(OSError, *FORGED):  # there are none, nobody lets this user read them, or they are forged
        return parsed(os.getxattr(path, _ATTRIBUTE, follow_symlinks=False), identity_of(status))
    return None


def written(attributes: Mapping[str, Any], identity: str) -> bytes:
    """Return metadata as bytes, with the identity of their file, so that they can belong to no other file."""
    return json.dumps({**attributes, "identity": identity}).encode()


def parsed(content: bytes, identity: str) -> dict[str, Any]:
    """Return metadata after checking all of them, because anyone who can write to a source can forge them.

    Args:
        content: The bytes that `written` made; version 0.1 of thumbrun wrote no identity.
        identity: The identity of the file.

    Raises:
        ValueError, AttributeError, TypeError, RecursionError: They are not valid, or of another file. See `FORGED`.
    """
    found = json.loads(content)
    if found.get("identity", identity) != identity:
        raise ValueError("the metadata of another file")
    metadata, kind = found.get("metadata", {}), found.get("content_type")
    if not all(isinstance(text, str) for text in (*metadata, *metadata.values(), kind or "")):
        raise ValueError("a value that is not text")
    return {"metadata": metadata, "content_type": kind}
