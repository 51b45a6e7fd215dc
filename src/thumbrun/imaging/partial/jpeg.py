"""Chooses the scans of a progressive JPEG that a thumbnail needs (ITU-T T.81, annexes B and G). Pure.

A decoder that divides by eight uses only the mean (DC) of each block. One that divides by four uses three more
coefficients. For colours that are stored at half the size, a decoder uses as many more as make up for that. thumbrun
can leave out all other scans, and the last bits of the coefficients in use, because that hardly shows:

| luma at 1/8, against the thumbnail, at least | colours, both ways | scans |
|---|---|---|
| 4.9 times, 3,200 pixels, quality 85 | halved | the first of the means |
| 2.3 times, quality 70 | not halved | the first of the means |
| 2.3 times, quality 70 | halved | the first of the means and of the colours |
| 1.5 times | any | all of the means, the first of all else |

Below that, or if the file is unlike that of any encoder, a thumbnail needs all of it.
"""

from collections.abc import Sequence

from thumbrun.imaging.geometry import INTERPOLATED, JPEG_MARGIN, Box
from thumbrun.imaging.partial.jpeg_bits import stand_ins
from thumbrun.imaging.partial.jpeg_scans import Frame, OddJpegError, Scan, all_scans, next_scan, read_frame, units_of
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.partial.part import Piece, copy
from thumbrun.imaging.shape import Shape

_EOI_BYTES = b"\xff\xd9"

# The table's first column. A decoder divides by eight only if enough pixels remain.
_EIGHTH, _MEANS_HALVED, _QUARTER = JPEG_MARGIN, 4.9, 1.5
_SMOOTH = 3200  # pixels of a picture's longer side; smaller pictures have more detail in each pixel, also in colour
# Quantisers of means, times the largest value of the bits that their first scans leave out: 5 at quality 85, 10 at 70.
# Above the first, stand-ins replace these bits; above the second, thumbrun reads them.
_FINE, _COARSEST = 5, 10
_LOW = frozenset((1, 2, 4))  # the coefficients of two by two samples beside the mean, in zigzag numbers
_ALL = frozenset(range(1, 64))
_MOST_LACKING = 2  # last bits that any coefficient beside the mean may lack
_SCANS = 64  # scans to look at from the start of a file; every encoder makes fewer


def part(known: KnownBytes, boxes: Sequence[Box], shape: Shape) -> list[Piece] | None:
    """Return the pieces of a file of the scans that a thumbnail needs, None if it needs all scans.

    Args:
        known: The known bytes of the file.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.

    Raises:
        MissingError: More bytes are needed; all of them, if it takes more than the first scans.
    """
    try:
        frame = read_frame(known)
        margin = _margin(frame, boxes, shape)
        if margin >= _EIGHTH and (few := _first_scans(known, frame, margin)):
            passed = all_scans(known, frame, few[-1].end)  # a scan can use a table before one that is left out
            return _file(frame, passed, frozenset(few), frozenset(), _bits(frame, few))
        if margin < _QUARTER:
            return None
        if len(known.head) < known.size:
            raise MissingError(len(known.head), known.size)
        scans = all_scans(known, frame)
        chosen, exact = _chosen(frame, scans, quarter=margin < _EIGHTH)
        return _file(frame, scans, chosen, exact) if len(chosen) < len(scans) else None
    except OddJpegError:
        return None


def _margin(frame: Frame, boxes: Sequence[Box], shape: Shape) -> float:
    """Return how many times larger than the thumbnail the picture at 1/8 is, upright or turned.

    This is the smaller of both values, which differ if a side of the thumbnail is rounded. Where colours have half the
    samples one way only, the decoder cannot make up for that, so the picture counts as smaller that way.
    """
    margins = []
    fewer_across, fewer_down = frame.halved_once()
    less_across, less_down = (2 * INTERPOLATED if fewer else 1 for fewer in (fewer_across, fewer_down))
    upright = shape.scaled(frame.width, frame.height, boxes)
    turned = shape.scaled(frame.height, frame.width, boxes)
    for across, down in (upright, turned[::-1]):
        margins.append(min(frame.width / (across * less_across), frame.height / (down * less_down)) / 8)
    return min(margins)


