"""PNG: what cICP, iCCP, sRGB, gAMA and cHRM say of the colours, and which of them goes before which."""

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image

from tests.fidelity import profiles
from tests.fidelity.numbered import numbered
from tests.fidelity.pictures import png, scene, veiled
from tests.fidelity.profiles import Floats
from tests.fidelity.variants.variant import Variant

Chunks = tuple[tuple[bytes, bytes], ...]
_P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
_SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
# Highlights are rolled off, which moves graphics white by 26 levels.
_ROLLED_OFF = 27


def variants() -> Iterator[Variant]:
    """Yield every variant of colours in PNG."""
    yield from _numbers()
    yield from _precedence()
    yield from _gammas()
    yield _variant("cICP, PQ as of the odd pictures", partial(_quarters, (9, 16), _cicp(9, 16)), four_quarters, 27)
    yield _variant("gAMA, linear as of the odd pictures", partial(_quarters, (1, 8), (_gama(1.0),)), four_quarters, 40)


def _numbers() -> Iterator[Variant]:
    for primaries, transfer in (
        (1, 1),
        (1, 13),
        (9, 1),
        (9, 13),
        (12, 13),
        (12, 4),
        (9, 5),
        (12, 8),
        (9, 14),
        (12, 17),
    ):
        stored = partial(_stored, (primaries, transfer), _cicp(primaries, transfer))
        yield _variant(f"cICP {primaries}/{transfer}", stored, _plain, 38)
    for primaries, transfer in ((1, 16), (9, 16), (12, 16), (9, 18)):
        stored = partial(_stored, (primaries, transfer), _cicp(primaries, transfer))
        yield _variant(f"cICP {primaries}/{transfer}", stored, _plain, _ROLLED_OFF)
    for bits in (8, 16):
        stored = partial(_stored, (12, 13), _cicp(12, 13, full_range=0), bits, narrow=True)
        yield _variant(f"cICP 12/13 of narrow range, {bits} bits", stored, _plain, 38)
    yield _variant("cICP 9/16, 16 bits", partial(_stored, (9, 16), _cicp(9, 16), 16), _plain, _ROLLED_OFF)
    yield _variant("cICP 9/16, grey", partial(_grey, 16, _cicp(9, 16)), _plain_grey, _ROLLED_OFF)
    yield _variant("cICP 9/18, grey", partial(_grey, 18, _cicp(9, 18)), _plain_grey, _ROLLED_OFF)
    yield _variant("cICP 9/13 with alpha", partial(_with_alpha, (9, 13), _cicp(9, 13)), _clear, 36)
    yield _variant("cICP of unspecified numbers", partial(_stored, (1, 13), _cicp(2, 2)), _plain)
    yield _variant("cICP of reserved numbers", partial(_stored, (1, 13), _cicp(200, 200)), _plain)


def _precedence() -> Iterator[Variant]:
    icc = (b"iCCP", b"p\0\0" + zlib.compress(profiles.rgb(profiles.P3, None)))
    srgb, wrong = (b"sRGB", b"\0"), (_gama(0.3), (b"cHRM", struct.pack(">8I", *_P3)))
    broken = (b"cICP", bytes([9, 16, 9, 1])), (b"cICP", b"\t\x10\0"), (b"cICP", b"\t\x10\0\2")
    yield _variant("cICP before iCCP", partial(_stored, (9, 13), (icc, *_cicp(9, 13))), _plain, 38)
    yield _variant("cICP of sRGB before iCCP", partial(_stored, (1, 13), (icc, *_cicp(1, 13))), _plain)
    yield _variant("cICP before sRGB, gAMA, cHRM", partial(_stored, (9, 13), (srgb, *wrong, *_cicp(9, 13))), _plain, 38)
    yield _variant("iCCP before gAMA, cHRM", partial(_stored, (12, 13), (_gama(0.3), icc)), _plain, 38)
    yield _variant("sRGB before gAMA, cHRM", partial(_stored, (1, 13), (*wrong, srgb)), _plain)
    garbage = (b"iCCP", b"p\0\0" + zlib.compress(b"broken" * 30))
    yield _variant("broken iCCP, then gAMA", partial(_stored, (1, 8), (garbage, _gama(1.0))), _plain, 38)
    for number, chunk in enumerate(broken):
        yield _variant(f"broken cICP {number}, then sRGB", partial(_stored, (1, 13), (chunk, srgb)), _plain)
        yield _variant(f"broken cICP {number}, then iCCP", partial(_stored, (12, 13), (chunk, icc)), _plain, 38)


