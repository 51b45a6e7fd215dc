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

import re
from dataclasses import dataclass, field

from thumbrun.imaging.geometry import fit
from thumbrun.imaging.partial.known import Known, MissingError

_EOI_BYTES = b"\xff\xd9"
_SOF2, _DHT, _EOI, _SOS, _DQT = 0xC2, 0xC4, 0xD9, 0xDA, 0xDB
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # that ends a scan: neither a stuffed byte nor a restart

_MOST_SEGMENTS = 2000
_MOST_SCANS = 200
_MOST_FILLED = 64  # bytes before a marker
_STEP = 1 << 16  # bytes that are asked for at least
_MOST_BYTES_A_MEAN = 4  # that any of these can take
_BITS_A_MEAN = 4  # that most photographs take at most in the first scan, for each block of each component

_MEANS, _MEANS_HALVED, _WITH_COLOURS, _WITH_LUMA = 3.0, 5.0, 3.0, 2.0  # the table's first column
# What the first scan leaves out makes a picture too dark by a sixteenth of its quantiser on average; a level is 48 dB.
_COARSEST = 16
_LOW = frozenset((1, 2, 4))  # the coefficients of two by two samples beside the mean, as zigzag numbers them
_ALL = frozenset(range(1, 64))
_SMOOTHED = 5  # the sixth coefficient: libjpeg's smoothing looks at it, two by two samples do not use it


class _OddError(Exception):
    """The file is broken, or does what no encoder does."""


@dataclass(frozen=True, slots=True)
class _Component:
    """What a frame header says of a component: its samples across and down, and its quantisers."""

    across: int
    down: int
    table: int


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan: its place, the tables before it included; its components, coefficients and bits."""

    tables: int
    start: int
    end: int
    components: tuple[int, ...]
    first: int
    last: int
    high: int
    low: int

    def holds(self, coefficient: int) -> bool:
        return self.first <= coefficient <= self.last


@dataclass(slots=True)
class _Frame:
    """What stands before the first scan."""

    width: int = 0
    height: int = 0
    scans: int = 0  # where the first begins
    components: dict[int, _Component] = field(default_factory=dict)
    quantisers: dict[int, int] = field(default_factory=dict)  # of the means, by table
    smoothing: dict[int, tuple[int, int]] = field(default_factory=dict)  # where that of `_SMOOTHED` stands, by table

    def halved(self, component: _Component) -> bool:
        """Whether a component has at most half of the samples of another both ways."""
        across = max(other.across for other in self.components.values())
        down = max(other.down for other in self.components.values())
        return across >= 2 * component.across and down >= 2 * component.down

    def blocks(self) -> int:
        """Return the number of blocks of all components together, roughly."""
        across = max(component.across for component in self.components.values())
        down = max(component.down for component in self.components.values())
        samples = sum(component.across * component.down for component in self.components.values())
        return self.width * self.height * samples // (64 * across * down)


def size(known: Known) -> tuple[int, int] | None:
    """Return width and height in pixels of a JPEG of any kind, None where its header does not say.

    Raises:
        MissingError: More bytes are needed.
    """
    at = 2
    try:
        for _ in range(_MOST_SEGMENTS):
            marker, start, end = _segment(known, at)
            if marker in _FRAMES and end - start >= 5:
                head = _at(known, start, start + 5)
                return int.from_bytes(head[3:5], "big"), int.from_bytes(head[1:3], "big")
            if marker in (_SOS, _EOI):
                return None
            at = end
    except _OddError:
        pass
    return None


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
        frame = _frame(known)
        margin, wider = _margins(frame, width, height)
        halved = any(frame.halved(component) for component in frame.components.values())
        enough = margin >= _MEANS and (wider >= _MEANS_HALVED or not halved)
        if enough and (scans := _first_means(known, frame)):
            return _file(known, frame, scans, frozenset(scans), frozenset())
        if margin < _WITH_LUMA:
            return None
        if len(known.head) < known.size:
            raise MissingError(len(known.head), known.size)
        scans = _all_scans(known, frame)
        chosen, exact = _chosen(frame, scans, quarter=margin < _WITH_COLOURS)
        return _file(known, frame, scans, chosen, exact) if len(chosen) < len(scans) else None
    except _OddError:
        return None


def _at(known: Known, start: int, end: int) -> bytes:
    """Return some bytes; where they are missing, ask for as many again as are known, since headers may be long."""
    try:
        return known.at(start, end)
    except MissingError:
        have = len(known.head)
        raise MissingError(have, min(known.size, max(end, 2 * have, have + _STEP))) from None


def _segment(known: Known, at: int) -> tuple[int, int, int]:
    """Return the marker at a place, where what it announces begins, and where that ends."""
    for _ in range(_MOST_FILLED):
        head = _at(known, at, at + 2)
        if head != b"\xff\xff":
            break
        at += 1
    if len(head) < 2 or head[0] != 0xFF or head[1] in _WITHOUT_LENGTH or head[1] == 0xFF:
        raise _OddError
    marker, start = head[1], at + 2
    if marker == _EOI:
        return marker, start, start
    length = int.from_bytes(_at(known, start, start + 2), "big")
    if length < 2 or start + length > known.size:
        raise _OddError
    return marker, start + 2, start + length


def _frame(known: Known) -> _Frame:
    """Read what stands before the first scan."""
    frame = _Frame()
    at = 2
    for _ in range(_MOST_SEGMENTS):
        marker, start, end = _segment(known, at)
        if marker == _SOS:
            frame.scans = at
            break
        if marker == _DQT:
            _read_quantisers(frame, _at(known, start, end), start)
        elif marker in _FRAMES:
            if marker != _SOF2 or frame.components:
                raise _OddError
            _read_frame(frame, _at(known, start, end))
        elif marker == _EOI:
            raise _OddError
        at = end
    if not frame.scans or not frame.components:
        raise _OddError
    return frame


def _read_quantisers(frame: _Frame, tables: bytes, start: int) -> None:
    at = 0
    while at < len(tables):
        wide, table = 1 + (tables[at] >> 4), tables[at] & 15
        after = at + 1 + 64 * wide
        if wide > 2 or after > len(tables):
            raise _OddError
        frame.quantisers[table] = int.from_bytes(tables[at + 1 : at + 1 + wide], "big")
        place = start + at + 1 + _SMOOTHED * wide
        frame.smoothing[table] = (place, place + wide)
        at = after


def _read_frame(frame: _Frame, head: bytes) -> None:
    if len(head) < 9 or head[0] != 8 or len(head) != 6 + 3 * head[5]:
        raise _OddError
    frame.height, frame.width = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:5], "big")
    for at in range(6, len(head), 3):
        across, down = head[at + 1] >> 4, head[at + 1] & 15
        if across not in (1, 2) or down not in (1, 2):
            raise _OddError
        frame.components[head[at]] = _Component(across, down, head[at + 2])
    if len(frame.components) != head[5] or not frame.width or not frame.height:
        raise _OddError


def _margins(frame: _Frame, width: int, height: int) -> tuple[float, float]:
    """Return how many times larger than the thumbnail the picture at 1/8 is, whichever way it lies.

    Both ways, the smaller first: they differ where a side of the thumbnail is rounded.
    """
    margins = []
    for box in ((width, height), (height, width)):
        across, down = fit(frame.width, frame.height, *box)
        margins.append(sorted((frame.width / across / 8, frame.height / down / 8)))
    least, most = min(margins)
    return least, most


def _first_means(known: Known, frame: _Frame) -> list[_Scan]:
    """Return the scans up to the first bits of every component's means; none where these say too little."""
    lacking, scans, at = set(frame.components), [], frame.scans
    while lacking:
        scan = _next_scan(known, frame, at)
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


