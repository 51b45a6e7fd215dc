"""Makes text and numbers fit to be shown to people. Pure, except that a terminal has a width.

Names of objects are data: they can hold line ends, escape sequences that move a terminal's cursor, and characters that
change the writing direction. All text from outside passes through here before thumbrun shows it.
"""

import difflib
import re
import shutil
import textwrap
from collections.abc import Iterable, Mapping
from typing import TextIO

_LONGEST = 80
_NARROWEST = 20
# In a text that `repr` has made: the escape of a byte that is not Unicode, behind backslashes that stand for
# themselves.
_BYTE = re.compile(r"(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])")


def printable(text: str) -> str:
    r"""Return text that cannot move a terminal's cursor, end a line or change the writing direction.

    >>> printable("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\\nc'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else spelt(c) for c in text)


def spelt(character: str) -> str:
    r"""Return the escape of a character that cannot be shown; a byte of a file name that is not Unicode is that byte.

    >>> spelt("\n"), spelt("\u202e"), spelt("\udcff")
    ('\\n', '\\u202e', '\\xff')
    """
    if "\udc80" <= character <= "\udcff":
        return as_unicode(character)
    return character.encode("unicode_escape").decode("ascii")


def as_unicode(text: str) -> str:
    r"""Return text that every reader takes: the bytes of a file name that are not Unicode are escaped.

    >>> as_unicode("a\udcff")
    'a\\xff'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return the text, cut in its middle if it has more characters than `longest`.

    The cut is in the middle because the end of a path or a sentence says most.

    >>> shortened("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= longest:
        return text
    head = (longest - 1) // 2
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"


def quoted(text: str, longest: int = _LONGEST) -> str:
    r"""Return a value as messages show it: in quotes, escaped as `printable` does it, and shortened if it is long.

    A backslash is doubled, so that it is not taken for the beginning of an escape.

    >>> print(quoted("a\nb"), quoted("a\udcff"), quoted(r"a\udcff"))
    'a\nb' 'a\xff' 'a\\udcff'
    """
    return _BYTE.sub(r"\1\\x\2", repr(shortened(text, longest)))


def did_you_mean(text: str, known: Iterable[str], *, mark: str = "'") -> str:
    """Return the end of a sentence that names what a text most likely means, or an empty text.

    >>> did_you_mean("rum", ["run", "plan"]), did_you_mean("x", ["run"])
    ("; did you mean 'run'?", '')
    """
    close = difflib.get_close_matches(text, list(known), 1)
    return f"; did you mean {mark}{close[0]}{mark}?" if close else ""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular or the plural.

    >>> counted(0, "image"), counted(1, "image"), counted(2000, "image")
    ('0 images', '1 image', '2,000 images')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def by_count(counts: Mapping[str, int]) -> str:
    """Return how often there was what, the most frequent first.

    >>> by_count({"timeout": 1, "truncated": 2000})
    '2,000 truncated, 1 timeout'
    """
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items(), key=lambda one: -one[1]))


def dollars(usd: float) -> str:
    """Return US dollars as people read them; less than a cent with the digits that count.

    >>> dollars(5.901), dollars(1234.5), dollars(0.0312), dollars(0.00047), dollars(0.00001), dollars(0)
    ('$5.90', '$1,234.50', '$0.03', '$0.0005', '<$0.0001', '$0.00')
    """
    if 0 < usd < 0.00005:
        return "<$0.0001"
    return f"${usd:.4f}" if 0 < usd < 0.01 else f"${usd:,.2f}"


def wrapped(text: str, width: int | None, *, indent: str = "", prose: bool = False) -> str:
    r"""Return text in lines of at most a width, broken between words only: a longer word has a line of its own.

    A command stays whole, so that you can copy it: a line that begins with spaces and `thumbrun` or `$`, and what
    follows `: thumbrun `, which gets a line of its own.

    >>> wrapped("one two three four five", 20, indent="  ")
    'one two three four\n  five'

    Args:
        text: The text; each of its lines is wrapped for itself.
        width: The width in characters, or None to wrap nothing; less than 20 counts as 20.
        indent: What the further lines of a wrapped line begin with, beside the spaces that the line itself begins with.
        prose: Whether the text holds no command, so that `: thumbrun ` begins no line of its own.
    """
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _lines(line, max(width, _NARROWEST), indent, prose))


def _lines(line: str, width: int, indent: str, prose: bool) -> list[str]:
    if len(line) <= width or line.startswith(("  thumbrun ", "  $ ")):
        return [line]
    margin = " " * (len(line) - len(line.lstrip(" ")))
    words, command, rest = (line, "", "") if prose else line.partition(": thumbrun ")
    lines = textwrap.wrap(
        f"{words}:" if command else line,
        width,
        subsequent_indent=margin + indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return [*lines, f"  thumbrun {rest}"] if command else lines


def width_of(stream: TextIO | None) -> int | None:
    """Return the width of the terminal that a stream is, in characters, or None if it is none, or closed."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None
