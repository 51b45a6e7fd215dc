"""The thumbnails that the tasks of a schedule make of each image: their boxes, their formats and their names."""

import random
from dataclasses import dataclass

USUAL_WIDTH, ODD_WIDTH = 100, 64  # of the (largest) box, in pixels: the width that tasks ask for, and an odd task's
_SHARE = 1 / 3  # of the schedules, in which each image gets several thumbnails
_SEVERAL_BOXES = ((100, ((50, 50),)), (120, ((50, 20),)), (100, ((50, 50), (20, 10))))
_SEVERAL_FORMATS = (("webp", "jpeg"), ("jpeg", "png", "avif"))
_PATTERNS = (
    "{dir}/{stem}_{width}.{ext}",  # p.jpg and p.png collide
    "{stem}{height}.{ext}",  # with the heights 120 and 20, a thumbnail of p and another one of p1 collide
    "{format}/{width}/{path}",
    "{width}x{height}/{dir}/{stem}.{format}",
)

Box = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Says which thumbnails the tasks make of each image.

    Attributes:
        height: The height of the largest box, in pixels; its width is the usual one or the odd one.
        smaller: The other boxes, largest first.
        formats: The formats, as the setting names them.
        pattern: The pattern of the names, or an empty string if the layout names them.
    """

    height: int = 100
    smaller: tuple[Box, ...] = ()
    formats: tuple[str, ...] = ("keep",)
    pattern: str = ""

    @property
    def are_listed(self) -> bool:
        """Whether an item's row lists all its names, because they differ in more than the folder of the size."""
        return len(self.formats) > 1 or bool(self.pattern and self.smaller)

    def boxes(self, width: int) -> tuple[Box, ...]:
        """Return all boxes, largest first, given the width of the largest."""
        return ((width, self.height), *self.smaller)

    def environ(self, width: int) -> dict[str, str]:
        """Return the variables that ask for these thumbnails, given the width of the largest box."""
        return {
            "THUMBRUN_SIZE": ",".join(f"{width}x{height}" for width, height in self.boxes(width)),
            "THUMBRUN_FORMAT": ",".join(self.formats),
            "THUMBRUN_NAME": self.pattern,
        }


ONE_EACH = Outputs()


def draw_outputs(chance: random.Random) -> Outputs:
    """Draw one thumbnail an image, or several: of several sizes, in several formats, or both."""
    if chance.random() >= _SHARE:
        return ONE_EACH
    several = chance.choice(("sizes", "formats", "both"))
    height, smaller = (100, ()) if several == "formats" else chance.choice(_SEVERAL_BOXES)
    formats = chance.choice((("keep",), ("webp",)) if several == "sizes" else _SEVERAL_FORMATS)
    return Outputs(height, smaller, formats, chance.choice(("", "", *_PATTERNS)))
