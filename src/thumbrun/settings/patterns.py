"""Finds slips in the patterns of `--include` and `--exclude`: one that matches nothing would be ignored in silence."""

import os
import re
from collections.abc import Iterable

from thumbrun.console import quoted
from thumbrun.formats import UNSUPPORTED_SUFFIXES, by_suffix
from thumbrun.storage.location import Location

_TWO = re.compile(r"\S*[*?]\S* +[*?]\.\S*")  # such as `*.jpg *.png`


def pattern_problem(globs: Iterable[str]) -> str | None:
    """Return why a pattern is one of another program's and what to give instead, or None; the first row decides.

    The commas have split the patterns already, so `*.{jpg,png}` is two of them. A `?` stands for any character, so it
    can stand for one that a pattern cannot have.

    | pattern | why |
    |---|---|
    | has a brace that is opened or closed alone | braces have no meaning |
    | has a `;`, or a space before a second pattern | commas separate patterns |
    | begins with `!` | the other flag turns a pattern round |
    | has a part `..` | paths are those below the source |
    | begins with `gs://`, `file:` or `~/` | paths are those below the source |
    """
    for glob in globs:
        if glob.count("{") != glob.count("}"):
            return "braces have no meaning here; give each pattern of its own, like '*.jpg,*.png' (? is any character)"
        if ";" in glob or _TWO.fullmatch(glob):
            return "separate patterns with commas, like '*.jpg,*.png' (? is any character, also a ; or a space)"
        if glob.startswith("!"):
            return "! has no meaning here; --include takes paths, and --exclude leaves paths out (? is any character)"
        if ".." in glob.split("/"):
            return f"{quoted(glob)} leads out of the source; a pattern is a path below the source"
        if glob.startswith(("gs://", "file:", "~/")):
            return f"{quoted(glob)} is a whole place; a pattern is a path below the source, like drafts or *.png"
    return None


def pattern_outside(globs: Iterable[str], source: Location) -> str | None:
    """Return what to give instead of an absolute path of this machine, or None if there is none.

    A `/` in front ties a pattern to the source, so a path is absolute only if it exists, and not below the source.
    """
    root = source.root.rstrip("/")
    for glob in globs if source.scheme == "file" and root else ():
        if glob.startswith(f"{root}/"):
            return f"a pattern is a path below the source; did you mean {quoted(glob.removeprefix(f'{root}/'))}?"
        head, *more = re.split(r"[*?\[]", glob)
        fixed = (head.rpartition("/")[0] if more else head).rstrip("/")
        if glob.startswith("/") and fixed and os.path.lexists(fixed) and not os.path.lexists(root + fixed):
            return f"{quoted(glob)} is a path of this machine; a pattern is a path below the source"
    return None


def suffixes_meant(globs: Iterable[str]) -> list[str]:
    """Return the patterns for the names of images that some globs most likely mean.

    >>> suffixes_meant(["png", ".JPG", "drafts"])
    ['*.png', '*.JPG']
    """
    bare = [glob.removeprefix(".") for glob in globs]
    return [f"*.{suffix}" for suffix in bare if _is_suffix(f".{suffix.lower()}")]


def _is_suffix(text: str) -> bool:
    return by_suffix(text) is not None or text in UNSUPPORTED_SUFFIXES
