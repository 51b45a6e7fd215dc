"""BMP and ICO: every depth, mask and header, run lengths, and alpha that is zero everywhere."""

import struct
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fidelity.pictures import saved, scene
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

WIDTH, HEIGHT = 239, 160
SCENE = scene(WIDTH, HEIGHT)
PALETTE = np.random.default_rng(5).integers(0, 256, (256, 3)).astype(np.uint8)
MASKS = {
    "5-5-5": (16, (0x7C00, 0x3E0, 0x1F, 0)),
    "5-6-5": (16, (0xF800, 0x7E0, 0x1F, 0)),
    "5-6-5 from blue to red": (16, (0x1F, 0x7E0, 0xF800, 0)),
    "4-4-4": (16, (0xF00, 0xF0, 0xF, 0)),
    "4-4-4-4": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "1-5-5-5": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "3-3-2": (16, (0xE0, 0x1C, 0x3, 0)),
    "8-8-8": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "8-8-8-8": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "8-8-8-8, red first": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "8-8-8-8, alpha first": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    "8-8-8-8, green last": (32, (0xFF00, 0xFF000000, 0xFF, 0xFF0000)),
    "10-10-10": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
    "10-10-10-2": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    "11-11-10": (32, (0xFFE00000, 0x1FFC00, 0x3FF, 0)),
    "16-8-8": (32, (0xFFFF, 0xFF0000, 0xFF000000, 0)),
}


@cache
def alpha() -> NDArray[np.float64]:
    """Return the alpha of the variants that have some, from 0 to 1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    clipped: NDArray[np.float64] = np.clip(x / WIDTH + y / HEIGHT - 0.3, 0, 1)
    return clipped


@cache
def indices(bits: int) -> NDArray[np.uint8]:
    """Return the numbers of colours of the variants with a palette."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    numbers: NDArray[np.uint8] = ((x // 30 + y // 40 * 8) & (1 << bits) - 1).astype(np.uint8)
    return numbers


def masked(bits: int, masks: tuple[int, ...], *, invisible: bool = False) -> tuple[bytes, Image.Image]:
    """Return the rows of the scene in pixels of these masks from top to bottom, and what they show by the formula."""
    values = np.zeros((HEIGHT, WIDTH), np.uint32)
    shown = []
    sources = [*np.moveaxis(np.asarray(SCENE, float) / 255, -1, 0), alpha() * (not invisible)]
    for mask, source in zip(masks, sources, strict=True):
        if not mask:
            continue
        lowest = mask & -mask
        most = mask // lowest
        level = np.round(source * most).astype(np.uint64)
        values |= (level * lowest).astype(np.uint32)
        shown.append((level * 255 / most).round().astype(np.uint8))
    picture = Image.fromarray(np.dstack(shown))
    return rows_of(values.astype(f"<u{bits // 8}")), picture.convert("RGB") if invisible else picture


