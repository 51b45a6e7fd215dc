"""Mutates small pictures, and reports thumbnails that are unlike what two other decoders agree on.

`python -m tests.fidelity.mutations COUNT [SEED]` prints each finding: a thumbnail below 20 dB of PSNR against libvips
and Pillow, where these agree within 30 dB. The samples of TIFF pictures that have no range of their own are read by
libvips and tifffile, and drawn by thumbrun's rule, because each decoder has another rule. The mutants go through
decoding processes, because some end their decoder.
"""

import asyncio
import io
import random
import re
import sys
import warnings
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pyvips
from PIL import Image

from tests.fidelity.independent import by_libvips, drawn, samples_by_libvips, samples_by_tifffile
from tests.fidelity.measure import psnr, reference
from tests.fidelity.variants import all_variants
from tests.fidelity.variants.variant import Variant
from tests.unit.imaging.samples import running, verdict
from thumbrun.decoding import protocol
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.outcomes import Reason

LEAST, AGREE = 20.0, 30.0  # dB
_HEAD = 200  # bytes, in which half of all changes are, because headers change meanings
_LARGEST = 300_000
# TIFF pictures of these have no range of their own.
_OF_ANY_RANGE = re.compile(r"\b32 bits|\b32-bit|float|half grey")


@dataclass(frozen=True)
class Finding:
    """A thumbnail that is unlike what two other decoders agree on.

    Attributes:
        name: The picture that was mutated.
        change: What was changed.
        value: The PSNR against libvips, in dB.
    """

    name: str
    change: str
    value: float


def mutated(body: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Return a file with a few bytes changed, and what was changed."""
    made = bytearray(body)
    changes = []
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(min(_HEAD, len(made)) if chance.random() < 0.5 else len(made))
        made[at] = chance.choice((made[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255))
        changes.append(f"{at}: {made[at]}")
    if chance.random() < 0.1:
        made = made[: chance.randrange(1, len(made) + 1)]
        changes.append(f"cut to {len(made)}")
    return bytes(made), ", ".join(changes)


def has_any_range(variant: Variant) -> bool:
    """Whether the samples of a picture have no range of their own."""
    return variant.kind == "tiff" and bool(_OF_ANY_RANGE.search(variant.name))


def _by_others(body: bytes, *, any_range: bool) -> tuple[Image.Image, Image.Image]:
    """Return what two other decoders make of a file; they raise errors of many kinds."""
    if any_range:
        samples, white_is_zero = samples_by_tifffile(body)
        return (
            drawn(samples_by_libvips(body), white_is_zero=white_is_zero),
            drawn(samples, white_is_zero=white_is_zero),
        )
    with Image.open(io.BytesIO(body)) as image:
        return by_libvips(body), image.convert("RGBA" if image.has_transparency_data else "RGB")


def judged(body: bytes, verdict: protocol.Verdict, *, any_range: bool = False) -> tuple[str, float]:
    """Return what became of a file, and the PSNR of its thumbnail if the others agree on the picture."""
    if not isinstance(verdict, Rendered):
        is_dead = isinstance(verdict, Refused) and verdict.reason is Reason.CRASHED
        return "ended its decoder" if is_dead else "refused", 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is odd in a mutant
            one, other = _by_others(body, any_range=any_range)
    except (pyvips.Error, OSError, SyntaxError, ValueError, IndexError, TypeError, Image.DecompressionBombError):
        return "drawn by thumbrun, not by both others", 0.0
    if one.size != other.size or psnr(one, other) < AGREE:
        return "drawn, and the others disagree", 0.0
    if (verdict.source_width, verdict.source_height) != one.size:
        return "unlike", 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = psnr(reference(one), thumbnail_pixels(body, 100, 100))
    return ("like" if value >= LEAST else "unlike"), value


async def campaign(count: int, seed: int, counts: Counter[str]) -> AsyncIterator[Finding]:
    """Mutate pictures of every format and yield the findings; count what became of all."""
    chance = random.Random(seed)  # noqa: S311  (it mutates pictures)
    variants = [variant for variant in all_variants() if variant.draw and len(variant.body) < _LARGEST]
    kinds = sorted({variant.kind for variant in variants})
    asked = Request(100, 100, "png", 80, 10**7, 10**9)
    understood: dict[str, bool] = {}
    async with running() as pool:
        for _ in range(count):
            kind = chance.choice(kinds)
            variant = chance.choice([variant for variant in variants if variant.kind == kind])
            # Where the others do not know what changes the meaning, such as colours by number, they cannot judge.
            if variant.name not in understood:
                was, _ = judged(
                    variant.body, await verdict(pool, variant.body, asked), any_range=has_any_range(variant)
                )
                understood[variant.name] = was == "like"
            if not understood[variant.name]:
                counts["the others misunderstand the picture that was mutated"] += 1
                continue
            body, change = mutated(variant.body, chance)
            became, value = judged(body, await verdict(pool, body, asked), any_range=has_any_range(variant))
            counts[became] += 1
            if became == "unlike":
                yield Finding(f"{variant.kind}, {variant.name}", change, value)


async def main(count: int, seed: int) -> None:
    """Print the findings, and what became of all mutants."""
    counts: Counter[str] = Counter()
    async for finding in campaign(count, seed, counts):
        print(f"{finding.value:.1f} dB: {finding.name}: {finding.change}", flush=True)
    print(dict(counts))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
