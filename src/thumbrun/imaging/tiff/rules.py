"""Makes the layout of a TIFF's page from its tags, or refuses the page by name. Pure.

A decoder that meets a combination it does not know can still return something. So this is a list of what is read: all
other combinations are refused, with what they are. "TIFF 6.0" is Adobe's specification of 1992.
"""

from collections.abc import Mapping
from typing import Any, Literal

from thumbrun.imaging.tiff import checks
from thumbrun.imaging.tiff.layout import (
    BYTES,
    CIELAB,
    CMYK,
    COLOURS,
    FAX,
    GREY,
    ICCLAB,
    JPEG,
    JPEG2000_VIPS,
    JPEG2000_YCBCR,
    LAB,
    NONE,
    OLD_JPEG,
    PALETTE,
    PICTURES,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
    named,
)
from thumbrun.imaging.tiff.tags import Tag, UnreadTiffError, number, numbers, rationals

_FORMS: dict[int, Literal["u", "i", "f"]] = {1: "u", 2: "i", 3: "f"}
_FORM_NAMES = {1: "unsigned", 2: "signed", 3: "floating-point", 4: "undefined", 5: "complex", 6: "complex"}
_UP_TO_16 = frozenset(range(1, 17))
_DEPTHS = {  # bits a sample, by photometric interpretation and sample format
    **{(grey, "u"): _UP_TO_16 | {24, 32, 64} for grey in GREY},
    **{(grey, "i"): frozenset((8, 16, 32, 64)) for grey in GREY},
    **{(grey, "f"): frozenset((16, 32, 64)) for grey in GREY},
    (RGB, "u"): _UP_TO_16 | {24, 32, 64},
    (RGB, "f"): frozenset((16, 32, 64)),
    (PALETTE, "u"): frozenset(range(1, 9)) | {16},
    (CMYK, "u"): _UP_TO_16,
    (YCBCR, "u"): frozenset((8,)),
    (CIELAB, "u"): frozenset((8, 16)),
    (ICCLAB, "u"): frozenset((8, 16)),
}
_ASSOCIATED, _UNASSOCIATED, _COREL = 1, 2, 999  # Corel Draw 10 writes the last for unassociated alpha
_MOST_SAMPLES = 32
_BT601 = (0.299, 0.587, 0.114)
_FULL_RANGE = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)


def layout_of(tags: Mapping[int, Any], order: Literal["<", ">"]) -> Layout:
    """Return how a page's samples are stored.

    Args:
        tags: The values of the page's tags, as Pillow returns them.
        order: The order of the file's bytes, as `struct` spells it.

    Raises:
        UnreadTiffError: thumbrun does not surely understand the page. The message says which combination it is.
    """
    width, height = number(tags, Tag.WIDTH), number(tags, Tag.HEIGHT)
    if width < 1 or height < 1:
        raise UnreadTiffError("the width or height is missing")
    compression = number(tags, Tag.COMPRESSION, NONE)
    photometric = _photometric(tags, compression)
    samples = number(tags, Tag.SAMPLES, COLOURS[photometric] if compression == OLD_JPEG else 1)
    if photometric == RGB and samples == COLOURS[RGB] and compression in (JPEG2000_YCBCR, JPEG2000_VIPS):
        photometric = _hidden_ycbcr(tags, compression)
    bits = _bits(tags, samples, compression)
    form = _form(tags, photometric, bits)
    alpha, associated = _alpha(tags, photometric, samples)
    # For one sample a pixel this changes nothing, except that Pillow then reads uncompressed samples wrongly.
    planar = number(tags, Tag.PLANAR, 1) == 2 and (samples > 1 or compression in BYTES)
    piece, tiled = _piece(tags, width, height)
    has_chroma = photometric == YCBCR and compression not in PICTURES  # a codestream tells its subsampling itself
    subsampling, coefficients, reference = _chroma(tags) if has_chroma else ((1, 1), _BT601, _FULL_RANGE)
    found = Layout(
        width=width,
        height=height,
        photometric=photometric,
        bits=bits,
        form=form,
        samples=samples,
        alpha=alpha,
        associated=associated,
        planar=planar,
        compression=compression,
        predictor=number(tags, Tag.PREDICTOR, 1),
        reversed_bits=number(tags, Tag.FILL_ORDER, 1) == 2,
        order=order,
        piece=piece,
        tiled=tiled,
        offsets=numbers(tags, Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS),
        lengths=numbers(tags, Tag.TILE_LENGTHS if tiled else Tag.STRIP_LENGTHS),
        subsampling=subsampling,
        coefficients=coefficients,
        reference=reference,
        colormap=_colormap(tags, bits) if photometric == PALETTE else (),
    )
    _check_numbers(tags)
    checks.check(found)
    return found


