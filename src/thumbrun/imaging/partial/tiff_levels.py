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

    Directories may lie anywhere, so each takes a request: behind one that is large enough, the first that is not ends
    the search, as versions become smaller. Before it, it may be a picture of another kind.

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
        if not _is_smaller(tiff, level, chosen):
            continue
        if _is_enough(tiff, level, chosen, width, height):
            chosen = level
        elif chosen is not first:
            break
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


def _is_smaller(tiff: Tiff, level: Directory, than: Directory) -> bool:
    """Whether a directory holds the same picture in a smaller size."""
    if tiff.number(level, _SUBFILE) != _REDUCED:
        return False
    if tiff.number(level, _PHOTOMETRIC) != tiff.number(than, _PHOTOMETRIC):
        return False
    across, down, wide, high = *_size(tiff, level), *_size(tiff, than)
    return 0 < across < wide and 0 < down < high and abs(across * high - down * wide) <= 2 * max(wide, high)


def _is_enough(tiff: Tiff, level: Directory, than: Directory, width: int, height: int) -> bool:
    """Whether a smaller version makes the same thumbnail, whichever way it lies."""
    across, down = _size(tiff, level)
    margin = _MARGIN if tiff.number(level, _COMPRESSION) in _WITHOUT_LOSS else _MARGIN_WITH_LOSS
    for box in ((width, height), (height, width)):
        thumbnail = fit(*_size(tiff, than), *box)
        # Its sides were rounded; that must not make another thumbnail.
        if thumbnail != fit(across, down, *box) or across < margin * thumbnail[0] or down < margin * thumbnail[1]:
            return False
    return True


def _size(tiff: Tiff, directory: Directory) -> tuple[int, int]:
    return tiff.number(directory, _WIDTH), tiff.number(directory, _HEIGHT)
