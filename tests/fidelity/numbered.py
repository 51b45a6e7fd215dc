"""Pictures in colours by number (ITU-T H.273), calculated from pictures in sRGB by the standards' own matrices."""

import numpy as np
from PIL import Image

from tests.fidelity.profiles import Floats, encoded, linear

GRAPHICS_WHITE = 203  # cd/m² (ITU-R BT.2408)
_SRGB = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)
_TO_XYZ = {
    1: _SRGB,
    9: np.array([[0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017], [0.0, 0.0280727, 1.0609851]]),
    12: np.array([[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]),
}
_LUMINANCE = _TO_XYZ[9][1]


def numbered(picture: Image.Image, primaries: int, transfer: int) -> Floats:
    """Return the values, 0 to 1, that a picture in sRGB has in another space.

    Args:
        picture: The picture, of mode RGB, or L, for which only the transfer counts.
        primaries: 1, 9 or 12.
        transfer: A number of ITU-T H.273, table 3; white is graphics white in PQ and HLG.
    """
    light = linear(np.array(picture) / 255)
    if light.ndim == 3:
        light = (light @ (np.linalg.inv(_TO_XYZ[primaries]) @ _SRGB).T).clip(0, 1)
    match transfer:
        case 4 | 5:
            return light ** (1 / (2.2 if transfer == 4 else 2.8))
        case 8:
            return light
        case 16:
            return _pq(light * GRAPHICS_WHITE)
        case 17:
            return (light * 48 / 52.37) ** (1 / 2.6)
        case 18:
            return _hlg(light * GRAPHICS_WHITE)
        case _:  # sRGB, and what browsers show like it
            return encoded(light)


def _pq(light: Floats) -> Floats:
    """Return the PQ values of light in cd/m² (SMPTE ST 2084)."""
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(light: Floats) -> Floats:
    """Return the HLG values of light of a display of 1000 cd/m² (ITU-R BT.2100-2, tables 4 and 5)."""
    shown = light / 1000
    luminance = shown @ _LUMINANCE if shown.ndim == 3 else shown
    gain = np.maximum(luminance, 1e-9) ** ((1 - 1.2) / 1.2)
    scene = shown * (gain[..., None] if shown.ndim == 3 else gain)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)
