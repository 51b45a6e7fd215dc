"""TIFF whose strips and tiles are compressed as pictures: JPEG, JPEG 2000, WebP and CCITT."""

import io
from collections.abc import Callable, Iterator
from functools import partial

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from tests.fidelity import pictures
from tests.fidelity.tiff_writer import Kind, Samples, joined
from tests.fidelity.variants.tiff import stored, with_extra
from tests.fidelity.variants.variant import Variant

_SIZE = (240, 160)


def _drawn(name: str, body: Callable[[], bytes], draw: Callable[[], Image.Image], least: float = 40) -> Variant:
    return Variant("tiff", name, body, draw, least)


def _jpegs() -> Iterator[Variant]:
    """Yield JPEG in TIFF: each colour space that Pillow gives to libtiff."""
    scene = stored(2).shown
    grey = scene.convert("L")
    pixels = np.asarray(scene)
    rgb = imagecodecs.jpeg_encode(pixels, level=97, colorspace="rgb", outcolorspace="rgb")
    plain = imagecodecs.jpeg_encode(pixels, level=97, colorspace="rgb", outcolorspace="ycbcr", subsampling="444")
    half = imagecodecs.jpeg_encode(pixels, level=97, colorspace="rgb", outcolorspace="ycbcr", subsampling="420")
    yield _drawn("JPEG, RGB", lambda: joined([bytes(rgb)], _SIZE, 3, Kind(2, compression=7)), lambda: scene, 38)
    for body, tag in ((plain, (1, 1)), (half, (2, 2))):
        kind = Kind(6, compression=7, tags={530: tag})
        name = f"JPEG, YCbCr {tag[0]} by {tag[1]}"
        yield _drawn(name, partial(joined, [bytes(body)], _SIZE, 3, kind), lambda: scene, 36)
    for places in ({}, {513: (8,), 514: (len(half),)}):
        kind = Kind(6, compression=6, tags={530: (2, 2), 317: None, 339: None, **places})
        name = f"old JPEG, {'as in TIFF 6.0' if places else 'only strips'}"
        yield _drawn(name, partial(joined, [bytes(half)], _SIZE, 3, kind), lambda: scene, 36)
    body = imagecodecs.jpeg_encode(np.asarray(grey), level=97)
    yield _drawn("JPEG, grey", lambda: joined([bytes(body)], _SIZE, 1, Kind(1, compression=7)), lambda: grey)
    negative = imagecodecs.jpeg_encode(255 - np.asarray(grey), level=97)
    yield _drawn(
        "JPEG, white is zero", lambda: joined([bytes(negative)], _SIZE, 1, Kind(0, compression=7)), lambda: grey
    )
    inks = imagecodecs.jpeg_encode(
        stored(5).samples.astype(np.uint8), level=98, colorspace="cmyk", outcolorspace="cmyk"
    )
    yield _drawn(
        "JPEG, CMYK", lambda: joined([bytes(inks)], _SIZE, 4, Kind(5, compression=7)), lambda: stored(5).shown, 36
    )


def _jpegs_of_more() -> Iterator[Variant]:
    """Yield JPEG in planes, and with extra samples."""
    for photometric in (2, 5, 6):
        base = stored(photometric)
        planes = [
            bytes(imagecodecs.jpeg_encode(np.ascontiguousarray(base.samples[..., at], np.uint8), level=97))
            for at in range(base.samples.shape[2])
        ]
        kind = Kind(photometric, compression=7, planar=True, tags={530: (1, 1)})
        name = f"JPEG in planes, photometric {photometric}"
        yield _drawn(name, partial(joined, planes, _SIZE, len(planes), kind), base.shown.copy, 38)
    for extra in ((0,), (1,), (2,)):
        more = with_extra(2, 8, extra)
        samples = more.samples.astype(np.uint8)
        body = bytes(imagecodecs.jpeg_encode(samples, level=98, colorspace="cmyk", outcolorspace="cmyk"))
        kind = Kind(2, extra=extra, compression=7)
        name = f"JPEG of RGB and extra samples {extra}"
        yield _drawn(name, partial(joined, [body], _SIZE, 4, kind), more.shown.copy, 32 if extra == (1,) else 38)
    grey = with_extra(1, 8, (2,))
    body = bytes(imagecodecs.jpeg_encode(np.ascontiguousarray(grey.samples[..., 0], np.uint8), level=98))
    says = "compression 7 of 2 samples"
    kind = Kind(1, extra=(2,), compression=7)
    yield Variant("tiff", "JPEG of grey and alpha", partial(joined, [body], _SIZE, 2, kind), None, says=says)