def _first_scans(known: KnownBytes, frame: Frame, margin: float) -> list[Scan]:
    """Return the scans with the first bits of the means, and those that make up for the half size of colours.

    Return none if the file has other scans before these, or if these leave out too many bits.
    """
    means = set(frame.components)
    halved = {name for name, component in frame.components.items() if frame.halved(component)}
    enough = margin >= _MEANS_HALVED and max(frame.width, frame.height) >= _SMOOTH
    colours = {(name, coefficient) for name in halved for coefficient in _LOW}
    scans: list[Scan] = []
    at = frame.scans
    for _ in range(_SCANS):
        scan = next_scan(known, frame, at)
        if scan is None or scan.high:
            return []
        at = scan.end
        if scan.first == 0:
            coarseness = _coarseness(frame, scan)
            if coarseness > _COARSEST or not _has_all_means(frame, scan):
                return []
            if enough and coarseness <= _FINE:
                colours -= {(name, coefficient) for name in scan.components for coefficient in _LOW}
            means -= set(scan.components)
            scans.append(scan)
            if colours and not means:
                _ask_ahead(known, frame, at)
        elif brought := {(name, c) for name, c in colours if name in scan.components and scan.holds(c)}:
            if scan.low > _MOST_LACKING:
                return []
            colours -= brought
            scans.append(scan)
        if not means and not colours:
            return scans
    return []


def _has_all_means(frame: Frame, scan: Scan) -> bool:
    """Whether the first scan of means is long enough to hold them: each takes a bit at least (G.1.2.1).

    A shorter one is broken, and stand-ins for the bits that its means lack would be larger than the scan itself.
    """
    units, blocks = units_of(frame, scan.components)
    return 8 * (scan.end - scan.start) >= units * blocks


def _bits(frame: Frame, scans: list[Scan]) -> list[Piece]:
    """Return stand-ins for the last bits of the means, or nothing if these bits hardly show."""
    means = [scan for scan in scans if scan.first == 0]
    if all(_coarseness(frame, scan) <= _FINE for scan in means):
        return []
    return stand_ins(frame, {name: scan.low for scan in means for name in scan.components})


def _coarseness(frame: Frame, scan: Scan) -> int:
    """Return the largest quantiser of a scan's means, times the largest value of the bits that the scan leaves out."""
    found = 0
    for name in scan.components:
        quantiser = frame.quantisers.get(frame.components[name].table)
        if not quantiser:  # it is missing, or zero: then every mean is zero, and may lack any number of bits
            raise OddJpegError
        found = max(found, quantiser * ((1 << scan.low) - 1))
    return found


def _ask_ahead(known: KnownBytes, frame: Frame, means_end: int) -> None:
    """Ask for as many bytes again as the means took, unless they are known.

    The colours follow the means closely, and another request would take time.
    """
    likely = min(known.size, 2 * means_end - frame.scans)
    if len(known.head) < likely:
        raise MissingError(len(known.head), likely)


def _chosen(frame: Frame, scans: list[Scan], *, quarter: bool) -> tuple[frozenset[Scan], frozenset[int]]:
    """Choose the scans for a decoder that divides by eight or by four, and the tables that it uses completely."""
    chosen: set[Scan] = set()
    exact: set[int] = set()
    for name, component in frame.components.items():
        own = [scan for scan in scans if name in scan.components]
        chosen |= _whole_means([scan for scan in own if scan.first == 0])
        halved = frame.halved(component)
        if not quarter and not halved:
            continue
        needed, most = (_ALL, 1) if quarter and halved else (_LOW, _MOST_LACKING)
        if needed == _ALL:
            exact.add(component.table)
        first = [scan for scan in own if not scan.high and any(map(scan.holds, needed))]
        if any(scan.low > most for scan in first) or not all(any(scan.holds(n) for scan in first) for n in needed):
            raise OddJpegError
        chosen |= set(first)
    return frozenset(chosen), frozenset(exact)


def _whole_means(scans: list[Scan]) -> set[Scan]:
    """Return a component's scans of means, after checking that they continue each other to the last bit."""
    low = 0
    for index, scan in enumerate(scans):
        if scan.high != low or (index and scan.low != scan.high - 1):
            raise OddJpegError
        low = scan.low
    if low or not scans:
        raise OddJpegError
    return set(scans)


def _file(
    frame: Frame, scans: list[Scan], chosen: frozenset[Scan], exact: frozenset[int], more: list[Piece] | None = None
) -> list[Piece]:
    """Return a file of the chosen scans, the tables of all scans, and `more` scans; libjpeg smooths nothing in it.

    libjpeg would guess the coefficients that are left out from the means around a block. That takes longer than all
    else, and looks worse. It does not do so if a quantiser of those coefficients is zero, so this sets one to zero that
    the decoder does not use.
    """
    unused = {component.table for component in frame.components.values()} & frame.smoothing.keys() - exact
    if not unused:
        raise OddJpegError
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(frame.smoothing[table] for table in unused):
        copy(pieces, at, start)
        pieces.append(bytes(end - start))
        at = end
    copy(pieces, at, frame.scans)
    for scan in scans:
        copy(pieces, scan.tables, scan.end if scan in chosen else scan.start)
    return [*pieces, *(more or ()), _EOI_BYTES]
