"""The parsers of the settings that say what to make: sizes, crops, formats, qualities and names. Pure.

Each returns the value, or raises ValueError with what would be right.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from thumbrun.imaging.geometry import LARGEST_SIDE, Box, box_name, largest_first
from thumbrun.imaging.looks.appearance import KINDS
from thumbrun.imaging.shape import BY_CONTENT, DIRECTIONS, TRANSPARENT
from thumbrun.planning.name_pattern import NamePattern
from thumbrun.settings.values import choice

MOST_SIZES = 16
MOST_QUALITY = 100


def size(value: str) -> tuple[int, int]:
    """Parse a box: its width and height in pixels; a side that is left out is free, and becomes 0.

    >>> size("100"), size("160x90"), size("320x"), size("x200")
    ((100, 100), (160, 90), (320, 0), (0, 200))
    """
    found = re.fullmatch(r"([0-9]{1,5})|([0-9]{0,5})[xX]([0-9]{0,5})", value)
    width, height = (found[1] or found[2], found[1] or found[3]) if found else ("", "")
    if not (width or height) or not all(1 <= int(side) <= LARGEST_SIDE for side in (width, height) if side):
        raise ValueError(f"it must be pixels, like 100, 160x90, 320x or x200, and each side 1 to {LARGEST_SIDE:,}")
    return int(width or 0), int(height or 0)


def sizes(value: str) -> tuple[Box, ...]:
    """Parse boxes that are separated by commas and all different, and return them largest first."""
    parts = value.split(",")
    found = [size(part.strip() if len(parts) > 1 else part) for part in parts]
    if len(found) > MOST_SIZES:
        raise ValueError(f"it must have at most {MOST_SIZES} sizes")
    if twice := [box_name(box) for box in dict.fromkeys(found) if found.count(box) > 1]:
        raise ValueError(f"it repeats {', '.join(twice)}; give each size only once")
    return largest_first(found)


def sizes_to_record(boxes: Sequence[Box]) -> list[Any]:
    """Return one box as its width and height, and several boxes as a list of such pairs, largest first."""
    pairs = [list(box) for box in boxes]
    return pairs if len(pairs) > 1 else pairs[0]


def sizes_from_record(record: Sequence[Any]) -> str:
    """Return the text of a flag for the boxes of a claim."""
    boxes = record if isinstance(record[0], list) else [record]
    return ",".join(box_name((width, height)) for width, height in boxes)


def gravity(value: str) -> str:
    """Parse what a crop shows, also as Americans spell it."""
    return _gravity("centre" if value == "center" else value)


_gravity = choice(*DIRECTIONS, *sorted(BY_CONTENT))


def background(value: str) -> str:
    """Parse a colour: its digits or its name in CSS. Return `#rrggbb`, or `#rrggbbaa` if it is not opaque.

    >>> background("#FFF8E7"), background("navy"), background("#00000080"), background("transparent")
    ('#fff8e7', '#000080', '#00000080', '#00000000')
    """
    colour = value.lower()
    if re.fullmatch(r"#([0-9a-f]{2}){3,4}", colour):
        return TRANSPARENT if colour[7:] == "00" else colour[:7] if colour[7:] == "ff" else colour
    if colour == "transparent":
        return TRANSPARENT
    from thumbrun.imaging.ground import css_colour  # it loads all of Pillow, and few commands name a colour

    if (named := css_colour(colour)) is None:
        raise ValueError("it must be a colour, like #rrggbb, #rrggbbaa, a name of CSS such as white, or transparent")
    return named


def placeholder(value: str) -> str:
    """Parse the kind of a placeholder; an empty text stands for none."""
    return _placeholder(value).replace("none", "")


_placeholder = choice("none", *KINDS)


def placeholder_to_record(value: str) -> str:
    """Return the kind of a placeholder in the form that a claim holds."""
    return value or "none"


def thumbnail_formats(value: str) -> tuple[str, ...]:
    """Parse the formats of the thumbnails, separated by commas, also as they are spelt in the names of files."""
    spelt = [part.strip().lower() for part in value.split(",")] if "," in value else [value.lower()]
    found = tuple(_format("jpeg" if name == "jpg" else name) for name in spelt)
    if twice := [name for name in dict.fromkeys(found) if found.count(name) > 1]:
        raise ValueError(f"it repeats {', '.join(twice)}; give each format only once")
    if len(found) > 1 and "keep" in found:
        raise ValueError("keep cannot go with other formats; give keep alone, or name each format, like webp,jpeg")
    return found


_format = choice("keep", "jpeg", "png", "webp", "avif")


class Qualities(NamedTuple):
    """The qualities of the lossy encoders, from 1 to 100.

    Attributes:
        usual: The quality for every format that `by_format` lacks.
        by_format: The quality for single formats, by name, sorted.
    """

    usual: int
    by_format: tuple[tuple[str, int], ...] = ()

    def of(self, format_: str) -> int:
        """Return the quality for a format."""
        return dict(self.by_format).get(format_, self.usual)


USUAL_QUALITY = 80
_LOSSY = ("jpeg", "webp", "avif")


def qualities(value: str) -> Qualities:
    """Parse a quality, qualities of single formats, or both, separated by commas.

    >>> qualities("85"), qualities("webp=79,avif=50")
    (Qualities(usual=85, by_format=()), Qualities(usual=80, by_format=(('avif', 50), ('webp', 79))))
    """
    usual: list[int] = []
    named: dict[str, int] = {}
    for part in value.split(","):
        format_, equals, number = part.rpartition("=")
        format_ = "jpeg" if format_.lower() == "jpg" else format_.lower()
        wrong = not re.fullmatch(r"[0-9]{1,3}", number) or not 1 <= int(number) <= MOST_QUALITY
        if wrong or (equals and format_ not in _LOSSY):
            raise ValueError(
                f"it must be a whole number, 1 to {MOST_QUALITY}, or one for each format, like webp=79,avif=50; "
                f"{_series(_LOSSY)} have a quality"
            )
        if format_ in named or (usual and not equals):
            raise ValueError(f"it gives the quality {f'of {format_} ' if equals else ''}twice; give it only once")
        if equals:
            named[format_] = int(number)
        else:
            usual.append(int(number))
    return Qualities(usual[0] if usual else USUAL_QUALITY, tuple(sorted(named.items())))


def _series(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def qualities_to_record(value: Qualities) -> Any:
    """Return one quality as a number, and qualities of single formats as an object, whose key `usual` is all others."""
    return {"usual": value.usual, **dict(value.by_format)} if value.by_format else value.usual


def qualities_from_record(record: Any) -> str:
    """Return the text of a flag for the qualities of a claim."""
    if not isinstance(record, dict):
        return str(record)
    return ",".join(str(number) if name == "usual" else f"{name}={number}" for name, number in record.items())


def name_pattern(value: str) -> NamePattern:
    """Parse a pattern of names."""
    return NamePattern.parse(value)


def name_pattern_to_record(value: NamePattern | None) -> str | None:
    """Return the pattern's text."""
    return value.text if value else None


def formats_to_record(formats: Sequence[str]) -> Any:
    """Return one format as its name, and several formats as a list of names."""
    return list(formats) if len(formats) > 1 else formats[0]


def formats_from_record(record: Any) -> str:
    """Return the text of a flag for the formats of a claim."""
    return record if isinstance(record, str) else ",".join(record)
