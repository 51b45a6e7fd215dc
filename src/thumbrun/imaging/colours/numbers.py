"""Colours by number: what the values of a picture mean if it says so without a profile, and how to bring them to sRGB.

HEIC and AVIF (nclx), PNG (cICP) and JPEG 2000 name primaries and transfer by the numbers of ITU-T H.273; PNG (gAMA,
cHRM) also by their values. The way to sRGB has two parts, so that a thumbnail is averaged like any other, in values
that are about as far apart as they look, and so that hardly anything is calculated for each pixel of the source:

1. `ColourSpace.curve`, a table for each channel, applied before averaging: from the source's transfer to that of sRGB.
2. `ColourSpace.to_srgb`, applied to the thumbnail: from the source's primaries to those of sRGB, in linear light. What
   sRGB cannot show is cut off at each channel's ends.

HLG is the exception, because its brightness depends on all channels of a pixel: all of it is done by `to_srgb`. Its
values are a square root up to half, so they can be averaged.

PQ and HLG are brought to the range of sRGB like this: graphics white, 203 cd/m² (ITU-R BT.2408-7, table 1), is the
white of sRGB. The range up to 1000 cd/m² is rolled off by the EETF of ITU-R BT.2390-11, 5.4.1, for each channel alone:
light below 92 cd/m² stays as it is, graphics white becomes 229 of 255, and 1000 cd/m² and more become 255. Browsers use
other curves, which differ from this one by up to 30 of 255 levels at graphics white, and less below.
"""

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
AnyFloats = NDArray[Any]

_GRAPHICS_WHITE = 203.0  # cd/m²
_PEAK = 1000.0  # cd/m², of the display that BT.2100 pictures are graded on
_HLG_GAMMA = 1.2  # of such a display (ITU-R BT.2100-2, table 5)
_PIECE = 1 << 16  # pixels to convert at once
_FULL = 255

D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *D65)
_C, _DCI = (0.310, 0.316), (0.314, 0.351)
# ITU-T H.273, table 2: x and y of red, green, blue and white. XYZ (10) has its own white, of equal energy.
_PRIMARIES = {
    1: SRGB_PRIMARIES,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65),
    10: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_DCI),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


class Transfer(Enum):
    """How values become light, where it is neither as in sRGB nor a power."""

    SRGB = "sRGB"
    SMPTE_240 = "SMPTE 240M"
    LOG_100 = "logarithm, 100:1"
    LOG_316 = "logarithm, 316:1"
    SMPTE_428 = "SMPTE ST 428-1"
    PQ = "PQ"
    HLG = "HLG"


# ITU-T H.273, table 3; a number is the exponent of a power. Browsers show the transfers of television (1, 6, 11, 12, 14
# and 15) like sRGB, for which their pictures are made. So they do with unspecified (2) and reserved numbers.
_TRANSFERS: dict[int, Transfer | float] = {
    4: 2.2,
    5: 2.8,
    7: Transfer.SMPTE_240,
    8: 1.0,
    9: Transfer.LOG_100,
    10: Transfer.LOG_316,
    16: Transfer.PQ,
    17: Transfer.SMPTE_428,
    18: Transfer.HLG,
}


