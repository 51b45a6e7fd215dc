"""Text from outside as HTML, and numbers as people read them. Pure."""

import unicodedata
from html import escape

# Joins parts of one emoji or of one letter group; every other invisible character is spelt out.
_JOINERS = frozenset("\u200c\u200d")
_MOST_MARKS = 4  # more combining marks than this on one letter pile up over the lines around it


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _runs(value: str) -> list[tuple[bool, str]]:
    """Split text into runs of characters that may be shown and runs, spelt out, of those that may not."""
    runs: list[tuple[bool, str]] = []
    marks = 0
    for character in value:
        marks = marks + 1 if unicodedata.combining(character) else 0
        fair = (character.isprintable() or character in _JOINERS) and marks <= _MOST_MARKS
        shown = character if fair else _spelt(character)
        if runs and runs[-1][0] is fair:
            runs[-1] = (fair, runs[-1][1] + shown)
        else:
            runs.append((fair, shown))
    return runs


def attribute(value: str) -> str:
    r"""Return text from outside for an attribute in double quotes: what cannot be printed is spelt out.

    >>> attribute('a"\n')
    'a&quot;\\n'
    """
    return escape("".join(text for _, text in _runs(value)), quote=True)


def text(value: str) -> str:
    r"""Return text from outside for an element, set apart from the writing direction around it.

    What cannot be printed, and what would turn that direction, is spelt out and marked as such.

    >>> text("<b>\u202e")
    '<bdi>&lt;b&gt;<span class="odd">\\u202e</span></bdi>'
    """
    return f"<bdi>{''.join(_fair(part) if fair else _odd(part) for fair, part in _runs(value))}</bdi>"


def _fair(part: str) -> str:
    return escape(part).replace("/", "/<wbr>").replace("_", "_<wbr>")  # where a long name may be broken


def _odd(part: str) -> str:
    return f'<span class="odd">{escape(part)}</span>'


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> count(1, "image"), count(2000, "image")
    ('1 image', '2,000 images')
    """
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def size(amount: int) -> tuple[str, str]:
    """Return bytes as a number of three digits at most and its unit, powers of ten.

    >>> size(999), size(1_234_567), size(183_800), size(999_999)
    (('999', 'bytes'), ('1.2', 'MB'), ('184', 'kB'), ('1.0', 'MB'))
    """
    if amount < 1000:
        return f"{amount:,}", "byte" if amount == 1 else "bytes"
    value, unit = amount / 1000, "kB"
    for larger in ("MB", "GB", "TB", "PB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return (f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"), unit


def duration(seconds: float) -> tuple[str, str]:
    """Return a time as a number and its unit.

    >>> duration(4.24), duration(192), duration(3840)
    (('4.2', 's'), ('3:12', 'min'), ('1:04', 'h'))
    """
    if seconds < 59.95:
        return f"{seconds:.1f}", "s"
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60:,}:{minutes % 60:02d}", "h"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}", "min"


def saving(source: int, output: int) -> str:
    """Return how much smaller the output is than the source, in words for after 'The thumbnails are …'.

    >>> saving(1000, 37), saving(100_000, 37), saving(10, 20), saving(0, 0)
    ('96 % smaller', '99.96 % smaller', 'not smaller', '')
    """
    if source <= 0:
        return ""
    if output >= source:
        return "not smaller"
    percent = 100 * (1 - output / source)
    for digits in (0, 1, 2):
        rounded = f"{percent:.{digits}f}"
        if float(rounded) < 99.5 or digits == 2:
            break
    return f"{min(float(rounded), 99.99):g} % smaller"
