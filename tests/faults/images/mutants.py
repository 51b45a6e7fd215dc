"""Mutants of healthy images: each has one fault, which a seed chooses, and the outcomes that the fault allows."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.images import anatomy
from tests.faults.images.specimens import Specimen, specimens
from thumbrun.outcomes import Reason

DONE = "done"
# The outcomes that an image's own bytes can cause, within the limits of pixels, memory and time.
OF_IMAGES = frozenset(
    (
        DONE,
        *(Reason.UNREADABLE, Reason.TRUNCATED, Reason.TOO_MANY_PIXELS),
        *(Reason.OUT_OF_MEMORY, Reason.TIMEOUT, Reason.CRASHED),
    )
)
_SIGNATURE = 12  # bytes of the longest signature
_ODD = (0, 1, 2, 3, 4, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken image.

    Attributes:
        number: The number in the campaign, from 0.
        fault: The kind of fault.
        detail: The exact change, and the specimen that was changed.
        content: The bytes of the image.
        expected: The outcomes that are allowed: reasons, or `done`.
    """

    number: int
    fault: str
    detail: str
    content: bytes
    expected: frozenset[str] = OF_IMAGES


def mutant(seed: int, number: int) -> Mutant:
    """Return one mutant; the same seed and number give the same bytes from the same photographs."""
    chance = random.Random(f"{seed}-{number}")  # noqa: S311
    healthy = specimens(seed)
    specimen = chance.choice(healthy)
    fault = chance.choice(tuple(_FAULTS))
    detail, content, expected = _FAULTS[fault](chance, specimen, healthy)
    return Mutant(number, fault, f"{specimen.name}: {detail}", content, expected)


_Made = tuple[str, bytes, frozenset[str]]


