"""Sample pictures of water: seas, lakes and the life in them."""

import math
import random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from thumbrun.demo.paint import Colour, beams, blend, disc, fir, glow, gradient, haze, leaf, ridge, stars


def sea(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a sun that sets in the sea."""
    picture = gradient(width, height, [(92, 70, 140), (236, 112, 106), (255, 196, 120), (255, 214, 150)])
    x, horizon = width * chance.uniform(0.35, 0.65), round(height * 0.56)
    glow(picture, x, horizon, height * 0.7, (255, 226, 150), 0.8)
    disc(picture, x, horizon - height * 0.05, height * 0.12, (255, 240, 196))
    water = [(214, 112, 104), (118, 66, 104), (52, 40, 86), (24, 22, 54)]
    picture.paste(gradient(width, height - horizon, water), (0, horizon))
    pen = ImageDraw.Draw(picture)
    for row in range(64):
        depth = row / 64
        y = horizon + (height - horizon) * depth**1.5
        spread = height * (0.09 + 0.26 * depth)
        for _ in range(5):
            middle, half = x + chance.gauss(0, spread / 2), height * chance.uniform(0.012, 0.055) * (0.4 + depth)
            thick = height * 0.0028 * (1 + 2 * depth)
            colour = blend((255, 226, 170), (226, 118, 108), min(1.0, abs(middle - x) / spread))
            pen.rounded_rectangle([middle - half, y, middle + half, y + thick], thick, fill=colour)
    return picture


def aurora(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint northern lights over a lake in the snow."""
    picture = gradient(width, height, [(4, 8, 28), (8, 24, 48), (16, 54, 72)])
    stars(picture, 380, 0.7, chance)
    for colour, level, strength in (
        ((124, 70, 200), 0.4, 0.6),
        ((50, 226, 150), 0.53, 0.95),
        ((110, 250, 206), 0.6, 0.6),
    ):
        picture.paste(colour, (0, 0), _curtain(level, strength, chance).resize(picture.size, Image.Resampling.BICUBIC))
    pen = ImageDraw.Draw(picture)
    pen.polygon(ridge(width, height, 0.62, 0.09, chance), fill=(20, 40, 62))
    pen.polygon(ridge(width, height, 0.7, 0.05, chance), fill=(10, 22, 38))
    return mirrored(picture, 0.74, (8, 26, 44), 0.45)


def _curtain(level: float, strength: float, chance: random.Random) -> Image.Image:
    """Return the light of one curtain of an aurora, as a small picture.

    Its rays are brightest just above its foot and fade upwards.
    """
    width, height = 240, 120
    veil = Image.new("L", (width, height))
    pen = ImageDraw.Draw(veil)
    phase, sway = chance.uniform(0, 6), chance.uniform(0.05, 0.1)
    for x in range(width):
        foot = height * (level + sway * math.sin(phase + x / 36) + 0.03 * math.sin(2 * phase + x / 13))
        tall = 48 + 14 * math.sin(phase + x / 10) + chance.uniform(-5, 5)
        light = 255 * strength * (0.6 + 0.4 * math.sin(phase + x / 22)) * chance.uniform(0.82, 1)
        for step in range(-8, int(tall)):
            share = 1 - abs(step) / 9 if step < 0 else (1 - step / tall) ** 1.4
            pen.point((x, int(foot - step)), fill=round(light * share))
    return veil.filter(ImageFilter.GaussianBlur(1.2))


def mirrored(picture: Image.Image, level: float, water: Colour, strength: float) -> Image.Image:
    """Return the picture with water below `level` that reflects the part above."""
    shore = round(picture.height * level)
    below = picture.height - shore
    image = ImageOps.flip(picture.crop((0, shore - below, picture.width, shore)))
    image = Image.blend(image, Image.new("RGB", image.size, water), strength)
    haze(image, 0, below, water, 0.5)
    pen = ImageDraw.Draw(image)
    for row in range(18):
        y = below * (row / 18) ** 1.3
        pen.line([0, y, picture.width, y], fill=blend(water, image.getpixel((9, int(y))), 0.6), width=1 + row // 6)  # type: ignore[arg-type]
    picture.paste(image, (0, shore))
    return picture


def lake(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint snowy peaks that are reflected in a still lake."""
    picture = gradient(width, height, [(64, 132, 196), (158, 204, 230), (250, 232, 214), (250, 232, 214)])
    for layer, (colour, snow) in enumerate((((128, 150, 184), (236, 242, 250)), ((84, 108, 144), (226, 234, 246)))):
        outline = ridge(width, height, 0.34 + 0.1 * layer, 0.15, chance)
        ImageDraw.Draw(picture).polygon(outline, fill=snow)
        depth, rock = 0.05, []
        for x, y in outline[1:-1]:
            depth = min(0.09, max(0.02, depth + chance.uniform(-0.02, 0.02)))
            rock.append((x, y + height * depth))
        ImageDraw.Draw(picture).polygon([(0, height), *rock, (width, height)], fill=colour)
    ImageDraw.Draw(picture).polygon(ridge(width, height, 0.57, 0.03, chance), fill=(44, 76, 74))
    x = 0.0
    while x < width:
        tall = height * chance.uniform(0.05, 0.11)
        fir(picture, x, height * 0.63, tall, (26, 54, 56))
        x += tall * chance.uniform(0.18, 0.5)
    return mirrored(picture, 0.63, (44, 92, 122), 0.28)


def lighthouse(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a lighthouse on a cliff at dusk."""
    picture = gradient(width, height, [(20, 30, 76), (70, 74, 138), (196, 120, 142), (252, 180, 140)])
    stars(picture, 130, 0.45, chance)
    size = min(width, height)
    x, base, tall = width * 0.7, height * 0.72, size * 0.4
    lamp = base - tall
    beam = [(x, lamp), (-width * 0.1, lamp - height * 0.2), (-width * 0.1, lamp + height * 0.06)]
    beams(picture, [beam], (255, 240, 190), 0.55, size * 0.012)
    pen = ImageDraw.Draw(picture)
    pen.rectangle([0, height * 0.76, width, height], fill=(52, 62, 112))
    for row in range(34):
        y = height * (0.765 + 0.235 * (row / 34) ** 1.4)
        left, long = chance.uniform(-0.1, 0.9) * width, chance.uniform(0.05, 0.3) * width
        pen.line([left, y, left + long, y], fill=blend((240, 160, 150), (40, 46, 92), row / 34), width=3 + row // 10)
    cliff = ((0.42, 1), (0.5, 0.86), (0.58, 0.74), (0.84, 0.72), (1, 0.68), (1, 1))
    pen.polygon([(width * across, height * down) for across, down in cliff], fill=(28, 26, 50))
    for stripe in range(6):
        low, high = base - tall * 0.16 * stripe, base - tall * 0.16 * (stripe + 1)
        wide, narrow = size * (0.062 - 0.004 * stripe), size * (0.058 - 0.004 * stripe)
        colour = (214, 64, 62) if stripe % 2 == 0 else (248, 240, 230)
        pen.polygon([(x - wide, low), (x - narrow, high), (x + narrow, high), (x + wide, low)], fill=colour)
    pen.rectangle([x - size * 0.048, lamp + tall * 0.02, x + size * 0.048, lamp + tall * 0.05], fill=(34, 30, 54))
    pen.rectangle([x - size * 0.026, lamp - tall * 0.09, x + size * 0.026, lamp + tall * 0.03], fill=(255, 236, 160))
    pen.polygon(
        [(x - size * 0.036, lamp - tall * 0.08), (x, lamp - tall * 0.2), (x + size * 0.036, lamp - tall * 0.08)],
        fill=(34, 30, 54),
    )
    glow(picture, x, lamp - tall * 0.03, size * 0.2, (255, 240, 190), 0.7)
    return picture


def reef(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a shoal of fish in the light that falls into the sea."""
    picture = gradient(width, height, [(120, 220, 226), (30, 150, 186), (10, 84, 140), (6, 44, 92)])
    rays = []
    for _ in range(7):
        x, wide, lean = chance.uniform(0, 1), chance.uniform(0.02, 0.07), chance.uniform(-0.28, -0.1)
        across = ((x, 0), (x + wide, 0), (x + wide * 2.4 + lean, height), (x + lean - wide, height))
        rays.append([(width * share, y) for share, y in across])
    beams(picture, rays, (214, 250, 250), 0.22, height * 0.02)
    pen = ImageDraw.Draw(picture)
    for depth in range(3):
        pen.polygon(
            ridge(width, height, 0.82 + 0.06 * depth, 0.06, chance), fill=blend((12, 78, 122), (4, 30, 62), depth / 2)
        )
    for _ in range(22):
        x, y, size = (
            width * chance.uniform(0.05, 0.95),
            height * chance.gauss(0.45, 0.14),
            height * chance.uniform(0.02, 0.045),
        )
        _fish(pen, x, y, size, chance.choice([(255, 168, 66), (255, 210, 92), (250, 120, 96), (240, 246, 250)]))
    for _ in range(26):
        x, tall = width * chance.uniform(0, 1), height * chance.uniform(0.08, 0.26)
        lean = chance.uniform(-0.3, 0.3)
        colour = chance.choice([(18, 128, 116), (232, 92, 110), (10, 98, 104), (150, 84, 160)])
        pen.polygon(leaf(x, height * 1.01, tall, tall * 0.1, -math.pi / 2 + lean), fill=colour)
    return picture


def _fish(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour) -> None:
    pen.polygon([(x - size * 0.8, y), (x - size * 1.9, y - size * 0.7), (x - size * 1.9, y + size * 0.7)], fill=colour)
    pen.polygon(leaf(x - size * 1.2, y, size * 2.8, size * 0.75, 0), fill=colour)
    pen.polygon(
        leaf(x - size * 0.1, y, size * 1.1, size * 0.24, math.pi * 0.7), fill=blend(colour, (255, 255, 255), 0.4)
    )
    pen.ellipse([x + size * 0.88, y - size * 0.25, x + size * 1.12, y - size * 0.01], fill=(20, 30, 50))
