"""Matches paths against globs, in time that grows only with the length of the path. Pure.

A path is data: anybody who can write to the source chooses it. A regular expression tries the stars of a glob in every
combination, so that `*-*-*-*.jpg` takes a minute for one name of a thousand dashes. This follows all combinations at
once instead: a set of places in the glob, as the bits of a number. It remembers where each character leads from each
set, so that most characters take one lookup.
"""

import re
import warnings

_NOTHING, _ANYTHING = re.compile("(?!)"), re.compile(".", re.DOTALL)
_MOST_REMEMBERED = 10_000  # steps; names are data, so the memory for them is bounded


class Glob:
    """A pattern for paths below the source, much as in a `.gitignore`.

    `*` and `?` stay within a folder, `**` crosses folders, and `[…]` is a set of characters. Upper and lower case are
    the same. A glob without `/` is matched against names at any depth; a `/` at its beginning or within it ties it to
    the source. A glob that matches a folder takes all that lies below it; one that ends in `/` takes nothing else. Only
    a glob that ends in `/*` means just what lies in the folder itself.

    >>> Glob("*.jpg").matches("a/B.JPG"), Glob("a/*.jpg").matches("a/b/c.jpg"), Glob("a").matches("a/b/c.jpg")
    (True, False, True)
    """

    def __init__(self, glob: str) -> None:
        """Compile a glob.

        Raises:
            re.error: A range in brackets goes downwards.
        """
        self._accepts: list[re.Pattern[str]] = []  # what each place takes
        self._stars = 0  # the places that take any number of characters
        self._folders = 0  # the places before a `**/`: they take no character and lead into it, or past it
        position = 0
        is_folder = glob.endswith("/")
        glob = glob.rstrip("/")
        tied = "/" in glob
        glob = glob.removeprefix("./").lstrip("/")
        if not tied:
            self._add("**/", 0)
        while position < len(glob):
            position = self._add(glob, position)
        itself = 1 << len(self._accepts)
        below = itself << 1  # behind the slash that follows a folder's name
        self._accepts += [re.compile("/"), _ANYTHING]
        self._stars |= below
        takes_below = is_folder or not tied or glob.rpartition("/")[2] != "*"
        self._end = (0 if is_folder else itself) | (below if takes_below else 0)
        self._forget()

    def matches(self, path: str) -> bool:
        """Return whether the glob matches a whole path."""
        if self._remembered > _MOST_REMEMBERED:
            self._forget()
        found = self._start
        for character in path:
            found = found[character]
        return bool(found.places & self._end)

    def step(self, places: int, character: str) -> "_Places":
        """Return the places to which a character leads."""
        taken = places & sum(1 << place for place, takes in enumerate(self._accepts) if takes.fullmatch(character))
        after = self._with_skips(((taken & ~self._stars) << 1) | (taken & self._stars))
        self._remembered += 1
        return self._known.setdefault(after, _Places(self, after))

    def _forget(self) -> None:
        self._remembered = 0
        self._known: dict[int, _Places] = {}
        self._start = _Places(self, self._with_skips(1))

    def _add(self, glob: str, position: int) -> int:
        """Add the places of the token at a position; return the position behind the token."""
        rest = glob[position:]
        if rest.startswith("**/"):
            self._folders |= 1 << len(self._accepts)
            self._stars |= 2 << len(self._accepts)
            self._accepts += [_NOTHING, _ANYTHING, re.compile("/")]
            return position + 3
        here = 1 << len(self._accepts)
        if rest.startswith("**"):
            self._stars |= here
            self._accepts.append(_ANYTHING)
            return position + 2
        if characters := re.match(r"\[(!?)([^]]+)]", rest):
            negated, members = characters.groups()
            members = members.replace("\\", r"\\").replace("^", r"\^").replace("[", r"\[")
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # `--` and `&&` are themselves
                self._accepts.append(re.compile(f"[{'^' if negated else ''}{members}]", re.IGNORECASE))
            return position + characters.end()
        if rest[0] == "*":
            self._stars |= here
        self._accepts.append(re.compile("[^/]" if rest[0] in "*?" else re.escape(rest[0]), re.IGNORECASE))
        return position + 1

    def _with_skips(self, places: int) -> int:
        """Add the places that are reached without a character: behind a star, and both in and behind a `**/`."""
        while True:
            folders = places & self._folders
            more = places | (places & self._stars) << 1 | folders << 1 | folders << 3
            if more == places:
                return places
            places = more


class _Places(dict[str, "_Places"]):
    """A set of places in a glob, and where each character leads from there, as far as that is known."""

    __slots__ = ("_glob", "places")

    def __init__(self, glob: Glob, places: int) -> None:
        super().__init__()
        self._glob = glob
        self.places = places

    def __missing__(self, character: str) -> "_Places":
        found = self[character] = self._glob.step(self.places, character)
        return found