def _flipped(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Flip bits anywhere."""
    content = bytearray(specimen.content)
    count = 1 << chance.randrange(9)
    for _flip in range(count):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return f"{count} bits", bytes(content), OF_IMAGES


def _flipped_head(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Change bytes of the headers but not of the signature, and mend the checksums or not."""
    content = bytearray(specimen.content)
    end = min(len(content), chance.choice((64, 256, 1024)))
    count = 1 << chance.randrange(5)
    for _flip in range(count):
        content[chance.randrange(_SIGNATURE, end)] = chance.randrange(256)
    mend = chance.random() < 0.5
    made = anatomy.mended(specimen.format, bytes(content)) if mend else bytes(content)
    return f"{count} of the first {end} bytes{', mended' * mend}", made, OF_IMAGES


def _cut(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Cut off the end. An image with less than half of its bytes has lost pixels, and must not look healthy."""
    size = len(specimen.content)
    at = chance.randrange(size) if chance.random() < 0.7 else min(size - 1, chance.randrange(1, 200))
    expected = OF_IMAGES
    if _SIGNATURE <= at < size // 2:
        expected = frozenset((Reason.TRUNCATED,)) | ({DONE} if specimen.frames else set())
    elif at < _SIGNATURE:
        expected = frozenset((Reason.TRUNCATED, Reason.UNREADABLE))
    return f"{at} of {size} bytes", specimen.content[:at], expected


def _lie(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Change numbers of the headers in place, and mend the checksums or not."""
    content = bytearray(specimen.content)
    known = anatomy.numbers(specimen.format, specimen.content)
    told = []
    for number in chance.sample(known, k=min(len(known), chance.choice((1, 1, 1, 2, 3)))):
        old = int.from_bytes(content[number.at : number.at + number.width], number.order)
        most = (1 << 8 * number.width) - 1
        new = chance.choice((*_ODD, old + 1, old - 1, old * 2, old * 1000, old // 2, most - old, most)) & most
        content[number.at : number.at + number.width] = new.to_bytes(number.width, number.order)
        told.append(f"{number.what} {old} is {new}")
    mend = chance.random() < 0.7
    made = anatomy.mended(specimen.format, bytes(content)) if mend else bytes(content)
    return ", ".join(told) + ", mended" * mend, made, OF_IMAGES


def _giant(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Make the header declare more pixels than any image may have; no decoder must try to make them."""
    content = bytearray(specimen.content)
    known = anatomy.numbers(specimen.format, specimen.content)
    sides = [number for number in known if number.what in ("width", "height") and number.width > 1]
    for number in sides:
        side = chance.randrange(32_000, 60_000)  # half the height of a bitmap in an icon is a mask
        content[number.at : number.at + number.width] = side.to_bytes(number.width, number.order)
    sure = specimen.format in ("jpeg", "png", "bmp", "ico") and sides
    expected = frozenset((Reason.TOO_MANY_PIXELS,)) if sure else OF_IMAGES - {DONE} if sides else OF_IMAGES
    return f"{len(sides)} sides", anatomy.mended(specimen.format, bytes(content)), expected


def _shuffled(chance: random.Random, specimen: Specimen, healthy: tuple[Specimen, ...]) -> _Made:
    """Remove, double, move or bring in parts: segments, chunks, blocks, boxes, directory entries."""
    head, pieces, rest = anatomy.parts(specimen.format, specimen.content)
    what = chance.choice(("removed", "doubled", "moved", "brought in", "a hundred times"))
    if not pieces:
        return "no parts", specimen.content[::-1], OF_IMAGES
    index = chance.randrange(len(pieces))
    if what == "removed":
        del pieces[index]
    elif what == "doubled":
        pieces.insert(index, pieces[index])
    elif what == "moved":
        pieces.insert(chance.randrange(len(pieces)), pieces.pop(index))
    elif what == "a hundred times":
        smallest = min(pieces, key=len)
        pieces[index:index] = [smallest] * 100
    else:
        other = chance.choice([one for one in healthy if one.format == specimen.format])
        pieces.insert(index, chance.choice(anatomy.parts(other.format, other.content)[1] or [b""]))
    return f"part {index} {what}", anatomy.mended(specimen.format, head + b"".join(pieces) + rest), OF_IMAGES


def _spliced(chance: random.Random, specimen: Specimen, healthy: tuple[Specimen, ...]) -> _Made:
    """Join the head of one image and the tail of another."""
    other = chance.choice(healthy)
    head = chance.randrange(_SIGNATURE, len(specimen.content))
    tail = chance.randrange(len(other.content))
    made = specimen.content[:head] + other.content[tail:]
    return f"{head} bytes, then {other.name} from {tail}", anatomy.mended(specimen.format, made), OF_IMAGES


def _inserted(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Insert, overwrite or take out a block: noise, zeros, or the file's own bytes."""
    content = specimen.content
    at, length = chance.randrange(len(content)), 1 << chance.randrange(14)
    start = chance.randrange(len(content))
    block = chance.choice((chance.randbytes(length), bytes(length), content[start : start + length]))
    way = chance.choice(("inserted", "overwritten", "taken out"))
    after = at if way == "inserted" else at + length
    made = content[:at] + (b"" if way == "taken out" else block) + content[after:]
    return f"{length} bytes {way} at {at}", made, OF_IMAGES


def _mislabelled(chance: random.Random, specimen: Specimen, healthy: tuple[Specimen, ...]) -> _Made:
    """Put one format's signature before another's body."""
    other = chance.choice(healthy)
    length = chance.choice((4, 8, _SIGNATURE, 32))
    made = other.content[:length] + specimen.content[length:]
    return f"first {length} bytes of {other.name}", made, OF_IMAGES


def _appended(chance: random.Random, specimen: Specimen, healthy: tuple[Specimen, ...]) -> _Made:
    """Append bytes to a whole image, as cameras and makers of polyglots do: it is still the same image.

    libheif and OpenJPEG read these bytes as boxes, and refuse boxes that make no sense.
    """
    other = chance.choice((chance.choice(healthy).content, b"PK\3\4" * 50, chance.randbytes(2000), bytes(5000)))
    expected = frozenset((DONE,))
    if specimen.format in ("heic", "jpeg2000"):
        expected |= {Reason.TRUNCATED, Reason.UNREADABLE}
    return f"{len(other)} bytes more", specimen.content + other, expected


def _numbered(chance: random.Random, specimen: Specimen, _: tuple[Specimen, ...]) -> _Made:
    """Write an extreme number over any bytes."""
    content = bytearray(specimen.content)
    width = chance.choice((2, 4, 8))
    at = chance.randrange(_SIGNATURE, max(_SIGNATURE + 1, min(len(content), 4096) - width))
    value = chance.choice((0, 1, (1 << 8 * width) - 1, 1 << 8 * width - 1, (1 << 8 * width - 1) - 1))
    content[at : at + width] = struct.pack(chance.choice("<>") + {2: "H", 4: "I", 8: "Q"}[width], value)
    return f"{value} in {width} bytes at {at}", anatomy.mended(specimen.format, bytes(content)), OF_IMAGES


_FAULTS: dict[str, Callable[[random.Random, Specimen, tuple[Specimen, ...]], _Made]] = {
    "bits flipped": _flipped,
    "header bytes changed": _flipped_head,
    "cut": _cut,
    "header lies": _lie,
    "giant declared": _giant,
    "parts shuffled": _shuffled,
    "spliced": _spliced,
    "block inserted or lost": _inserted,
    "signature of another": _mislabelled,
    "something appended": _appended,
    "extreme number": _numbered,
}
