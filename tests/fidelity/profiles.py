"""Minimal colour profiles, and the same colours calculated independently of any colour management."""

import struct

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

D50 = (0.9642, 1.0, 0.8249)
# Columns are the XYZ of red, green and blue, adapted to D50.
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE_GAMMA = 563 / 256
# The Lab of paper, and the Lab that full cyan, magenta, yellow and black ink each add to it. They add linearly, so that
# every interpolation gives the same.
PAPER = np.array([100.0, 0.0, 0.0])
INKS = np.array([[-24.0, -22.0, -28.0], [-27.0, 48.0, -4.0], [-5.0, -5.0, 56.0], [-44.0, 0.0, -2.0]])


def linear(values: Floats) -> Floats:
    """Return the linear light of sRGB values, 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded(light: Floats) -> Floats:
    """Return the sRGB values of linear light, 0 to 1."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def from_srgb(values: Floats, matrix: Floats) -> Floats:
    """Return the linear light, in the space of `matrix`, of colours in sRGB."""
    light: Floats = linear(values) @ SRGB.T @ np.linalg.inv(matrix).T
    return light.clip(0, 1)


def srgb_of_inks(inks: Floats) -> Floats:
    """Return the sRGB values of CMYK, 0 to 1, by `PAPER` and `INKS`."""
    lab = PAPER + inks @ INKS
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50
    return encoded(xyz @ np.linalg.inv(SRGB).T)


def _xyz(values: Floats | tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(value * 256))


SRGB_CURVE = b"para\0\0\0\0" + struct.pack(
    ">Hxx5i", 3, *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)


def _text(text: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode() + b"\0" * 80


def _profile(space: bytes, connection: bytes, class_: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text("a test"), b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": _xyz(D50), **tags}
    at = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", at + len(data), len(content))
        data += content
    size = struct.pack(">I", at + len(data))
    head = size + b"\0" * 4 + b"\2\x40\0\0" + class_ + space + connection + b"\0" * 12 + b"acsp" + b"\0" * 28
    return (head + _xyz(D50)[8:]).ljust(128, b"\0") + table + data


def rgb(matrix: Floats, gamma: float | None) -> bytes:
    """Return an RGB profile with these primaries, and with a gamma or the curve of sRGB."""
    curve = SRGB_CURVE if gamma is None else _gamma(gamma)
    tags = {name + b"XYZ": _xyz(matrix[:, at]) for at, name in enumerate((b"r", b"g", b"b"))}
    return _profile(b"RGB ", b"XYZ ", b"mntr", tags | {name + b"TRC": curve for name in (b"r", b"g", b"b")})


def grey(gamma: float) -> bytes:
    """Return a profile of greys with a gamma."""
    return _profile(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": _gamma(gamma)})


def cmyk() -> bytes:
    """Return a profile of `PAPER` and `INKS`: an 8-bit table with two points a side (ICC.1:2022, 10.10)."""
    unit = b"".join(struct.pack(">i", value << 16) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + bytes(range(256)) * 4
    for corner in range(16):
        inks = [corner >> 3 & 1, corner >> 2 & 1, corner >> 1 & 1, corner & 1]
        lightness, a, b = PAPER + np.array(inks) @ INKS
        table += bytes(round(v) for v in np.clip([lightness * 2.55, a + 128, b + 128], 0, 255))
    return _profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": table + bytes(range(256)) * 3})
