"""Mutates small pictures, and reports thumbnails that are unlike what two other decoders agree on.

`python -m tests.fidelity.mutations COUNT [SEED]` prints each finding: a thumbnail below 20 dB of PSNR against libvips
and Pillow, where these agree within 30 dB.
"""

import io
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyvips
from PIL import Image

from tests.fidelity.independent import by_libvips
from tests.fidelity.measure import psnr, reference
from tests.fidelity.variants import all_variants
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request

LEAST, AGREE = 20.0, 30.0  # dB
_HEAD = 200  # bytes, in which half of all changes are, because headers change meanings
_LARGEST = 300_000


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


def judged(body: bytes) -> tuple[str, float]:
    """Return what became of a file, and the PSNR of its thumbnail if the others agree on the picture."""
    verdict = render(body, Request(100, 100, "png", 80, 10**7, 10**9))
    if not isinstance(verdict, Rendered):
        return "refused", 0.0
    try:
        one = by_libvips(body)
        with Image.open(io.BytesIO(body)) as image:
            other = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (pyvips.Error, OSError, SyntaxError, ValueError, IndexError, TypeError, Image.DecompressionBombError):
        return "drawn by thumbrun, not by both others", 0.0
    if one.size != other.size or psnr(one, other) < AGREE:
        return "drawn, and the others disagree", 0.0
    if (verdict.source_width, verdict.source_height) != one.size:
        return "unlike", 0.0
    value = psnr(reference(one), thumbnail_pixels(body, 100, 100))
    return ("like" if value >= LEAST else "unlike"), value


def campaign(count: int, seed: int, counts: Counter[str]) -> Iterator[Finding]:
    """Mutate pictures of every format and yield the findings; count what became of all."""
    chance = random.Random(seed)  # noqa: S311  (it mutates pictures)
    variants = [variant for variant in all_variants() if variant.draw and len(variant.body) < _LARGEST]
    kinds = sorted({variant.kind for variant in variants})
    for _ in range(count):
        kind = chance.choice(kinds)
        variant = chance.choice([variant for variant in variants if variant.kind == kind])
        body, change = mutated(variant.body, chance)
        became, value = judged(body)
        counts[became] += 1
        if became == "unlike":
            yield Finding(f"{variant.kind}, {variant.name}", change, value)


if __name__ == "__main__":
    found: Counter[str] = Counter()
    for finding in campaign(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, found):
        print(f"{finding.value:.1f} dB: {finding.name}: {finding.change}")
    print(dict(found))