@dataclass(frozen=True)
class ColourSpace:
    """What the values of a picture's grey or red, green and blue channels mean.

    Attributes:
        primaries: The chromaticities of red, green, blue and white: x and y of each.
        transfer: How values become light; a number is the exponent of a power.
        full_range: Whether black and white are at the ends of the values, else at 16 and 235 of 255.
    """

    primaries: tuple[float, ...] = SRGB_PRIMARIES
    transfer: Transfer | float = Transfer.SRGB
    full_range: bool = True

    @cached_property
    def curve(self) -> bytes | None:
        """The 256 values of a channel to put in the place of 0 to 255 before averaging; None if all stay."""
        values = np.arange(_FULL + 1) / _FULL
        if not self.full_range:
            values = ((values * _FULL - 16) / 219).clip(0, 1)
        if self.transfer not in (Transfer.SRGB, Transfer.HLG):
            values = _encoded(_light(values, self.transfer))
        elif self.full_range:
            return None
        return (values * _FULL).round().astype(np.uint8).tobytes()

    def to_srgb(self, picture: Image.Image) -> Image.Image:
        """Return a picture, to which the curve is applied already, in sRGB.

        Args:
            picture: The picture, of mode L, LA, RGB or RGBA; alpha stays as it is.
        """
        if self.transfer is not Transfer.HLG and (self._matrix is None or picture.mode in ("L", "LA")):
            return picture
        colours = picture.convert("L" if picture.mode in ("L", "LA") else "RGB")
        converted = Image.new(colours.mode, colours.size)
        rows = max(1, _PIECE // colours.width)
        for top in range(0, colours.height, rows):
            piece = np.asarray(colours.crop((0, top, colours.width, min(top + rows, colours.height))))
            converted.paste(Image.fromarray(self._converted(piece)), (0, top))
        if "A" in picture.mode:
            converted.putalpha(picture.getchannel("A"))
        return converted

    @cached_property
    def _matrix(self) -> NDArray[np.float64] | None:
        """What turns linear light of these primaries into that of sRGB; None if it changes nothing."""
        xyz, white = _to_xyz(self.primaries)
        target, target_white = _to_xyz(SRGB_PRIMARIES)
        adapted = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ target_white) / (_BRADFORD @ white)) @ _BRADFORD
        matrix: NDArray[np.float64] = np.linalg.inv(target) @ adapted @ xyz
        return None if np.allclose(matrix, np.eye(3), atol=0.002) else matrix

    def _converted(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return values of shape (height, width) or (height, width, 3) in sRGB."""
        hlg = self.transfer is Transfer.HLG
        light = (_hlg_table() if hlg else _srgb_table())[values]
        if hlg:
            luminance = light @ _to_xyz(self.primaries)[0][1].astype(np.float32) if light.ndim == 3 else light
            gain = _PEAK * np.maximum(luminance, 1e-6) ** (_HLG_GAMMA - 1)
            light = _rolled_off(light * (gain[..., None] if light.ndim == 3 else gain))
        if light.ndim == 3 and self._matrix is not None:
            light = light @ self._matrix.T.astype(np.float32)
        converted: NDArray[np.uint8] = (_encoded(light.clip(0, 1)) * _FULL + 0.5).astype(np.uint8)
        return converted


def colour_space(primaries: int, transfer: int, *, full_range: bool = True) -> ColourSpace | None:
    """Return the colour space of two numbers of ITU-T H.273, None if it is that of sRGB.

    Numbers that are unspecified or reserved count as those of sRGB.

    Args:
        primaries: A number of table 2.
        transfer: A number of table 3.
        full_range: Whether black and white are at the ends of the values; only if the decoder has not seen to it.
    """
    return known(ColourSpace(_PRIMARIES.get(primaries, SRGB_PRIMARIES), _of(transfer), full_range))


def known(space: ColourSpace) -> ColourSpace | None:
    """Return a space for all pictures that have it, so that its tables are made once; None if it is that of sRGB."""
    return _known(space) if space != ColourSpace() else None


@lru_cache(maxsize=64)
def _known(space: ColourSpace) -> ColourSpace:
    return space


def _of(transfer: int) -> Transfer | float:
    return _TRANSFERS.get(transfer, Transfer.SRGB)


def _to_xyz(primaries: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix from linear light to XYZ, in which white has the luminance 1, and the XYZ of white.

    Raises:
        ValueError: The primaries have no such matrix.
    """
    xy = np.array(primaries, float).reshape(4, 2)
    with np.errstate(all="ignore"):
        columns = np.stack([xy[:, 0], xy[:, 1], 1 - xy.sum(1)])
        white = columns[:, 3] / xy[3, 1]
        if not np.isfinite(white).all() or abs(np.linalg.det(columns[:, :3])) < 1e-6:
            raise ValueError("the primaries span no colours")
        return columns[:, :3] * np.linalg.solve(columns[:, :3], white), white


def spans_colours(primaries: tuple[float, ...]) -> bool:
    """Whether primaries have a matrix; in a broken file they might lie on a line."""
    try:
        matrix, white = _to_xyz(primaries)
    except (ValueError, np.linalg.LinAlgError):
        return False
    return bool((white > 0).all() and np.isfinite(matrix).all())


def _light(values: AnyFloats, transfer: Transfer | float) -> AnyFloats:
    """Return the linear light of values from 0 to 1, in which 1 is white (ITU-T H.273, table 3)."""
    match transfer:
        case Transfer.PQ:
            return _rolled_off(_pq_light(values))
        case Transfer.LOG_100:
            return np.where(values > 0, 10 ** (2 * (values - 1)), 0)
        case Transfer.LOG_316:
            return np.where(values > 0, 10 ** (2.5 * (values - 1)), 0)
        case Transfer.SMPTE_240:
            return np.where(values < 4 * 0.0228, values / 4, ((values + 0.1115) / 1.1115) ** (1 / 0.45))
        case Transfer.SMPTE_428:
            return (values**2.6 * 52.37 / 48).clip(0, 1)
        case float():
            return values**transfer
        case _:
            return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encoded(light: AnyFloats) -> AnyFloats:
    """Return the sRGB values of linear light from 0 to 1 (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128  # of PQ (ITU-R BT.2100-2, table 4)
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(values: AnyFloats) -> AnyFloats:
    """Return the light of PQ values, in cd/m²."""
    power = values ** (1 / _M2)
    return 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _pq_values(light: AnyFloats) -> AnyFloats:
    """Return the PQ values of light in cd/m²."""
    power = np.maximum(light / 10_000, 0) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _rolled_off(light: AnyFloats) -> AnyFloats:
    """Return light in cd/m² in the range of sRGB, where 1 is white (ITU-R BT.2390-11, 5.4.1, with a black of 0)."""
    peak, white = _pq_values(np.array([_PEAK, _GRAPHICS_WHITE]))
    most = white / peak
    knee = 1.5 * most - 0.5
    values = (_pq_values(light) / peak).clip(0, 1)
    t = (values - knee).clip(0, None) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    return (_pq_light(np.where(values < knee, values, spline) * peak) / _GRAPHICS_WHITE).clip(0, 1)


_HLG_A = 0.17883277  # ITU-R BT.2100-2, table 5
_HLG_B, _HLG_C = 1 - 4 * _HLG_A, 0.5 - _HLG_A * math.log(4 * _HLG_A)


@lru_cache(maxsize=1)
def _hlg_table() -> Floats:
    """The scene's light, from 0 to 1, of the HLG values 0 to 255."""
    values = np.arange(_FULL + 1) / _FULL
    light = np.where(values <= 0.5, values**2 / 3, (np.exp((values - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_table() -> Floats:
    """The linear light, from 0 to 1, of the sRGB values 0 to 255."""
    return _light(np.arange(_FULL + 1) / _FULL, Transfer.SRGB).astype(np.float32)
