"""Text from outside, made harmless for whoever reads it. Pure.

Names of objects are data: they may hold line ends, escape sequences that move a terminal's cursor, and characters that
turn the writing direction. Whatever is shown as text passes through here.
"""

_LONGEST = 80


def printable(text: str) -> str:
    r"""Return text that cannot move a terminal's cursor, end a line or turn the writing direction.

    >>> plain("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\\nc'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return text of at most so many characters, cut in its middle: the end of a path or a sentence says most.

    >>> shortened("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= longest:
        return text
    head = (longest - 1) // 2
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"


def quoted(text: str, longest: int = _LONGEST) -> str:
    r"""Return a value as messages show it: in quotes, escaped, and shortened where it is long.

    >>> quoted("a\nb")
    "'a\\nb'"
    """
    return repr(shortened(text, longest))
