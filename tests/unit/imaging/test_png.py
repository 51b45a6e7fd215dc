"""The faster decoders of PNG make the same pixels as Pillow, or report the same error."""

import contextlib
import gc
import io
import os
import struct
import weakref
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from thumbrun.imaging.png import image as png
from thumbrun.imaging.render import render
from thumbrun.imaging.request import BROKEN_PROFILE, Rendered, Request

SAMPLES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
# What a picture's side data tell of its looks. thumbrun reads nothing else of them.
LOOKS = ("exif", "gamma", "icc_profile", "transparency")
COLOUR_TYPES = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def around(mode: str, width: int, height: int, pixels: bytes, *, each: int = 999) -> bytes:
    """Return a PNG with this zlib stream, in chunks of `each` bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[mode], 0, 0, 0)
    chunks = b"".join(chunk(b"IDAT", pixels[at : at + each]) for at in range(0, len(pixels), each))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IEND", b"")


def noise(mode: str, width: int, height: int, filters: list[int], seed: int = 0) -> bytes:
    """Return the zlib stream of noise whose rows have these filters, in turn."""
    chance = np.random.default_rng(seed)
    rows = chance.integers(0, 256, (height, 1 + width * SAMPLES[mode]), np.uint8)
    rows[:, 0] = [filters[row % len(filters)] for row in range(height)]
    return zlib.compress(rows.tobytes())


def made(kind: type[PngImagePlugin.PngImageFile], body: bytes) -> object:
    """Return everything about a picture after decoding, or the error that it ends with."""
    try:
        image = kind(io.BytesIO(body))
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        return str(error)
    info = {name: value for name, value in image.info.items() if name in LOOKS}
    return image.mode, image.size, image.tobytes(), info, dict(image.getexif())


def both(body: bytes) -> tuple[object, object]:
    """Return the results of Pillow and of thumbrun for a PNG."""
    return made(PngImagePlugin.PngImageFile, body), made(png.PngImage, body)


@settings(max_examples=150, deadline=None)
@given(
    mode=st.sampled_from(list(SAMPLES)),
    width=st.integers(1, 300),
    height=st.integers(1, 60),
    filters=st.lists(st.integers(0, 4), min_size=1, max_size=7),
    each=st.integers(1, 70_000),
    seed=st.integers(0, 100),
)
def test_whatever_it_holds(mode: str, width: int, height: int, filters: list[int], each: int, seed: int) -> None:
    """Any pixels in chunks of any length are decoded as by Pillow."""
    theirs, ours = both(around(mode, width, height, noise(mode, width, height, filters, seed), each=each))
    assert isinstance(ours, tuple)
    assert theirs == ours


@settings(max_examples=300, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_wherever_it_is_damaged(at: float, change: int) -> None:
    """A changed byte leads to the same picture as with Pillow, or to an error where Pillow finds one."""
    body = bytearray(around("RGB", 60, 40, noise("RGB", 60, 40, [1, 2, 4])))
    body[int(at * len(body))] ^= change
    theirs, ours = both(bytes(body))
    if isinstance(theirs, str):
        assert isinstance(ours, str)
    else:
        # Pillow takes an unknown chunk DDAT for pixels.
        assert theirs == ours or "truncated" in str(ours)


def test_an_unknown_chunk_is_needed_only_if_its_checksum_holds() -> None:
    """A damaged chunk name makes a file broken. It is no chunk of a standard to come."""
    body = bytearray(around("RGB", 60, 40, noise("RGB", 60, 40, [1])))
    body[14] ^= 1  # IHDR becomes IHER
    assert both(bytes(body)) == ("broken PNG file (bad header checksum in b'IHER')",) * 2


@settings(max_examples=100, deadline=None)
@given(at=st.floats(0, 1))
def test_wherever_it_is_cut(at: float) -> None:
    """A file that ends too early gives Pillow's error, or is called truncated."""
    body = around("RGBA", 60, 40, noise("RGBA", 60, 40, [2]))
    theirs, ours = both(body[: int(at * len(body))])
    assert theirs == ours or (isinstance(theirs, str) and "truncated" in str(ours))


@pytest.mark.parametrize("damage", ["its checksum", "no end", "more behind it", "a filter that does not exist"])
def test_streams_that_zlib_would_find_odd(damage: str) -> None:
    """A fault that Pillow ignores in a stream with all its pixels is ignored here too."""
    pixels = noise("RGB", 300, 200, [1, 9] if "filter" in damage else [1])
    match damage:
        case "its checksum":
            pixels = pixels[:-1] + bytes((pixels[-1] ^ 1,))
        case "no end":
            pixels = pixels[:-4]
        case "more behind it":
            pixels += os.urandom(100_000)
    theirs, ours = both(around("RGB", 300, 200, pixels))
    # The checksums of the file's chunks are right; only Pillow checks the checksum of the stream in them.
    assert theirs == ours or (damage == "its checksum" and isinstance(ours, tuple))


