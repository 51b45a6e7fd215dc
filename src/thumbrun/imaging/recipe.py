"""The recipe says what to make of an image. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from thumbrun.imaging.geometry import Box, box_name
from thumbrun.imaging.shape import USUAL_SHAPE, Shape

RECIPE_VERSION = 1  # raise it when the same recipe makes different pictures


@dataclass(frozen=True, slots=True)
class Recipe:
    """Says what to make of every image of a run.

    Attributes:
        width: The width of the box that a thumbnail must fit, in pixels; of the largest box if there are several.
        height: The height of that box, in pixels.
        format: The thumbnails' format: `keep`, `jpeg`, `png`, `webp` or `avif`; the first one if there are several.
        quality: The quality for the lossy encoders, from 1 to 100, unless `qualities` has the format.
        smaller: The other boxes, largest first, if every image gets thumbnails of several sizes.
        further: The other formats, if every image gets thumbnails in several formats.
        qualities: The quality for single formats, by name, sorted.
        shape: How pictures fit the boxes.
        animated: What becomes of an animation: `first`, its first frame, or `keep`, an animated thumbnail.
    """

    width: int = 100
    height: int = 100
    format: str = "keep"
    quality: int = 80
    smaller: tuple[Box, ...] = ()
    further: tuple[str, ...] = ()
    qualities: tuple[tuple[str, int], ...] = ()
    shape: Shape = USUAL_SHAPE
    animated: str = "first"

    @property
    def thumbnails(self) -> int:
        """How many thumbnails are made of each image."""
        return len(self.boxes) * len(self.formats)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, largest first."""
        return ((self.width, self.height), *self.smaller)

    @property
    def formats(self) -> tuple[str, ...]:
        """All formats."""
        return (self.format, *self.further)

    @property
    def box_of_each(self) -> tuple[Box, ...]:
        """The box of each thumbnail of an image."""
        return tuple(box for box in self.boxes for _ in self.formats)

    @property
    def format_of_each(self) -> tuple[str, ...]:
        """The format of each thumbnail of an image."""
        return self.formats * len(self.boxes)

    @property
    def folders(self) -> tuple[str, ...]:
        """Each box's folder below the run's: named after the box, or the run's own folder for a single box."""
        return tuple(f"{box_name(box)}/" for box in self.boxes) if self.smaller else ("",)

    def quality_of(self, format_: str) -> int:
        """Return the quality for a format."""
        return dict(self.qualities).get(format_, self.quality)

    @property
    def keeps_animations(self) -> bool:
        """Whether animations become animated thumbnails, in formats that can be animated."""
        return self.animated == "keep"

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same recipe on every machine.

        What a recipe could not say at first counts only if it differs from its default, so that a newer version of
        thumbrun takes the thumbnails of an older one for its own.
        """
        made = asdict(self) | {"shape": self.shape.stated()}
        for name in made.keys() - _ALWAYS:
            if getattr(self, name) == _DEFAULTS[name]:
                del made[name]
        text = json.dumps({"version": RECIPE_VERSION, **made}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_ALWAYS = frozenset(("width", "height", "format", "quality"))
_DEFAULTS = {field.name: field.default for field in fields(Recipe)}
