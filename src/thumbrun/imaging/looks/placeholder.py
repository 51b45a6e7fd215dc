"""Makes the placeholder of a thumbnail; `appearance` says what that is."""

import base64

from PIL import Image

from thumbrun.imaging.average import shrunk
from thumbrun.imaging.geometry import fit
from thumbrun.imaging.looks.blurhash import blurhash
from thumbrun.imaging.looks.thumbhash import MOST_SIDE, thumbhash


def placeholder(picture: Image.Image, kind: str) -> str:
    """Return the placeholder of a picture.

    Args:
        picture: The picture, in mode L, LA, RGB or RGBA, in sRGB.
        kind: `thumbhash` or `blurhash`.
    """
    small = shrunk(picture, *fit(*picture.size, MOST_SIDE, MOST_SIDE))
    made = base64.b64encode(thumbhash(small)).decode() if kind == "thumbhash" else blurhash(small)
    return f"{kind}:{made}"
