"""What to make of an image. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass

RECIPE_VERSION = 1  # raise it when the same recipe would make other pictures


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make of every image of a run.

    Attributes:
        width: Of the box that a thumbnail must fit, in pixels.
        height: As width.
        format: `keep`, `jpeg`, `png`, `webp` or `avif`.
        quality: 1 to 100, for the lossy encoders.
    """

    width: int = 100
    height: int = 100
    format: str = "keep"
    quality: int = 80

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same recipe on every machine."""
        text = json.dumps({"version": RECIPE_VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