def _photometric(tags: Mapping[int, Any], compression: int) -> int:
    """Return what the colours mean. Old writers of CCITT and old JPEG leave it out."""
    default = WHITE_IS_ZERO if compression in FAX else YCBCR if compression == OLD_JPEG else -1
    photometric = number(tags, Tag.PHOTOMETRIC, default)
    if photometric < 0:
        raise UnreadTiffError("the photometric interpretation is missing")
    if photometric not in COLOURS:
        raise UnreadTiffError(f"photometric interpretation {named(photometric)} is not read")
    if photometric == CMYK and (number(tags, Tag.INK_SET, 1) != 1 or number(tags, Tag.INKS, 4) != 4):
        raise UnreadTiffError("inks other than cyan, magenta, yellow and black are not read")
    return photometric


def _hidden_ycbcr(tags: Mapping[int, Any], compression: int) -> int:
    """Return YCbCr for JPEG 2000 that a page calls RGB.

    libvips and OpenSlide take Aperio's 33003 for YCbCr, whatever the page says. libvips writes YCbCr under 33004, too,
    and no tag 305; others, which name themselves there, write RGB.
    """
    if compression == JPEG2000_VIPS and Tag.SOFTWARE in tags:
        raise UnreadTiffError(f"compression {compression} is RGB or YCbCr, and the page does not tell, so is not read")
    return YCBCR


def _bits(tags: Mapping[int, Any], samples: int, compression: int) -> int:
    """Return the bits a sample. Many writers state it once for all samples, and some state it too often."""
    if not 1 <= samples <= _MOST_SAMPLES:
        raise UnreadTiffError(f"{samples} samples a pixel are not read")
    in_jpeg = compression in (OLD_JPEG, JPEG)
    stated = numbers(tags, Tag.BITS) or (8 if in_jpeg else 1,)
    if Tag.BITS not in tags and samples > 1 and not in_jpeg:  # the default of 1 is for bilevel pictures
        raise UnreadTiffError(f"the bits a sample are missing, of {samples} samples a pixel")
    if len(set(stated[:samples])) != 1 or 1 < len(stated) < samples:
        raise UnreadTiffError(f"samples of different depths ({', '.join(map(str, stated[:8]))} bits) are not read")
    return stated[0]


def _form(tags: Mapping[int, Any], photometric: int, bits: int) -> Literal["u", "i", "f"]:
    stated = numbers(tags, Tag.SAMPLE_FORMAT) or (1,)
    if photometric in LAB and stated == (1, 2, 2):  # a* and b* are signed in any case
        stated = (1,)
    if len(set(stated)) != 1:
        raise UnreadTiffError("samples of different formats are not read")
    form = _FORMS.get(stated[0])
    if form is None or bits not in _DEPTHS.get((photometric, form), ()):
        kind = _FORM_NAMES.get(stated[0], f"format {stated[0]}")
        raise UnreadTiffError(
            f"{kind} samples of {bits} bits with photometric interpretation {named(photometric)} are not read"
        )
    return form


