"""Calculates a thumbnail's size, and how much larger the picture that it is made from must be. Pure numbers."""

from collections.abc import Iterable

Box = tuple[int, int]  # width and height in pixels that a thumbnail must fit; 0 for a side that is free
LARGEST_SIDE = 4096  # pixels; of a box, and of a thumbnail whose box has a free side

# Averaging stops at three times the thumbnail's size, and Lanczos does the rest. The median PSNR against Lanczos on
# every pixel is 56 dB, in about half of its time (1600 pixels). With a margin of 2 it is 52 dB.
MARGIN = 3
# JPEG's decoder, which can only halve, stops later, because that saves more. It decodes 1920 pixels to 240 instead of
# 480, in four fifths of the time. The median is 53.6 dB and the worst 48.1 dB (53.0 and 44.5 dB without sharpening).
JPEG_MARGIN = 2.3
# A component of a JPEG with fewer samples than pixels is interpolated, which softens it. With this many times the
# margin, bars of pure colours keep 36 dB against the full picture reduced by Lanczos, and 29 dB without.
INTERPOLATED = 1.5


def fit(width: int, height: int, box_width: int, box_height: int, *, enlarge: bool = False) -> tuple[int, int]:
    """Return the largest size within the box that keeps the aspect ratio, and is not larger than the picture.

    If `enlarge` says so, it can be larger than the picture.

    The side that limits the size equals the box's side. The other side is rounded to the nearest pixel, half up, and is
    at least 1.

    >>> fit(4000, 3000, 100, 100), fit(3000, 4000, 100, 100), fit(40, 30, 100, 100), fit(5000, 10, 100, 100)
    ((100, 75), (75, 100), (40, 30), (100, 1))
    """
    if width <= box_width and height <= box_height and not enlarge:
        return width, height
    if width * box_height >= height * box_width:  # the width limits the size
        return box_width, max(1, (2 * height * box_width + width) // (2 * width))
    return max(1, (2 * width * box_height + height) // (2 * height)), box_height


def box_name(box: Box) -> str:
    """Return a box's name, for messages and, if there are several boxes, for the folder of its thumbnails.

    >>> box_name((400, 300)), box_name((320, 0)), box_name((0, 200))
    ('400x300', '320x', 'x200')
    """
    return f"{box[0] or ''}x{box[1] or ''}"


def area(box: Box) -> int:
    """Return about how many pixels a thumbnail has. A free side counts as long as the other.

    >>> area((400, 300)), area((320, 0))
    (120000, 102400)
    """
    return (box[0] or box[1]) * (box[1] or box[0])


def largest_first(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Return boxes in the order in which thumbrun makes and records them: by area, then by width, largest first.

    >>> largest_first([(100, 100), (160, 90), (400, 400), (0, 320)])
    ((400, 400), (0, 320), (160, 90), (100, 100))
    """
    return tuple(sorted(boxes, key=lambda box: (area(box), *box), reverse=True))
