"""The size of a thumbnail. Pure integers."""

# EXIF orientations under which the picture's rows run along the columns of what is stored.
SIDEWAYS = frozenset((5, 6, 7, 8))


def fit(width: int, height: int, box_width: int, box_height: int) -> tuple[int, int]:
    """Return the largest size within the box that keeps the aspect ratio, and is not larger than the picture.

    The side that binds is the box's own; the other is rounded to the nearest pixel, half up, and at least 1.

    >>> fit(4000, 3000, 100, 100), fit(3000, 4000, 100, 100), fit(40, 30, 100, 100), fit(5000, 10, 100, 100)
    ((100, 75), (75, 100), (40, 30), (100, 1))
    """
    if width <= box_width and height <= box_height:
        return width, height
    if width * box_height >= height * box_width:  # the width binds
        return box_width, max(1, (2 * height * box_width + width) // (2 * width))
    return max(1, (2 * width * box_height + height) // (2 * height)), box_height


def upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a stored picture after its EXIF orientation is applied."""
    return (height, width) if orientation in SIDEWAYS else (width, height)
