"""The forms of what is told about the looks of a thumbnail: its dominant colour, and its placeholder. Pure.

A placeholder is a text of a few bytes that a page turns into a blurred picture, to show it until the thumbnail is
there. The text begins with the kind, such as `thumbhash:`, so that a row of the ledger stands for itself, and a cell of
a spreadsheet never begins like a formula.
"""

import re

COLOUR = re.compile(r"#[0-9a-f]{6}")  # red, green and blue in sRGB, as CSS writes them
_PLACEHOLDERS = {
    # 17 to 25 bytes in base64: a header, and half a byte for each of 24 to 38 coefficients (see `thumbhash`).
    "thumbhash": re.compile(r"thumbhash:[A-Za-z0-9+/]{22,36}={0,2}"),
    # 4 x 3 components, or 3 x 4 of a picture that is higher than wide (see `blurhash`).
    "blurhash": re.compile(r"blurhash:[LT][0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{27}"),
}
KINDS = tuple(_PLACEHOLDERS)


def is_colour(text: str) -> bool:
    """Return whether a text has the form of a dominant colour."""
    return COLOUR.fullmatch(text) is not None


def is_placeholder(text: str, kind: str | None = None) -> bool:
    """Return whether a text has the form of a placeholder.

    Args:
        text: The text.
        kind: The kind that it must be of; None for any.
    """
    form = _PLACEHOLDERS.get(kind or text.partition(":")[0])
    return form is not None and form.fullmatch(text) is not None
