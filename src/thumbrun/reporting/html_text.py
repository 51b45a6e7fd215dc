"""Makes HTML of names and other text from outside. Pure."""

import unicodedata
from html import escape

from thumbrun.console import spelt

# These join parts of one emoji or of one letter group; every other invisible character is spelt out.
_JOINERS = frozenset("\u200c\u200d")
_MARKS = frozenset(("Mn", "Me", "Mc"))  # the categories of characters that are drawn on the one before them
_MOST_MARKS = 4  # more combining marks than this on one letter would cover the lines around it


def _runs(value: str) -> list[tuple[bool, str]]:
    """Split text into runs of characters that are safe to show, and runs of others, which are spelt out."""
    runs: list[tuple[bool, str]] = []
    marks = 0
    for character in value:
        if unicodedata.category(character) in _MARKS:
            marks += 1
        elif character not in _JOINERS:  # a mark behind a joiner is drawn on the same letter
            marks = 0
        fair = (character.isprintable() or character in _JOINERS) and marks <= _MOST_MARKS
        shown = character if fair else spelt(character)
        if runs and runs[-1][0] is fair:
            runs[-1] = (fair, runs[-1][1] + shown)
        else:
            runs.append((fair, shown))
    return runs


def attribute(value: str) -> str:
    r"""Return text from outside for an attribute in double quotes, with unprintable characters spelt out.

    >>> attribute('a"\n')
    'a&quot;\\n'
    """
    return escape("".join(text for _, text in _runs(value)), quote=True)


def text(value: str) -> str:
    r"""Return text from outside for an element, isolated from the writing direction around it.

    Characters that cannot be printed or would change that direction are spelt out and marked.

    >>> text("<b>\u202e")
    '<bdi>&lt;b&gt;<span class="odd">\\u202e</span></bdi>'
    """
    return f"<bdi>{''.join(_fair(part) if fair else _odd(part) for fair, part in _runs(value))}</bdi>"


def _fair(part: str) -> str:
    return escape(part).replace("/", "/<wbr>").replace("_", "_<wbr>")  # lets the browser break a long name here


def _odd(part: str) -> str:
    return f'<span class="odd">{escape(part)}</span>'
