"""Which scans of a progressive JPEG a thumbnail needs (ITU-T T.81, annexes B and G). Pure.

A decoder that divides by eight uses of each block its mean (DC), one that divides by four three more coefficients; of
colours that are stored at half the size, as many more as make up for it. All other scans may be left out, and so may
the last bits of what is used. Measured on photographs against the same decoder with all scans, in PSNR of the
thumbnails' pixels: the worst, the median, the time of decoding, the part of the file up to the last scan used.

| luma at 1/8, against the thumbnail | colours | scans | worst | median | time | file |
|---|---|---|---|---|---|---|
| at least 3 times | not halved both ways | the first of the means | 48.5 dB | 50 dB | 0.17 | 0.13 |
| at least 5 times | halved both ways | the first of the means | 45.3 dB | 49 dB | 0.17 | 0.13 |
| at least 3 times | halved both ways | all of the means, the colours' first | 53 dB | 55 dB | 0.28 | 0.6 |
| at least 2 times | any | all of the means, the first of all else that counts | 49 dB | 53 dB | 0.37 | 0.6 |

Below that, and whatever the file does that no encoder does, all of it is needed.
"""

from thumbrun.imaging.geometry import fit
from thumbrun.imaging.partial.jpeg_scans import Frame, OddError, Scan, all_scans, next_scan, read_frame
from thumbrun.imaging.partial.known import Known, MissingError

_EOI_BYTES = b"\xff\xd9"

_MEANS, _MEANS_HALVED, _WITH_COLOURS, _WITH_LUMA = 3.0, 5.0, 3.0, 2.0  # the table's first column
# What the first scan leaves out makes a picture too dark by a sixteenth of its quantiser on average; a level is 48 dB.
_COARSEST = 16
_LOW = frozenset((1, 2, 4))  # the coefficients of two by two samples beside the mean, as zigzag numbers them
_ALL = frozenset(range(1, 64))


def part(known: Known, width: int, height: int) -> bytes | None:
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
        margin, wider = _margins(frame, width, height)
        halved = any(frame.halved(component) for component in frame.components.values())
        enough = margin >= _MEANS and (wider >= _MEANS_HALVED or not halved)
        if enough and (scans := _first_means(known, frame)):
            return _file(known, frame, scans, frozenset(scans), frozenset())
        if margin < _WITH_LUMA:
            return None
        if len(known.head) < known.size:
            raise MissingError(len(known.head), known.size)
        scans = all_scans(known, frame)
        chosen, exact = _chosen(frame, scans, quarter=margin < _WITH_COLOURS)
        return _file(known, frame, scans, chosen, exact) if len(chosen) < len(scans) else None
    except OddError:
        return None


def _margins(frame: Frame, width: int, height: int) -> tuple[float, float]:
    """Return how many times larger than the thumbnail the picture at 1/8 is, whichever way it lies.

    Both ways, the smaller first: they differ where a side of the thumbnail is rounded.
    """
    margins = []
    for box in ((width, height), (height, width)):
        across, down = fit(frame.width, frame.height, *box)
        margins.append(sorted((frame.width / across / 8, frame.height / down / 8)))
    least, most = min(margins)
    return least, most


def _first_means(known: Known, frame: Frame) -> list[Scan]:
    """Return the scans up to the first bits of every component's means; none where these say too little."""
    lacking, scans, at = set(frame.components), [], frame.scans
    while lacking:
        scan = next_scan(known, frame, at)
        if scan is None or scan.first or scan.high:
            return []
        for name in scan.components:
            quantiser = frame.quantisers.get(frame.components[name].table)
            if quantiser is None or quantiser * ((1 << scan.low) - 1) > _COARSEST:
                return []
        scans.append(scan)
        lacking -= set(scan.components)
        at = scan.end
    return scans


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
        needed, most = (_ALL, 1) if quarter and halved else (_LOW, 2)
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


def _file(known: Known, frame: Frame, scans: list[Scan], chosen: frozenset[Scan], exact: frozenset[int]) -> bytes:
    """Return a file of the chosen scans, with the tables of all, in which libjpeg smooths nothing.

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
    return b"".join((*pieces, _EOI_BYTES))
