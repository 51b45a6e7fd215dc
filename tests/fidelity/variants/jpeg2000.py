"""JPEG 2000: bits, signs, definitions of channels, palettes, colour spaces, and channels of different sizes."""

import itertools
import struct
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image

from tests.fidelity import profiles
from tests.fidelity.pictures import scene, veiled
from tests.fidelity.variants.jpeg2000_encoder import (
    Values,
    box,
    boxed,
    boxed_levels,
    by_ffmpeg,
    codestream,
    defined,
    enumerated,
    palette,
    values,
    with_depths,
)
from tests.fidelity.variants.variant import Variant

SIZE = (240, 160)
LARGE = (1210, 805)  # of which 1/4 is decoded, with a rest
SRGB, GREY, YCC = 16, 17, 18


def variants() -> Iterator[Variant]:
    """Yield every variant of JPEG 2000."""
    yield from _depths()
    yield from _definitions()
    yield from _palettes()
    yield from _colour_spaces()
    yield from _sizes()


def _depths() -> Iterator[Variant]:
    for bits in range(1, 17):
        yield _variant(
            f"grey, {bits} bits", partial(codestream, values(_grey(), bits), bits), partial(_seen, _grey(), bits)
        )
    for bits in (2, 5, 8, 10, 12, 14, 16):
        yield _variant(f"RGB, {bits} bits", partial(boxed_levels, _colours(), bits), partial(_seen, _colours(), bits))
    for bits in (8, 12, 16):
        signed = partial(_signed, _grey(), bits)
        yield _variant(f"grey, {bits} bits, signed", signed, partial(_seen, _grey(), bits))
        lossy = partial(codestream, values(_bright(), bits), bits, level=40, reversible=False)
        yield _variant(f"RGB, {bits} bits, saturated, lossy", lossy, partial(_seen, _bright(), bits), 36)
        both = np.dstack([_grey(), np.array(_clear())[..., 3]])
        alpha = partial(boxed_levels, both, bits, number=GREY, definitions=((0, 0, 1), (1, 1, 0)))
        yield _variant(f"grey and alpha, {bits} bits", alpha, partial(_seen, both, bits))
        large = np.array(scene(*LARGE))
        yield _variant(
            f"RGB, {bits} bits, decoded at a quarter",
            partial(codestream, values(large, bits), bits),
            partial(_seen, large, bits),
            38,
        )
    yield _variant("RGB of 8, 10 and 12 bits", _different_bits, _of_different_bits)


