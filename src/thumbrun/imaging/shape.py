"""The shape of a thumbnail: how a picture fits its box, which part of the picture shows, and where. Pure numbers.

The words are those of the library sharp. Pictures are upright here.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from thumbrun.imaging.geometry import LARGEST_SIDE, Box, fit

FITS = ("inside", "cover", "contain", "fill", "outside")
BOUND = frozenset(("cover", "contain", "fill"))  # fits that need both sides of a box
BY_CONTENT = frozenset(("attention", "entropy"))  # gravities that depend on the pixels
TRANSPARENT = "#00000000"

Share = tuple[float, float]  # of the room that is left: 0 is left or top, 1 is right or bottom

# Where a picture lies in a box, or a box in a picture.
DIRECTIONS: dict[str, Share] = {
    "centre": (0.5, 0.5),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "east": (1.0, 0.5),
    "southeast": (1.0, 1.0),
    "south": (0.5, 1.0),
    "southwest": (0.0, 1.0),
    "west": (0.0, 0.5),
    "northwest": (0.0, 0.0),
}


class Placement(NamedTuple):
    """How a picture becomes a thumbnail.

    Attributes:
        size: The width and height of the thumbnail, in pixels.
        picture: The width and height of the picture in it, in pixels; smaller than the thumbnail if that has bars.
        region: The width and height of the part of the source that shows, in the source's pixels.
    """

    size: tuple[int, int]
    picture: tuple[int, int]
    region: tuple[float, float]

    def scaled(self, width: int, height: int) -> tuple[float, float]:
        """Return the width and height that the whole source would have at the scale of the thumbnail."""
        return width * self.picture[0] / self.region[0], height * self.picture[1] / self.region[1]

    def region_at(self, width: int, height: int, share: Share) -> tuple[float, float, float, float]:
        """Return the part of a source that shows, as its left, upper, right and lower edge in the source's pixels.

        If the source is not scaled, the part begins at a whole pixel, so that all pixels stay as they are.

        Args:
            width: The width of the source, in pixels.
            height: The height of the source, in pixels.
            share: Where the part lies.
        """
        left, top = (width - self.region[0]) * share[0], (height - self.region[1]) * share[1]
        if self.region == self.picture:
            left, top = math.floor(left), math.floor(top)
        return left, top, left + self.region[0], top + self.region[1]

    def picture_at(self, share: Share) -> tuple[int, int]:
        """Return where the picture begins in the thumbnail: its left and upper edge, in pixels."""
        across, down = (math.floor((self.size[i] - self.picture[i]) * share[i]) for i in (0, 1))
        return across, down


@dataclass(frozen=True, slots=True)
class Shape:
    """Says how pictures fit a box.

    Attributes:
        fit: `inside`: the whole picture, within the box. `cover`: the box, full of the picture, whose rest is cut off.
            `contain`: the box, with the whole picture in it, and bars beside it. `fill`: the box, with the whole
            picture stretched or squeezed. `outside`: the whole picture, around the box.
        gravity: What of the picture shows for `cover`: a direction, `attention` or `entropy`; where the picture lies
            for `contain`: a direction.
        background: The colour of bars, and of what is transparent in a format without transparency, as `#rrggbb` or
            `#rrggbbaa`.
        enlarge: Whether a picture that is smaller than the box is enlarged.
    """

    fit: str = "inside"
    gravity: str = "centre"
    background: str = TRANSPARENT
    enlarge: bool = False

    @property
    def share(self) -> Share:
        """Where pictures lie if that does not depend on their pixels."""
        return DIRECTIONS.get(self.gravity, DIRECTIONS["centre"])

    @property
    def looks_for_content(self) -> bool:
        """Whether the pixels decide what shows."""
        return self.fit == "cover" and self.gravity in BY_CONTENT

    def stated(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        usual = asdict(USUAL_SHAPE)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def placement(self, width: int, height: int, box: Box) -> Placement:
        """Return how a picture becomes a thumbnail.

        Args:
            width: The width of the picture, in pixels.
            height: The height of the picture, in pixels.
            box: The box.
        """
        if self.fit == "cover":
            return self._cover(width, height, box)
        if self.fit == "fill":
            size = box if self.enlarge else (min(box[0], width), min(box[1], height))
            return Placement(size, size, (width, height))
        if self.fit == "outside":
            size = self._outside(width, height, box)
        else:
            size = fit(width, height, box[0] or LARGEST_SIDE, box[1] or LARGEST_SIDE, enlarge=self.enlarge)
        return Placement(box if self.fit == "contain" else size, size, (width, height))

    def _cover(self, width: int, height: int, box: Box) -> Placement:
        across, down = box
        if not self.enlarge and (across > width or down > height):  # the largest part of the box's aspect ratio
            size = fit(across, down, width, height)
            return Placement(size, size, size)
        wider = across * height >= down * width  # the box is wider than the picture, which loses rows
        region = (width, width * down / across) if wider else (height * across / down, height)
        return Placement(box, box, region)

    def _outside(self, width: int, height: int, box: Box) -> tuple[int, int]:
        across, down = box
        if width * down >= height * across:
            across = max(1, (2 * width * down + height) // (2 * height))
        else:
            down = max(1, (2 * height * across + width) // (2 * width))
        if (across > width or down > height) and not self.enlarge:
            across, down = width, height
        if max(across, down) > LARGEST_SIDE:
            across, down = fit(width, height, LARGEST_SIDE, LARGEST_SIDE, enlarge=self.enlarge)
        return across, down

    def scaled(self, width: int, height: int, boxes: Iterable[Box]) -> tuple[float, float]:
        """Return the size that a picture must have at least so that every thumbnail can be made from it.

        What a crop throws away counts: a picture that covers a box is larger than the box.

        Args:
            width: The width of the picture, in pixels.
            height: The height of the picture, in pixels.
            boxes: The boxes of the thumbnails.
        """
        sizes = [self.placement(width, height, box).scaled(width, height) for box in boxes]
        return max(across for across, _ in sizes), max(down for _, down in sizes)

    def largest(self, box: Box) -> tuple[int, int]:
        """Return the largest width and the largest height that a thumbnail of any picture can have, in pixels."""
        if self.fit == "outside":
            return LARGEST_SIDE, LARGEST_SIDE
        return box[0] or LARGEST_SIDE, box[1] or LARGEST_SIDE

    def allows(self, size: tuple[int, int], box: Box) -> bool:
        """Return whether the thumbnail of some picture can have this size.

        Args:
            size: The width and height of the thumbnail, in pixels.
            box: Its box.
        """
        (width, height), most = size, self.largest(box)
        if width > most[0] or height > most[1]:
            return False
        if self.fit == "contain" or (self.enlarge and self.fit in BOUND):
            return size == box
        if self.fit == "cover":  # one side is the picture's, and the other follows from the box's aspect ratio
            return size in (fit(*box, width, LARGEST_SIDE), fit(*box, LARGEST_SIDE, height))
        return self.fit != "outside" or max(size) == LARGEST_SIDE or width <= box[0] or height <= box[1]


USUAL_SHAPE = Shape()
"""The shape of thumbnails unless a recipe says otherwise: the whole picture within the box, and never enlarged."""