def _all_scans(known: Known, frame: _Frame) -> list[_Scan]:
    scans: list[_Scan] = []
    at = frame.scans
    while scan := _next_scan(known, frame, at):
        scans.append(scan)
        at = scan.end
        if len(scans) > _MOST_SCANS:
            raise _OddError
    return scans


def _next_scan(known: Known, frame: _Frame, at: int) -> _Scan | None:
    """Return the next scan, None at the end of the picture."""
    tables = at
    for _ in range(_MOST_SEGMENTS):
        marker, start, end = _segment(known, at)
        if marker == _EOI:
            return None
        if marker == _SOS:
            return _read_scan(frame, tables, at, _at(known, start, end), _end(known, frame, end))
        if marker == _DQT or marker in _FRAMES:
            raise _OddError
        at = end
    raise _OddError


def _read_scan(frame: _Frame, tables: int, start: int, head: bytes, end: int) -> _Scan:
    count = head[0] if head else 0
    if not count or len(head) != 4 + 2 * count:
        raise _OddError
    names = tuple(head[1 : 1 + 2 * count : 2])
    first, last, bits = head[-3:]
    if len(set(names)) < count or not frame.components.keys() >= set(names):
        raise _OddError
    if (first == 0) != (last == 0) or not first <= last < 64 or (first and count > 1):
        raise _OddError
    return _Scan(tables, start, end, names, first, last, bits >> 4, bits & 15)


def _end(known: Known, frame: _Frame, start: int) -> int:
    """Return where the data of a scan ends that begins at `start`: at the next marker that is none of its own."""
    if found := _MARKER.search(known.head, start):
        return found.start()
    have = len(known.head)
    if have == known.size:
        raise _OddError  # it is cut short
    if have - start > frame.blocks() * _MOST_BYTES_A_MEAN + _STEP:
        raise _OddError
    guess = start + frame.blocks() * _BITS_A_MEAN // 8
    raise MissingError(have, min(known.size, max(guess, have + have // 2, have + _STEP)))


def _chosen(frame: _Frame, scans: list[_Scan], *, quarter: bool) -> tuple[frozenset[_Scan], frozenset[int]]:
    """Choose the scans for a decoder that divides by eight, or by four; and the tables all of which it uses."""
    chosen: set[_Scan] = set()
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
            raise _OddError
        chosen |= set(first)
    return frozenset(chosen), frozenset(exact)


def _whole_means(scans: list[_Scan]) -> set[_Scan]:
    """Return a component's scans of means, which follow one another down to the last bit."""
    low = 0
    for index, scan in enumerate(scans):
        if scan.high != low or (index and scan.low != scan.high - 1):
            raise _OddError
        low = scan.low
    if low or not scans:
        raise _OddError
    return set(scans)


def _file(known: Known, frame: _Frame, scans: list[_Scan], chosen: frozenset[_Scan], exact: frozenset[int]) -> bytes:
    """Return a file of the chosen scans, with the tables of all, in which libjpeg smooths nothing.

    It would guess what is left out from the means around a block, which takes longer than all else and comes out worse.
    It does not where a quantiser of those coefficients is zero; so one is made zero that this decoder does not use.
    """
    head = bytearray(known.at(0, frame.scans))
    unused = {component.table for component in frame.components.values()} & frame.smoothing.keys() - exact
    if not unused:
        raise _OddError
    for table in unused:
        start, end = frame.smoothing[table]
        head[start:end] = bytes(end - start)
    pieces = [bytes(head)]
    for scan in scans:
        pieces.append(known.at(scan.tables, scan.start))
        if scan in chosen:
            pieces.append(known.at(scan.start, scan.end))
    return b"".join((*pieces, _EOI_BYTES))
