"""Which smaller version of a TIFF's first page is enough for a thumbnail (TIFF Technical Note 1 for SubIFDs). Pure."""

from collections.abc import Iterator

from thumbrun.imaging.geometry import fit
from thumbrun.imaging.partial.tiff_directories import Directory, Tiff

_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _SUB_DIRECTORIES = 254, 256, 257, 259, 262, 330
_REDUCED = 1
# How many times larger than the thumbnail a smaller version must be. Against the first page: 54 dB with 3. What was
# compressed with loss once more has 37 dB with 3, 47 with 10.
_MARGIN, _MARGIN_WITH_LOSS = 3, 12
_WITHOUT_LOSS = frozenset((1, 5, 8, 32773, 32946, 34925, 50000))
_MOST_LEVELS = 24


def smallest(tiff: Tiff, first: Directory, following: int, width: int, height: int) -> Directory:
    """Return the smallest version of the first page that is large enough, which may be the page itself.

    Args:
        tiff: The file.
        first: Its first directory.
        following: Where the next one is, 0 if there is none.
        width: Of the largest box, in pixels.
        height: As width.

    Raises:
        MissingError: More bytes are needed.
        OddError, struct.error: The file is broken.
    """
    chosen = first
    for level in _levels(tiff, first, following):
        if _is_better(tiff, level, chosen, width, height):
            chosen = level
    return chosen


def _levels(tiff: Tiff, first: Directory, following: int) -> Iterator[Directory]:
    """Yield the smaller versions of the first page: its own directories', and those that follow it."""
    if _SUB_DIRECTORIES in first:
        for at in tiff.numbers(first[_SUB_DIRECTORIES])[:_MOST_LEVELS]:
            yield tiff.directory(at)[0]
    for _ in range(_MOST_LEVELS):
        if not following:
            return
        level, following = tiff.directory(following)
        if tiff.number(level, _SUBFILE) != _REDUCED:
            return
        yield level


def _is_better(tiff: Tiff, level: Directory, than: Directory, width: int, height: int) -> bool:
    """Whether a directory holds the same picture in a smaller size that is still large enough."""
    if tiff.number(level, _SUBFILE) != _REDUCED:
        return False
    if tiff.number(level, _PHOTOMETRIC) != tiff.number(than, _PHOTOMETRIC):
        return False
    across, down = tiff.number(level, _WIDTH), tiff.number(level, _HEIGHT)
    wide, high = tiff.number(than, _WIDTH), tiff.number(than, _HEIGHT)
    if not 0 < across < wide or not 0 < down < high or abs(across * high - down * wide) > 2 * max(wide, high):
        return False
    margin = _MARGIN if tiff.number(level, _COMPRESSION) in _WITHOUT_LOSS else _MARGIN_WITH_LOSS
    for box in ((width, height), (height, width)):
        thumbnail = fit(wide, high, *box)
        # Its sides were rounded; that must not make another thumbnail.
        if thumbnail != fit(across, down, *box) or across < margin * thumbnail[0] or down < margin * thumbnail[1]:
            return False
    return True