def rows_of(values: NDArray[np.generic]) -> bytes:
    """Return rows, each filled up to a multiple of four bytes."""
    rows = [row.tobytes() for row in values]
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def numbered(bits: int) -> bytes:
    """Return the rows of the variants with a palette."""
    each = (indices(bits)[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return rows_of(np.stack([np.packbits(row.reshape(-1).astype(np.uint8)) for row in each]))


def flipped(rows: bytes) -> bytes:
    """Return rows in the other order."""
    stride = len(rows) // HEIGHT
    return b"".join(rows[at : at + stride] for at in range(len(rows) - stride, -1, -stride))


def bmp(
    rows: bytes,
    bits: int,
    *,
    size: int = 40,
    compression: int = 0,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
    colours: int = 0,
    top_down: bool = False,
    bare: bool = False,
    height: int = HEIGHT,
    gap: int = 0,
) -> bytes:
    """Return a bitmap of rows from top to bottom, or of run lengths as they are.

    Args:
        rows: The rows.
        bits: The bits of a pixel.
        size: The bytes of the header.
        compression: The number of the compression.
        masks: The masks of the pixels.
        palette: The palette as it is stored.
        colours: How many colours the header says that it has.
        top_down: Whether to store the upper row first.
        bare: Whether to leave out the header of the file.
        height: The height that the header tells.
        gap: How many bytes to put before the pixels.
    """
    if size == 12:
        head = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
    else:
        down = -height if top_down else height
        head = struct.pack("<IiiHHIIiiII", size, WIDTH, down, 1, bits, compression, 0, 0, 0, colours, 0)
        fields = struct.pack(f"<{len(masks)}I", *masks)
        head += fields + bytes(max(0, size - 40 - len(fields)))
    data = rows if top_down or compression in (1, 2) else flipped(rows)
    whole = head + palette + bytes(gap) + data
    offset = 14 + len(whole) - len(data)
    return whole if bare else b"BM" + struct.pack("<IHHI", 14 + len(whole), 0, 0, offset) + whole


def palette_of(bits: int, *, short: bool = False) -> bytes:
    """Return the palette as it is stored: blue, green, red, and a byte of nothing unless it is short."""
    return b"".join(bytes(colour[::-1]) + (b"" if short else b"\0") for colour in PALETTE[: 1 << bits])


def shown(bits: int) -> Image.Image:
    """Return what the variants with a palette show."""
    return Image.fromarray(PALETTE[indices(bits)])


def run_lengths(bits: int) -> bytes:
    """Return run lengths of the variants with a palette: runs, and pixels as they are, in turn."""
    made = b""
    for number, row in enumerate(indices(bits)[::-1]):
        at = 0
        while at < WIDTH:
            count = min(30 - at % 30, WIDTH - at)
            value = int(row[at])
            if (number + at) % 4 == 0 and count >= 3:
                pixels = bytes([value] * count) if bits == 8 else bytes([value * 17] * -(-count // 2))
                made += bytes((0, count)) + pixels + bytes(len(pixels) % 2)
            else:
                made += bytes((count, value if bits == 8 else value * 17))
            at += count
        made += b"\0\0"
    return made + b"\0\1"


def with_masks() -> Iterator[Variant]:
    """Yield every layout of masks in headers of every size that can hold it."""
    for name, (bits, masks) in MASKS.items():
        for size in (40, 52, 56, 108, 124):
            if size < 56 and masks[3]:
                continue
            rows, picture = masked(bits, masks)
            count = 3 if size < 56 else 4
            body = partial(bmp, rows, bits, size=size, compression=3, masks=masks[:count], top_down=size == 108)
            yield Variant("bmp", f"masks {name}, header of {size} bytes", body, picture.copy, least=44)
        if masks[3]:
            rows, picture = masked(bits, masks)
            body = partial(bmp, rows, bits, compression=6, masks=masks)
            yield Variant("bmp", f"masks {name}, alpha by compression 6", body, picture.copy, least=44)
            rows, picture = masked(bits, masks, invisible=True)
            body = partial(bmp, rows, bits, size=124, compression=3, masks=masks)
            yield Variant("bmp", f"masks {name}, alpha zero everywhere", body, picture.copy, least=44)


def plain() -> Iterator[Variant]:
    """Yield every depth without masks: with headers of every kind, from either side, and without a file header."""
    sizes = {"OS/2, 12 bytes": 12, "40 bytes": 40, "OS/2, 64 bytes": 64, "108 bytes": 108, "124 bytes": 124}
    for name, size in sizes.items():
        for bits in (1, 2, 4, 8):
            body = partial(bmp, numbered(bits), bits, size=size, palette=palette_of(bits, short=size == 12))
            yield Variant("bmp", f"palette, {bits} bits, header {name}", body, partial(shown, bits), least=44)
        for bits, masks in ((16, (0x7C00, 0x3E0, 0x1F, 0)), (32, (0xFF0000, 0xFF00, 0xFF, 0))):
            rows, picture = masked(bits, masks)
            yield Variant("bmp", f"{bits} bits, header {name}", partial(bmp, rows, bits, size=size), picture.copy)
        rows = rows_of(np.asarray(SCENE)[..., ::-1].reshape(HEIGHT, -1))
        yield Variant("bmp", f"24 bits, header {name}", partial(bmp, rows, 24, size=size), SCENE.copy, least=50)
    rows = rows_of(np.asarray(SCENE)[..., ::-1].reshape(HEIGHT, -1))
    ways: dict[str, dict[str, Any]] = {
        "top-down": {"top_down": True},
        "a gap": {"gap": 77},
        "no file header": {"bare": True},
    }
    for title, options in ways.items():
        yield Variant("bmp", f"24 bits, {title}", partial(bmp, rows, 24, **options), SCENE.copy, least=50)
        body = partial(bmp, numbered(4), 4, palette=palette_of(4), **options)
        yield Variant("bmp", f"palette, 4 bits, {title}", body, partial(shown, 4), least=44)
    padded, picture = masked(32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
    opaque = picture.convert("RGB").copy
    yield Variant("bmp", "32 bits, the fourth byte is not alpha", partial(bmp, padded, 32), opaque, least=44)
    rows, picture = masked(16, MASKS["4-4-4"][1])
    body = partial(bmp, rows, 16, compression=3, masks=MASKS["4-4-4"][1][:3], bare=True)
    yield Variant("bmp", "masks 4-4-4, no file header", body, picture.copy)


def greys() -> Iterator[Variant]:
    """Yield palettes that look like plain grey, whose numbers still have their own bits."""
    for bits in (1, 2, 4, 8):
        for colours in (2, min(16, 1 << bits), 1 << bits):
            levels = np.linspace(0, 255, colours).round().astype(np.uint8) if colours == 2 else np.arange(colours)
            table = b"".join(bytes((level, level, level, 0)) for level in levels.tolist())
            wide = np.zeros(256, np.uint8)
            wide[:colours] = levels
            numbers = (indices(bits).astype(int) % colours).astype(np.uint8)
            each = (numbers[..., None] >> np.arange(bits - 1, -1, -1)) & 1
            rows = rows_of(np.stack([np.packbits(row.reshape(-1).astype(np.uint8)) for row in each]))
            body = partial(bmp, rows, bits, palette=table, colours=colours)
            right = Image.fromarray(wide[numbers]).convert("RGB").copy
            yield Variant("bmp", f"{colours} greys, {bits} bits", body, right)


def coded() -> Iterator[Variant]:
    """Yield run lengths."""
    for bits, compression in ((8, 1), (4, 2)):
        body = partial(bmp, run_lengths(bits), bits, compression=compression, palette=palette_of(bits))
        yield Variant("bmp", f"run lengths, {bits} bits", body, partial(shown, bits), least=44)
        bare = partial(body, bare=True)
        yield Variant("bmp", f"run lengths, {bits} bits, no file header", bare, partial(shown, bits), least=44)


def refusals() -> Iterator[Variant]:
    """Yield what thumbrun does not read, and what is cut."""
    rows, _ = masked(32, MASKS["8-8-8"][1])
    cases = {
        "a JPEG within": (partial(bmp, rows, 0, compression=4), "0 bits"),
        "a JPEG within, 24 bits": (partial(bmp, rows, 24, compression=4), "a JPEG within"),
        "a PNG within, 24 bits": (partial(bmp, rows, 24, compression=5), "a PNG within"),
        "CMYK": (partial(bmp, rows, 32, compression=11), "CMYK"),
        "64 bits": (partial(bmp, rows, 64), "64 bits"),
        "OS/2's Huffman coding": (partial(bmp, rows, 1, size=64, compression=3), "Huffman"),
        "OS/2's 24 bits in run lengths": (partial(bmp, rows, 24, size=64, compression=4), "run lengths"),
        "masks that overlap": (partial(bmp, rows, 32, compression=3, masks=(0xFF, 0xFF00, 0x1FF00)), "masks"),
        "masks with holes": (partial(bmp, rows, 32, compression=3, masks=(0xF0F, 0xF000, 0xF0000)), "masks"),
        "a header of 99 bytes": (partial(bmp, rows, 32, size=99), "99 bytes"),
        "no pixels": (partial(bmp, rows, 32, height=0), "no pixels"),
    }
    for name, (body, says) in cases.items():
        yield Variant("bmp", name, body, None, says=says)
    for bits, masks in (MASKS["4-4-4"], MASKS["8-8-8"]):
        whole = bmp(masked(bits, masks)[0], bits, size=56, compression=3, masks=masks)
        yield Variant("bmp", f"{bits} bits, cut", partial(bytes, whole[:-900]), None, reason=Reason.TRUNCATED)


def ico(frames: list[tuple[int, bytes]]) -> bytes:
    """Return an icon of pictures, each with the bits that the directory tells."""
    at, directory, data = 6 + 16 * len(frames), b"", b""
    for bits, frame in frames:
        directory += struct.pack("<BBBBHHII", WIDTH, HEIGHT, 0, 0, 1, bits, len(frame), at + len(data))
        data += frame
    return struct.pack("<HHH", 0, 1, len(frames)) + directory + data


def masking(*, nothing: bool = False, everything: bool = False) -> tuple[bytes, NDArray[np.uint8]]:
    """Return an icon's mask as rows from top to bottom, and the alpha that it makes."""
    hidden = np.zeros((HEIGHT, WIDTH), np.uint8) + everything
    if not nothing:
        hidden[30:90, 50:200] = 1
    return rows_of(np.packbits(hidden, axis=-1)), ((1 - hidden) * 255).astype(np.uint8)


def icons() -> Iterator[Variant]:
    """Yield icons of every depth with masks, and icons of several pictures."""
    mask, clear = masking()
    for bits in (1, 4, 8):
        body = bmp(numbered(bits), bits, palette=palette_of(bits), bare=True, height=2 * HEIGHT) + flipped(mask)
        right = shown(bits).convert("RGBA")
        right.putalpha(Image.fromarray(clear))
        yield Variant("ico", f"{bits} bits with a mask", partial(ico, [(bits, body)]), right.copy)
        yield Variant("ico", f"{bits} bits, the directory tells 32", partial(ico, [(32, body)]), right.copy)
    masked_scene = SCENE.convert("RGBA")
    masked_scene.putalpha(Image.fromarray(clear))
    rgb = rows_of(np.asarray(SCENE)[..., ::-1].reshape(HEIGHT, -1))
    plain_24 = bmp(rgb, 24, bare=True, height=2 * HEIGHT)
    yield Variant("ico", "24 bits with a mask", partial(ico, [(24, plain_24 + flipped(mask))]), masked_scene.copy)
    yield Variant("ico", "24 bits without a mask", partial(ico, [(24, plain_24)]), SCENE.copy)
    rgba, picture = masked(32, MASKS["8-8-8-8"][1])
    none, _ = masked(32, MASKS["8-8-8-8"][1], invisible=True)
    with_alpha = bmp(rgba, 32, bare=True, height=2 * HEIGHT) + flipped(mask)
    no_alpha = bmp(none, 32, bare=True, height=2 * HEIGHT)
    yield Variant("ico", "32 bits, alpha counts", partial(ico, [(32, with_alpha)]), picture.copy)
    yield Variant(
        "ico", "32 bits, alpha zero, a mask", partial(ico, [(32, no_alpha + flipped(mask))]), masked_scene.copy
    )
    for title, options in {"empty": {"nothing": True}, "whole": {"everything": True}}.items():
        body = no_alpha + flipped(masking(**options)[0])
        yield Variant("ico", f"32 bits, alpha zero, the mask {title}", partial(ico, [(32, body)]), SCENE.copy)
    yield Variant("ico", "32 bits, alpha zero, no mask", partial(ico, [(32, no_alpha)]), SCENE.copy)
    png = saved(picture, "PNG")
    yield Variant("ico", "PNG", partial(ico, [(32, png)]), picture.copy)
    small = saved(SCENE.resize((32, 32)), "PNG")
    yield Variant("ico", "a small PNG first", partial(ico, [(32, small), (24, plain_24)]), SCENE.copy)
    for title, bare in {"24 bits": plain_24, "32 bits, alpha zero": no_alpha}.items():
        encode = partial(ico, [(32, bare + flipped(mask)[:-900])])
        yield Variant("ico", f"{title}, cut within the mask", encode, None, reason=Reason.TRUNCATED, says="mask")
    body = with_alpha[:-900]
    yield Variant("ico", "32 bits, alpha counts, cut within the mask", partial(ico, [(32, body)]), picture.copy)
    yield Variant("ico", "cut", lambda: ico([(24, plain_24)])[:-900], None, reason=Reason.TRUNCATED)


def variants() -> Iterator[Variant]:
    """Yield the variants of BMP and ICO."""
    yield from plain()
    yield from with_masks()
    yield from greys()
    yield from coded()
    yield from refusals()
    yield from icons()
