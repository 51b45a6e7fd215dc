"""Sample pictures of land: mountains, woods, sands and fields, by day and by night."""

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageDraw

from thumbrun.demo.paint import Colour, Scene, blend, disc, fir, glow, gradient, haze, leaf, ridge, stars, swell


def mountains(sky: Sequence[Colour], far: Colour, near: Colour, sun: Colour) -> Scene:
    """Return a scene of six ridges in front of a sun, with haze in the valleys.

    Args:
        sky: The colours of the sky, from the top down.
        far: The colour of the farthest ridge.
        near: The colour of the nearest ridge.
        sun: The colour of the sun.
    """

    def draw(width: int, height: int, chance: random.Random) -> Image.Image:
        picture = gradient(width, height, sky)
        x, y = width * chance.uniform(0.28, 0.72), height * chance.uniform(0.24, 0.36)
        glow(picture, x, y, height * 0.55, sun, 0.75)
        disc(picture, x, y, height * 0.06, sun)
        for layer in range(6):
            level, colour = 0.46 + 0.095 * layer, blend(far, near, layer / 5)
            ImageDraw.Draw(picture).polygon(
                ridge(width, height, level, 0.16 - 0.017 * layer, chance), fill=blend(colour, sky[-1], 0.08)
            )
            haze(picture, height * (level - 0.02), height * min(1.0, level + 0.2), sky[-1], 0.5 - 0.08 * layer)
        return picture

    return draw


def night(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a full moon over dark hills."""
    picture = gradient(width, height, [(6, 8, 28), (14, 26, 66), (46, 74, 124), (92, 118, 158)])
    stars(picture, 520, 0.8, chance)
    x, y = width * 0.72, height * 0.26
    glow(picture, x, y, height * 0.5, (190, 208, 255), 0.5)
    disc(picture, x, y, height * 0.085, (246, 243, 226))
    for dx, dy, size in ((-0.03, -0.02, 0.018), (0.02, 0.03, 0.024), (0.035, -0.03, 0.012), (-0.02, 0.04, 0.01)):
        disc(picture, x + height * dx, y + height * dy, height * size, (226, 222, 202))
    for layer in range(4):
        colour = blend((38, 58, 96), (5, 8, 18), layer / 3)
        ImageDraw.Draw(picture).polygon(ridge(width, height, 0.68 + 0.08 * layer, 0.09, chance), fill=colour)
        haze(picture, height * (0.7 + 0.08 * layer), height, (88, 112, 152), 0.32 - 0.1 * layer if layer < 3 else 0)
    return picture


def forest(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a fir wood in the mist."""
    picture = gradient(width, height, [(244, 226, 196), (214, 226, 208), (160, 198, 184)])
    glow(picture, width * 0.3, height * 0.24, height * 0.5, (255, 246, 214), 0.9)
    disc(picture, width * 0.3, height * 0.24, height * 0.055, (255, 250, 232))
    ImageDraw.Draw(picture).polygon(ridge(width, height, 0.45, 0.1, chance), fill=(166, 198, 188))
    for layer in range(5):
        colour = blend((136, 178, 164), (14, 46, 42), layer / 4)
        base = height * (0.62 + 0.095 * layer)
        x = chance.uniform(-0.05, 0) * height
        while x < width + height * 0.1:
            tall = height * (0.15 + 0.05 * layer) * chance.uniform(0.7, 1.3)
            fir(picture, x, base, tall, colour)
            x += tall * chance.uniform(0.24, 0.5)
        ImageDraw.Draw(picture).rectangle([0, base - 2, width, height], fill=colour)
        haze(
            picture, base - height * 0.1, base + height * 0.1, (206, 226, 214), 0.55 - 0.14 * layer if layer < 4 else 0
        )
    return picture


def dunes(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint dunes in light from one side."""
    picture = gradient(width, height, [(86, 150, 206), (176, 208, 222), (252, 228, 190), (252, 228, 190)])
    glow(picture, width * 0.78, height * 0.3, height * 0.5, (255, 240, 200), 0.8)
    disc(picture, width * 0.78, height * 0.3, height * 0.05, (255, 250, 226))
    for layer in range(5):
        lit, dark = blend((252, 214, 156), (222, 134, 70), layer / 4), blend((222, 166, 118), (112, 56, 40), layer / 4)
        phase, level = chance.uniform(0, 6), 0.45 + 0.11 * layer
        waves = [(0.06, 0.5 + 0.2 * layer, phase), (0.025, 1.2, 2.3 * phase)]
        crest = swell(width, height, level, waves)
        pen = ImageDraw.Draw(picture)
        pen.polygon(crest, fill=lit)
        drop = [(x, y + height * 0.06 * (1 + math.sin(phase + 5 * x / width))) for x, y in crest[1:-1]]
        pen.polygon([(0, height), *drop, (width, height)], fill=dark)
    return picture


def tulips(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint fields of tulips that run to the horizon, with a windmill."""
    picture = gradient(width, height, [(96, 172, 226), (190, 224, 240), (252, 240, 222), (252, 240, 222)])
    horizon, vanish = height * 0.52, width * 0.4
    pen = ImageDraw.Draw(picture)
    for _ in range(4):
        x, y, size = chance.uniform(0, width), height * chance.uniform(0.08, 0.3), height * chance.uniform(0.03, 0.06)
        for puff in range(5):
            disc(picture, x + size * 0.9 * (puff - 2), y, size * (1 - 0.25 * abs(puff - 2)), (250, 252, 255))
    pen.rectangle([0, horizon, width, height], fill=(92, 150, 70))
    colours = [(226, 54, 70), (250, 196, 54), (240, 120, 160), (122, 64, 150), (252, 244, 232), (240, 110, 52)]
    bands, wide = 72, width * 0.115
    for band in range(bands):
        left = vanish + wide * (band - bands / 2)
        pen.polygon([(vanish, horizon), (left, height), (left + wide * 0.76, height)], fill=colours[band % 6])
    pen.rectangle([0, horizon - height * 0.012, width, horizon + height * 0.012], fill=(70, 112, 74))
    _windmill(pen, width * 0.73, horizon + height * 0.01, height * 0.28)
    return picture


def _windmill(pen: ImageDraw.ImageDraw, x: float, base: float, tall: float) -> None:
    pen.polygon(
        [
            (x - tall * 0.2, base),
            (x - tall * 0.11, base - tall),
            (x + tall * 0.11, base - tall),
            (x + tall * 0.2, base),
        ],
        fill=(122, 72, 56),
    )
    hub = base - tall
    pen.polygon([(x - tall * 0.14, hub), (x, hub - tall * 0.2), (x + tall * 0.14, hub)], fill=(66, 42, 44))
    pen.rectangle([x - tall * 0.05, base - tall * 0.25, x + tall * 0.05, base], fill=(66, 42, 44))
    for wing in range(4):
        angle = math.pi * (wing / 2 + 0.16)
        pen.polygon(leaf(x, hub, tall * 0.72, tall * 0.045, angle), fill=(252, 248, 240))
        pen.line(
            [x, hub, x + tall * 0.72 * math.cos(angle), hub + tall * 0.72 * math.sin(angle)], fill=(66, 42, 44), width=4
        )
