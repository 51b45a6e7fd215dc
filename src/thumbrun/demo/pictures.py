"""Sample pictures, drawn: landscapes, nights, seas and patterns that are pleasant to look at, and always the same."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Scene = Callable[[int, int, random.Random], Image.Image]

_SUPERSAMPLED = 2  # edges are drawn twice as fine and averaged, so that they are smooth


def scene(name: str, width: int, height: int, seed: int = 1) -> Image.Image:
    """Draw one of `SCENES`.

    Args:
        name: Which.
        width: In pixels.
        height: As width.
        seed: The same seed gives the same picture.

    Returns:
        The picture, mode RGB.
    """
    chance = random.Random(f"{name} {seed}")  # noqa: S311  (pictures, not secrets)
    large = SCENES[name](width * _SUPERSAMPLED, height * _SUPERSAMPLED, chance)
    return large.resize((width, height), Image.Resampling.BOX)


def gradient(width: int, height: int, stops: Sequence[Colour]) -> Image.Image:
    """Return a vertical gradient through some colours."""
    strip = Image.new("RGB", (1, len(stops)))
    strip.putdata(list(stops))
    return strip.resize((1, height), Image.Resampling.BICUBIC).resize((width, height))


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour between two, `share` of the way to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _ridge(width: int, height: int, level: float, rough: float, chance: random.Random) -> list[tuple[float, float]]:
    """Return a mountain ridge as a polygon: midpoints moved up and down, less with every halving."""
    points = [level + chance.uniform(-rough, rough) for _ in range(3)]
    while len(points) < 200:
        rough *= 0.55
        middles = [(a + b) / 2 + chance.uniform(-rough, rough) for a, b in pairwise(points)]
        points = [value for pair in zip(points, middles, strict=False) for value in pair] + points[-1:]
    step = width / (len(points) - 1)
    return [(0, height), *((i * step, y * height) for i, y in enumerate(points)), (width, height)]


def _glow(picture: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float) -> Image.Image:
    """Lighten the picture around a point."""
    small = Image.new("RGB", (picture.width // 8 + 1, picture.height // 8 + 1))
    box = [(x - radius) / 8, (y - radius) / 8, (x + radius) / 8, (y + radius) / 8]
    ImageDraw.Draw(small).ellipse(box, fill=blend((0, 0, 0), colour, strength))
    soft = small.filter(ImageFilter.GaussianBlur(radius / 14)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.screen(picture, soft)


def _disc(picture: Image.Image, x: float, y: float, radius: float, colour: Colour) -> None:
    ImageDraw.Draw(picture).ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def _mountains(palette: Sequence[Colour], sun: Colour) -> Scene:
    sky, far, near = palette[:3], palette[3], palette[4]

    def draw(width: int, height: int, chance: random.Random) -> Image.Image:
        picture = gradient(width, height, sky)
        x, y = width * chance.uniform(0.25, 0.75), height * chance.uniform(0.25, 0.4)
        picture = _glow(picture, x, y, height * 0.35, sun, 0.5)
        _disc(picture, x, y, height * 0.07, sun)
        pen = ImageDraw.Draw(picture)
        for layer in range(6):
            colour = blend(far, near, layer / 5)
            pen.polygon(_ridge(width, height, 0.5 + 0.085 * layer, 0.15 - 0.015 * layer, chance), fill=colour)
        return picture

    return draw


def _sea(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(250, 190, 120), (245, 120, 100), (120, 70, 130)])
    x, horizon = width * chance.uniform(0.35, 0.65), height * 0.55
    picture = _glow(picture, x, horizon, height * 0.4, (255, 210, 140), 0.7)
    _disc(picture, x, horizon - height * 0.04, height * 0.11, (255, 236, 190))
    picture.paste(
        gradient(width, round(height - horizon), [(190, 95, 105), (60, 45, 95), (22, 22, 52)]), (0, round(horizon))
    )
    pen = ImageDraw.Draw(picture)
    for row in range(60):
        depth = row / 60
        y = horizon + (height - horizon) * depth**1.5
        spread = height * (0.08 + 0.3 * depth)
        for _ in range(4):
            middle, half = x + chance.gauss(0, spread / 2), height * chance.uniform(0.01, 0.05) * (0.4 + depth)
            thick = height * 0.003 * (1 + 2 * depth)
            colour = blend((255, 225, 170), (240, 130, 110), min(1.0, abs(middle - x) / spread))
            pen.rounded_rectangle([middle - half, y, middle + half, y + thick], thick, fill=colour)
    return picture


def _night(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(8, 10, 32), (18, 30, 74), (50, 74, 120)])
    pen = ImageDraw.Draw(picture)
    for _ in range(500):
        x, y = chance.uniform(0, width), chance.uniform(0, height * 0.85)
        radius = height * 0.0012 * chance.choice([1, 1, 1, 2, 3])
        shade = round(chance.uniform(150, 255))
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(shade, shade, 255))
    x, y = width * 0.72, height * 0.26
    picture = _glow(picture, x, y, height * 0.25, (200, 215, 255), 0.35)
    _disc(picture, x, y, height * 0.085, (242, 240, 222))
    for dx, dy, size in ((-0.03, -0.02, 0.018), (0.02, 0.03, 0.024), (0.035, -0.03, 0.012), (-0.02, 0.04, 0.01)):
        _disc(picture, x + height * dx, y + height * dy, height * size, (220, 216, 196))
    pen = ImageDraw.Draw(picture)
    for layer in range(3):
        colour = blend((24, 38, 70), (6, 9, 20), layer / 2)
        pen.polygon(_ridge(width, height, 0.72 + 0.09 * layer, 0.08, chance), fill=colour)
    return picture


def _forest(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(206, 226, 214), (166, 202, 188), (120, 168, 150)])
    pen = ImageDraw.Draw(picture)
    for layer in range(5):
        colour = blend((132, 176, 158), (18, 52, 46), layer / 4)
        base = height * (0.6 + 0.09 * layer)
        x = 0.0
        while x < width + height * 0.1:
            tall = height * (0.16 + 0.05 * layer) * chance.uniform(0.7, 1.3)
            for floor in range(4):
                top = base - tall + tall * 0.2 * floor
                half = tall * (0.09 + 0.06 * floor)
                pen.polygon([(x, top), (x - half, top + tall * 0.36), (x + half, top + tall * 0.36)], fill=colour)
            x += tall * chance.uniform(0.25, 0.5)
        pen.rectangle([0, base, width, height], fill=colour)
    return picture


def _city(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(36, 28, 84), (150, 60, 120), (250, 150, 110)])
    pen = ImageDraw.Draw(picture)
    for layer in range(3):
        colour = blend((98, 54, 112), (18, 14, 40), layer / 2)
        x = -height * 0.05
        while x < width:
            wide, tall = height * chance.uniform(0.07, 0.16), height * chance.uniform(0.2, 0.55 - 0.1 * layer)
            top = height * (0.9 + 0.05 * layer) - tall
            pen.rectangle([x, top, x + wide, height], fill=colour)
            pane = height * 0.012
            for row in range(int(tall / (pane * 2.6))):
                for column in range(int(wide / (pane * 2.2)) - 1):
                    if chance.random() < 0.28 + 0.1 * layer:
                        left, up = x + pane * (1 + column * 2.2), top + pane * (1 + row * 2.6)
                        pen.rectangle([left, up, left + pane, up + pane * 1.4], fill=(255, 216, 130))
            x += wide * chance.uniform(1.0, 1.25)
    return picture


def _balloons(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(92, 168, 228), (176, 218, 244), (252, 236, 214)])
    pen = ImageDraw.Draw(picture)
    palettes = [((230, 70, 70), (250, 210, 90)), ((60, 110, 200), (240, 240, 250)), ((40, 160, 120), (250, 190, 70))]
    for number in range(7):
        radius = height * chance.uniform(0.06, 0.14)
        x, y = width * (0.08 + 0.14 * number + chance.uniform(-0.04, 0.04)), height * chance.uniform(0.2, 0.65)
        one, other = palettes[number % 3]
        for stripe in range(7):
            half = radius * math.cos(stripe * math.pi / 14)
            pen.ellipse([x - half, y - radius, x + half, y + radius * 1.15], fill=one if stripe % 2 else other)
        basket = radius * 0.2
        for side in (-1, 1):
            pen.line(
                [x + side * radius * 0.4, y + radius, x + side * basket, y + radius * 1.6], fill=(90, 70, 60), width=3
            )
        pen.rectangle([x - basket, y + radius * 1.55, x + basket, y + radius * 1.9], fill=(122, 84, 52))
    pen.polygon(_ridge(width, height, 0.9, 0.05, chance), fill=(96, 150, 96))
    return picture


def _circles(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (width, height), (244, 238, 226))
    pen = ImageDraw.Draw(picture)
    colours = [(226, 88, 62), (242, 176, 54), (32, 94, 110), (122, 178, 168), (42, 44, 66), (244, 238, 226)]
    cell = height / 5
    for row in range(6):
        for column in range(int(width / cell) + 1):
            x, y = column * cell, row * cell
            pen.rectangle([x, y, x + cell, y + cell], fill=chance.choice(colours))
            corner = chance.choice([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])
            for ring in range(3):
                radius = cell * (1 - ring / 3) * (0.5 if corner == (0.5, 0.5) else 1)
                middle = x + corner[0] * cell, y + corner[1] * cell
                _clipped_disc(picture, (x, y, x + cell, y + cell), middle, radius, chance.choice(colours))
    return picture


def _clipped_disc(
    picture: Image.Image,
    box: tuple[float, float, float, float],
    middle: tuple[float, float],
    radius: float,
    colour: Colour,
) -> None:
    left, top, right, bottom = (round(value) for value in box)
    mask = Image.new("1", (right - left, bottom - top))
    x, y = middle[0] - left, middle[1] - top
    ImageDraw.Draw(mask).ellipse([x - radius, y - radius, x + radius, y + radius], fill=1)
    picture.paste(colour, (left, top), mask)


def _dunes(width: int, height: int, chance: random.Random) -> Image.Image:
    picture = gradient(width, height, [(120, 176, 220), (210, 224, 226), (250, 226, 190)])
    for layer in range(5):
        lit, dark = blend((250, 210, 150), (214, 132, 70), layer / 4), blend((214, 160, 110), (120, 62, 40), layer / 4)
        phase, level = chance.uniform(0, 6), 0.45 + 0.11 * layer
        crest = [
            (
                x,
                height
                * (
                    level
                    + 0.07 * math.sin(phase + x / width * (2 + layer))
                    + 0.03 * math.sin(2.3 * phase + x / width * 7)
                ),
            )
            for x in range(0, width + 8, 8)
        ]
        pen = ImageDraw.Draw(picture)
        pen.polygon([(0, height), *crest, (width, height)], fill=lit)
        shadow = [(x, y + height * 0.05 * (1 + math.sin(phase + 5 * x / width))) for x, y in crest]
        pen.polygon([(0, height), *shadow, (width, height)], fill=dark)
    return picture


def arrow(width: int, height: int) -> Image.Image:
    """Draw a picture of which everybody sees whether it is upright: an arrow up, before a sky over a meadow."""
    picture = gradient(width, height, [(78, 150, 226), (190, 222, 246)])
    pen = ImageDraw.Draw(picture)
    pen.rectangle([0, height * 0.7, width, height], fill=(98, 172, 96))
    x, size = width / 2, min(width, height)
    head = [(x, height * 0.12), (x - size * 0.26, height * 0.42), (x + size * 0.26, height * 0.42)]
    pen.polygon(head, fill=(255, 255, 255))
    pen.rectangle([x - size * 0.1, height * 0.4, x + size * 0.1, height * 0.85], fill=(255, 255, 255))
    _disc(picture, width * 0.84, height * 0.16, size * 0.08, (255, 222, 110))
    return picture


def logo(size: int) -> Image.Image:
    """Draw a badge on a transparent ground, mode RGBA."""
    large = size * 4
    picture = Image.new("RGBA", (large, large))
    pen = ImageDraw.Draw(picture)
    pen.ellipse([large * 0.04, large * 0.04, large * 0.96, large * 0.96], fill=(36, 94, 168, 255))
    pen.ellipse([large * 0.12, large * 0.12, large * 0.88, large * 0.88], fill=(255, 255, 255, 90))
    star = [
        (
            large * (0.5 + (0.36 if i % 2 == 0 else 0.15) * math.sin(i * math.pi / 5)),
            large * (0.5 - (0.36 if i % 2 == 0 else 0.15) * math.cos(i * math.pi / 5)),
        )
        for i in range(10)
    ]
    pen.polygon(star, fill=(250, 206, 74, 255))
    return picture.resize((size, size), Image.Resampling.LANCZOS)


SCENES: dict[str, Scene] = {
    "alps": _mountains(
        [(92, 150, 214), (180, 210, 236), (246, 232, 214), (150, 170, 196), (30, 44, 66)], (255, 250, 230)
    ),
    "dawn": _mountains(
        [(70, 60, 120), (220, 120, 120), (252, 206, 140), (190, 120, 130), (46, 26, 56)], (255, 232, 170)
    ),
    "mist": _mountains(
        [(196, 214, 220), (222, 232, 230), (240, 240, 232), (176, 200, 200), (44, 78, 84)], (255, 255, 250)
    ),
    "mars": _mountains([(90, 34, 40), (190, 90, 60), (240, 170, 110), (170, 84, 60), (60, 18, 20)], (255, 220, 190)),
    "sea": _sea,
    "night": _night,
    "forest": _forest,
    "city": _city,
    "balloons": _balloons,
    "circles": _circles,
    "dunes": _dunes,
}
