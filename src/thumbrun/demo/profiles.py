"""ICC profiles of colour spaces other than sRGB, made from their published primaries.

They are version 2 matrix profiles as ICC.1:2001-04 describes them: a header, a table of tags, and the tags.
"""

import struct

# Each holds red, green and blue as XYZ under D50 (adapted by Bradford), and the exponent of the tone curve. Sources:
# Adobe RGB (1998) Color Image Encoding, 4.3; SMPTE EG 432-1 for the primaries of P3, with the white point D65.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), 2.19921875)
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407), 2.2)

_D50 = (0.96420, 1.0, 0.82491)
_Xyz = tuple[float, float, float]


def rgb_profile(name: str, space: tuple[_Xyz, _Xyz, _Xyz, float]) -> bytes:
    """Return the profile of an RGB space.

    Args:
        name: The description of the profile, in ASCII.
        space: The primaries and the exponent, as in `ADOBE_RGB`.
    """
    red, green, blue, gamma = space
    curve = _curve(gamma)
    tags = {
        b"desc": _description(name),
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(b"RGB ", tags)


def grey_profile(name: str, gamma: float) -> bytes:
    """Return the profile of a grey space whose tone curve is an exponent."""
    return _profile(b"GRAY", {b"desc": _description(name), b"wtpt": _xyz(_D50), b"kTRC": _curve(gamma)})


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sI4s4sQI3i4s44x",
        start + len(data),
        b"\0\0\0\0",
        0x02100000,
        b"mntr",
        space,
        b"XYZ ",
        b"\0" * 12,
        b"acsp",
        b"\0\0\0\0",
        0,
        b"\0\0\0\0",
        b"\0\0\0\0",
        0,
        0,
        *(round(value * 65536) for value in _D50),
        b"\0\0\0\0",
    )
    return header + struct.pack(">I", len(tags)) + table + data


def _xyz(value: _Xyz) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(number * 65536) for number in value))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def _description(text: str) -> bytes:
    ascii_ = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_)) + ascii_ + b"\0" * 78
