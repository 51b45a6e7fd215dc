"""TIFF of kinds that people reported, whose meaning needs more tags, and that must be refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import imagecodecs
import numpy as np
from PIL import Image

from tests.fidelity import profiles
from tests.fidelity.tiff_writer import Kind, Samples, joined, written
from tests.fidelity.variants.tiff import FORWARD, colormap, shown_ycbcr, stored, with_extra
from tests.fidelity.variants.variant import Variant

_SIZE = (240, 160)
_ROTATED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Pillow's transpositions that each orientation asks for


def _drawn(name: str, body: Callable[[], bytes], draw: Callable[[], Image.Image], least: float = 40) -> Variant:
    return Variant("tiff", name, body, draw, least)


def _refused(name: str, says: str, kind: Kind, make: Callable[[], Samples] = lambda: stored(2).samples) -> Variant:
    return Variant("tiff", name, lambda: written(make(), kind), None, says=says)


def _quadrants(*colours: tuple[int, ...]) -> Samples:
    """Return four quadrants of 120 x 80 pixels: upper left, upper right, lower left, lower right."""
    array = np.array(colours, np.uint8).reshape(2, 2, -1)
    return array.repeat(80, axis=0).repeat(120, axis=1)


_FOUR = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 200, 40))
_GREYS = ((30,), (100,), (170,), (240,))


def _four() -> Image.Image:
    return Image.fromarray(_quadrants(*_FOUR))


def _greys() -> Image.Image:
    return Image.fromarray(_quadrants(*_GREYS)[..., 0])


def _small() -> Iterator[Variant]:
    """Yield the kinds that people reported against other tools."""
    channels = np.dstack([_quadrants(*_FOUR), np.full((160, 240, 2), 77)])
    yield _drawn("five channels in planes", lambda: written(channels, Kind(2, extra=(0, 0), planar=True)), _four)
    inverted = 65535 - _quadrants(*_GREYS).astype(np.uint16) * 257
    yield _drawn("white is zero of 16 bits, Deflate", lambda: written(inverted, Kind(0, 16, compression=8)), _greys)
    map_ = np.zeros((3, 256), int)
    map_[:, :4] = np.array(_FOUR).T
    indices = _quadrants((0,), (1,), (2,), (3,))
    for times, name in ((1, "0 to 255"), (257, "0 to 65535"), (256, "0 to 65280")):
        kind = Kind(3, compression=8, tags={320: tuple(int(v) * times for v in map_.reshape(-1))})
        yield _drawn(f"colormap of {name}", partial(written, indices, kind), _four, 38)
    times_alpha = (_quadrants(*_GREYS) * (128 / 255)).round().astype(np.uint8)
    veiled = np.dstack([times_alpha, np.full((160, 240), 128)])
    half = _greys().convert("LA")
    half.putalpha(128)
    yield _drawn(
        "grey with half alpha, associated", lambda: written(veiled, Kind(1, extra=(1,), compression=8)), lambda: half
    )
    floats = _quadrants(*_FOUR).astype(np.float32) / 255
    yield _drawn("float RGB in strips", lambda: written(floats, Kind(2, 32, "f", rows=91, compression=8)), _four)
    light = _quadrants(*_GREYS).astype(np.uint64)
    for times, name in ((1, "0 to 255"), (257, "0 to 65535"), (16843009, "the full range")):
        kind = Kind(1, 32, tags={339: None})
        yield _drawn(f"unsigned 32-bit grey, {name}", partial(written, light * np.uint64(times), kind), _greys)
    missing = (floats[..., :1] * 0 + _quadrants(*_GREYS)[..., :1] / np.float32(255)).astype(np.float32)
    missing[:8, :8] = np.nan
    holed = _greys()
    holed.paste(0, (0, 0, 8, 8))
    yield _drawn(
        "float grey with pixels that are no numbers", lambda: written(missing, Kind(1, 32, "f")), lambda: holed, 36
    )


def _tiles() -> Iterator[Variant]:
    """Yield tiles that are larger than the picture, and those whose rows end within a byte."""
    for compression in (1, 8):
        kind = Kind(2, 12, compression=compression, tile=(512, 1024))
        yield _drawn(
            f"one large tile, compression {compression}", partial(written, stored(2, 12).samples, kind), _scene
        )
        for bits in (1, 2, 4):
            kind = Kind(1, bits, compression=compression, tile=(36 + bits % 4, 30))
            name = f"{bits} bits in tiles of odd width, compression {compression}"
            yield _drawn(name, partial(written, stored(1, bits).samples, kind), stored(1, bits).shown.copy, 36)


def _scene() -> Image.Image:
    return stored(2, 12).shown


def _orientations() -> Iterator[Variant]:
    """Yield the orientations of pictures that thumbrun draws itself."""
    for orientation, turn in _ROTATED.items():
        transposition = Image.Transpose(turn)
        kind = Kind(2, 16, planar=True, tags={274: (orientation,)})
        yield _drawn(
            f"16 bits in planes, orientation {orientation}",
            partial(written, stored(2, 16).samples, kind),
            partial(stored(2, 16).shown.transpose, transposition),
        )
    for compression in (1, 8):
        for bits in (8, 16):
            kind = Kind(2, bits, compression=compression, big=True, order=">", tags={274: (6,)})
            yield _drawn(
                f"BigTIFF, the highest byte first, {bits} bits, compression {compression}, orientation 6",
                partial(written, stored(2, bits).samples, kind),
                partial(stored(2, bits).shown.transpose, Image.Transpose(_ROTATED[6])),
            )
    body = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r xmlns:tiff="t" tiff:Orientation="6"/></x:xmpmeta>'
    for bits in (8, 12):
        kind = Kind(2, bits, tags={700: tuple(body)})
        yield _drawn(
            f"{bits} bits, an orientation only in XMP",
            partial(written, stored(2, bits).samples, kind),
            stored(2, bits).shown.copy,
        )


def _units(samples: Samples, across: int, down: int) -> tuple[bytes, Samples]:
    """Return data units of YCbCr (TIFF 6.0, section 21), and the samples that they stand for."""
    height, width = samples.shape[0] // down * down, samples.shape[1] // across * across
    cut = samples[:height, :width].reshape(height // down, down, width // across, across, 3).transpose(0, 2, 1, 3, 4)
    chroma = cut[..., 1:].mean(axis=(2, 3)).round().astype(np.uint8)
    luma = cut[..., 0].reshape(*cut.shape[:2], across * down)
    shown = samples[:height, :width].copy()
    shown[..., 1:] = chroma.repeat(down, axis=0).repeat(across, axis=1)
    return np.concatenate([luma, chroma], axis=2).astype(np.uint8).tobytes(), shown


def _ycbcr() -> Iterator[Variant]:
    """Yield subsampled YCbCr, compressed or not, and of other than the full range."""
    for across, down in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)):
        units, shown = _units(stored(6).samples, across, down)
        for compression, encode in ((1, bytes), (5, imagecodecs.lzw_encode), (32773, imagecodecs.packbits_encode)):
            tags = None if (across, down) == (2, 2) and compression == 1 else (across, down)
            kind = Kind(6, compression=compression, tags={530: tags})
            yield _drawn(
                f"YCbCr {across} by {down}, compression {compression}",
                partial(joined, [bytes(encode(units))], _SIZE, 3, kind),
                partial(shown_ycbcr, shown),
            )
    studio = _studio()
    kind = Kind(6, tags={530: (1, 1)}, fractions={532: tuple(1000 * v for v in (16, 235, 128, 240, 128, 240))})
    yield _drawn("YCbCr of studio range", partial(written, studio, kind), lambda: stored(2).shown)
    units, shown = _units(stored(6).samples, 2, 2)
    cut = units[: len(units) // 2], units[len(units) // 2 :]
    kind = Kind(6, rows=80, tags={530: (2, 2)})
    yield _drawn("YCbCr 2 by 2 in strips", partial(joined, list(cut), _SIZE, 3, kind), partial(shown_ycbcr, shown))
    odd, _ = stored(6).samples[:159, :239], None
    padded = np.pad(odd, ((0, 1), (0, 1), (0, 0)), mode="edge")
    units, shown = _units(padded, 2, 2)
    yield _drawn(
        "YCbCr 2 by 2 of odd size",
        partial(joined, [units], (239, 159), 3, Kind(6, tags={530: (2, 2), 278: (159,)})),
        partial(shown_ycbcr, shown[:159, :239]),
    )


def _studio() -> Samples:
    unit = np.asarray(stored(2).shown, float) / 255 @ FORWARD.T
    studio: Samples = (unit * [219, 224, 224] + [16, 128, 128]).round().astype(np.uint8)
    return studio


def _profiled() -> Iterator[Variant]:
    """Yield pictures with a profile that thumbrun draws itself."""
    profile = tuple(profiles.rgb(profiles.ADOBE, profiles.ADOBE_GAMMA))
    light = profiles.from_srgb(np.asarray(stored(2).shown) / 255, profiles.ADOBE)
    wide = (light ** (1 / profiles.ADOBE_GAMMA) * 65535).round().astype(np.uint16)
    yield _drawn(
        "RGB of 16 bits in planes with a profile",
        lambda: written(wide, Kind(2, 16, planar=True, tags={34675: profile})),
        lambda: stored(2).shown,
        34,
    )
    for bits in (8, 12):
        kind = Kind(2, bits, tags={34675: (70000,)})
        shown = stored(2, bits).shown
        yield _drawn(f"{bits} bits, a profile of numbers", partial(written, stored(2, bits).samples, kind), shown.copy)


def _not_read() -> Iterator[Variant]:
    """Yield what must be refused, with the detail's words."""
    rgb = Kind(2)
    yield _refused("complex samples", "complex samples", replace(rgb, tags={339: (5,) * 3}))
    yield _refused("undefined samples", "undefined samples", replace(rgb, tags={339: (4,) * 3}))
    yield _refused("samples of different formats", "different formats", replace(rgb, tags={339: (1, 1, 3)}))
    yield _refused(
        "samples of different depths", "different depths (5, 6, 5 bits)", replace(rgb, tags={258: (5, 6, 5)})
    )
    yield _refused("no bits a sample", "bits a sample are missing", replace(rgb, tags={258: None}))
    yield _refused("no photometric interpretation", "is missing", replace(rgb, tags={262: None}))
    others = (4, "transparency mask"), (10, "ITU LAB"), (32803, "colour filter array"), (34892, "linear raw")
    for photometric, words in others:
        says = f"interpretation {photometric} ({words}) is not read"
        yield _refused(f"photometric {photometric}", says, replace(rgb, tags={262: (photometric,)}))
    yield _refused("predictor without compression", "predictor 2", replace(rgb, tags={317: (2,)}))
    yield _refused("predictor 3 of whole numbers", "predictor 3", replace(rgb, compression=8, tags={317: (3,)}))
    yield _refused("predictor 34892", "predictor 34892", replace(rgb, compression=8, tags={317: (34892,)}))
    yield _refused("LERC", "compression 34887 (LERC)", replace(rgb, tags={259: (34887,)}))
    yield _refused("an unknown compression", "compression 4711", replace(rgb, tags={259: (4711,)}))
    yield _refused(
        "two alpha channels", "several alpha", Kind(2, extra=(2, 1)), lambda: with_extra(2, 8, (0, 0)).samples
    )
    yield _refused("extra samples not stated", "extra samples", Kind(1), lambda: with_extra(1, 8, (0,)).samples)
    yield _refused("inks of other colours", "inks", Kind(5, tags={332: (2,)}), lambda: stored(5).samples)
    yield _refused("a short colormap", "colormap of 48", Kind(3, tags={320: (0,) * 48}), lambda: stored(3).samples)
    yield _refused("strips without bytes", "strips without bytes", replace(rgb, tags={273: (0,), 279: (0,)}))
    yield _refused("too many strips", "2 strips where the picture has 1", replace(rgb, rows=80, tags={278: (160,)}))
    yield _refused("too few strips", "1 strips where the picture has 4", replace(rgb, tags={278: (40,)}))
    short = replace(rgb, rows=80, tags={279: (57600, 57599)})
    yield _refused("a strip that ends early", "strips of 57599 bytes where 57600 are needed", short)
    bright = stored(2, 32, "f").samples * 9
    yield _refused("floating-point colours beyond 1", "floating-point colours", Kind(2, 32, "f"), lambda: bright)
    yield _refused("infinite grey", "not numbers", Kind(1, 32, "f"), lambda: bright[..., :1] * np.float32(np.inf))
    signed = with_extra(1, 16, (2,)).samples
    yield _refused("signed grey with alpha", "alpha beside signed", Kind(1, 16, "i", extra=(2,)), lambda: signed)
    yield _refused(
        "palette with associated alpha",
        "associated alpha",
        Kind(3, extra=(1,), tags={320: colormap(8)}),
        lambda: with_extra(1, 8, (0,)).samples,
    )


def variants() -> Iterator[Variant]:
    """Yield the variants that are no part of a table."""
    for some in (_small, _tiles, _orientations, _ycbcr, _profiled, _not_read):
        yield from some()
