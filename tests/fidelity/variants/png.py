"""PNG: every colour type and depth, plain and interlaced, with transparent colours, and with side data of any kind."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fidelity.pictures import scene
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

Samples = NDArray[np.uint16]
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
NAMES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PALETTE = np.random.default_rng(5).integers(0, 256, (256, 3)).astype(np.uint8)


def chunk(name: bytes, content: bytes, *, wrong: int = 0) -> bytes:
    """Return a chunk; `wrong` changes its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content) ^ wrong)


def packed(samples: Samples, bits: int) -> bytes:
    """Return rows of samples (height, width, channels) as the bytes of a PNG, without filters."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in flat]
    elif bits == 8:
        rows = [row.astype(np.uint8).tobytes() for row in flat]
    else:
        each = (flat[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in each]
    return b"".join(b"\0" + row for row in rows)


def png(
    samples: Samples, colour_type: int, bits: int, *, interlaced: bool = False, before: bytes = b"", after: bytes = b""
) -> bytes:
    """Return a PNG with these chunks before and after its pixels."""
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[top::down, left::across] for left, top, across, down in PASSES]
        raw = b"".join(packed(part, bits) for part in parts if part.size)
    else:
        raw = packed(samples, bits)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced))
    palette = chunk(b"PLTE", PALETTE[: 1 << bits].tobytes()) if colour_type == 3 else b""
    stream = zlib.compress(raw)
    parts_ = [chunk(b"IDAT", stream[at : at + 5000]) for at in range(0, len(stream), 5000)]
    return b"\x89PNG\r\n\x1a\n" + head + palette + before + b"".join(parts_) + after + chunk(b"IEND", b"")


@cache
def samples_of(colour_type: int, bits: int) -> Samples:
    """Return the scene in the samples of a colour type."""
    most = (1 << bits) - 1
    fine = np.asarray(scene(240, 160), float) / 255
    y, x = np.mgrid[0:160, 0:240]
    alpha = np.clip((x / 240 + y / 160) - 0.3, 0, 1)
    if colour_type == 3:
        index: Samples = ((x // 30 + y // 40 * 8) % (most + 1)).astype(np.uint16)[..., None]
        return index
    grey = fine.mean(-1, keepdims=True)
    channels = {0: (grey,), 2: (fine,), 4: (grey, alpha[..., None]), 6: (fine, alpha[..., None])}[colour_type]
    samples: Samples = np.round(np.concatenate(channels, -1) * most).astype(np.uint16)
    return samples


def drawn(samples: Samples, colour_type: int, bits: int, clear: Any = None) -> Image.Image:
    """Return the picture of samples: each is scaled by 255 / (2^bits - 1) (PNG, third edition, 13.12).

    Args:
        samples: The samples (height, width, channels).
        colour_type: The number of the colour type.
        bits: The bits of a sample.
        clear: The samples of the transparent colour, or the alpha of each colour of the palette.
    """
    if colour_type == 3:
        index = samples[..., 0]
        alphas = np.full(256, 255, np.uint8)
        alphas[: len(clear or b"")] = list(clear or b"")
        pixels = np.dstack([PALETTE[index], alphas[index]])
    else:
        scaled = np.round(samples / ((1 << bits) - 1) * 255).astype(np.uint8)
        colours = scaled[..., :1].repeat(3, -1) if colour_type in (0, 4) else scaled[..., :3]
        alpha = scaled[..., -1] if colour_type in (4, 6) else np.full(samples.shape[:2], 255, np.uint8)
        if clear is not None:
            alpha = np.where((samples == np.asarray(clear)).all(-1), 0, 255).astype(np.uint8)
        pixels = np.dstack([colours, alpha])
    picture = Image.fromarray(pixels)
    return picture if (pixels[..., 3] < 255).any() else picture.convert("RGB")


def kinds() -> Iterator[Variant]:
    """Yield every colour type with every depth, plain and interlaced."""
    for colour_type, depths in DEPTHS.items():
        for bits in depths:
            for interlaced in (False, True):
                samples = samples_of(colour_type, bits)
                yield Variant(
                    "png",
                    f"{NAMES[colour_type]}, {bits} bits{', interlaced' if interlaced else ''}",
                    partial(png, samples, colour_type, bits, interlaced=interlaced),
                    partial(drawn, samples, colour_type, bits),
                    least=44,
                )


def transparent() -> Iterator[Variant]:
    """Yield a transparent colour for every kind that can have one; with 16 bits, others share its first bytes."""
    for colour_type in (0, 2, 3):
        for bits in DEPTHS[colour_type]:
            samples = samples_of(colour_type, bits).copy()
            if colour_type == 3:
                clear: Any = bytes(range(0, 256, 17))[: 1 << bits]
                content = clear
            else:
                clear = [int(value) for value in samples[100, 140]]
                samples[40:100, 30:90] = clear
                samples[100:130, 30:90] = [value ^ 1 for value in clear]  # of 16 bits, the first 8 are equal
                content = struct.pack(f">{len(clear)}H", *clear)
            for interlaced in (False, True):
                body = partial(png, samples, colour_type, bits, interlaced=interlaced, before=chunk(b"tRNS", content))
                name = f"tRNS, {NAMES[colour_type]}, {bits} bits{', interlaced' if interlaced else ''}"
                yield Variant("png", name, body, partial(drawn, samples, colour_type, bits, clear), least=38)


def side_data() -> Iterator[Variant]:
    """Yield pictures whose side data are broken, short, empty or huge; none of them matters."""
    samples = samples_of(2, 8)
    huge = zlib.compress(bytes(80_000_000), 1)
    control = struct.pack(">IIIIIHHBB", 0, 240, 160, 0, 0, 1, 10, 0, 0)
    cases = {
        "tEXt with a wrong checksum": chunk(b"tEXt", b"Title\0picture", wrong=1),
        "iTXt with a broken stream": chunk(b"iTXt", b"Title\0\1\0\0\0garbage"),
        "zTXt of 80 MB": chunk(b"zTXt", b"Comment\0\0" + huge),
        "zTXt of unknown compression": chunk(b"zTXt", b"Comment\0\7" + huge[:99]),
        "iTXt of 80 MB": chunk(b"iTXt", b"Comment\0\1\0\0\0" + huge),
        "tEXt of 20 MB": chunk(b"tEXt", b"Comment\0" + bytes(20_000_000)),
        "iCCP of 80 MB": chunk(b"iCCP", b"name\0\0" + huge),
        "iCCP cut short": chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(900))[:-6]),
        "iCCP of garbage": chunk(b"iCCP", b"garbage" * 9),
        "iCCP with a wrong checksum": chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(900)), wrong=7),
        "eXIf of garbage": chunk(b"eXIf", b"MM\0*garbage"),
        "acTL of no frames": chunk(b"acTL", bytes(8)),
        "acTL, no fcTL": chunk(b"acTL", struct.pack(">II", 3, 0)),
        "acTL cut short": chunk(b"acTL", b"\0\0"),
        "fcTL out of order": chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", b"\7" + control[1:]),
        "an unknown chunk": chunk(b"abCd", b"x" * 40),
        "two profiles": 2 * chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")),
        "a thousand empty texts": 1000 * chunk(b"tEXt", b""),
        "PLTE as a suggestion": chunk(b"PLTE", bytes(range(30))),
    }
    for kind in (b"iCCP", b"tRNS", b"bKGD", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tEXt", b"sBIT"):
        cases[f"{kind.decode()}, empty"] = chunk(kind, b"")
        cases[f"{kind.decode()}, one byte"] = chunk(kind, b"\1")
    right = partial(drawn, samples, 2, 8)
    for title, before in cases.items():
        yield Variant("png", title, partial(png, samples, 2, 8, before=before), right, least=50)
        if "PLTE" not in title:
            name = f"{title}, behind the pixels"
            yield Variant("png", name, partial(png, samples, 2, 8, after=before), right, least=50)
    grey = samples_of(0, 4)  # another of thumbrun's decoders
    for title in ("tEXt with a wrong checksum", "iCCP, empty", "fcTL out of order", "tRNS, one byte"):
        body = partial(png, grey, 0, 4, before=cases[title])
        yield Variant("png", f"{title}, 4 bits", body, partial(drawn, grey, 0, 4), least=44)


def cut(kind: tuple[int, int], count: int, *, ends: bool = False) -> bytes:
    """Return a PNG whose stream lacks its last bytes."""
    whole = png(samples_of(*kind), *kind)
    samples = samples_of(*kind)
    height, width = samples.shape[:2]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, kind[1], kind[0], 0, 0, 0))
    stream = zlib.compress(packed(samples, kind[1]))
    if ends:
        return whole[:8] + head + chunk(b"IDAT", stream[: len(stream) - count]) + chunk(b"IEND", b"")
    body = whole[:8] + head + chunk(b"IDAT", stream)
    return body[: len(body) - 4 - count]


def ends() -> Iterator[Variant]:
    """Yield files that end early: whole if all rows are there, else truncated; and files that are no PNG."""
    for kind in ((2, 8), (0, 4), (6, 16)):
        right, name = partial(drawn, samples_of(*kind), *kind), f"{NAMES[kind[0]]}, {kind[1]} bits"
        yield Variant("png", f"no IEND, {name}", partial(cut, kind, -4), right)
        yield Variant("png", f"cut in the last checksum, {name}", partial(cut, kind, -2), right)
        for count in (0, 2, 4):
            yield Variant("png", f"the last IDAT lacks {count} bytes, {name}", partial(cut, kind, count), right)
        yield Variant("png", f"the stream lacks its checksum, {name}", partial(cut, kind, 4, ends=True), right)
        half = partial(_half, kind)
        yield Variant("png", f"cut within the pixels, {name}", half, None, reason=Reason.TRUNCATED)
    rgb, palette = samples_of(2, 8), samples_of(3, 4)
    refused = {
        "no palette": (lambda: png(palette, 3, 4).replace(b"PLTE", b"plTE"), "there is no palette"),
        "IHDR with a wrong checksum": (lambda: png(rgb, 2, 8).replace(b"IHDR\0\0", b"IHDR\0\1"), "IHDR"),
        "PLTE with a wrong checksum": (lambda: _flipped(png(palette, 3, 4), b"PLTE"), "PLTE"),
        "3 bits": (lambda: png(palette, 0, 3), "no colour type 0 with 3 bits"),
        "colour type 5": (lambda: png(rgb, 5, 8), "no colour type 5 with 8 bits"),
        "an unknown chunk that is needed": (lambda: png(rgb, 2, 8, before=chunk(b"ABCD", b"")), "ABCD"),
        "CgBI": (lambda: _cgbi(png(rgb, 2, 8)), "CgBI"),
    }
    for title, (body, says) in refused.items():
        yield Variant("png", title, body, None, says=says)


def _half(kind: tuple[int, int]) -> bytes:
    whole = png(samples_of(*kind), *kind)
    return whole[: len(whole) // 2]


def _flipped(body: bytes, name: bytes) -> bytes:
    at = body.index(name) + 5
    return body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]


def _cgbi(body: bytes) -> bytes:
    return body[:8] + chunk(b"CgBI", b"\x50\0\x20\2") + body[8:]


def variants() -> Iterator[Variant]:
    """Yield the variants of PNG."""
    yield from kinds()
    yield from transparent()
    yield from side_data()
    yield from ends()