def _definitions() -> Iterator[Variant]:
    rgb, clear = _colours(), np.array(_clear())
    for order in itertools.permutations(range(3)):
        definitions = tuple((channel, 0, colour + 1) for channel, colour in enumerate(order))
        stored = np.dstack([rgb[..., colour] for colour in order])
        name = "".join("RGB"[colour] for colour in order)
        yield _variant(f"cdef, {name}", partial(boxed_levels, stored, 8, definitions=definitions), _plain)
    first = np.dstack([clear[..., 3], clear[..., :3]])
    definitions = ((0, 1, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3))
    yield _variant("cdef, opacity first", partial(boxed_levels, first, 8, definitions=definitions), _clear)
    alpha = clear[..., 3:].astype(int)
    multiplied = np.dstack([(clear[..., :3] * alpha + 127) // 255, alpha]).astype(np.uint8)
    definitions = ((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 0))
    yield _variant("cdef, multiplied opacity", partial(boxed_levels, multiplied, 8, definitions=definitions), _clear)
    definitions = (*definitions[:3], (3, 65535, 65535))
    other = np.dstack([rgb, clear[..., 3]])
    yield _variant("cdef, a channel of no meaning", partial(boxed_levels, other, 8, definitions=definitions), _plain)
    yield _variant("four channels, no cdef", partial(boxed_levels, clear, 8), _clear)
    yield _variant("four channels, no boxes", partial(codestream, clear, 8), _clear)
    five = np.dstack([clear, clear[..., 0]])
    yield _refused("five channels, no cdef", partial(boxed_levels, five, 8), "5 channels")
    definitions = (*((channel, 0, channel + 1) for channel in range(3)), (3, 1, 1), (4, 1, 2))
    yield _refused("opacities of two channels", partial(boxed_levels, five, 8, definitions=definitions), "2 of opacity")


def _palettes() -> Iterator[Variant]:
    for size in (SIZE, LARGE):
        picture = scene(*size).quantize(200, dither=Image.Dither.NONE)
        table = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
        for name, order in (("", (0, 1, 2)), (", mapped", (2, 1, 0))):
            boxes = enumerated(SRGB) + palette(table[:, order], tuple((0, 1, column) for column in order))
            stored = partial(_indexed, np.array(picture), boxes)
            yield _variant(f"palette{name}, {size[0]} pixels wide", stored, partial(picture.convert, "RGB"))
    picture = _plain().quantize(200, dither=Image.Dither.NONE)
    table = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
    both = np.dstack([np.array(picture), np.array(_clear())[..., 3]])
    boxes = palette(table, ((0, 1, 0), (0, 1, 1), (0, 1, 2), (1, 0, 0)))
    boxes += defined(((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 1, 0)))
    shown = picture.convert("RGBA")
    shown.putalpha(_clear().getchannel("A"))
    yield _variant("palette and opacity", partial(_indexed, both, enumerated(SRGB) + boxes), shown.copy)


def _colour_spaces() -> Iterator[Variant]:
    rgb = _colours()
    light = profiles.from_srgb(rgb / 255, profiles.ADOBE)
    adobe = (light ** (1 / profiles.ADOBE_GAMMA) * 255).round().astype(np.uint8)
    profile = profiles.rgb(profiles.ADOBE, profiles.ADOBE_GAMMA)
    for method, name in ((2, "restricted"), (3, "any")):
        boxes = box(b"colr", bytes([method, 0, 0]) + profile)
        yield _variant(f"{name} profile, Adobe RGB", partial(_by_boxes, adobe, boxes), _plain, 38)
    yield from _profiles_of_inks_and_greys()
    boxes = box(b"colr", b"\4\0\0" + bytes(16)) + enumerated(SRGB)
    yield _variant("vendor's colours, then sRGB", partial(_by_boxes, rgb, boxes), _plain)
    boxes = enumerated(14) + box(b"colr", b"\2\0\0" + profile)
    yield _variant("CIELAB, then a profile", partial(_by_boxes, adobe, boxes), _plain, 38)
    boxes = box(b"colr", b"\2\0\0" + profile[:16] + b"Luv " + profile[20:])
    yield _refused("profile of another space", partial(_by_boxes, rgb, boxes), "a profile of the space")
    boxes = box(b"colr", b"\2\0\0" + b"x" * 60)
    yield _variant("broken profile", partial(_by_boxes, rgb, boxes), _plain)
    p3 = (profiles.encoded(profiles.from_srgb(rgb / 255, profiles.P3)) * 255).round().astype(np.uint8)
    boxes = box(b"colr", b"\5\0\0" + struct.pack(">3HB", 12, 13, 0, 128))
    yield _variant("Display P3 by numbers", partial(_by_boxes, p3, boxes), _plain)
    boxes = box(b"colr", b"\5\0\0" + struct.pack(">3HB", 12, 13, 9, 128))
    yield _refused("Display P3 by numbers, as YCC", partial(_by_boxes, p3, boxes), "12/13/9")
    yield _variant("CMY", partial(boxed_levels, 255 - rgb, 8, number=11), _plain)
    inks = np.dstack([255 - rgb, np.zeros(rgb.shape[:2], np.uint8)])
    yield _variant("CMYK", partial(boxed_levels, inks, 8, number=12), _plain)
    for number, levels in ((0, 255 - _grey()), (15, _grey())):
        yield _variant(
            f"bilevel, number {number}", partial(boxed_levels, levels, 1, number=number), partial(_seen, _grey(), 1)
        )
    for number in (1, 4, 9, 13, 14, 19, 20, 24):
        stored = partial(boxed_levels, rgb, 8, number=number)
        yield _refused(f"colour space of number {number}", stored, f"the enumerated colour space {number} is not read")
    ycc = np.array(_plain().convert("YCbCr"))
    yield _variant("sYCC", partial(boxed_levels, ycc, 8, number=YCC), _plain)


def _profiles_of_inks_and_greys() -> Iterator[Variant]:
    shades = 1 - _colours() / 255
    shades = np.dstack([shades * 0.7, np.full(shades.shape[:2], 0.1)])
    levels = (shades * 255).round().astype(np.uint8)
    printed = Image.fromarray((profiles.srgb_of_inks(shades) * 255).round().astype(np.uint8))
    boxes = box(b"colr", b"\3\0\0" + profiles.cmyk())
    yield _variant("profile of inks", lambda: boxed(codestream(levels, 8), 4, boxes), printed.copy, 34)
    for bits in (8, 16):
        dark = (profiles.linear(_grey() / 255) ** (1 / 1.5) * ((1 << bits) - 1)).round()
        stored = codestream(dark.astype(np.uint8 if bits == 8 else np.uint16), bits)
        of_greys = box(b"colr", b"\2\0\0" + profiles.grey(1.5))
        yield _variant(
            f"profile of greys, {bits} bits", partial(boxed, stored, 1, of_greys), partial(_seen, _grey(), 8)
        )


def _sizes() -> Iterator[Variant]:
    least = {"yuv444p": 38, "yuv422p": 34, "yuv440p": 34, "yuv420p": 33, "yuv411p": 30, "yuv410p": 28}
    least |= {"yuv420p10le": 33, "yuv422p12le": 34, "yuv420p16le": 33}
    for layout, decibels in least.items():
        yield _variant(f"sYCC, {layout}", partial(by_ffmpeg, _plain(), layout), _plain, decibels)
    large = scene(*LARGE)
    yield _variant("sYCC, yuv420p, decoded at a quarter", partial(by_ffmpeg, large, "yuv420p"), large.copy, 34)
    yield _variant("YCC, yuv420p, no boxes", partial(by_ffmpeg, _plain(), "yuv420p", "j2k"), _plain, 33)
    yield _refused("sRGB of different sizes", _mislabelled, "of different sizes")


def _variant(name: str, encode: Callable[[], bytes], draw: Callable[[], Image.Image], least: float = 40) -> Variant:
    return Variant("jpeg2000", name, encode, draw, least)


def _refused(name: str, encode: Callable[[], bytes], says: str) -> Variant:
    return Variant("jpeg2000", name, encode, None, says=says)


def _plain() -> Image.Image:
    return scene(*SIZE)


def _clear() -> Image.Image:
    return veiled(_plain())


def _grey() -> Values:
    return np.array(_plain().convert("L"))


def _colours() -> Values:
    return np.array(_plain())


def _bright() -> Values:
    return (_colours().astype(int) * 2 - 120).clip(0, 255)


def _seen(levels: Values, bits: int) -> Image.Image:
    """Return the picture that levels are after they were stored in the given bits: v / (2**bits - 1)."""
    return Image.fromarray((values(levels, bits) * (255 / ((1 << bits) - 1)) + 0.5).astype(np.uint8))


def _by_boxes(levels: Values, boxes: bytes) -> bytes:
    return boxed(codestream(levels, 8), 3, boxes)


def _indexed(indexes: Values, boxes: bytes) -> bytes:
    return boxed(codestream(indexes, 8), 1 if indexes.ndim == 2 else 2, boxes)


def _signed(levels: Values, bits: int) -> bytes:
    """Return levels as signed values: they are stored less half the range, either way."""
    return with_depths(codestream(values(levels, bits), bits), {0: 0x80 | bits - 1})


def _different_bits() -> bytes:
    """Return values of 8 bits as of 8, 10 and 12. A decoder adds half the range, so they are in its middle."""
    return with_depths(codestream(_colours(), 8), {1: 9, 2: 11})


def _of_different_bits() -> Image.Image:
    seen = _colours().astype(float)
    for component, bits in ((1, 10), (2, 12)):
        seen[..., component] = (seen[..., component] - 128 + (1 << bits - 1)) * 255 / ((1 << bits) - 1)
    return Image.fromarray(seen.round().astype(np.uint8))


def _mislabelled() -> bytes:
    return boxed(by_ffmpeg(_plain(), "yuv420p", "j2k"), 3, enumerated(SRGB))
