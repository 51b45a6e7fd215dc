"""Decides which objects are items: one decision, with its reason, for each entry of a listing. Pure."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from thumbrun import formats
from thumbrun.formats import Format
from thumbrun.planning.globs import Glob
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.storage.base import Entry

# Content types that say nothing about the content; upload tools send them when they do not know the type.
_UNSPECIFIC = frozenset(
    (
        *("", "*/*", "image/*", "image/unknown", "unknown/unknown", "application/unknown", "multipart/form-data"),
        *("application/octet-stream", "binary/octet-stream", "application/binary", "application/x-binary"),
        *("application/x-www-form-urlencoded", "application/download", "application/x-download"),
        *("application/force-download", "application/x-force-download"),
    )
)
# What tools send for a file whose name they do not know; it counts unless the name is an image's.
_PLAIN = "text/plain"
# The standard library's own table without the machine's files, so that every machine makes the same plan.
_KNOWN_TYPES = mimetypes.MimeTypes()


class ObjectKind(StrEnum):
    """The kind of an object, as a run sees it."""

    IMAGE = "image"
    UNSUPPORTED = "unsupported"  # an item as well, so that its outcome says that thumbrun saw it
    UNDECIDED = "unsettled"  # neither content type nor name decides; an item only with detect=content
    NOT_AN_IMAGE = "not an image"
    EXCLUDED = "excluded"
    EMPTY = "empty"
    PLACEHOLDER = "folder placeholder"
    OWN = "thumbrun's own"

    @property
    def is_item(self) -> bool:
        """Whether the plan holds objects of this kind."""
        return self in (ObjectKind.IMAGE, ObjectKind.UNSUPPORTED, ObjectKind.UNDECIDED)


@dataclass(frozen=True, slots=True)
class Decision:
    """The kind of an object, and the format that its content type or name claims.

    Attributes:
        kind: The kind of the object.
        format: The format, or None.
        is_item: Whether the plan holds the object.
        format_name: The name of `format`, or None.
        label: The name of `kind`, as the survey counts it.
    """

    kind: ObjectKind
    format: Format | None = None
    is_item: bool = field(init=False, compare=False)
    format_name: str | None = field(init=False, compare=False)
    label: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_item", self.kind.is_item)
        object.__setattr__(self, "format_name", self.format.name if self.format else None)
        object.__setattr__(self, "label", self.kind.value)


_OWN, _EXCLUDED = Decision(ObjectKind.OWN), Decision(ObjectKind.EXCLUDED)
_EMPTY, _PLACEHOLDER = Decision(ObjectKind.EMPTY), Decision(ObjectKind.PLACEHOLDER)
_REMEMBERED = 4096  # types, and suffixes; a bucket has few, but names are data, so the memory for them is bounded


class Selection:
    """Decides the kind of every object, by the settings of one run."""

    def __init__(self, *, include: Sequence[str] = (), exclude: Sequence[str] = (), by_content: bool = False) -> None:
        """Compile the globs.

        Args:
            include: If any are given, a path must match one of them.
            exclude: A path must match none of them.
            by_content: Whether objects become items if neither their content type nor their name decides.
        """
        self._include = [Glob(glob) for glob in include]
        self._exclude = [Glob(glob) for glob in exclude]
        self._unmatched = dict(zip((*include, *exclude), (*self._include, *self._exclude), strict=True))
        self._takes_all = not (include or exclude)
        self._by_content = by_content

    def decide(self, entry: Entry, path: str) -> Decision:
        """Return the kind of an object; the first row that applies decides.

        | entry | kind |
        |---|---|
        | carries `thumbrun-run` | own |
        | name ends in `/`, no bytes | folder placeholder |
        | no bytes | empty |
        | not included, or excluded | excluded |
        | `text/plain`, without the suffix of an image format | not an image |
        | specific content type | as it says: an image format, an unsupported one, or not an image |
        | suffix of an image format | image or unsupported |
        | suffix of another known type | not an image |
        | anything else | unsettled with detect=content, not an image without |

        Args:
            entry: The object.
            path: The object's name below the source, which the globs are matched against.
        """
        if self._unmatched:  # whatever the entry is, the glob is no slip
            for text in [text for text, glob in self._unmatched.items() if glob.matches(path)]:
                del self._unmatched[text]
        if RUN_MARK in entry.metadata:
            return _OWN
        if entry.size == 0:
            return _PLACEHOLDER if entry.name.endswith("/") else _EMPTY
        if not self._takes_all and not self._included(path):
            return _EXCLUDED
        content_type = entry.content_type or ""
        decision = _by_type(content_type)
        if decision is not None:
            return decision
        by_content = self._by_content and formats.bare_media_type(content_type) != _PLAIN
        return _by_suffix(formats.suffix_of(path), by_content)

    @property
    def unmatched(self) -> list[str]:
        """The globs that have matched none of the paths so far, which a slip can be the cause of."""
        return list(self._unmatched)

    def _included(self, path: str) -> bool:
        if self._include and not any(glob.matches(path) for glob in self._include):
            return False
        return not any(glob.matches(path) for glob in self._exclude)


@lru_cache(_REMEMBERED)
def _by_type(content_type: str) -> Decision | None:
    media_type = formats.bare_media_type(content_type)
    if media_type in _UNSPECIFIC or media_type == _PLAIN or "/" not in media_type:
        return None
    if format_ := formats.by_media_type(media_type):
        return Decision(ObjectKind.IMAGE, format_)
    return Decision(ObjectKind.UNSUPPORTED if media_type.startswith("image/") else ObjectKind.NOT_AN_IMAGE)


@lru_cache(_REMEMBERED)
def _by_suffix(suffix: str, by_content: bool) -> Decision:
    if format_ := formats.by_suffix(suffix):
        return Decision(ObjectKind.IMAGE, format_)
    if suffix in formats.UNSUPPORTED_SUFFIXES:
        return Decision(ObjectKind.UNSUPPORTED)
    if suffix in _KNOWN_TYPES.types_map[True] or not by_content:
        return Decision(ObjectKind.NOT_AN_IMAGE)
    return Decision(ObjectKind.UNDECIDED)
