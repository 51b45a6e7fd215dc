"""The sample pictures by name, and two special ones: a rocket, which shows its orientation, and a transparent badge.

They are the same every time.
"""

import math
import random

from PIL import Image, ImageDraw

from thumbrun.demo import designs, landscapes, waters
from thumbrun.demo.landscapes import mountains
from thumbrun.demo.paint import Point, Scene, disc, glow, gradient, leaf, stars

_SUPERSAMPLED = 2  # pictures are drawn at twice the size and averaged, so that edges are smooth


def scene(name: str, width: int, height: int, seed: int = 1) -> Image.Image:
    """Draw one of `SCENES`.

    Args:
        name: The name of the scene.
        width: The width of the picture, in pixels.
        height: The height of the picture, in pixels.
        seed: The seed of its random parts; the same seed gives the same picture.

    Returns:
        The picture, in mode RGB.
    """
    chance = random.Random(f"{name} {seed}")  # noqa: S311  (pictures, not secrets)
    return SCENES[name](width * _SUPERSAMPLED, height * _SUPERSAMPLED, chance).reduce(_SUPERSAMPLED)


def rocket(width: int, height: int) -> Image.Image:
    """Draw a rocket with a moon to its right, so that everybody sees if the picture is turned or mirrored."""
    large, tall = width * _SUPERSAMPLED, height * _SUPERSAMPLED
    picture = gradient(large, tall, [(22, 26, 74), (62, 58, 140), (226, 120, 150), (255, 196, 150)])
    stars(picture, 150, 0.6, random.Random("rocket"))  # noqa: S311  (pictures, not secrets)
    unit, x, y = min(large, tall) / 10, large * 0.46, tall * 0.44
    glow(picture, large * 0.83, tall * 0.15, unit * 2.6, (255, 240, 200), 0.6)
    disc(picture, large * 0.83, tall * 0.15, unit * 0.85, (255, 244, 214))
    glow(picture, x, y + unit * 3.6, unit * 3.4, (255, 226, 150), 0.9)
    pen = ImageDraw.Draw(picture)
    for reach, colour in ((3.2, (255, 170, 70)), (2.1, (255, 236, 160))):
        pen.polygon(leaf(x, y + unit * 1.6, unit * reach, unit * reach * 0.24, math.pi / 2), fill=colour)
    for cloud in range(9):
        disc(
            picture,
            large * cloud / 8,
            tall * (1 - 0.02 * (cloud % 3)),
            unit * (1.1 + 0.4 * (cloud % 2)),
            (255, 246, 238),
        )
    for side in (-1, 1):
        fin: list[Point] = [(x + side * unit * 0.7, y + unit * 0.6), (x + side * unit * 1.7, y + unit * 2.5)]
        pen.polygon([*fin, (x + side * unit * 0.6, y + unit * 1.9)], fill=(222, 66, 74))
    hull = leaf(x, y - unit * 3.2, unit * 6.4, unit * 1.15, math.pi / 2)
    pen.polygon([point for point in hull if point[1] <= y + unit * 2], fill=(250, 248, 244))
    pen.polygon([point for point in hull if point[1] <= y - unit * 1.5], fill=(222, 66, 74))
    disc(picture, x, y - unit * 0.3, unit * 0.52, (70, 78, 130))
    disc(picture, x, y - unit * 0.3, unit * 0.37, (150, 214, 240))
    return picture.reduce(_SUPERSAMPLED)


def badge(size: int) -> Image.Image:
    """Draw a star on a translucent disc with a ring, on a transparent background, in mode RGBA."""
    large = size * 4
    picture = Image.new("RGBA", (large, large))
    pen = ImageDraw.Draw(picture)
    pen.ellipse([large * 0.04, large * 0.04, large * 0.96, large * 0.96], fill=(36, 94, 168, 255))
    pen.ellipse([large * 0.12, large * 0.12, large * 0.88, large * 0.88], fill=(255, 255, 255, 90))
    star = []
    for point in range(10):
        reach, angle = large * (0.15 if point % 2 else 0.36), math.pi * point / 5
        star.append((large / 2 + reach * math.sin(angle), large / 2 - reach * math.cos(angle)))
    pen.polygon(star, fill=(250, 206, 74, 255))
    return picture.reduce(4)


SCENES: dict[str, Scene] = {
    "alps": mountains(
        [(70, 134, 206), (160, 200, 234), (248, 234, 214)], (140, 164, 196), (24, 40, 64), (255, 250, 230)
    ),
    "dawn": mountains(
        [(64, 58, 124), (226, 122, 126), (255, 214, 150)], (196, 124, 136), (42, 24, 56), (255, 238, 190)
    ),
    "mist": mountains(
        [(180, 206, 214), (222, 234, 230), (246, 244, 234)], (160, 190, 192), (34, 70, 78), (255, 255, 250)
    ),
    "mars": mountains([(84, 30, 44), (206, 98, 66), (250, 190, 126)], (186, 92, 66), (56, 16, 24), (255, 226, 190)),
    "lilac": mountains(
        [(84, 92, 176), (190, 160, 214), (252, 214, 220)], (150, 134, 190), (38, 34, 86), (255, 240, 236)
    ),
    "sea": waters.sea,
    "night": landscapes.night,
    "aurora": waters.aurora,
    "lake": waters.lake,
    "forest": landscapes.forest,
    "dunes": landscapes.dunes,
    "tulips": landscapes.tulips,
    "lighthouse": waters.lighthouse,
    "reef": waters.reef,
    "city": designs.city,
    "balloons": designs.balloons,
    "tiles": designs.tiles,
    "waves": designs.waves,
    "poster": designs.poster,
    "papercut": designs.papercut,
    "flow": designs.flow,
    "leaves": designs.leaves,
    "citrus": designs.citrus,
    "planets": designs.planets,
}
