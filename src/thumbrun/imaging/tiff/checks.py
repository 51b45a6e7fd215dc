"""Refuses layouts of a TIFF that no standard defines, that a compression cannot hold, or that decoders disagree about.

Pure.
"""

from thumbrun.imaging.tiff.layout import (
    BLACK_IS_ZERO,
    BYTES,
    CMYK,
    FAX,
    GREY,
    JPEG,
    JPEG2000_VIPS,
    JPEG2000_YCBCR,
    LOSSLESS,
    NONE,
    OLD_JPEG,
    PICTURES,
    RGB,
    WEBP,
    YCBCR,
    Layout,
    named,
)
from thumbrun.imaging.tiff.tags import UnreadTiffError

_COMPRESSIONS = {32771: "CCITT RLE, words", 32809: "ThunderScan", 34887: "LERC", 34892: "lossy DNG", 50002: "JPEG XL"}


def check(layout: Layout) -> None:
    """Refuse a layout that thumbrun does not surely understand.

    Raises:
        UnreadTiffError: It is such a layout. The message says which.
    """
    _check_combination(layout)
    _check_pieces(layout)


def _check_combination(layout: Layout) -> None:
    """Refuse what a compression cannot hold, or holds in a way that decoders disagree about."""
    compression = layout.compression
    if compression in BYTES:
        _check_bytes(layout)
        return
    if compression in FAX:
        fits = layout.photometric in GREY and layout.bits == layout.samples == 1 and layout.form == "u"
    elif compression in (OLD_JPEG, JPEG):
        fits = _fits_jpeg(layout)
    elif compression in PICTURES:
        fits = _fits_pictures(layout)
    else:
        name = f" ({_COMPRESSIONS[compression]})" if compression in _COMPRESSIONS else ""
        raise UnreadTiffError(f"compression {compression}{name} is not read")
    if not fits:
        planes = ", in planes," if layout.planar else ""
        raise UnreadTiffError(
            f"compression {compression} of {layout.samples} samples of {layout.bits} bits{planes} with photometric "
            f"interpretation {named(layout.photometric)} is not read"
        )


def _fits_jpeg(layout: Layout) -> bool:
    """Whether libtiff surely decodes JPEG to these samples, and Pillow takes them for what they are."""
    if layout.bits != 8 or layout.form != "u":
        return False
    if layout.compression == OLD_JPEG:
        return layout.photometric == YCBCR and layout.samples == 3 and not layout.planar
    extra = layout.samples - layout.colours
    if layout.photometric == RGB:
        return not extra or (extra == 1 and not layout.planar)
    return layout.photometric in (*GREY, CMYK, YCBCR) and not extra


def _fits_pictures(layout: Layout) -> bool:
    """Whether pieces that are JPEG 2000 or WebP can hold these samples."""
    if layout.bits != 8 or layout.form != "u" or layout.planar or layout.reversed_bits or layout.predictor != 1:
        return False
    if layout.samples > 4:
        return False
    if layout.compression == WEBP:
        return layout.photometric == RGB
    if layout.photometric == YCBCR:
        return layout.compression in (JPEG2000_YCBCR, JPEG2000_VIPS)
    if layout.compression == JPEG2000_YCBCR:
        return False
    return layout.photometric in (BLACK_IS_ZERO, RGB)


def _check_bytes(layout: Layout) -> None:
    """Refuse predictors and planes in combinations that no standard defines, or that decoders disagree about."""
    predictor = layout.predictor
    if predictor == 2 and (layout.bits not in (8, 16, 32, 64) or layout.compression not in LOSSLESS):
        # Without compression, libtiff ignores the predictor and tifffile obeys it.
        raise UnreadTiffError(f"predictor 2 with {layout.bits} bits and compression {layout.compression} is not read")
    if predictor == 3 and (layout.form != "f" or layout.compression not in LOSSLESS):
        raise UnreadTiffError(f"predictor 3 with {layout.form}{layout.bits} and compression {layout.compression}")
    if layout.subsampling != (1, 1) and (predictor != 1 or layout.planar):
        raise UnreadTiffError("subsampled YCbCr with a predictor or in planes is not read")
    if layout.form == "i" and layout.alpha is not None:
        raise UnreadTiffError("alpha beside signed samples is not read")


def _check_pieces(layout: Layout) -> None:
    """Refuse more or fewer strips or tiles than the picture has, and those without bytes (a convention of GDAL's)."""
    if layout.compression == OLD_JPEG:
        return
    expected = layout.across * layout.down * (layout.samples if layout.planar else 1)
    kind = "tiles" if layout.tiled else "strips"
    if len(layout.offsets) != expected:
        raise UnreadTiffError(f"{len(layout.offsets)} {kind} where the picture has {expected} are not read")
    if len(layout.lengths) != expected and (layout.lengths or layout.compression != NONE):
        raise UnreadTiffError(f"{len(layout.lengths)} sizes of {expected} {kind} are not read")
    if 0 in layout.offsets or 0 in layout.lengths:
        raise UnreadTiffError(f"{kind} without bytes are not read")
    if layout.compression == NONE and expected > 1 and layout.lengths:
        _check_lengths(layout, kind)


def _check_lengths(layout: Layout, kind: str) -> None:
    """Refuse uncompressed strips or tiles that end before their rows do; the bytes behind them mean something else."""
    last = layout.height - (layout.down - 1) * layout.piece[1]
    whole = layout.row_bytes * layout.stored_rows(layout.piece[1])
    shortest = whole if layout.tiled else layout.row_bytes * layout.stored_rows(last)
    if min(layout.lengths) >= whole:
        return
    for at, length in enumerate(layout.lengths):
        needed = shortest if at % layout.down == layout.down - 1 else whole
        if length < needed:
            raise UnreadTiffError(f"{kind} of {length} bytes where {needed} are needed are not read")
