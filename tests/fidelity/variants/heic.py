"""HEIC: colours by number, crops, turns, tiles, and what libheif refuses."""

import io
import struct
from collections.abc import Iterator
from functools import partial

import numpy as np
import pillow_heif
from PIL import Image

from tests.fidelity import profiles
from tests.fidelity.numbered import numbered
from tests.fidelity.pictures import heic
from tests.fidelity.variants import heif_items
from tests.fidelity.variants.heif_encoder import Item, Reference, clap, coded, irot, ispe, nclx
from tests.fidelity.variants.heif_items import Family, plain, twice
from tests.fidelity.variants.png_colours import four_quarters
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

_HEIC = Family("heic", b"hvc1", heic, 44)
_ROLLED_OFF = 27  # as in PNG
# primaries/transfer/matrix, full range, bits
_SPACES = (
    *((1, 13, matrix, full, 8) for matrix in (0, 1, 5, 6, 9) for full in (0, 1) if matrix or full),
    *((12, 13, 6, 1, 8), (12, 13, 1, 0, 10), (12, 1, 6, 0, 12), (9, 14, 9, 0, 10), (9, 13, 9, 1, 8), (1, 13, 1, 1, 12)),
    *((9, 16, 9, 0, 10), (9, 16, 9, 1, 12), (12, 16, 6, 1, 10), (9, 18, 9, 0, 10), (9, 18, 9, 1, 12)),
)


def variants() -> Iterator[Variant]:
    """Yield every variant of HEIC."""
    for space in _SPACES:
        name = "nclx {}/{}/{}, {} range, {} bits".format(*space[:3], "full" if space[3] else "narrow", space[4])
        least = _ROLLED_OFF if space[1] in (16, 18) else 40
        yield Variant("heic", name, partial(_numbered, *space), plain, least)
    yield Variant("heic", "nclx 12/13/6 as of the odd pictures", _odd, four_quarters, 40)
    yield from heif_items.shared(_HEIC)
    yield from _profiles()
    yield from _special()


def _profiles() -> Iterator[Variant]:
    profile = (b"colr", b"prof" + profiles.rgb(profiles.P3, None))
    for name, colours in (
        ("nclx, then a profile", [nclx(1, 13, 6), profile]),
        ("a profile, then nclx", [profile, nclx(1, 13, 6)]),
    ):
        yield _HEIC.right(name, partial(_of_display_p3, colours), plain)
    broken = [(b"colr", b"prof" + b"broken" * 30), nclx(12, 13, 6)]
    yield _HEIC.right("a broken profile and nclx", partial(_of_display_p3, broken), plain)
    tile = partial(_HEIC.one, nclx(12, 13, 6), without=(b"colr",))
    yield Variant("heic", "nclx of the tiles only", lambda: _tiled(tile()), _as_display_p3, 40)


def _special() -> Iterator[Variant]:
    one, file = _HEIC.one, _HEIC.file
    memory, limit = Reason.UNREADABLE, "Security limit exceeded"
    unstated = partial(one, without=(b"ispe",))
    yield _HEIC.right("no ispe", lambda: file(unstated()), plain)
    yield _HEIC.refused("no ispe, turned", lambda: file(unstated(irot(1))), "Image has no 'ispe' property")
    both: tuple[Reference, ...] = ((b"dimg", 1, (2, 3)),)
    yield _HEIC.right(
        "a grid without ispe", lambda: file(_HEIC.tiles(without=(b"ispe",)), one(), one(), references=both), twice
    )
    yield _HEIC.refused(
        "tiles without ispe",
        lambda: file(_HEIC.tiles(), unstated(), unstated(), references=both),
        "zero width or height",
    )
    yield _HEIC.right(
        "another item, neither with ispe",
        lambda: file(Item(b"iden", b""), unstated(), references=((b"dimg", 1, (2,)),)),
        plain,
    )
    yield _HEIC.refused("ispe too small", lambda: file(one(ispe(120, 80), without=(b"ispe",))), limit, memory)
    yield _HEIC.refused(
        "ispe too large", lambda: file(one(ispe(300, 200), without=(b"ispe",))), "does not have the size"
    )
    yield _HEIC.refused("clap of zeros", lambda: file(one((b"clap", bytes(32)))), "Invalid fractional number")
    yield _HEIC.refused(
        "irot, then clap", lambda: file(one(irot(1), clap((41, 21, 150, 139), (160, 240)))), limit, memory
    )
    tiles = _HEIC.tiles()
    yield _HEIC.refused(
        "a grid of one tile twice", lambda: file(tiles, one(), references=((b"dimg", 1, (2, 2)),)), "double references"
    )
    yield _HEIC.refused(
        "a grid that lacks a tile", lambda: file(tiles, one(), references=((b"dimg", 1, (2,)),)), "primary picture"
    )
    tone_mapped = Item(b"tmap", bytes(62), [ispe(240, 160)])
    yield _HEIC.refused(
        "a gain map as the primary picture",
        lambda: file(one(), tone_mapped, one(), references=((b"dimg", 2, (1, 3)),), primary=2),
        "unsupported or non-existing image",
    )
    identity = Item(b"iden", b"", [ispe(240, 160), irot(2)])
    yield _HEIC.right(
        "another item, turned",
        lambda: file(identity, one(), references=((b"dimg", 1, (2,)),)),
        lambda: plain().transpose(Image.Transpose.ROTATE_180),
    )
    layers = struct.pack(">BB4HHHhh", 0, 0, 0, 0, 0, 65535, 240, 160, 0, 0)
    overlay = Item(b"iovl", layers, [ispe(240, 160)])
    yield _HEIC.right("an overlay", lambda: file(overlay, one(), references=((b"dimg", 1, (2,)),)), plain)


def _numbered(primaries: int, transfer: int, matrix: int, full_range: int, bits: int) -> bytes:
    return encoded(plain(), primaries, transfer, matrix, full_range, bits)


def encoded(picture: Image.Image, primaries: int, transfer: int, matrix: int, full_range: int, bits: int) -> bytes:
    """Return a picture as HEIC in colours by number."""
    values = numbered(picture, primaries, transfer)
    mode, most = ("RGB", 255) if bits == 8 else ("RGB;16", 65535)
    levels = (values * most).round().astype(np.uint8 if bits == 8 else "<u2")
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    target = io.BytesIO()
    pillow_heif.from_bytes(mode, picture.size, levels.tobytes()).save(
        target,
        quality=95,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=matrix,
        full_range_flag=full_range,
    )
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    return target.getvalue()


def _odd() -> bytes:
    return encoded(four_quarters(), 12, 13, 6, 1, 8)


def _of_display_p3(colours: list[tuple[bytes, bytes]]) -> bytes:
    p3 = Image.fromarray((numbered(plain(), 12, 13) * 255).round().astype(np.uint8))
    family = Family("heic", b"hvc1", heic, 0)
    family.__dict__["coded"] = coded(heic(p3))
    return family.file(family.one(*colours, without=(b"colr",)))


def _tiled(tile: Item) -> bytes:
    return _HEIC.file(_HEIC.tiles(without=(b"colr",)), tile, tile, references=((b"dimg", 1, (2, 3)),))


def _as_display_p3() -> Image.Image:
    """Return what the scene's values mean as Display P3."""
    light = profiles.linear(np.array(twice()) / 255) @ profiles.P3.T @ np.linalg.inv(profiles.SRGB).T
    return Image.fromarray((profiles.encoded(light) * 255).round().astype(np.uint8))