def _alpha(tags: Mapping[int, Any], photometric: int, samples: int) -> tuple[int | None, bool]:
    """Return the index of alpha, and whether the colours are multiplied by it (TIFF 6.0, section 18)."""
    colours = COLOURS[photometric]
    stated = numbers(tags, Tag.EXTRA_SAMPLES)
    if photometric == RGB and samples == colours + 1 and not stated:
        stated = (_UNASSOCIATED,)  # libvips and Pillow agree
    if samples != colours + len(stated):
        raise UnreadTiffError(
            f"{samples} samples a pixel, of which {len(stated)} are extra samples, are not read with photometric "
            f"interpretation {named(photometric)}"
        )
    if stated == (_COREL,):
        stated = (_UNASSOCIATED,)
    if unknown := set(stated) - {0, _ASSOCIATED, _UNASSOCIATED}:
        raise UnreadTiffError(f"extra samples of kind {min(unknown)} are not read")
    alphas = [at for at, kind in enumerate(stated) if kind]
    if len(alphas) > 1:
        raise UnreadTiffError("several alpha channels are not read")
    if not alphas:
        return None, False
    associated = stated[alphas[0]] == _ASSOCIATED
    if photometric in (YCBCR, *LAB) or (associated and photometric in (WHITE_IS_ZERO, PALETTE)):
        kind = "associated alpha" if associated else "alpha"
        raise UnreadTiffError(f"{kind} with photometric interpretation {named(photometric)} is not read")
    return colours + alphas[0], associated


def _piece(tags: Mapping[int, Any], width: int, height: int) -> tuple[tuple[int, int], bool]:
    """Return the size of a strip or tile, and whether it is a tile."""
    if Tag.TILE_OFFSETS in tags:
        if Tag.STRIP_OFFSETS in tags:
            raise UnreadTiffError("strips and tiles in one picture are not read")
        piece = number(tags, Tag.TILE_WIDTH), number(tags, Tag.TILE_HEIGHT)
        if min(piece) < 1:
            raise UnreadTiffError("the width or height of the tiles is missing")
        return piece, True
    rows = number(tags, Tag.ROWS_PER_STRIP, height)
    if rows < 1:
        raise UnreadTiffError("strips of no rows are not read")
    return (width, min(rows, height)), False


def _chroma(tags: Mapping[int, Any]) -> tuple[tuple[int, int], tuple[float, ...], tuple[float, ...]]:
    """Return how YCbCr is sampled and encoded: subsampling, coefficients, reference (TIFF 6.0, sections 20 and 21)."""
    subsampling = numbers(tags, Tag.SUBSAMPLING) or (2, 2)
    if len(subsampling) != 2 or not set(subsampling) <= {1, 2, 4}:
        raise UnreadTiffError(f"YCbCr subsampling {subsampling} is not read")
    coefficients = rationals(tags, Tag.COEFFICIENTS, _BT601)
    reference = rationals(tags, Tag.REFERENCE, _FULL_RANGE)
    if min(coefficients) <= 0 or any(white <= black for black, white in zip(*[iter(reference)] * 2, strict=True)):
        raise UnreadTiffError("the coefficients or the reference of YCbCr are impossible")
    return (subsampling[0], subsampling[1]), coefficients, reference


def _colormap(tags: Mapping[int, Any], bits: int) -> tuple[int, ...]:
    colormap = numbers(tags, Tag.COLORMAP)
    if len(colormap) != 3 << bits:
        raise UnreadTiffError(f"a colormap of {len(colormap)} values for {bits} bits is not read")
    return colormap


def _check_numbers(tags: Mapping[int, Any]) -> None:
    for tag, known in ((Tag.PLANAR, (1, 2)), (Tag.FILL_ORDER, (1, 2)), (Tag.PREDICTOR, (1, 2, 3))):
        if (value := number(tags, tag, 1)) not in known:
            raise UnreadTiffError(f"{tag.name.lower().replace('_', ' ')} {value} is not read")
