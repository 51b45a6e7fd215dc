"""AVIF: colours by number, crops, turns, tiles, and what libavif refuses."""

from collections.abc import Iterator
from functools import partial

import imagecodecs
import numpy as np
from PIL import Image

from tests.fidelity import profiles
from tests.fidelity.numbered import numbered
from tests.fidelity.pictures import saved
from tests.fidelity.variants import heif_items
from tests.fidelity.variants.heif_encoder import Item, clap, coded, ispe, nclx
from tests.fidelity.variants.heif_items import Family, plain
from tests.fidelity.variants.png_colours import four_quarters
from tests.fidelity.variants.variant import Variant


def _saved(picture: Image.Image, **options: str) -> bytes:
    return saved(picture, "AVIF", quality=90, subsampling="4:4:4", speed=9, **options)


_AVIF = Family("avif", b"av01", _saved, 40)
_ROLLED_OFF = 27  # as in PNG
_SPACES = (  # primaries/transfer/matrix, bits
    *((1, 13, matrix, 8) for matrix in (0, 1, 5, 6, 8, 9)),
    *((12, 13, 6, 8), (12, 13, 1, 10), (12, 1, 6, 12), (9, 14, 9, 10), (9, 13, 9, 8), (1, 13, 1, 12), (12, 4, 6, 10)),
    *((9, 16, 9, 10), (9, 16, 9, 12), (12, 16, 0, 10), (9, 18, 9, 10), (9, 18, 9, 12)),
)


def variants() -> Iterator[Variant]:
    """Yield every variant of AVIF."""
    for space in _SPACES:
        name = "nclx {}/{}/{}, {} bits".format(*space)
        least = _ROLLED_OFF if space[1] in (16, 18) else 36 if space[1] == 4 else 38
        yield Variant("avif", name, partial(encoded, None, *space), plain, least)
    yield Variant("avif", "nclx 9/16/9 as of the odd pictures", _odd, four_quarters, _ROLLED_OFF)
    yield Variant("avif", "narrow range", partial(_saved, plain(), range="limited"), plain, 38)
    yield from heif_items.shared(_AVIF)
    yield from _profiles()
    yield from _special()


def _profiles() -> Iterator[Variant]:
    profile = (b"colr", b"prof" + profiles.rgb(profiles.P3, None))
    for name, colours in (
        ("nclx, then a profile", [nclx(9, 16, 6), profile]),
        ("a profile, then nclx", [profile, nclx(9, 16, 6)]),
    ):
        yield _AVIF.right(name, partial(_of_display_p3, colours), plain)
    broken = [(b"colr", b"prof" + b"broken" * 30), nclx(12, 13, 6)]
    yield _AVIF.right("a broken profile and nclx", partial(_of_display_p3, broken), plain)

    for space, least in (((12, 13, 6, 8), 38), ((9, 16, 9, 10), _ROLLED_OFF), ((1, 13, 0, 8), 38)):
        name = "no nclx, but {}/{}/{} in the coded picture, {} bits".format(*space)
        yield Variant("avif", name, partial(_without_nclx, space), plain, least)
        name = "no nclx, but {}/{}/{} in the coded tiles, {} bits".format(*space)
        yield Variant("avif", name, partial(_without_nclx, space, tiled=True), heif_items.twice, least)


def _special() -> Iterator[Variant]:
    one, file, size = _AVIF.one, _AVIF.file, (240, 160)
    yield _AVIF.refused("no ispe", lambda: file(one(without=(b"ispe",))), "BMFF parsing failed")
    yield _AVIF.refused("clap of zeros", lambda: file(one((b"clap", bytes(32)))), "fraction of zero")
    beyond = partial(clap, (-10, 0, 200, 100), size)
    yield _AVIF.refused("clap beyond the picture", lambda: file(one(beyond())), "no part of the picture")
    halves = (b"clap", bytes.fromhex("00000065 00000001 00000064 00000001 00000000 00000001 00000000 00000001"))
    yield _AVIF.refused("clap of half pixels", lambda: file(one(halves)), "not of whole pixels")
    tiles = _AVIF.tiles()
    for name, to in (("a grid of one tile twice", (2, 2)), ("a grid that lacks a tile", (2,))):
        encode = partial(lambda to: file(tiles, one(), references=((b"dimg", 1, to),)), to)
        yield _AVIF.refused(name, encode, "Invalid image grid")
    for kind in (b"tmap", b"iden", b"iovl"):
        item = Item(kind, bytes(62), [ispe(*size)])
        encode = partial(lambda item: file(one(), item, one(), references=((b"dimg", 2, (1, 3)),), primary=2), item)
        yield _AVIF.refused(f"{kind.decode()} as the primary picture", encode, "Missing or empty image item")


def encoded(picture: Image.Image | None, primaries: int, transfer: int, matrix: int, bits: int) -> bytes:
    """Return a picture, or the scene, as AVIF in colours by number."""
    values = numbered(picture or plain(), primaries, transfer)
    levels = (values * ((1 << bits) - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)
    made = imagecodecs.avif_encode(
        levels,
        level=95,
        speed=9,
        bitspersample=bits,
        pixelformat=imagecodecs.AVIF.PIXEL_FORMAT.YUV444,
        primaries=primaries,
        transfer=transfer,
        matrix=matrix,
        numthreads=1,
    )
    return bytes(made)


def _odd() -> bytes:
    return encoded(four_quarters(), 9, 16, 9, 10)


def _of_display_p3(colours: list[tuple[bytes, bytes]]) -> bytes:
    p3 = Image.fromarray((numbered(plain(), 12, 13) * 255).round().astype(np.uint8))
    family = Family("avif", b"av01", _saved, 0)
    family.__dict__["coded"] = coded(_saved(p3))
    return family.file(family.one(*colours, without=(b"colr",)))


def _without_nclx(space: tuple[int, int, int, int], *, tiled: bool = False) -> bytes:
    parts = coded(encoded(None, *space))
    item = Item(b"av01", parts.data, [one for one in parts.properties.items() if one[0] != b"colr"])
    if not tiled:
        return _AVIF.file(item)
    pixi = (b"pixi", parts.properties[b"pixi"])
    grid = _AVIF.tiles(pixi, without=(b"colr", b"pixi"))
    return _AVIF.file(grid, item, item, references=((b"dimg", 1, (2, 3)),))
