"""What changes the meaning of a TIFF's bytes: the table of samples whole, and all else pairwise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from PIL import Image

from tests.fidelity import pictures
from tests.fidelity.pairwise import pairs_covered
from tests.fidelity.tiff_writer import Kind, Samples, written
from tests.fidelity.variants.variant import Variant

BITS = (1, 2, 4, 8, 10, 12, 14, 16, 24, 32, 64)
_NAMES = {0: "white is zero", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELAB", 9: "ICC LAB"}
_FORMS = {"u": "unsigned", "i": "signed", "f": "float"}


@dataclass(frozen=True)
class Stored:
    """Samples as a TIFF stores them, and the picture that they show by the standard's formula."""

    samples: Samples
    shown: Image.Image


@cache
def _scene() -> Image.Image:
    return pictures.scene(240, 160)


def _unit(image: Image.Image) -> Samples:
    return np.atleast_3d(np.asarray(image, float) / 255)


def _image(unit: Samples) -> Image.Image:
    pixels = (unit.clip(0, 1) * 255).round().astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def numbers(unit: Samples, bits: int, form: str) -> tuple[Samples, Samples]:
    """Return unit values as samples, and as unit values again after that rounding.

    Signed samples use half of their range, on both sides of zero.
    """
    if form == "f":
        return unit.astype(f"f{bits // 8}"), unit
    if form == "i":
        values = ((unit - 0.5) * 2.0 ** (bits - 1)).round().astype(np.int64)
        return values, (values - values.min()) / (values.max() - values.min())
    full = (1 << bits) - 1
    if bits == 64:
        whole = (unit * ((1 << 16) - 1)).round().astype(np.uint64) * np.uint64(full // 0xFFFF)
        return whole, whole / full
    whole = (unit * full).round().astype(np.uint64)
    return whole, whole / full


@cache
def stored(photometric: int, bits: int = 8, form: str = "u") -> Stored:
    """Return the scene as samples of one kind."""
    match photometric:
        case 0 | 1:
            grey = _unit(_scene().convert("L"))
            samples, unit = numbers(1 - grey if photometric == 0 else grey, bits, form)
            return Stored(samples, _image(1 - unit if photometric == 0 else unit))
        case 2:
            samples, unit = numbers(_unit(_scene()), bits, form)
            return Stored(samples, _image(unit))
        case 3:
            indices, shown = _palette(bits)
            return Stored(indices, shown)
        case 5:
            return _inks(bits)
        case 6:
            return _ycbcr(_unit(_scene()))
        case _:
            return _lab(photometric, bits)


@cache
def _palette(bits: int) -> tuple[Samples, Image.Image]:
    colours = _scene().quantize(min(256, 1 << bits), dither=Image.Dither.NONE)
    return np.atleast_3d(np.asarray(colours)), colours.convert("RGB")


@cache
def colormap(bits: int, times: int = 257) -> tuple[int, ...]:
    """Return the colormap of the scene's palette, as a TIFF stores it: all reds, all greens, all blues."""
    colours = _scene().quantize(min(256, 1 << bits), dither=Image.Dither.NONE)
    table = np.zeros((1 << bits, 3), int)
    stated = np.array(colours.getpalette()).reshape(-1, 3)[: 1 << bits]
    table[: len(stated)] = stated * times
    return tuple(int(value) for value in table.T.reshape(-1))


def _inks(bits: int) -> Stored:
    colours = _unit(_scene())
    black = 0.8 * (1 - colours.max(axis=2, keepdims=True))
    samples, unit = numbers(np.dstack([1 - colours / (1 - black), black]).clip(0, 1), bits, "u")
    return Stored(samples, _image((1 - unit[..., :3]) * (1 - unit[..., 3:])))


FORWARD = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def _ycbcr(colours: Samples) -> Stored:
    """TIFF 6.0, section 21, with the default coefficients: those of ITU-R BT.601."""
    values = colours @ FORWARD.T * 255 + [0, 128, 128]
    samples = values.round().clip(0, 255).astype(np.uint8)
    return Stored(samples, shown_ycbcr(samples))


def shown_ycbcr(samples: Samples) -> Image.Image:
    """Return the colours of full-range YCbCr of 8 bits."""
    return _image((samples.astype(float) - [0, 128, 128]) @ np.linalg.inv(FORWARD).T / 255)


def _lab(photometric: int, bits: int) -> Stored:
    encoded = np.frombuffer(pictures.cielab(_scene()).tobytes(), np.uint8).reshape(160, 240, 3).astype(int)
    lightness, both = encoded[..., :1], (encoded[..., 1:] + 128) % 256 - 128
    if bits == 16:
        lightness, both = lightness * (257 if photometric == 8 else 256), both * 256
    offset = 0 if photometric == 8 else 1 << bits - 1
    return Stored(np.dstack([lightness, (both + offset) % (1 << bits)]), _scene())


def table() -> Iterator[tuple[int, int, str]]:
    """Yield each photometric interpretation, depth and sample format that is read."""
    for bits in BITS:
        yield from ((grey, bits, "u") for grey in (0, 1))
        yield 2, bits, "u"
    for bits in (8, 16, 32, 64):
        yield from ((grey, bits, "i") for grey in (0, 1))
    for bits in (16, 32, 64):
        yield from ((colours, bits, "f") for colours in (0, 1, 2))
    yield from ((3, bits, "u") for bits in (1, 2, 4, 8, 16))
    yield from ((5, bits, "u") for bits in BITS if bits <= 16)
    yield 6, 8, "u"
    yield from ((lab, bits, "u") for lab in (8, 9) for bits in (8, 16))


def _least(photometric: int, bits: int) -> float:
    if bits < 8:  # inks are averaged before they become colours
        return 32 if photometric == 5 else 36
    return 35 if photometric in (8, 9) else 40


def _of_table() -> Iterator[Variant]:
    for photometric, bits, form in table():
        for planar in (False, True) if bits in (1, 4, 8, 12, 16, 32) else (False,):
            kind = Kind(photometric, bits, form, planar=planar, rows=37)
            if photometric == 3:
                kind = replace(kind, tags={320: colormap(bits)})
            if photometric == 6:
                kind = replace(kind, tags={530: (1, 1)})
            name = f"{_NAMES[photometric]}, {bits} bits, {_FORMS[form]}{', planes' if planar else ''}"
            yield _variant(name, kind, partial(stored, photometric, bits, form), _least(photometric, bits))


def _variant(name: str, kind: Kind, make: Callable[[], Stored], least: float = 40) -> Variant:
    return Variant("tiff", name, lambda: written(make().samples, kind), lambda: make().shown, least)


@cache
def with_extra(photometric: int, bits: int, extra: tuple[int, ...], form: str = "u") -> Stored:
    """Return the scene with extra samples: 0 holds something else, 1 and 2 are alpha."""
    base = stored(photometric, bits, form)
    alpha = _unit(pictures.veiled(_scene()).getchannel("A"))
    other = _unit(_scene().convert("L").transpose(Image.Transpose.ROTATE_180))
    samples, shown = base.samples, base.shown
    full = 1.0 if form == "f" else float((1 << bits) - 1)
    for kind in extra:
        if kind == 1:
            times = samples * alpha
            samples = times.astype(samples.dtype) if form == "f" else times.round().astype(np.uint64)
            # What is left of the colours after rounding, and nothing where alpha is 0.
            left = np.divide(samples / full, alpha, out=np.zeros(samples.shape), where=alpha > 0)
            shown = _image((1 - left[..., :3]) * (1 - left[..., 3:]) if photometric == 5 else left)
        if kind in (1, 2):
            shown = shown.copy()
            shown.putalpha(_image(alpha))
    for kind in extra:
        added, _ = numbers(alpha if kind else other, bits, form)
        samples = np.dstack([samples, added.astype(samples.dtype)])
    return Stored(samples, shown)


_KINDS: dict[str, tuple[int, int, str, tuple[int, ...]]] = {
    "grey": (1, 8, "u", ()),
    "grey of 16 bits": (1, 16, "u", ()),
    "white is zero, 12 bits": (0, 12, "u", ()),
    "float grey": (1, 32, "f", ()),
    "half grey": (1, 16, "f", ()),
    "RGB": (2, 8, "u", ()),
    "RGB of 12 bits": (2, 12, "u", ()),
    "RGB of 16 bits": (2, 16, "u", ()),
    "float RGB": (2, 32, "f", ()),
    "CMYK": (5, 8, "u", ()),
    "grey, unspecified": (1, 8, "u", (0,)),
    "grey, alpha": (1, 8, "u", (2,)),
    "grey, associated alpha": (1, 8, "u", (1,)),
    "grey of 16 bits, alpha": (1, 16, "u", (2,)),
    "white is zero, alpha": (0, 8, "u", (2,)),
    "float grey, alpha": (1, 32, "f", (2,)),
    "float RGB, associated alpha": (2, 32, "f", (1,)),
    "RGB, unspecified": (2, 8, "u", (0,)),
    "RGB, two unspecified": (2, 8, "u", (0, 0)),
    "RGB, alpha": (2, 8, "u", (2,)),
    "RGB, associated alpha": (2, 8, "u", (1,)),
    "RGB, unspecified, alpha": (2, 8, "u", (0, 2)),
    "RGB of 16 bits, associated alpha": (2, 16, "u", (1,)),
    "RGB of 16 bits, unspecified": (2, 16, "u", (0,)),
    "RGB of 12 bits, alpha": (2, 12, "u", (2,)),
    "CMYK, unspecified": (5, 8, "u", (0,)),
    "CMYK, alpha": (5, 8, "u", (2,)),
    "CMYK of 16 bits, associated alpha": (5, 16, "u", (1,)),
}
_FACTORS: dict[str, tuple[object, ...]] = {
    "samples": tuple(_KINDS),
    "compression": (1, 5, 8, 32946, 32773, 34925, 50000),
    "predictor": (1, 2, 3),
    "order": ("<", ">"),
    "big": (False, True),
    "pieces": ("one strip", "strips", "tiles"),
    "planar": (False, True),
    "fill_order": (1, 2),
}


def _is_possible(chosen: dict[str, object]) -> bool:
    """Whether a standard says what this combination means."""
    if chosen["predictor"] == 1:
        return True
    _, bits, form, _ = _KINDS[str(chosen["samples"])]
    if chosen["compression"] in (1, 32773):
        return False
    return form == "f" if chosen["predictor"] == 3 else bits != 12


def pairwise() -> Iterator[tuple[str, Kind, tuple[int, int, str, tuple[int, ...]]]]:
    """Yield kinds of files such that each two of their features come together in one of them."""
    for chosen in pairs_covered(_FACTORS, _is_possible):
        samples = _KINDS[str(chosen["samples"])]
        photometric, bits, form, extra = samples
        kind = Kind(
            photometric,
            bits,
            form,
            extra,
            planar=bool(chosen["planar"]),
            compression=int(str(chosen["compression"])),
            predictor=int(str(chosen["predictor"])),
            fill_order=int(str(chosen["fill_order"])),
            order="<" if chosen["order"] == "<" else ">",
            big=bool(chosen["big"]),
            tile=(64, 48) if chosen["pieces"] == "tiles" else None,
            rows=0 if chosen["pieces"] == "one strip" else 21,
        )
        said = [str(chosen["samples"]), f"compression {kind.compression}", f"predictor {kind.predictor}"]
        said += [str(chosen["pieces"]), "II" if kind.order == "<" else "MM"]
        said += [word for word, on in (("BigTIFF", kind.big), ("planes", kind.planar)) if on]
        yield ", ".join([*said, f"fill order {kind.fill_order}"]), kind, samples


def _of_pairs() -> Iterator[Variant]:
    for name, kind, (photometric, bits, form, extra) in pairwise():
        associated = 1 in extra and bits == 8
        make = partial(with_extra, photometric, bits, extra, form)
        yield _variant(name, kind, make, 36 if associated else 40)


def variants() -> Iterator[Variant]:
    """Yield the variants of TIFF."""
    yield from _of_table()
    yield from _of_pairs()
