"""A pattern of names, such as `{dir}/{stem}_{width}.{ext}`, says how the thumbnails of an image are named. Pure.

| field | stands for, of `trips/2024/IMG 1.JPG` in a box of 320x240, as WebP |
|---|---|
| `{path}` | the path below the source: `trips/2024/IMG 1.JPG` |
| `{dir}` | the folder of the path: `trips/2024`; if it is empty, a slash after it goes too |
| `{name}` | the file name: `IMG 1.JPG` |
| `{stem}` | the file name without its extension: `IMG 1` |
| `{ext}` | the extension of the thumbnail: `webp`; with the format keep, the image's own if it fits |
| `{format}` | the format of the thumbnail: `webp` |
| `{hash}` | 16 hexadecimal digits of the SHA-256 of the path |
| `{width}`, `{height}` | the sides of the box: `320` and `240`; a free side is empty |

`{{` and `}}` stand for braces. A name that does not end with an extension of its format gets one.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from thumbrun import formats
from thumbrun.imaging.geometry import Box, box_name

FIELDS = ("path", "dir", "name", "stem", "ext", "format", "hash", "width", "height")
UNNAMED = "unnamed"  # the stem of a path that ends with a slash
HASH_DIGITS = 16
_STEMS = (("path", True), ("name", True), ("stem", True))  # fields that hold the stem, where a mark can go
_LONGEST = 500  # characters
_TOKENS = re.compile(r"\{([a-z]+)\}|(\{\{)|(\}\})|([^{}]+)")
_SAMPLE = "folder/picture.jpg"
_BOUND: Box = (1, 1)  # a box without a free side


class Target(NamedTuple):
    """What a name is made for.

    Attributes:
        box: The box of the thumbnail, in pixels.
        format: Its format.
        keeps: Whether this is the format of the image itself, because the recipe keeps formats.
    """

    box: Box
    format: str
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern of names.

    Attributes:
        text: The pattern, as a setting gives it.
        parts: Its parts in order; each is a text and whether it is a field.
    """

    text: str
    parts: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, text: str) -> "NamePattern":
        """Return the pattern in a text.

        Raises:
            ValueError: It is no pattern; the error says what would be right.
        """
        parts: list[tuple[str, bool]] = []
        at = 0
        for token in _TOKENS.finditer(text):
            if token.start() != at:
                break
            at = token.end()
            if token[1]:
                parts.append((token[1], True))
            else:
                parts.append(((token[2] and "{") or (token[3] and "}") or token[4], False))
        fields = ", ".join(f"{{{name}}}" for name in FIELDS)
        odd = [name for name, is_field in parts if is_field and name not in FIELDS]
        if braced := re.match(r"\{([^{}]*)\}", text[at:]):  # a field that is spelt like none
            odd.append(braced[1])
        if odd:
            raise ValueError(f"{{{odd[0]}}} is no field; the fields are {fields}")
        if at < len(text):
            raise ValueError(f"a brace stands alone in it; the fields are {fields}, and {{{{ and }}}} stand for braces")
        if not 0 < len(text) <= _LONGEST:
            raise ValueError(f"it must have 1 to {_LONGEST} characters, like {{stem}}_{{width}}.{{ext}}")
        if "\0" in text or not text.isprintable():
            raise ValueError("it must be one line without control characters, like {stem}_{width}.{ext}")
        literal = "".join("x" if is_field else part for part, is_field in parts).split("/")
        if literal[0] == "" or literal[-1] == "" or {"", ".", ".."} & set(literal):
            raise ValueError("it must be a path without empty parts, . and .., like {dir}/{stem}_{width}.{ext}")
        return cls(text, tuple(parts))

    @property
    def has_folders(self) -> bool:
        """Whether its names can have folders."""
        return any("/" in part if not is_field else part in ("path", "dir") for part, is_field in self.parts)

    def expanded(self, path: str, target: Target, mark: str = "", shorter: int = 0) -> str:
        """Return a name.

        Args:
            path: The image's path below the source.
            target: What the name is made for.
            mark: What goes behind the stem to tell the name from others.
            shorter: The bytes that the stem must lose, if it has more than one character.
        """
        folder, slash, file_name = path.rpartition("/")
        suffix = file_name[len(file_name) - len(formats.suffix_of(file_name)) :]
        stem = (file_name.removesuffix(suffix) if suffix else file_name) or UNNAMED
        marked = cut(stem, len(utf8(stem)) - shorter) + mark
        last = max((place for place, part in enumerate(self.parts) if part in _STEMS), default=-1)
        made = ""
        for place, (part, is_field) in enumerate(self.parts):
            here = marked if place == last else stem
            if not is_field:
                gone = place and self.parts[place - 1] == ("dir", True) and not folder
                made += part.removeprefix("/") if gone else part
            elif part == "path":
                made += f"{folder}{slash}{here}{suffix}"
            elif part == "name":
                made += f"{here}{suffix}"
            elif part == "stem":
                made += here
            else:
                made += _value(part, folder, path, suffix, target)
        if last < 0 and mark:
            at = len(made) - len(formats.suffix_of(made))
            made = f"{made[:at]}{mark}{made[at:]}"
        return made + ("" if self._fits(made, target) else formats.BY_NAME[target.format].suffixes[0])

    def _fits(self, name: str, target: Target) -> bool:
        """Whether a name needs no further extension."""
        ends = self.parts[-1] in (("path", True), ("name", True))
        return (target.keeps and ends) or formats.suffix_of(name) in formats.BY_NAME[target.format].suffixes


