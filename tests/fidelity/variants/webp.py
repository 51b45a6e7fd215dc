"""WebP: lossy and lossless, with and without alpha, still and animated, with EXIF."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from PIL import Image

from tests.fidelity.pictures import exif, saved, scene, veiled
from tests.fidelity.variants.variant import Variant

SCENE = scene(240, 160)


def variants() -> Iterator[Variant]:
    """Yield the variants of WebP."""
    for lossless in (False, True):
        for alpha in (False, True):
            for animated in (False, True):
                for orientation in (1, 6):
                    picture = veiled(SCENE) if alpha else SCENE
                    options: dict[str, Any] = {"lossless": lossless, "quality": 95, "exif": exif(orientation)}
                    if animated:
                        options |= {"save_all": True, "append_images": [picture.rotate(180)], "duration": 90}
                    name = "lossless" if lossless else "lossy"
                    name += f"{', alpha' * alpha}{', animated' * animated}, orientation {orientation}"
                    body = partial(saved, picture, "WEBP", **options)
                    right = partial(_right, picture, orientation)
                    yield Variant("webp", name, body, right, least=44 if lossless else 32)


def _right(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else picture.copy()
