"""How the samples of a TIFF's page are stored, and who draws them. Pure. `rules` makes a layout from tags."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
GREY, LAB = (WHITE_IS_ZERO, BLACK_IS_ZERO), (CIELAB, ICCLAB)

NONE, OLD_JPEG, JPEG, WEBP, JPEG2000_YCBCR, JPEG2000_VIPS = 1, 6, 7, 50001, 33003, 33004
FAX = frozenset((2, 3, 4))
LOSSLESS = frozenset((5, 8, 32946, 34925, 50000))  # LZW, Deflate by both numbers, LZMA, Zstandard: with predictors
BYTES = LOSSLESS | {NONE, 32773}  # and PackBits
PICTURES = frozenset((JPEG2000_YCBCR, JPEG2000_VIPS, 33005, 34712, WEBP))  # each piece is a JPEG 2000 or WebP


_PHOTOMETRIC = {
    WHITE_IS_ZERO: "white is zero",
    BLACK_IS_ZERO: "black is zero",
    RGB: "RGB",
    PALETTE: "palette",
    4: "transparency mask",
    CMYK: "CMYK",
    YCBCR: "YCbCr",
    CIELAB: "CIELAB",
    ICCLAB: "ICC LAB",
    10: "ITU LAB",
    32803: "colour filter array",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
}


class Way(Enum):
    """Who draws a TIFF: Pillow; thumbrun from decompressed samples; thumbrun from pieces that are pictures."""

    PILLOW = auto()
    SAMPLES = auto()
    PICTURES = auto()


@dataclass(frozen=True, slots=True)
class Layout:
    """How the samples of a TIFF's page are stored.

    Attributes:
        width: The width as stored, before the orientation is applied, in pixels.
        height: The height, likewise.
        photometric: What the colour samples mean, one of this module's numbers.
        bits: Bits a sample.
        form: Whether the samples are unsigned, signed or floating-point numbers.
        samples: How many samples a pixel has.
        alpha: The index of the sample that is alpha, None if there is none.
        associated: Whether the colours are multiplied by alpha.
        planar: Whether each sample has a plane of its own.
        compression: The number of the compression.
        predictor: 1 for none, 2 for differences, 3 for differences of floating-point numbers.
        reversed_bits: Whether the first bit of a byte is its lowest (FillOrder 2).
        order: The order of the bytes in a sample, as `struct` spells it.
        piece: The width and height of a strip or tile, in pixels.
        tiled: Whether the pieces are tiles; a tile is whole even at the edges.
        offsets: Where each piece begins, plane by plane.
        lengths: The stored bytes of each piece; empty if the file does not tell, and is not compressed.
        subsampling: How many pixels across and down share a pair of colour differences.
        coefficients: The shares of red, green and blue in luma.
        reference: The codes of black and white, or of zero and full, for luma and both colour differences.
        colormap: The reds, then greens, then blues of a palette, as stored.
    """

    width: int
    height: int
    photometric: int
    bits: int
    form: Literal["u", "i", "f"]
    samples: int
    alpha: int | None
    associated: bool
    planar: bool
    compression: int
    predictor: int
    reversed_bits: bool
    order: Literal["<", ">"]
    piece: tuple[int, int]
    tiled: bool
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    subsampling: tuple[int, int]
    coefficients: tuple[float, ...]
    reference: tuple[float, ...]
    colormap: tuple[int, ...]

    @property
    def colours(self) -> int:
        """How many samples of a pixel are colours; they are the first ones."""
        return COLOURS[self.photometric]

    @property
    def across(self) -> int:
        """How many pieces lie side by side."""
        return -(-self.width // self.piece[0])

    @property
    def down(self) -> int:
        """How many pieces lie one above the other."""
        return -(-self.height // self.piece[1])

    @property
    def row_bytes(self) -> int:
        """The bytes of a decompressed row of a piece: of pixels, or of data units of subsampled YCbCr."""
        across, down = self.subsampling
        if (across, down) != (1, 1):
            return -(-self.piece[0] // across) * (across * down + 2)
        return -(-self.piece[0] * (1 if self.planar else self.samples) * self.bits // 8)

    def stored_rows(self, rows: int) -> int:
        """Return how many rows of `row_bytes` hold this many rows of pixels."""
        return -(-rows // self.subsampling[1])

    @property
    def way(self) -> Way:
        """Who draws the picture."""
        if self.compression in PICTURES:
            return Way.PICTURES
        if self.compression not in BYTES or self._is_common:
            return Way.PILLOW
        return Way.SAMPLES

    @property
    def mode(self) -> str:
        """The mode of the picture that thumbrun itself draws, as Pillow spells it."""
        if self.photometric in GREY:
            return "L" if self.alpha is None else "LA"
        if self.alpha is not None:
            return "RGBA"
        return {CMYK: "CMYK", CIELAB: "LAB", ICCLAB: "LAB"}.get(self.photometric, "RGB")

    @property
    def _is_common(self) -> bool:
        """Whether Pillow draws these samples right: the tests compare each of these with the truth."""
        if self.planar or self.reversed_bits or self.form != "u" or self.predictor == 3:
            return False
        if self.tiled and self.bits < 8:  # Pillow rounds the bytes of a tile's row down
            return False
        extra = self.samples - self.colours
        match self.photometric:
            case 0 | 1:
                return (self.bits in (1, 2, 4, 8) and not extra) or (self.bits == 8 and extra == 1 and self._is_plain)
            case 2:
                return self.bits in (8, 16) and extra <= 1
            case 3:
                return self.bits in (1, 2, 4, 8) and not extra and max(self.colormap) > 0xFF
            case _:
                return self.photometric == CMYK and self.bits in (8, 16) and not extra

    @property
    def _is_plain(self) -> bool:
        return self.photometric == BLACK_IS_ZERO and self.alpha is not None and not self.associated


def named(photometric: int) -> str:
    """Return a photometric interpretation for people: its number, and its name if it has one.

    >>> named(2), named(12345)
    ('2 (RGB)', '12345')
    """
    return f"{photometric} ({_PHOTOMETRIC[photometric]})" if photometric in _PHOTOMETRIC else f"{photometric}"
