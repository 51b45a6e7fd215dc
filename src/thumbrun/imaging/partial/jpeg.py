"""Which scans of a progressive JPEG a thumbnail needs (ITU-T T.81, annexes B and G). Pure.

A decoder that divides by eight uses of each block its mean (DC), one that divides by four three more coefficients; of
colours that are stored at half the size, as many more as make up for it. All other scans may be left out, and so may
the last bits of what is used. Measured on photographs against the same decoder with all scans, in PSNR of the
thumbnails' pixels: the worst, the median, the time of decoding, the part of the file up to the last scan used.

| luma at 1/8, against the thumbnail, at least | colours, both ways | scans | worst | median | time | file |
|---|---|---|---|---|---|---|
| 4.9 times, 3,200 pixels, quality 85 | halved | first of the means | 48.1 dB | 51 dB | 0.21 | 0.12 |
| 2.3 times, quality 70 | not halved | first of the means | 46.5 dB | 53 dB | 0.26 | 0.16 |
| 2.3 times, quality 70 | halved | and the colours' first | 46.7 dB | 50 dB | 0.25 | 0.28 |
| 1.5 times | any | all of the means, the first of all else | 46.7 dB | 52 dB | 0.37 | 0.56 |

Below that, and whatever the file does that no encoder does, all of it is needed.
"""

from thumbrun.imaging.geometry import JPEG_MARGIN, fit
from thumbrun.imaging.partial.jpeg_bits import stand_ins
from thumbrun.imaging.partial.jpeg_scans import Frame, OddError, Scan, all_scans, next_scan, read_frame
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError

_EOI_BYTES = b"\xff\xd9"

# The table's first column. A decoder divides by eight only where enough remains.
_EIGHTH, _MEANS_HALVED, _QUARTER = JPEG_MARGIN, 4.9, 1.5
_SMOOTH = 3200  # pixels of a picture's longer side; smaller ones have more detail, in colour as well, in each pixel
# Quantisers of means, times what the bits can say that their first scans leave out: 5 at quality 85, 10 at 70. Above
# the first, something stands in for these bits; above the second they are read.
_FINE, _COARSEST = 5, 10
_LOW = frozenset((1, 2, 4))  # the coefficients of two by two samples beside the mean, as zigzag numbers them
_ALL = frozenset(range(1, 64))
_MOST_LACKING = 2  # last bits of a coefficient beside the mean
_SCANS = 64  # at the beginning of a file, of which any encoder has less


def part(known: KnownBytes, width: int, height: int) -> bytes | None:
    """Return a file of those scans that a thumbnail needs, None where all are needed.

    Args:
        known: What is known of the file.
        width: Of the largest box, in pixels.
        height: As width.

    Raises:
        MissingError: More bytes are needed; all of them, where it takes more than the first scans.
    """
    try:
        frame = read_frame(known)
        margin = _margin(frame, width, height)
        if margin >= _EIGHTH and (few := _first_scans(known, frame, margin)):
            passed = all_scans(known, frame, few[-1].end)  # a scan may use a table that stands before one left out
            return _file(known, frame, passed, frozenset(few), frozenset(), _bits(frame, few))
        if margin < _QUARTER:
            return None
        if len(known.head) < known.size:
            raise MissingError(len(known.head), known.size)
        scans = all_scans(known, frame)
        chosen, exact = _chosen(frame, scans, quarter=margin < _EIGHTH)
        return _file(known, frame, scans, chosen, exact) if len(chosen) < len(scans) else None
    except OddError:
        return None


def _margin(frame: Frame, width: int, height: int) -> float:
    """Return how many times larger than the thumbnail the picture at 1/8 is, whichever way it lies.

    The smaller of both ways: they differ where a side of the thumbnail is rounded.
    """
    margins = []
    for box in ((width, height), (height, width)):
        across, down = fit(frame.width, frame.height, *box)
        margins.append(min(frame.width / across, frame.height / down) / 8)
    return min(margins)


def _first_scans(known: KnownBytes, frame: Frame, margin: float) -> list[Scan]:
    """Return the scans that bring the first bits of means, and of colours what makes up for their half size.

    None where the file has other scans before these, or these say too little.
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
            if coarseness > _COARSEST:
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


def _bits(frame: Frame, scans: list[Scan]) -> bytes:
    """Return what stands in for the last bits of means, nothing where these hardly show."""
    means = [scan for scan in scans if scan.first == 0]
    if all(_coarseness(frame, scan) <= _FINE for scan in means):
        return b""
    return stand_ins(frame, {name: scan.low for scan in means for name in scan.components})


def _coarseness(frame: Frame, scan: Scan) -> int:
    """Return the largest quantiser of the means that a scan brings, times what their last bits can say."""
    found = 0
    for name in scan.components:
        quantiser = frame.quantisers.get(frame.components[name].table)
        if quantiser is None:
            raise OddError
        found = max(found, quantiser * ((1 << scan.low) - 1))
    return found


def _ask_ahead(known: KnownBytes, frame: Frame, means_end: int) -> None:
    """Ask for as much again as the means took, where that is not there: the colours are near, and a request waits."""
    likely = min(known.size, 2 * means_end - frame.scans)
    if len(known.head) < likely:
        raise MissingError(len(known.head), likely)


def _chosen(frame: Frame, scans: list[Scan], *, quarter: bool) -> tuple[frozenset[Scan], frozenset[int]]:
    """Choose the scans for a decoder that divides by eight, or by four; and the tables all of which it uses."""
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
            raise OddError
        chosen |= set(first)
    return frozenset(chosen), frozenset(exact)


def _whole_means(scans: list[Scan]) -> set[Scan]:
    """Return a component's scans of means, which follow one another down to the last bit."""
    low = 0
    for index, scan in enumerate(scans):
        if scan.high != low or (index and scan.low != scan.high - 1):
            raise OddError
        low = scan.low
    if low or not scans:
        raise OddError
    return set(scans)


def _file(
    known: KnownBytes,
    frame: Frame,
    scans: list[Scan],
    chosen: frozenset[Scan],
    exact: frozenset[int],
    more: bytes = b"",
) -> bytes:
    """Return a file of the chosen scans, with the tables of all, and of more scans, in which libjpeg smooths nothing.

    It would guess what is left out from the means around a block, which takes longer than all else and comes out worse.
    It does not where a quantiser of those coefficients is zero; so one is made zero that this decoder does not use.
    """
    head = bytearray(known.at(0, frame.scans))
    unused = {component.table for component in frame.components.values()} & frame.smoothing.keys() - exact
    if not unused:
        raise OddError
    for table in unused:
        start, end = frame.smoothing[table]
        head[start:end] = bytes(end - start)
    pieces = [bytes(head)]
    for scan in scans:
        pieces.append(known.at(scan.tables, scan.start))
        if scan in chosen:
            pieces.append(known.at(scan.start, scan.end))
    return b"".join((*pieces, more, _EOI_BYTES))