def _value(field: str, folder: str, path: str, suffix: str, target: Target) -> str:
    """Return the value of a field that does not hold the stem."""
    match field:
        case "dir":
            return folder
        case "ext":
            suffixes = formats.BY_NAME[target.format].suffixes
            return (suffix if target.keeps and suffix.lower() in suffixes else suffixes[0]).removeprefix(".")
        case "format":
            return target.format
        case "hash":
            return path_hash(path)[:HASH_DIGITS]
    side = target.box[0 if field == "width" else 1]
    return str(side) if side else ""


def path_hash(path: str) -> str:
    """Return the SHA-256 of a path below the source, in hexadecimal digits."""
    return hashlib.sha256(utf8(path)).hexdigest()


def utf8(text: str) -> bytes:
    """Return the bytes of a name, as stores hold it."""
    return text.encode("utf-8", "surrogateescape")


def cut(stem: str, room: int) -> str:
    """Return as much of a stem as fits into `room` bytes of UTF-8, at least one character."""
    if len(utf8(stem)) <= room:
        return stem
    return utf8(stem)[: max(room, 0)].decode("utf-8", "ignore") or stem[0]


def pattern_mistake(pattern: NamePattern, boxes: Sequence[Box], formats_: Sequence[str]) -> str | None:
    """Return why a pattern cannot name the thumbnails of a recipe, and what to add; None if it can.

    Args:
        pattern: The pattern.
        boxes: The boxes of the recipe.
        formats_: Its formats.
    """
    targets = [Target(box, "jpeg" if name == "keep" else name) for box in boxes for name in formats_]
    seen: dict[str, Target] = {}
    for target in targets:
        name = pattern.expanded(_SAMPLE, target)
        if name in seen:
            return _alike(seen[name], target)
        if 0 in target.box and (side := _empty_side(pattern, target)):
            return (
                f"its {{{side}}} is empty for {box_name(target.box)}, so a folder or a file would have no name; leave "
                f"{{{side}}} out, or write more beside it, like {{width}}x{{height}}"
            )
        seen[name] = target
    return None


def _alike(one: Target, other: Target) -> str:
    """Return what a pattern lacks that gives two thumbnails of an image the same name."""
    if one.box == other.box:
        return f"it gives {one.format} and {other.format} the same name; add {{ext}} or {{format}}"
    needed = "{width} or {height}"
    if one.box[0] == other.box[0]:
        needed = "{height}"
    elif one.box[1] == other.box[1]:
        needed = "{width}"
    return f"it gives {box_name(one.box)} and {box_name(other.box)} the same name; add {needed}"


def _empty_side(pattern: NamePattern, target: Target) -> str:
    """Return the free side of a box that leaves a part of a path, or a file's stem, empty; else an empty text."""
    parts = pattern.expanded(_SAMPLE, target).split("/")
    *_, file_name = pattern.expanded(_SAMPLE, target._replace(box=_BOUND)).split("/")
    if "" not in parts and (not parts[-1].startswith(".") or file_name.startswith(".")):
        return ""
    return "height" if target.box[0] else "width"
