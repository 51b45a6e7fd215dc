"""Reads the structure of a JPEG: its frame header, and the scans of a progressive one (ITU-T T.81, B and G). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError

_SOF2, _DHT, _EOI, _SOS, _DQT = 0xC2, 0xC4, 0xD9, 0xDA, 0xDB
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # a marker that ends a scan: neither a stuffed byte nor a restart

_MOST_SEGMENTS = 2000
_MOST_BETWEEN = 64  # segments between two scans; encoders write up to four tables there
_MOST_SCANS = 200
_MOST_COMPONENTS = 4  # no decoder of thumbrun's draws more
_MOST_FILLED = 64  # fill bytes before a marker
_STEP = 1 << 16  # bytes to ask for at least
_MOST_BYTES_A_MEAN = 4  # the most bytes that a mean can take
_BITS_A_MEAN = 4  # bits for each block of each component; most photographs need no more in the first scan

_BLOCK = 8  # samples
_SMOOTHED = 5  # the sixth coefficient: libjpeg's smoothing checks it, and two by two samples do not use it


class OddJpegError(Exception):
    """The file is broken, or is unlike that of any encoder."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component, as the frame header describes it.

    Attributes:
        across: The number of its samples, 1 or 2, across each unit of the picture.
        down: The number of its samples, 1 or 2, down each unit of the picture.
        table: The number of its table of quantisers.
    """

    across: int
    down: int
    table: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a JPEG. Positions are in bytes of the file.

    Attributes:
        tables: The position where the tables before it begin.
        start: The position where it begins.
        end: The position where its data end.
        components: The names of its components.
        first: The first of its coefficients, in zigzag order; 0 is the mean.
        last: The last of its coefficients, in zigzag order.
        high: How many last bits the scans before it left out; 0 if it is the first of its coefficients.
        low: How many last bits it leaves out.
    """

    tables: int
    start: int
    end: int
    components: tuple[int, ...]
    first: int
    last: int
    high: int
    low: int

    def holds(self, coefficient: int) -> bool:
        """Whether the scan has bits of a coefficient."""
        return self.first <= coefficient <= self.last


@dataclass(slots=True)
class Frame:
    """The headers before the first scan.

    Attributes:
        width: The width of the picture, in pixels.
        height: The height of the picture, in pixels.
        scans: The position where the first scan begins, its tables included.
        components: The components, by name.
        quantisers: The quantisers of the means, by table.
        smoothing: The start and end of the quantiser that makes libjpeg smooth a picture, by table.
    """

    width: int = 0
    height: int = 0
    scans: int = 0
    components: dict[int, Component] = field(default_factory=dict)
    quantisers: dict[int, int] = field(default_factory=dict)
    smoothing: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def most_across(self) -> int:
        """The most samples that a component has across each unit of the picture."""
        return max(component.across for component in self.components.values())

    @property
    def most_down(self) -> int:
        """The most samples that a component has down each unit of the picture."""
        return max(component.down for component in self.components.values())

    def halved(self, component: Component) -> bool:
        """Whether a component has at most half of the samples of another, both across and down."""
        return self.most_across >= 2 * component.across and self.most_down >= 2 * component.down

    def halved_once(self) -> tuple[bool, bool]:
        """Whether a component has half of the samples of another only across, and whether one has so only down."""
        others = [component for component in self.components.values() if not self.halved(component)]
        return (
            any(component.across < self.most_across for component in others),
            any(component.down < self.most_down for component in others),
        )

    def blocks(self) -> int:
        """Return roughly the number of blocks of all components together."""
        samples = sum(component.across * component.down for component in self.components.values())
        return self.width * self.height * samples // (64 * self.most_across * self.most_down)


def units_of(frame: Frame, names: tuple[int, ...]) -> tuple[int, int]:
    """Return how many units a scan of these components has, and how many blocks each unit has."""
    across, down = frame.most_across, frame.most_down
    if len(names) == 1:  # not interleaved: a unit is one block, and no block only fills up a unit (A.2.2)
        component = frame.components[names[0]]
        return _units(frame.width * component.across, across) * _units(frame.height * component.down, down), 1
    blocks = sum(frame.components[name].across * frame.components[name].down for name in names)
    return _units(frame.width, across) * _units(frame.height, down), blocks


