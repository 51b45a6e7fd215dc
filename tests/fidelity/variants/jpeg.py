"""JPEG: sampling, colours, scans, segments of any kind before the pixels, and ends that are missing."""

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial

import imagecodecs
import numpy as np
from PIL import Image

from tests.fidelity.independent import by_libvips
from tests.fidelity.pictures import saved, scene
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

SCENE = scene(240, 160)
JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
ADOBE = b"Adobe\0\x64\0\0\0\0"  # and a byte for the transform
SAMPLINGS = ("1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "4x4")


def segment(marker: int, content: bytes) -> bytes:
    """Return a segment with its marker and length."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def segments_of(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and content of each segment up to the first scan; with that, all that follows."""
    at = 2
    while True:
        marker, length = body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
        if marker == 0xDA:
            yield marker, body[at:]
            return
        yield marker, body[at + 4 : at + 2 + length]
        at += 2 + length


def planes_of(kind: str) -> tuple[Image.Image, ...]:
    """Return the components of the scene: of `RGB`, `YCbCr`, `CMYK`, or `YCCK`."""
    if kind in ("RGB", "YCbCr"):
        return SCENE.convert(kind).split()
    if kind == "LA":
        return SCENE.convert("L"), SCENE.convert("L")
    inverted = (255 - np.asarray(SCENE.convert("CMYK"))).astype(np.uint8)
    if kind == "YCCK":
        colours = Image.fromarray(np.ascontiguousarray(255 - inverted[..., :3])).convert("YCbCr")
        return (*colours.split(), Image.fromarray(inverted[..., 3]))
    return tuple(Image.fromarray(np.ascontiguousarray(inverted[..., channel])) for channel in range(4))


def assembled(
    kind: str, names: bytes, sampling: str = "1x1", head: bytes = b"", frame: int = 0xC0, bits: int = 8
) -> bytes:
    """Return a JPEG with one scan for each component, each encoded like a grey picture.

    Args:
        kind: What the components are, as `planes_of` takes it.
        names: The names of the components.
        sampling: How many samples the first and the last of four components have for one of the others, across x down.
        head: The segments at the start.
        frame: The marker of the picture's header.
        bits: The bits of a sample that the header tells.
    """
    across, down = (int(side) for side in sampling.split("x"))
    components, scans, tables = [], [], b""
    for index, (name, plane) in enumerate(zip(names, planes_of(kind), strict=True)):
        whole = index in (0, 3)
        small = plane if whole else plane.resize((-(-240 // across), -(-160 // down)), Image.Resampling.BOX)
        parts = list(segments_of(saved(small, "JPEG", quality=95)))
        tables = b"".join(segment(marker, content) for marker, content in parts if marker in (0xDB, 0xC4))
        components.append(bytes((name, across << 4 | down if whole else 0x11, 0)))
        scans.append(b"\xff\xda\0\x08\1" + bytes((name, 0, 0, 63, 0)) + parts[-1][1][10:-2])
    header = struct.pack(">BHHB", bits, 160, 240, len(names)) + b"".join(components)
    return b"\xff\xd8" + head + tables + segment(frame, header) + b"".join(scans) + b"\xff\xd9"


def coded(subsampling: str, size: tuple[int, int]) -> bytes:
    """Return bars of red and blue as an interleaved JPEG."""
    width, height = size
    bars = np.zeros((height, width, 3), np.uint8)
    bars[..., 0] = np.where((np.arange(width) // 23) % 2 ^ (np.arange(height)[:, None] // 31) % 2, 220, 20)
    bars[..., 2] = 240 - bars[..., 0]
    return bytes(imagecodecs.jpeg8_encode(bars, level=90, subsampling=subsampling))


def pillows(body: bytes) -> Image.Image:
    """Return the picture as Pillow decodes it in full size."""
    with Image.open(io.BytesIO(body)) as image:
        return image.convert("RGB")


def samplings() -> Iterator[Variant]:
    """Yield every sampling, in one scan for each component, and the usual ones in large pictures of pure colours."""
    for sampling in SAMPLINGS:
        body = partial(assembled, "YCbCr", b"\1\2\3", sampling, segment(0xE0, JFIF))
        draw = partial(_by, by_libvips, body)
        yield Variant("jpeg", f"{sampling}, a scan for each component", body, draw, least=36, by="libvips, Pillow")
    for subsampling in ("444", "422", "420", "411", "440"):
        for size in ((1840, 1380), (1001, 1503)):
            large = partial(coded, subsampling, size)
            name = f"bars of pure colours, {':'.join(subsampling)}, {size[0]} x {size[1]}"
            least = 34 if subsampling not in ("444", "420") else 37
            yield Variant("jpeg", name, large, partial(_by, by_libvips, large), least=least, by="libvips, Pillow")


def _by(decode: Callable[[bytes], Image.Image], encode: Callable[[], bytes]) -> Image.Image:
    return decode(encode())


def colours() -> Iterator[Variant]:
    """Yield what tells the colours: the names of the components, JFIF, Adobe's transform (ISO/IEC 10918-6, 6.5.3)."""
    jfif, none = segment(0xE0, JFIF), b""
    adobe = {value: segment(0xEE, ADOBE + bytes((value,))) for value in range(3)}
    right = SCENE.copy
    cases = {
        "YCbCr, JFIF": ("YCbCr", b"\1\2\3", jfif),
        "YCbCr, no marker": ("YCbCr", b"\1\2\3", none),
        "YCbCr, components 0, 1, 2": ("YCbCr", b"\0\1\2", none),
        "YCbCr, Adobe's transform 1": ("YCbCr", b"\1\2\3", adobe[1]),
        "YCbCr by JFIF, components R, G, B": ("YCbCr", b"RGB", jfif),
        "RGB, components R, G, B": ("RGB", b"RGB", none),
        "RGB, Adobe's transform 0": ("RGB", b"\1\2\3", adobe[0]),
        "CMYK, Adobe's transform 0": ("CMYK", b"\1\2\3\4", adobe[0]),
        "CMYK, no marker": ("CMYK", b"CMYK", none),
        "YCCK, Adobe's transform 2": ("YCCK", b"\1\2\3\4", adobe[2]),
    }
    for name, (kind, names, head) in cases.items():
        body = partial(assembled, kind, names, head=head)
        yield Variant("jpeg", name, body, right, least=38, by="formula, libvips")


def segments() -> Iterator[Variant]:
    """Yield segments that are short, foreign or broken before the pixels; none of them matters."""
    plain = saved(SCENE, "JPEG", quality=95, subsampling=0)
    parts = list(segments_of(plain))
    rest = b"".join(segment(marker, content) for marker, content in parts[1:-1]) + parts[-1][1]
    cases = {
        f"APP{marker & 15} of {length} bytes": segment(marker, content[:length])
        for marker, content in _broken()
        for length in range(0, len(content) + 1, 1 if len(content) < 14 else 5)
    }
    cases["no segment"] = b""
    cases["a thousand empty comments"] = segment(0xFE, b"") * 1000
    cases["fill bytes before a marker"] = b"\xff" * 70 + segment(0xE0, JFIF)
    cases["bytes between segments"] = segment(0xE0, JFIF) + b"\0\1\2\3"
    cases["a part of a profile"] = segment(0xE2, b"ICC_PROFILE\0\1\2" + bytes(200))
    cases["a profile twice"] = 2 * segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(200))
    for name, head in cases.items():
        body = b"\xff\xd8" + head + rest
        yield Variant("jpeg", name, partial(bytes, body), SCENE.copy, least=38)


def _broken() -> Iterator[tuple[int, bytes]]:
    """Yield segments to cut at any length."""
    yield 0xE0, JFIF[:12]
    yield 0xE1, b"Exif\0\0MM\0*\0\0\0"
    yield 0xE2, b"ICC_PROFILE\0\1\1garbage, garbage"
    yield 0xED, b"Photoshop 3.0\0008BIM\x03\xed\0\0\0\0\x7f\xff" + b"\0\1\2\3\4"
    yield 0xEE, ADOBE


def ends() -> Iterator[Variant]:
    """Yield files that lack their end, and files whose pixels are cut."""
    kinds = {
        "baseline": {"quality": 90},
        "4:4:4": {"quality": 97, "subsampling": 0},
        "restarts": {"quality": 90, "restart_marker_rows": 1},
        "progressive": {"quality": 90, "progressive": True},
        "grey": {"quality": 90},
    }
    for name, options in kinds.items():
        picture = SCENE.convert("L") if name == "grey" else SCENE
        body = saved(picture, "JPEG", **options)
        draw = partial(pillows, body)
        cases = {"": body, "FF": body[:-1], "many FF": body[:-2] + b"\xff" * 80, "zeros": body[:-2] + bytes(9)}
        for end, kept in {**cases, "no EOI": body[:-2]}.items():
            if end:
                yield Variant("jpeg", f"{name}, ends with {end}", partial(bytes, kept), draw, least=36, by="Pillow")
        yield Variant("jpeg", f"{name}, more behind it", partial(bytes, body + bytes(90_000)), draw, least=36)
        for count in (60, len(body) // 3):
            cut = partial(bytes, body[:-count])
            yield Variant("jpeg", f"{name}, lacks {count} bytes", cut, None, reason=Reason.TRUNCATED)
    parts = assembled("YCbCr", b"\1\2\3", head=segment(0xE0, JFIF))
    last = parts.rindex(b"\xff\xda")
    yield Variant("jpeg", "lacks its last scan", partial(bytes, parts[:last]), None, reason=Reason.TRUNCATED)
    yield Variant("jpeg", "a scan for each component, no EOI", partial(bytes, parts[:-2]), SCENE.copy, least=38)


def edges() -> Iterator[Variant]:
    """Yield pictures whose encoder left other colours beside them, in the rest of the last block."""
    for width, height in ((1841, 1377), (1845, 1380), (1847, 1383)):
        for fill in ("black", "#00ff00"):
            name = f"{width} x {height}, {fill} beside it"
            yield Variant(
                "jpeg", name, partial(_beside, width, height, fill), partial(_corner, width, height), least=40
            )


def _corner(width: int, height: int) -> Image.Image:
    return scene(1920, 1440).crop((0, 0, width, height))


def _beside(width: int, height: int, fill: str) -> bytes:
    filled = Image.new("RGB", (-(-width // 16) * 16, -(-height // 16) * 16), fill)
    filled.paste(_corner(width, height))
    body = saved(filled, "JPEG", quality=95)
    at = body.index(b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", height, width) + body[at + 4 :]


def lossless() -> Iterator[Variant]:
    """Yield pictures in lossless coding by each predictor (ITU-T T.81, annex H), also larger than a decoder divides."""
    for predictor in range(1, 8):
        yield Variant("jpeg", f"lossless, predictor {predictor}", partial(_lossless, SCENE, predictor), SCENE.copy)
    grey, large = SCENE.convert("L"), scene(1000, 700)
    yield Variant("jpeg", "lossless, grey", partial(_lossless, grey), partial(grey.convert, "RGB"))
    yield Variant("jpeg", "lossless, 1000 x 700", partial(_lossless, large), large.copy)
    cut = partial(_lossless, SCENE)
    yield Variant("jpeg", "lossless, lacks 2000 bytes", lambda: cut()[:-2000], None, reason=Reason.TRUNCATED)


def _lossless(picture: Image.Image, predictor: int = 1) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.asarray(picture), lossless=True, predictor=predictor))


def refusals() -> Iterator[Variant]:
    """Yield what thumbrun does not read."""
    pixels = np.asarray(SCENE)
    three = partial(assembled, "YCbCr", b"\1\2\3")
    cases: dict[str, tuple[Callable[[], bytes], str]] = {
        "12 bits": (
            lambda: bytes(imagecodecs.jpeg8_encode(pixels.astype(np.uint16) * 16, bitspersample=12)),
            "12 bits",
        ),
        "lossless, 12 bits": (
            lambda: bytes(imagecodecs.jpeg8_encode(pixels.astype(np.uint16) * 16, bitspersample=12, lossless=True)),
            "12 bits",
        ),
        "two components": (partial(assembled, "LA", b"\1\2"), "2 components"),
        "hierarchical": (partial(three, frame=0xC5), "hierarchical"),
        "arithmetic lossless": (partial(three, frame=0xCB), "arithmetic lossless"),
    }
    for name, (body, says) in cases.items():
        yield Variant("jpeg", name, body, None, says=says)


def variants() -> Iterator[Variant]:
    """Yield the variants of JPEG."""
    yield from samplings()
    yield from colours()
    yield from segments()
    yield from ends()
    yield from edges()
    yield from lossless()
    yield from refusals()
