"""Sample pictures of designs: posters, patterns, still lifes and a skyline."""

import math
import random

from PIL import Image, ImageDraw

from thumbrun.demo.paint import Colour, Point, blend, disc, glow, gradient, leaf, mesh, ridge, stars, swell

_PAPER = (246, 239, 226)
_INK = (38, 42, 66)


def city(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a skyline at dusk, with lit windows."""
    picture = gradient(width, height, [(30, 26, 80), (128, 54, 122), (246, 128, 110), (255, 196, 130)])
    glow(picture, width * 0.5, height * 0.8, height * 0.8, (255, 190, 120), 0.7)
    pen = ImageDraw.Draw(picture)
    for layer in range(3):
        colour = blend((128, 66, 122), (20, 15, 44), layer / 2)
        x = -height * 0.05
        while x < width:
            wide, tall = height * chance.uniform(0.07, 0.16), height * chance.uniform(0.2, 0.56 - 0.1 * layer)
            top = height * (0.9 + 0.05 * layer) - tall
            pen.rectangle([x, top, x + wide, height], fill=colour)
            if chance.random() < 0.4:
                pen.rectangle([x + wide * 0.46, top - tall * 0.15, x + wide * 0.52, top], fill=colour)
            _windows(pen, (x, top), (wide, tall), height * 0.011, 0.2 + 0.12 * layer, chance)
            x += wide * chance.uniform(1.0, 1.2)
    return picture


def _windows(
    pen: ImageDraw.ImageDraw, corner: Point, size: Point, pane: float, lit: float, chance: random.Random
) -> None:
    columns = int(size[0] / (pane * 2.2)) - 1
    margin = (size[0] - pane * (2.2 * columns - 1.2)) / 2
    for row in range(int(size[1] / (pane * 2.6))):
        for column in range(columns):
            if chance.random() < lit:
                left, up = corner[0] + margin + pane * column * 2.2, corner[1] + pane * (1 + row * 2.6)
                warm = chance.choice([(255, 216, 130), (255, 232, 176), (250, 180, 110)])
                pen.rectangle([left, up, left + pane, up + pane * 1.4], fill=warm)


def balloons(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint hot-air balloons in the morning."""
    picture = gradient(width, height, [(72, 150, 218), (158, 208, 240), (254, 232, 206), (254, 214, 180)])
    glow(picture, width * 0.2, height * 0.85, height * 0.6, (255, 244, 214), 0.8)
    palettes: list[tuple[Colour, Colour]] = [
        ((226, 66, 66), (252, 206, 90)),
        ((48, 96, 186), (244, 244, 250)),
        ((28, 148, 120), (252, 186, 70)),
        ((150, 62, 140), (252, 166, 130)),
    ]
    spots = sorted((chance.uniform(0.055, 0.135), number) for number in range(7))
    for share, number in spots:  # the smallest come first, because they are farthest away
        radius = min(width, height) * share
        x = width * (0.08 + 0.14 * number + chance.uniform(-0.04, 0.04))
        _balloon(picture, x, height * chance.uniform(0.2, 0.62), radius, palettes[number % 4])
    pen = ImageDraw.Draw(picture)
    pen.polygon(ridge(width, height, 0.84, 0.05, chance), fill=(150, 182, 150))
    pen.polygon(ridge(width, height, 0.91, 0.04, chance), fill=(88, 140, 104))
    return picture


def _balloon(picture: Image.Image, x: float, y: float, radius: float, colours: tuple[Colour, Colour]) -> None:
    pen = ImageDraw.Draw(picture)
    throat, rope = radius * 0.26, round(radius * 0.03) + 1
    pen.polygon(
        [
            (x - radius * 0.93, y + radius * 0.4),
            (x - throat, y + radius * 1.4),
            (x + throat, y + radius * 1.4),
            (x + radius * 0.93, y + radius * 0.4),
        ],
        fill=blend(colours[1], (60, 40, 60), 0.2),
    )
    for stripe in range(7):
        half = math.cos(stripe * math.pi / 14)
        colour = colours[stripe % 2]
        pen.ellipse([x - radius * half, y - radius, x + radius * half, y + radius], fill=colour)
        skirt = [(x - radius * 0.93 * half, y + radius * 0.36), (x - throat * half, y + radius * 1.38)]
        pen.polygon([*skirt, *((2 * x - px, py) for px, py in reversed(skirt))], fill=colour)
    basket = radius * 0.2
    for side in (-1, 1):
        pen.line(
            [x + side * throat, y + radius * 1.38, x + side * basket, y + radius * 1.75], fill=(90, 70, 60), width=rope
        )
    pen.rounded_rectangle(
        [x - basket, y + radius * 1.72, x + basket, y + radius * 2.0], basket * 0.2, fill=(122, 84, 52)
    )


def tiles(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a patchwork of quarter circles and rings."""
    picture = Image.new("RGB", (width, height), _PAPER)
    colours = [(226, 88, 62), (242, 176, 54), (32, 94, 110), (122, 178, 168), _INK, _PAPER]
    cell = round(min(width, height) / 5)
    for top in range(0, height, cell):
        for left in range(0, width, cell):
            tile = Image.new("RGB", (cell, cell), chance.choice(colours))
            corner = chance.choice([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])
            reach = cell * (0.42 if corner == (0.5, 0.5) else 1)
            for ring in range(3):
                disc(tile, corner[0] * cell, corner[1] * cell, reach * (1 - ring / 3), chance.choice(colours))
            picture.paste(tile, (left, top))
    return picture


def waves(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint seigaiha, the old Japanese pattern of waves, from light to deep blue."""
    picture = Image.new("RGB", (width, height))
    radius = min(width, height) / chance.choice([5, 6])
    rows = int(height / (radius * 0.5)) + 3
    for row in range(rows):
        deep = blend((110, 190, 200), (20, 44, 104), row / rows)
        for column in range(int(width / (2 * radius)) + 3):
            x, y = (2 * column - row % 2) * radius, row * radius * 0.5
            for ring in range(7):
                colour = blend(_PAPER, deep, 0.06) if ring % 2 == 0 else deep
                disc(picture, x, y, radius * (1 - ring * 0.145), colour)
    return picture


def poster(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a poster in the style of the 1920s, with few shapes, three colours and much paper."""
    picture = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(picture)
    unit = min(width, height) / 10
    red, yellow, blue = (212, 62, 48), (240, 182, 56), (36, 76, 140)
    x, y = width * 0.56, height * 0.4
    disc(picture, x, y, unit * 3, red)
    pen.pieslice([x - unit * 3, y - unit * 3, x + unit * 3, y + unit * 3], 90, 270, fill=_INK)
    disc(picture, x, y, unit * 1.3, yellow)
    pen.pieslice([x - unit * 1.3, y - unit * 1.3, x + unit * 1.3, y + unit * 1.3], 90, 270, fill=_PAPER)
    for bar in range(6):
        top = height - unit * (2.8 - 0.45 * bar)
        pen.rectangle([unit, top, unit * (2.2 + chance.uniform(0.8, 5.4)), top + unit * 0.2], fill=_INK)
    pen.polygon([(width, height), (width, height - unit * 4), (width - unit * 4, height)], fill=blue)
    pen.pieslice([unit * 0.2, -unit * 1.2, unit * 4.2, unit * 2.8], 0, 90, fill=yellow)
    slope = width * 0.16
    pen.polygon(
        [(slope, height * 0.72), (slope + unit * 0.3, height * 0.72), (width, unit * 1.3), (width, unit)], fill=_INK
    )
    pen.polygon(
        [(slope, height * 0.76), (slope + unit * 0.1, height * 0.76), (width, unit * 1.8), (width, unit * 1.7)],
        fill=red,
    )
    return picture


def papercut(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint layers of cut paper on top of each other, each with its shadow."""
    light, deep = chance.choice([((255, 222, 190), (150, 36, 90)), ((214, 242, 226), (18, 92, 120))])
    picture = Image.new("RGB", (width, height), light)
    x, y = width * chance.uniform(0.42, 0.58), height * chance.uniform(0.45, 0.55)
    phases = [chance.uniform(0, 6) for _ in range(3)]
    drop = min(width, height) * 0.012
    for layer in range(1, 9):
        reach = math.hypot(width, height) * 0.58 * (1 - layer / 8.8)
        hole: list[Point] = []
        for step in range(160):
            angle = math.tau * step / 160
            wobble = 1 + sum(0.16 / n * math.sin(n * angle + phases[n - 2] + layer * 0.35) for n in (2, 3, 4))
            hole.append((reach * wobble * math.cos(angle), reach * wobble * math.sin(angle)))
        colour = blend(light, deep, layer / 8)
        pen = ImageDraw.Draw(picture)
        for share, dark in ((0.0, 0.4), (0.35, 0.26), (0.7, 0.12), (1.0, 0.0)):  # the shadow of the paper's edge
            small = (reach - 1.7 * drop * share) / reach
            inside = [(x + drop * share + dx * small, y + drop * share + dy * small) for dx, dy in hole]
            pen.polygon(inside, fill=blend(colour, (40, 0, 50), dark))
    return picture


def flow(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint colours that flow into each other, with fine waves of light."""
    palette = [(250, 120, 110), (254, 196, 110), (120, 90, 210), (60, 160, 230), (240, 130, 190), (40, 70, 160)]
    rows = [[chance.choice(palette) for _ in range(4)] for _ in range(3)]
    picture = mesh(width, height, rows)
    for line in range(16):
        level = 0.3 + 0.035 * line
        crest = swell(width, height, level, [(0.12, 0.8, 0.12 * line), (0.04, 1.7, 1 + 0.2 * line)])[1:-1]
        thin = blend((255, 255, 255), picture.getpixel((width // 2, int(height * level) % height)), 0.45)  # type: ignore[arg-type]
        ImageDraw.Draw(picture).line(crest, fill=thin, width=max(1, round(height * 0.0022)), joint="curve")
    return picture


def leaves(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a wallpaper of twigs with leaves."""
    ground, greens = (24, 52, 54), [(74, 140, 104), (124, 176, 118), (216, 196, 128), (228, 126, 96)]
    picture = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(picture)
    cell = min(width, height) / 2.6
    for row in range(int(height / cell) + 2):
        for column in range(int(width / cell / 0.7) + 2):
            x, y = (column + 0.5 * (row % 2)) * cell * 0.7, (row + 0.5) * cell
            _twig(pen, x, y, cell * 1.02, -math.pi / 2 + chance.uniform(-0.4, 0.4), chance.choice(greens))
    return picture


def _twig(pen: ImageDraw.ImageDraw, x: float, y: float, length: float, angle: float, colour: Colour) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    pen.line([x, y, x + length * 0.8 * cos, y + length * 0.8 * sin], fill=colour, width=max(1, round(length * 0.018)))
    for pair in range(4):
        along = length * (0.12 + 0.18 * pair)
        for side in (-1, 1):
            tip = angle + side * (0.95 - 0.12 * pair)
            base = x + along * cos, y + along * sin
            pen.polygon(leaf(*base, length * (0.34 - 0.04 * pair), length * 0.075, tip), fill=colour)
    pen.polygon(
        leaf(x + length * 0.74 * cos, y + length * 0.74 * sin, length * 0.26, length * 0.07, angle), fill=colour
    )


def citrus(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint slices of oranges, lemons, limes and grapefruit."""
    picture = Image.new("RGB", (width, height), (250, 232, 214))
    cell = min(width, height) / 3
    kinds: list[tuple[Colour, Colour]] = [
        ((246, 140, 40), (252, 176, 74)),
        ((246, 206, 60), (252, 228, 120)),
        ((110, 172, 60), (182, 218, 110)),
        ((240, 120, 92), (246, 132, 124)),
    ]
    for row in range(int(height / cell) + 1):
        for column in range(int(width / cell) + 2):
            x, y = (column + 0.5 * (row % 2)) * cell, (row + 0.5) * cell
            rind, flesh = kinds[(column + 2 * row) % 4]
            _slice(picture, x, y, cell * 0.42, (rind, flesh), chance.uniform(0, 40))
    return picture


def _slice(
    picture: Image.Image, x: float, y: float, radius: float, colours: tuple[Colour, Colour], turn: float
) -> None:
    disc(picture, x + radius * 0.07, y + radius * 0.1, radius, (232, 204, 182))
    disc(picture, x, y, radius, colours[0])
    disc(picture, x, y, radius * 0.9, (255, 250, 236))
    pen = ImageDraw.Draw(picture)
    for wedge in range(9):
        angle = math.radians(turn + 40 * wedge)
        pen.polygon(
            [
                (x + radius * 0.1 * math.cos(angle), y + radius * 0.1 * math.sin(angle)),
                *(
                    (x + radius * far * math.cos(angle + aside), y + radius * far * math.sin(angle + aside))
                    for aside, far in ((-0.3, 0.76), (-0.2, 0.81), (0.0, 0.83), (0.2, 0.81), (0.3, 0.76))
                ),
            ],
            fill=colours[1],
        )


def planets(width: int, height: int, chance: random.Random) -> Image.Image:
    """Paint a ringed planet and its moons."""
    picture = gradient(width, height, [(18, 12, 44), (44, 22, 80), (92, 38, 104)])
    stars(picture, 420, 1.0, chance)
    x, y, radius = width * 0.56, height * 0.5, min(width, height) * 0.25
    glow(picture, x, y, radius * 1.9, (250, 150, 130), 0.45)
    ring = [x - radius * 1.9, y - radius * 0.42, x + radius * 1.9, y + radius * 0.42]
    pen = ImageDraw.Draw(picture)
    breadth = round(radius * 0.13)
    pen.ellipse(ring, outline=(232, 190, 160), width=breadth)
    ball = Image.new("RGB", (round(radius * 2), round(radius * 2)))
    bands = ImageDraw.Draw(ball)
    for band in range(12):
        colour = chance.choice([(246, 178, 120), (226, 132, 100), (252, 208, 160), (206, 106, 96)])
        bands.rectangle([0, band * radius / 6, radius * 2, (band + 1) * radius / 6], fill=colour)
    mask = Image.new("L", ball.size)
    ImageDraw.Draw(mask).ellipse([0, 0, *ball.size], fill=255)
    glow(ball, radius * 0.6, radius * 0.5, radius * 1.3, (255, 246, 224), 0.5)
    picture.paste(ball, (round(x - radius), round(y - radius)), mask)
    pen.arc(ring, 8, 172, fill=(244, 208, 178), width=breadth)
    for side, level, size in ((0.18, 0.26, 0.06), (0.86, 0.2, 0.035), (0.2, 0.78, 0.025)):
        disc(picture, width * side, height * level, min(width, height) * size, (188, 196, 226))
        disc(
            picture,
            width * side + 0.3 * radius * size,
            height * level,
            min(width, height) * size * 0.9,
            (150, 158, 200),
        )
    return picture