def _units(samples: int, across: int) -> int:
    """Return how many units of `across` blocks cover this many samples."""
    return -(-samples // (_BLOCK * across))


def size(known: KnownBytes) -> tuple[int, int] | None:
    """Return the width and height in pixels of a JPEG of any kind, None if its header does not tell.

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
    except OddJpegError:
        pass
    return None


def _at(known: KnownBytes, start: int, end: int) -> bytes:
    """Return some bytes; if they are missing, ask for as many again as are known, because headers can be long."""
    try:
        return known.at(start, end)
    except MissingError:
        have = len(known.head)
        raise MissingError(have, min(known.size, max(end, 2 * have, have + _STEP))) from None


def _segment(known: KnownBytes, at: int) -> tuple[int, int, int]:
    """Return the marker at a position, and where the content of its segment begins and ends."""
    for _ in range(_MOST_FILLED):
        head = _at(known, at, at + 2)
        if head != b"\xff\xff":
            break
        at += 1
    if len(head) < 2 or head[0] != 0xFF or head[1] in _WITHOUT_LENGTH or head[1] == 0xFF:
        raise OddJpegError
    marker, start = head[1], at + 2
    if marker == _EOI:
        return marker, start, start
    length = int.from_bytes(_at(known, start, start + 2), "big")
    if length < 2 or start + length > known.size:
        raise OddJpegError
    return marker, start + 2, start + length


def read_frame(known: KnownBytes) -> Frame:
    """Read the headers before the first scan.

    Raises:
        MissingError: More bytes are needed.
        OddError: The JPEG is not progressive, or is odd.
    """
    frame = Frame()
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
                raise OddJpegError
            _read_head(frame, _at(known, start, end))
        elif marker == _EOI:
            raise OddJpegError
        at = end
    if not frame.scans or not frame.components:
        raise OddJpegError
    return frame


def _read_quantisers(frame: Frame, tables: bytes, start: int) -> None:
    for table, at, wide in _quantisers(tables):
        frame.quantisers[table] = int.from_bytes(tables[at : at + wide], "big")
        place = start + at + _SMOOTHED * wide
        frame.smoothing[table] = (place, place + wide)


def _quantisers(tables: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the tables of a segment: the number of each, where its values begin, and the bytes of each value."""
    at = 0
    while at < len(tables):
        wide, table = 1 + (tables[at] >> 4), tables[at] & 15
        after = at + 1 + 64 * wide
        if wide > 2 or after > len(tables):
            raise OddJpegError
        yield table, at + 1, wide
        at = after


def low_quantisers(file: bytes, count: int) -> list[int]:
    """Return the first quantisers of all tables of a file, none if it is odd. The file need not hold a picture.

    Args:
        file: All bytes of the file.
        count: How many quantisers of each table, in zigzag order.
    """
    known, at = KnownBytes(len(file), file), 2
    found: list[int] = []
    try:
        for _ in range(_MOST_SEGMENTS):
            marker, start, end = _segment(known, at)
            if marker in (_SOS, _EOI):
                return found
            if marker == _DQT:
                for _, place, wide in _quantisers(file[start:end]):
                    first = start + place
                    found += [
                        int.from_bytes(file[value : value + wide], "big")
                        for value in range(first, first + count * wide, wide)
                    ]
            at = end
    except OddJpegError:
        pass
    return []


def _read_head(frame: Frame, head: bytes) -> None:
    if len(head) < 9 or head[0] != 8 or head[5] > _MOST_COMPONENTS or len(head) != 6 + 3 * head[5]:
        raise OddJpegError
    frame.height, frame.width = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:5], "big")
    for at in range(6, len(head), 3):
        across, down = head[at + 1] >> 4, head[at + 1] & 15
        if across not in (1, 2) or down not in (1, 2):
            raise OddJpegError
        frame.components[head[at]] = Component(across, down, head[at + 2])
    if len(frame.components) != head[5] or not frame.width or not frame.height:
        raise OddJpegError


def all_scans(known: KnownBytes, frame: Frame, end: int | None = None) -> list[Scan]:
    """Return all scans of a file, or those up to `end`, the end of one of them.

    Raises:
        OddError: The file is broken or odd.
    """
    scans: list[Scan] = []
    at = frame.scans
    while at != end and (scan := next_scan(known, frame, at)):
        scans.append(scan)
        at = scan.end
        if len(scans) > _MOST_SCANS:
            raise OddJpegError
    return scans


def next_scan(known: KnownBytes, frame: Frame, at: int) -> Scan | None:
    """Return the scan at or after a position, None at the end of the picture.

    Raises:
        MissingError: More bytes are needed.
        OddError: The file is broken or odd.
    """
    tables = at
    for _ in range(_MOST_BETWEEN):
        marker, start, end = _segment(known, at)
        if marker == _EOI:
            return None
        if marker == _SOS:
            head = _at(known, start, end)
            return _read_scan(frame, tables, at, head, _end(known, frame, end, means=head[-3:-2] == b"\0"))
        if marker == _DQT or marker in _FRAMES:
            raise OddJpegError
        at = end
    raise OddJpegError


def _read_scan(frame: Frame, tables: int, start: int, head: bytes, end: int) -> Scan:
    count = head[0] if head else 0
    if not count or len(head) != 4 + 2 * count:
        raise OddJpegError
    names = tuple(head[1 : 1 + 2 * count : 2])
    first, last, bits = head[-3:]
    if len(set(names)) < count or not frame.components.keys() >= set(names):
        raise OddJpegError
    if (first == 0) != (last == 0) or not first <= last < 64 or (first and count > 1):
        raise OddJpegError
    return Scan(tables, start, end, names, first, last, bits >> 4, bits & 15)


def _end(known: KnownBytes, frame: Frame, start: int, *, means: bool) -> int:
    """Return where the data of a scan end that begin at `start`: at the next marker that is not part of them.

    The size of a scan of means can be estimated beforehand. For other scans, this asks for a quarter more than is
    known.
    """
    if found := _MARKER.search(known.head, start):
        return found.start()
    have = len(known.head)
    if have == known.size:
        raise OddJpegError  # the file is cut short
    if have - start > frame.blocks() * _MOST_BYTES_A_MEAN + _STEP:
        raise OddJpegError
    likely = start + frame.blocks() * _BITS_A_MEAN // 8 if means else 0
    raise MissingError(have, min(known.size, max(likely, have + have // 4, have + _STEP)))