@pytest.mark.parametrize("kind", ["palette", "16 bits", "1 bit", "interlaced", "animated"])
def test_other_kinds_of_png(kind: str) -> None:
    """PNG pictures with palettes or other depths, interlaced and animated ones are decoded as by Pillow."""
    target = io.BytesIO()
    plain = Image.frombytes("RGB", (60, 40), os.urandom(7200))
    match kind:
        case "palette":
            plain.quantize(64).save(target, "PNG")
        case "16 bits":
            plain.convert("I;16").save(target, "PNG")
        case "1 bit":
            plain.convert("1").save(target, "PNG")
        case "animated":
            plain.save(target, "PNG", save_all=True, append_images=[plain.rotate(90)])
        case _:
            passes = (1, 1, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 8, 8, 8)  # pixels of each row of Adam7's seven, 8 x 8
            rows = b"".join(b"\0" + os.urandom(3 * width) for width in passes)
            head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 1)
            parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
            target.write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    theirs, ours = both(target.getvalue())
    assert isinstance(ours, tuple)
    assert theirs == ours


def test_what_follows_the_pixels_is_read_too() -> None:
    """EXIF after the pixels is read, and says how to turn the picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    body = around("RGB", 50, 40, noise("RGB", 50, 40, [1]))
    body = body[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + chunk(b"tEXt", b"key\0value") + body[-12:]
    theirs, ours = both(body)
    assert theirs == ours
    assert isinstance(ours, tuple)
    assert {0x0112: 6} == ours[-1]


@pytest.mark.parametrize("cut", [0, 5_000])
def test_its_memory_is_free_with_its_last_use(cut: int) -> None:
    """No reference cycle keeps a picture, complete or cut short, until garbage collection."""
    body = around("RGB", 300, 200, noise("RGB", 300, 200, [1])[: -cut or None])
    gc.disable()
    try:
        image = png.PngImage(io.BytesIO(body))
        with contextlib.suppress(OSError):
            image.load()
        there = weakref.ref(image)
        del image
        assert there() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_it_is_decoded_whole_by_png(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """The library png decodes the picture without Pillow's inflating, and the picture can be changed."""
    pytest.importorskip("kornia_rs")
    monkeypatch.setattr(png.PngImage, "_stream", None)
    content = np.random.default_rng(0).integers(0, 256, (200, 300, SAMPLES[mode]), np.uint8).tobytes()
    with io.BytesIO() as target:
        plain = Image.frombytes(mode, (300, 200), content)
        plain.save(target, "PNG")
        image = png.PngImage(io.BytesIO(target.getvalue()))
    image.paste(0, (0, 0, 10, 10))
    plain.paste(0, (0, 0, 10, 10))
    assert plain.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("name", "content", "copied"),
    [
        (b"", b"", False),
        (b"sRGB", b"\0", False),
        (b"tEXt", b"key\0value", False),
        (b"tEXt", bytes(1 << 16), True),
        (b"tRNS", struct.pack(">HHH", 1, 2, 3), True),
        (b"acTL", struct.pack(">II", 1, 0), True),
        (b"prVt", b"", True),
    ],
)
def test_png_gets_the_file_itself(monkeypatch: pytest.MonkeyPatch, name: bytes, content: bytes, copied: bool) -> None:
    """The library png gets the file without a copy, unless it holds chunks that could matter to that library."""
    kornia = pytest.importorskip("kornia_rs").io
    plain = around("RGB", 300, 200, noise("RGB", 300, 200, [1, 2]))
    body = plain[:33] + chunk(name, content) + plain[33:] if name else plain
    decode = kornia.decode_image_png_u8
    given = list[bytes]()

    def decoding(file: bytes, *rest: object) -> object:
        given.append(file)
        return decode(file, *rest)

    monkeypatch.setattr(kornia, "decode_image_png_u8", decoding)
    pixels = png.PngImage(io.BytesIO(body)).tobytes()
    assert [plain] == given if copied else given[0] is body
    assert Image.open(io.BytesIO(plain)).tobytes() == pixels


def test_without_kornia_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """ISA-L and Pillow make the same picture on a machine without wheels of kornia-rs."""
    body = around("RGB", 300, 200, noise("RGB", 300, 200, [1, 2, 3, 4]))
    whole = made(png.PngImage, body)
    monkeypatch.setattr(png, "kornia", None)
    assert whole == made(png.PngImage, body)


def test_it_is_inflated_by_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow reads a zlib stream without compression."""
    read = list[bytes]()
    load_read = png.PngImage.load_read

    def reading(self: png.PngImage, read_bytes: int) -> bytes:
        read.append(load_read(self, read_bytes))
        return read[-1]

    monkeypatch.setattr(png.PngImage, "load_read", reading)
    pixels = noise("LA", 300, 200, [1])
    assert isinstance(made(png.PngImage, around("LA", 300, 200, pixels)), tuple)
    assert zlib.decompress(pixels) == zlib.decompressobj().decompress(b"".join(read))
    assert b"".join(read).startswith(b"\x78\x01\0")


@pytest.mark.parametrize("profile", [b"", b"x\0\0garbage", b"x\0\0" + zlib.compress(b"no profile")])
@pytest.mark.parametrize("known", [True, False])
def test_a_broken_profile_is_as_none_and_remarked(profile: bytes, known: bool) -> None:
    """A picture with a broken profile is drawn as if it had none, with a remark."""
    body = around("RGB", 50, 40, noise("RGB", 50, 40, [1]))
    with_profile = body[:33] + (chunk(b"iCCP", profile) if known else b"") + body[33:]
    found = render(with_profile, Request(100, 100, "png", 80, 10**8, 10**9))
    plain = render(body, Request(100, 100, "png", 80, 10**8, 10**9))
    assert isinstance(found, Rendered)
    assert isinstance(plain, Rendered)
    assert (plain.data, BROKEN_PROFILE if known else "") == (found.data, found.remark)
