"""Rows as lines of columns."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], aligned: str) -> list[str]:
    """Return rows as lines with columns as narrow as the content allows, so that they fit into a narrow terminal.

    >>> columns([("1", "a", "x"), ("10", "bc", "")], "><<")
    ['   1  a   x', '  10  bc']

    Args:
        rows: The cells of each row.
        aligned: `<` or `>` for each column: whether it is flush left or right.
    """
    wide = [max((len(row[column]) for row in rows), default=0) for column in range(len(aligned))]
    return [
        "  " + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, wide, strict=True)).rstrip()
        for row in rows
    ]
