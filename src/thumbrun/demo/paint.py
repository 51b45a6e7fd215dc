"""Painting functions for the sample pictures: gradients, glows, haze, ridges and soft shadows, with Pillow alone."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]
Scene = Callable[[int, int, random.Random], Image.Image]

_SOFT = 8  # soft parts are painted this many times smaller, and then enlarged


def gradient(width: int, height: int, stops: Sequence[Colour]) -> Image.Image:
    """Return a vertical gradient through several colours, from the top down."""
    strip = Image.new("RGB", (1, len(stops)))
    for y, colour in enumerate(stops):
        strip.putpixel((0, y), colour)
    return strip.resize((1, height), Image.Resampling.BICUBIC).resize((width, height))


def mesh(width: int, height: int, colours: Sequence[Sequence[Colour]]) -> Image.Image:
    """Return a picture in which rows of colours flow into each other in both directions."""
    small = Image.new("RGB", (len(colours[0]), len(colours)))
    for y, row in enumerate(colours):
        for x, colour in enumerate(row):
            small.putpixel((x, y), colour)
    middle = small.resize((width // _SOFT + 1, height // _SOFT + 1), Image.Resampling.BICUBIC)
    return middle.resize((width, height), Image.Resampling.BILINEAR)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour between two, `share` of the way to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def disc(picture: Image.Image, x: float, y: float, radius: float, colour: Colour) -> None:
    """Paint a filled circle."""
    ImageDraw.Draw(picture).ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def glow(picture: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
    """Add light around a point, which falls from `strength` (at most 1) in the middle to nothing at `radius`."""
    size = max(2, round(2 * radius / _SOFT))
    # Pillow's radial gradient reaches 181 (128 times the root of two) at the middle of each side.
    falling = [round(255 * strength * max(0.0, 1 - value / 180) ** 2) for value in range(256)]
    mask = Image.radial_gradient("L").point(falling).resize((size, size))
    mask = mask.resize((round(2 * radius), round(2 * radius)), Image.Resampling.BILINEAR)
    picture.paste(colour, (round(x - radius), round(y - radius)), mask)


def haze(picture: Image.Image, top: float, bottom: float, colour: Colour, strength: float) -> None:
    """Paint a haze over a band of the picture, which grows from nothing at the top to `strength` at the bottom."""
    height = max(1, round(bottom) - round(top))
    ramp = [round(255 * strength * (y / height) ** 1.4) for y in range(height)]
    strip = Image.new("L", (1, height))
    strip.putdata(ramp)
    picture.paste(colour, (0, round(top)), strip.resize((picture.width, height)))


def beams(
    picture: Image.Image, shapes: Sequence[Sequence[Point]], colour: Colour, strength: float, softness: float
) -> None:
    """Paint polygons with blurred edges, like light that falls through the air or the sea.

    Args:
        picture: The picture to paint on.
        shapes: The polygons.
        colour: The colour of the paint.
        strength: The opacity of the paint, at most 1.
        softness: The radius of the blur, in pixels.
    """
    mask = Image.new("L", (picture.width // _SOFT + 1, picture.height // _SOFT + 1))
    for shape in shapes:
        ImageDraw.Draw(mask).polygon([(x / _SOFT, y / _SOFT) for x, y in shape], fill=round(255 * strength))
    soft = mask.filter(ImageFilter.GaussianBlur(softness / _SOFT))
    picture.paste(colour, (0, 0), soft.resize(picture.size, Image.Resampling.BILINEAR))


def ridge(width: int, height: int, level: float, rough: float, chance: random.Random) -> list[Point]:
    """Return a mountain ridge as a polygon.

    Each step inserts midpoints and moves them up or down at random, by less in every step.

    Args:
        width: The width of the picture.
        height: The height of the picture, where the polygon ends.
        level: The height of the ridge from the top, as a share of the picture's height.
        rough: The greatest deviation from `level`, as a share of the picture's height.
        chance: The random generator.
    """
    points = [level + chance.uniform(-rough, rough) for _ in range(3)]
    while len(points) < 200:
        rough *= 0.55
        middles = [(a + b) / 2 + chance.uniform(-rough, rough) for a, b in pairwise(points)]
        points = [value for pair in zip(points, middles, strict=False) for value in pair] + points[-1:]
    step = width / (len(points) - 1)
    return [(0, height), *((i * step, y * height) for i, y in enumerate(points)), (width, height)]


def swell(width: int, height: int, level: float, waves: Sequence[tuple[float, float, float]]) -> list[Point]:
    """Return a smooth hill or wave as a polygon.

    Args:
        width: The width of the picture.
        height: The height of the picture, where the polygon ends.
        level: The middle of the wave from the top, as a share of the picture's height.
        waves: The amplitude (a share of the height), the periods across the width, and the phase of each wave.
    """
    crest = [
        (x, height * (level + sum(a * math.sin(math.tau * n * x / width + phase) for a, n, phase in waves)))
        for x in range(0, width + 16, 16)
    ]
    return [(0, height), *crest, (width, height)]


def leaf(x: float, y: float, length: float, breadth: float, angle: float) -> list[Point]:
    """Return a pointed leaf as a polygon that starts at (x, y) and points in the direction of `angle`."""
    outline = [(t / 12, math.sin(math.pi * (t / 12) ** 0.8)) for t in range(13)]
    sides = [*outline, *((along, -across) for along, across in reversed(outline))]
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (x + length * along * cos - breadth * across * sin, y + length * along * sin + breadth * across * cos)
        for along, across in sides
    ]


def stars(picture: Image.Image, count: int, bottom: float, chance: random.Random) -> None:
    """Paint stars over the upper part of the picture."""
    pen = ImageDraw.Draw(picture)
    unit = min(picture.size) * 0.0011
    for _ in range(count):
        x, y = chance.uniform(0, picture.width), chance.uniform(0, picture.height * bottom)
        radius = unit * chance.choice([1, 1, 1, 2, 3])
        light = round(chance.uniform(150, 255))
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(light, light, 255))


def fir(picture: Image.Image, x: float, base: float, tall: float, colour: Colour) -> None:
    """Paint a fir tree that stands at (x, base)."""
    pen = ImageDraw.Draw(picture)
    for floor in range(5):
        top = base - tall + tall * 0.17 * floor
        half = tall * (0.07 + 0.045 * floor)
        pen.polygon([(x, top), (x - half, top + tall * 0.32), (x + half, top + tall * 0.32)], fill=colour)
