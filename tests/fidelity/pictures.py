"""Odd pictures, each with its truth, which is drawn and never decoded."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from tests.fidelity import profiles

Bytes = NDArray[np.uint8]
_ORIENTATION = 274


@dataclass(frozen=True)
class Odd:
    """One odd picture.

    Attributes:
        name: The name of the picture, for people.
        encode: Returns the bytes of the file.
        truth: The picture that it shows, in sRGB, upright and in full size.
        least: The PSNR in dB that its thumbnail must have against the truth reduced.
        kind: The format of its bytes.
    """

    name: str
    encode: Callable[[], bytes]
    truth: Image.Image
    least: float
    kind: str

    @cached_property
    def body(self) -> bytes:
        """The file. It is encoded on first use, because encoding all files takes longer than collecting all tests."""
        return self.encode()


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Draw a picture that looks different in every orientation, with smooth and hard edges and strong colours."""
    return _scene(width, height).copy()


@cache
def _scene(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    across, down = x / width, y / height
    picture = np.stack([0.15 + 0.7 * across, 0.2 + 0.6 * down, 0.75 - 0.5 * across * down], -1)
    picture[(across < 0.3) & (down < 0.25)] = (0.85, 0.25, 0.2)
    picture[(across > 0.75) & (down < 0.15)] = (0.25, 0.7, 0.3)
    picture[(across - 0.6) ** 2 + (down - 0.6) ** 2 < 0.04] = (0.95, 0.9, 0.35)
    picture[(across > 0.1) & (across < 0.16) & (down > 0.4) & (down < 0.9)] = (0.1, 0.1, 0.15)
    picture[(across > 0.1) & (across < 0.4) & (down > 0.84) & (down < 0.9)] = (0.1, 0.1, 0.15)
    picture += 0.03 * np.sin(x / 3)[..., None]
    return Image.fromarray((picture.clip(0, 1) * 255).round().astype(np.uint8))


def veiled(picture: Image.Image) -> Image.Image:
    """Return a picture with opaque, half and fully transparent parts; the hidden colours are bright."""
    width, height = picture.size
    y, x = np.mgrid[0:height, 0:width]
    alpha = np.where((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2 < 0.15, 255, 0)
    alpha = np.where(x > 0.8 * width, 128, alpha).astype(np.uint8)
    pixels = np.array(picture)
    pixels[alpha == 0] = (0, 255, 0)
    return Image.fromarray(np.dstack([pixels, alpha]))


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the encoded picture."""
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def heic(picture: Image.Image, **options: Any) -> bytes:
    """Return the picture as HEIC, without making its encoder known to Pillow."""
    target = io.BytesIO()
    pillow_heif.from_pillow(picture).save(target, quality=90, chroma=444, **options)
    return target.getvalue()


def png(pixels: NDArray[Any], colour_type: int, bits: int) -> bytes:
    """Return a PNG of any depth; Pillow can write only a few depths."""
    if bits == 16:
        pixels = pixels.astype(">u2")
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    raw = b"".join(b"\0" + (np.packbits(row).tobytes() if bits == 1 else row.tobytes()) for row in rows)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def exif(orientation: int) -> bytes:
    """Return an EXIF block with an orientation, and with a location that must not be published."""
    block = Image.Exif()
    block[_ORIENTATION] = orientation
    block[0x8825] = {1: "N", 2: (47.0, 22.0, 11.0)}
    return block.tobytes()


# How a camera stores a picture that must be shown turned: the inverse of the turn that EXIF asks for.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def stored(picture: Image.Image, orientation: int) -> Image.Image:
    """Return a picture as a camera in this orientation stores it."""
    turn = _STORED[orientation]
    return picture if turn is None else picture.transpose(turn)


def orientations() -> Iterator[Odd]:
    """Yield every orientation, in two shapes and in every format that can store it."""
    for shape, truth in (("landscape", scene()), ("portrait", scene(480, 640))):
        for value in range(1, 9):
            turned, block = stored(truth, value), exif(value)
            name = f"orientation {value} {shape}"
            yield Odd(f"{name} jpeg", partial(saved, turned, "JPEG", quality=95, exif=block), truth, 38, "jpeg")
            yield Odd(f"{name} png", partial(saved, turned, "PNG", exif=block), truth, 50, "png")
            yield Odd(f"{name} webp", partial(saved, turned, "WEBP", lossless=True, exif=block), truth, 50, "webp")
            yield Odd(f"{name} tiff", partial(saved, turned, "TIFF", exif=block), truth, 50, "tiff")
            options = {"quality": 95, "subsampling": "4:4:4", "speed": 9, "exif": block}
            yield Odd(f"{name} avif", partial(saved, turned, "AVIF", **options), truth, 38, "avif")
            if shape == "landscape" or value in (6, 8):
                yield Odd(f"{name} heic", partial(heic, turned, exif=block), truth, 36, "heic")


def profiled() -> Iterator[Odd]:
    """Yield pictures with colours that are not sRGB, and with inks."""
    truth = scene()
    values = np.array(truth) / 255

    def picture(light: profiles.Floats, gamma: float | None) -> Image.Image:
        levels = profiles.encoded(light) if gamma is None else light ** (1 / gamma)
        return Image.fromarray((levels * 255).round().astype(np.uint8))

    adobe = picture(profiles.from_srgb(values, profiles.ADOBE), profiles.ADOBE_GAMMA)
    p3 = picture(profiles.from_srgb(values, profiles.P3), None)
    adobe_profile, p3_profile = profiles.rgb(profiles.ADOBE, profiles.ADOBE_GAMMA), profiles.rgb(profiles.P3, None)
    yield Odd(
        "Adobe RGB jpeg",
        partial(saved, adobe, "JPEG", quality=97, subsampling=0, icc_profile=adobe_profile),
        truth,
        38,
        "jpeg",
    )
    yield Odd("Adobe RGB png", partial(saved, adobe, "PNG", icc_profile=adobe_profile), truth, 42, "png")
    yield Odd("Adobe RGB tiff", partial(saved, adobe, "TIFF", icc_profile=adobe_profile), truth, 42, "tiff")
    yield Odd("Display P3 webp", partial(saved, p3, "WEBP", lossless=True, icc_profile=p3_profile), truth, 45, "webp")
    yield Odd(
        "Display P3 avif",
        partial(saved, p3, "AVIF", quality=95, subsampling="4:4:4", icc_profile=p3_profile),
        truth,
        36,
        "avif",
    )
    yield Odd("Display P3 heic", partial(heic, p3, icc_profile=p3_profile), truth, 34, "heic")
    srgb = profiles.rgb(profiles.SRGB, None)
    yield Odd("sRGB by a profile", partial(saved, truth, "PNG", icc_profile=srgb), truth, 50, "png")
    yield Odd("a broken profile", partial(saved, truth, "PNG", icc_profile=srgb[:200]), truth, 50, "png")
    yield Odd(
        "a profile of greys on colours", partial(saved, truth, "PNG", icc_profile=profiles.grey(1.8)), truth, 50, "png"
    )
    grey = truth.convert("L")
    light = profiles.linear(np.array(grey) / 255)
    dark = Image.fromarray(((light ** (1 / 1.5)) * 255).round().astype(np.uint8))
    yield Odd(
        "greys of gamma 1.5", partial(saved, dark, "JPEG", quality=97, icc_profile=profiles.grey(1.5)), grey, 38, "jpeg"
    )
    inks = 1 - np.array(truth) / 255
    inks = np.dstack([inks * 0.7, np.full(inks.shape[:2], 0.1)])
    stored_inks = Image.frombytes("CMYK", truth.size, (inks * 255).round().astype(np.uint8).tobytes())
    printed = Image.fromarray((profiles.srgb_of_inks(inks) * 255).round().astype(np.uint8))
    naive = Image.fromarray(((1 - inks[..., :3]) * (1 - inks[..., 3:]) * 255).round().astype(np.uint8))
    profile = profiles.cmyk()
    yield Odd(
        "CMYK jpeg with a profile",
        partial(saved, stored_inks, "JPEG", quality=97, icc_profile=profile),
        printed,
        34,
        "jpeg",
    )
    yield Odd("CMYK jpeg without", partial(saved, stored_inks, "JPEG", quality=97), naive, 38, "jpeg")
    yield Odd("CMYK tiff with a profile", partial(saved, stored_inks, "TIFF", icc_profile=profile), printed, 34, "tiff")
    yield Odd("CMYK tiff without", partial(saved, stored_inks, "TIFF"), naive, 48, "tiff")
    lab = truth.convert("RGB")
    yield Odd("CIELAB tiff", partial(saved, cielab(lab), "TIFF"), truth, 36, "tiff")


def cielab(picture: Image.Image) -> Image.Image:
    """Return the picture in CIELAB, relative to D50, in Pillow's mode for it."""
    xyz = profiles.linear(np.array(picture) / 255) @ profiles.SRGB.T / profiles.D50
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    values = np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)
    values[..., 0] *= 2.55
    return Image.frombytes("LAB", picture.size, values.round().astype(np.int16).astype(np.uint8).tobytes())


def depths() -> Iterator[Odd]:
    """Yield pictures with more or fewer bits than 8."""
    truth = scene()
    grey = truth.convert("L")
    wide_grey = np.array(grey).astype(np.uint16) * 257
    wide = np.array(truth).astype(np.uint16) * 257
    clear = veiled(truth)
    yield Odd("16-bit grey png", partial(png, wide_grey, 0, 16), grey, 46, "png")
    yield Odd(
        "16-bit grey with alpha png",
        partial(png, np.dstack([wide_grey, np.array(clear)[..., 3].astype(np.uint16) * 257]), 4, 16),
        _grey_with_alpha(grey, clear),
        46,
        "png",
    )
    yield Odd("16-bit RGB png", partial(png, wide, 2, 16), truth, 46, "png")
    yield Odd("16-bit RGBA png", partial(png, np.array(clear).astype(np.uint16) * 257, 6, 16), clear, 44, "png")
    yield Odd("16-bit grey tiff", partial(saved, Image.fromarray(wide_grey), "TIFF"), grey, 46, "tiff")
    yield Odd(
        "16-bit grey tiff, lzw",
        partial(saved, Image.fromarray(wide_grey), "TIFF", compression="tiff_lzw"),
        grey,
        46,
        "tiff",
    )
    yield Odd("16-bit grey jp2", partial(saved, Image.fromarray(wide_grey), "JPEG2000"), grey, 42, "jpeg2000")
    yield Odd(
        "float tiff, 0 to 1",
        partial(saved, Image.fromarray(np.array(grey).astype(np.float32) / 255), "TIFF"),
        grey,
        46,
        "tiff",
    )
    yield Odd(
        "32-bit tiff, 0 to 65535", partial(saved, Image.fromarray(wide_grey.astype(np.int32)), "TIFF"), grey, 46, "tiff"
    )
    binary = grey.convert("1")
    yield Odd("1-bit png", partial(saved, binary, "PNG"), binary.convert("L"), 36, "png")
    yield Odd("1-bit tiff", partial(saved, binary, "TIFF", compression="group4"), binary.convert("L"), 36, "tiff")
    yield Odd("1-bit bmp", partial(saved, binary, "BMP"), binary.convert("L"), 36, "bmp")


def _grey_with_alpha(grey: Image.Image, clear: Image.Image) -> Image.Image:
    together = grey.convert("LA")
    together.putalpha(clear.getchannel("A"))
    return together


def transparencies() -> Iterator[Odd]:
    """Yield pictures with every kind of alpha."""
    truth = scene()
    clear = veiled(truth)
    grey = _grey_with_alpha(truth.convert("L"), clear)
    yield Odd("RGBA png", partial(saved, clear, "PNG"), clear, 46, "png")
    yield Odd("LA png", partial(saved, grey, "PNG"), grey, 46, "png")
    yield Odd("RGBA webp", partial(saved, clear, "WEBP", lossless=True, exact=True), clear, 46, "webp")
    yield Odd("RGBA avif", partial(saved, clear, "AVIF", quality=97, subsampling="4:4:4"), clear, 34, "avif")
    yield Odd("RGBA heic", partial(heic, clear), clear, 34, "heic")
    yield Odd("RGBA tiff", partial(saved, clear, "TIFF"), clear, 46, "tiff")
    yield Odd("RGBA jp2", partial(saved, clear, "JPEG2000"), clear, 40, "jpeg2000")
    yield Odd(
        "RGBA ico",
        partial(saved, clear.crop((0, 0, 256, 256)), "ICO", sizes=[(16, 16), (256, 256), (48, 48)]),
        clear.crop((0, 0, 256, 256)),
        46,
        "ico",
    )
    yield Odd(
        "bitmaps in ico",
        partial(saved, clear.crop((200, 120, 328, 248)), "ICO", sizes=[(16, 16), (128, 128)], bitmap_format="bmp"),
        clear.crop((200, 120, 328, 248)),
        46,
        "ico",
    )
    opaque = truth.convert("RGBA")
    yield Odd("RGBA png that hides nothing", partial(saved, opaque, "PNG"), truth, 50, "png")
    palette = truth.quantize(64, dither=Image.Dither.NONE)
    levels = bytes(0 if entry < 8 else 128 if entry < 16 else 255 for entry in range(64))
    seen = palette.convert("RGBA")
    seen.putalpha(palette.point([*levels, *[255] * 192], "L"))
    yield Odd("palette png with tRNS", partial(saved, palette, "PNG", transparency=levels), seen, 46, "png")
    hole = palette.convert("RGBA")
    hole.putalpha(palette.point([0 if entry == 3 else 255 for entry in range(256)], "L"))
    yield Odd(
        "palette png with one transparent colour", partial(saved, palette, "PNG", transparency=3), hole, 46, "png"
    )
    yield Odd("palette png", partial(saved, palette, "PNG"), palette.convert("RGB"), 50, "png")
    yield Odd("palette gif with transparency", partial(saved, palette, "GIF", transparency=3), hole, 46, "gif")
    yield Odd("palette bmp", partial(saved, palette, "BMP"), palette.convert("RGB"), 50, "bmp")
    grey_hole = truth.convert("L")
    pixels = np.array(grey_hole)
    pixels[100:200, 100:300] = 77
    keyed = Image.fromarray(np.dstack([pixels, np.where(pixels == 77, 0, 255).astype(np.uint8)]), "LA")
    yield Odd("grey png with tRNS", partial(saved, Image.fromarray(pixels), "PNG", transparency=77), keyed, 46, "png")
    colours = np.array(truth)
    colours[100:200, 100:300] = (1, 2, 3)
    see_through = np.where((colours == (1, 2, 3)).all(-1), 0, 255).astype(np.uint8)
    yield Odd(
        "RGB png with tRNS",
        partial(saved, Image.fromarray(colours), "PNG", transparency=(1, 2, 3)),
        Image.fromarray(np.dstack([colours, see_through])),
        46,
        "png",
    )


def severals() -> Iterator[Odd]:
    """Yield files with more than one picture, and special forms of the formats."""
    truth, other = scene(), scene(640, 480).transpose(Image.Transpose.ROTATE_180)
    small = truth.resize((320, 240))
    yield Odd(
        "animated webp",
        partial(saved, truth, "WEBP", save_all=True, append_images=[other], lossless=True),
        truth,
        50,
        "webp",
    )
    yield Odd("animated png", partial(saved, truth, "PNG", save_all=True, append_images=[other]), truth, 50, "png")
    palette = truth.quantize(128, dither=Image.Dither.NONE)
    yield Odd(
        "animated gif",
        partial(saved, palette, "GIF", save_all=True, append_images=[other.quantize(128)]),
        palette.convert("RGB"),
        46,
        "gif",
    )
    yield Odd(
        "animated avif",
        partial(saved, truth, "AVIF", save_all=True, append_images=[other], quality=95, subsampling="4:4:4"),
        truth,
        34,
        "avif",
    )
    yield Odd("pages of tiff", partial(saved, truth, "TIFF", save_all=True, append_images=[other]), truth, 50, "tiff")
    yield Odd(
        "phone photograph (MPO)",
        partial(saved, truth, "MPO", save_all=True, append_images=[small], quality=95),
        truth,
        38,
        "jpeg",
    )
    yield Odd("heic whose second picture is the primary", partial(_second_is_primary, other, truth), truth, 36, "heic")
    yield Odd("progressive jpeg", partial(saved, truth, "JPEG", quality=95, progressive=True), truth, 38, "jpeg")
    yield Odd("grey jpeg", partial(saved, truth.convert("L"), "JPEG", quality=95), truth.convert("L"), 40, "jpeg")
    yield Odd("jp2", partial(saved, truth, "JPEG2000"), truth, 40, "jpeg2000")
    yield Odd(
        "j2k in tiles", partial(saved, truth, "JPEG2000", no_jp2=True, tile_size=(128, 128)), truth, 40, "jpeg2000"
    )
    yield Odd("jpeg in tiff", partial(saved, truth, "TIFF", compression="jpeg", quality=95), truth, 36, "tiff")
    yield Odd("bmp", partial(saved, truth, "BMP"), truth, 50, "bmp")
    tiny = scene(40, 30)
    yield Odd("smaller than the box", partial(saved, tiny, "PNG"), tiny, 60, "png")
    yield Odd("a strip", partial(saved, scene(3000, 12), "PNG"), scene(3000, 12), 44, "png")


def _second_is_primary(first: Image.Image, second: Image.Image) -> bytes:
    both = pillow_heif.from_pillow(first)
    both.add_from_pillow(second)
    target = io.BytesIO()
    both.save(target, quality=90, chroma=444, primary_index=1)
    return target.getvalue()


def odd_pictures() -> list[Odd]:
    """Return all odd pictures."""
    return [*orientations(), *profiled(), *depths(), *transparencies(), *severals()]
