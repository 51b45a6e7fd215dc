"""The recipe says what to make of an image. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass

from thumbrun.imaging.geometry import Box, box_name

RECIPE_VERSION = 1  # raise it when the same recipe makes different pictures


@dataclass(frozen=True, slots=True)
class Recipe:
    """Says what to make of every image of a run.

    Attributes:
        width: The width of the box that a thumbnail must fit, in pixels; of the largest box if there are several.
        height: The height of that box, in pixels.
        format: The thumbnails' format: `keep`, `jpeg`, `png`, `webp` or `avif`.
        quality: The quality for the lossy encoders, from 1 to 100.
        smaller: The other boxes, largest first, if every image gets several thumbnails.
    """

    width: int = 100
    height: int = 100
    format: str = "keep"
    quality: int = 80
    smaller: tuple[Box, ...] = ()

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, largest first."""
        return ((self.width, self.height), *self.smaller)

    @property
    def folders(self) -> tuple[str, ...]:
        """Each box's folder below the run's: named after the box, or the run's own folder for a single box."""
        return tuple(f"{box_name(box)}/" for box in self.boxes) if self.smaller else ("",)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same recipe on every machine."""
        made = asdict(self)
        if not self.smaller:
            del made["smaller"]  # a single box keeps its digest from before a recipe could have several
        text = json.dumps({"version": RECIPE_VERSION, **made}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