def _gammas() -> Iterator[Variant]:
    for gamma, number in ((1.0, 8), (1 / 2.8, 5)):
        yield _variant(f"gAMA {gamma:.4f}", partial(_stored, (1, number), (_gama(gamma),)), _plain, 38)
        yield _variant(f"gAMA {gamma:.4f}, 16 bits", partial(_stored, (1, number), (_gama(gamma),), 16), _plain, 36)
        yield _variant(f"gAMA {gamma:.4f}, grey", partial(_grey, number, (_gama(gamma),)), _plain_grey, 38)
        yield _variant(f"gAMA {gamma:.4f}, alpha", partial(_with_alpha, (1, number), (_gama(gamma),)), _clear, 36)
        yield _variant(f"gAMA {gamma:.4f}, palette", partial(_palette, gamma), _plain_palette, 38)
    both = (_gama(1.0), (b"cHRM", struct.pack(">8I", *_P3)))
    yield _variant("gAMA 1, cHRM of Display P3", partial(_stored, (12, 8), both), _plain, 36)
    chrm = (b"cHRM", struct.pack(">8I", *_P3))
    yield _variant("cHRM of Display P3", partial(_stored, (12, 13), (chrm,)), _plain, 38)
    yield _variant("gAMA 0.45455, cHRM of Display P3", partial(_stored, (12, 13), (_gama(0.45455), chrm)), _plain, 38)
    usual = (_gama(0.45455), (b"cHRM", struct.pack(">8I", *_SRGB)))
    yield _variant("gAMA 0.45455, cHRM of sRGB", partial(_stored, (1, 13), usual), _plain, 48)
    for name, value in (("0", 0), ("the largest", 2**32 - 1), ("0.00001", 1)):
        chunk = (b"gAMA", struct.pack(">I", value))
        yield _variant(f"gAMA of {name}", partial(_stored, (1, 13), (chunk,)), _plain, 48)
    for name, points in (("zeros", (0,) * 8), ("one point", (30000,) * 8), ("no white", (31270, 0, *_SRGB[2:]))):
        chunk = (b"cHRM", struct.pack(">8I", *points))
        yield _variant(f"cHRM of {name}", partial(_stored, (1, 13), (chunk,)), _plain, 48)


def _variant(name: str, encode: Callable[[], bytes], draw: Callable[[], Image.Image], least: float = 46) -> Variant:
    return Variant("png", name, encode, draw, least)


def _cicp(primaries: int, transfer: int, *, full_range: int = 1) -> Chunks:
    return ((b"cICP", bytes([primaries, transfer, 0, full_range])),)


def _gama(gamma: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def with_chunks(body: bytes, chunks: Chunks) -> bytes:
    """Return a PNG with chunks behind its header."""
    made = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return body[:33] + made + body[33:]


def _plain() -> Image.Image:
    return scene(240, 160)


def _plain_grey() -> Image.Image:
    return _plain().convert("L")


def _clear() -> Image.Image:
    return veiled(_plain())


def four_quarters() -> Image.Image:
    """Draw the odd pictures' four quarters."""
    picture = Image.new("RGB", (240, 160))
    for at, colour in zip(
        ((0, 0), (120, 0), (0, 80), (120, 80)),
        ((200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 200, 40)),
        strict=True,
    ):
        picture.paste(colour, (*at, at[0] + 120, at[1] + 80))
    return picture


def _levels(values: Floats, bits: int, *, narrow: bool = False) -> Floats:
    if narrow:
        values = (16 + 219 * values) / 255 if bits == 8 else (16 + 219 * values) * 256 / 65535
    levels: Floats = (values * ((1 << bits) - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)
    return levels


def _stored(numbers: tuple[int, int], chunks: Chunks, bits: int = 8, *, narrow: bool = False) -> bytes:
    return with_chunks(png(_levels(numbered(_plain(), *numbers), bits, narrow=narrow), 2, bits), chunks)


def _quarters(numbers: tuple[int, int], chunks: Chunks) -> bytes:
    return with_chunks(png(_levels(numbered(four_quarters(), *numbers), 8), 2, 8), chunks)


def _grey(transfer: int, chunks: Chunks) -> bytes:
    return with_chunks(png(_levels(numbered(_plain_grey(), 9, transfer), 8), 0, 8), chunks)


def _with_alpha(numbers: tuple[int, int], chunks: Chunks) -> bytes:
    clear = _clear()
    levels = _levels(numbered(clear.convert("RGB"), *numbers), 8)
    return with_chunks(png(np.dstack([levels, np.array(clear)[..., 3]]), 6, 8), chunks)


def _plain_palette() -> Image.Image:
    return _plain().quantize(200, dither=Image.Dither.NONE).convert("RGB")


def _palette(gamma: float) -> bytes:
    picture = _plain().quantize(200, dither=Image.Dither.NONE)
    table = np.array(picture.getpalette(), np.uint8)
    stored = _levels(profiles.linear(table / 255) ** gamma, 8)
    body = png(np.array(picture), 3, 8)
    return with_chunks(body, (_gama(gamma), (b"PLTE", stored.tobytes())))