def _pieces() -> Iterator[Variant]:
    """Yield tiles and strips that are pictures of their own: JPEG 2000 and WebP."""
    scene = stored(2).shown
    for compression in (33005, 34712):
        kind = Kind(2, compression=compression, tile=(128, 128))
        yield _drawn(f"JPEG 2000 in tiles, {compression}", partial(_in_pieces, np.asarray(scene), kind), lambda: scene)
    grey = np.atleast_3d(np.asarray(scene.convert("L")))
    kind = Kind(1, compression=34712, rows=64)
    yield _drawn("JPEG 2000, grey in strips", partial(_in_pieces, grey, kind), lambda: scene.convert("L"))
    luma = stored(6)
    for compression, photometric in ((33003, 6), (33003, 2), (33004, 2)):  # Aperio's, and that of libvips
        kind = Kind(photometric, compression=compression, tile=(128, 128))
        name = f"JPEG 2000, YCbCr ({compression}, photometric {photometric})"
        yield _drawn(name, partial(_in_pieces, luma.samples, kind), lambda: luma.shown)
    kind = Kind(2, compression=33004, tile=(128, 128), tags={305: (0,)})
    says = "RGB or YCbCr"
    yield Variant(
        "tiff", "JPEG 2000 (33004) of another writer", partial(_in_pieces, luma.samples, kind), None, says=says
    )
    veiled = with_extra(2, 8, (2,))
    kind = Kind(2, extra=(2,), compression=34712, rows=160)
    yield _drawn("JPEG 2000, RGB and alpha", partial(_in_pieces, veiled.samples, kind), lambda: veiled.shown)
    kind = Kind(2, compression=50001, tile=(128, 128))
    yield _drawn("WebP in tiles", partial(_in_pieces, np.asarray(scene), kind), lambda: scene)
    kind = Kind(2, extra=(2,), compression=50001, rows=50)
    yield _drawn("WebP with alpha in strips", partial(_in_pieces, veiled.samples, kind), lambda: veiled.shown)
    wide = stored(2, 16).samples.astype(np.uint16)
    kind = Kind(2, compression=34712, rows=160)
    says = "JPEG 2000 of other than 8 bits"
    yield Variant("tiff", "JPEG 2000 of 16 bits in a page of 8", partial(_in_pieces, wide, kind), None, says=says)
    kind = Kind(2, 16, compression=34712, rows=160)
    says = "compression 34712 of 3 samples of 16 bits"
    yield Variant("tiff", "JPEG 2000 of 16 bits", partial(_in_pieces, wide, kind), None, says=says)
    kind = Kind(6, compression=34712, rows=160, tags={530: (1, 1)})
    says = "compression 34712"
    yield Variant("tiff", "JPEG 2000, YCbCr (34712)", partial(_in_pieces, luma.samples, kind), None, says=says)


def _in_pieces(samples: Samples, kind: Kind) -> bytes:
    width, height = kind.tile or (samples.shape[1], kind.rows)
    pieces = []
    for top in range(0, samples.shape[0], height):
        for left in range(0, samples.shape[1], width):
            piece = samples[top : top + height, left : left + width]
            if kind.tile:
                piece = np.pad(piece, ((0, height - piece.shape[0]), (0, width - piece.shape[1]), (0, 0)))
            piece = np.ascontiguousarray(piece.astype(np.uint16 if samples.dtype == np.uint16 else np.uint8))
            if kind.compression == 50001:
                pieces.append(pictures.saved(Image.fromarray(piece), "WEBP", lossless=True, exact=True))
            else:
                pieces.append(bytes(imagecodecs.jpeg2k_encode(piece.squeeze(), level=0, codecformat="j2k", mct=False)))
    return joined(pieces, (samples.shape[1], samples.shape[0]), samples.shape[2], kind)


def _faxes() -> Iterator[Variant]:
    """Yield CCITT compressions, in both senses and both orders of bits."""
    black = stored(1, 1).shown
    for name, number in (("tiff_ccitt", 2), ("group3", 3), ("group4", 4)):
        pieces, rows, sense = _fax_pieces(pictures.saved(black.convert("1"), "TIFF", compression=name))
        for order in (1, 2):
            turned = pieces if order == 1 else [bytes(imagecodecs.bitorder_encode(piece)) for piece in pieces]
            for photometric in (0, 1):
                kind = Kind(photometric, 1, compression=number, rows=rows, fill_order=order)
                shown = black if photometric == sense else black.point(lambda value: 255 - value)
                name = f"CCITT {number}, photometric {photometric}, fill order {order}"
                yield _drawn(name, partial(joined, turned, _SIZE, 1, kind), shown.copy, 36)


def _fax_pieces(body: bytes) -> tuple[list[bytes], int, int]:
    """Return the strips of a TIFF as stored, the rows of one, and which colour 0 is."""
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        places = zip(page.dataoffsets, page.databytecounts, strict=True)
        pieces = [body[offset : offset + length] for offset, length in places]
        return pieces, page.rowsperstrip, int(page.photometric)


def variants() -> Iterator[Variant]:
    """Yield the variants of each compression."""
    for some in (_jpegs, _jpegs_of_more, _pieces, _faxes):
        yield from some()
