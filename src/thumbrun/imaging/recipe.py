"""What to make of an image. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass

from thumbrun.imaging.geometry import Box, box_name

RECIPE_VERSION = 1  # raise it when the same recipe would make other pictures


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make of every image of a run.

    Attributes:
        width: Of the box that a thumbnail must fit, in pixels; of the largest where there are several.
        height: As width.
        format: `keep`, `jpeg`, `png`, `webp` or `avif`.
        quality: 1 to 100, for the lossy encoders.
        smaller: The other boxes, largest first, where every image gets several thumbnails.
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
        """The folder of each box's thumbnails below the run's: one named after the box, or none for a single box."""
        return tuple(f"{box_name(box)}/" for box in self.boxes) if self.smaller else ("",)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same recipe on every machine."""
        made = asdict(self)
        if not self.smaller:
            del made["smaller"]  # one box alone keeps the digest that it had before there could be several
        text = json.dumps({"version": RECIPE_VERSION, **made}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
