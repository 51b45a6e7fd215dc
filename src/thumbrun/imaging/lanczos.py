"""Resizes with Lanczos over every pixel: with vector instructions if this machine has their library, else with Pillow.

The library, cykooz-resizer, is several times faster than Pillow. It reads and writes the memory of Pillow's pictures,
so nothing is copied. The two results differ only by rounding and clipping between their two passes.
"""

from PIL import Image

try:
    import cykooz_resizer as vectors
except ImportError:  # the library has no wheel for this machine
    vectors = None

FAST = vectors is not None
_MODES = ("L", "RGB", "RGBa", "CMYK")


def resized(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float], *, by_vectors: bool = True
) -> Image.Image:
    """Return a part of a picture in another size.

    Args:
        image: The picture, loaded.
        size: The new width and height, in pixels.
        box: The part: its left, upper, right and lower edge, in pixels.
        by_vectors: Whether to use vector instructions if possible; if not, Pillow resizes.
    """
    # A decoder might have made another size than the picture says, and the library would believe the picture.
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
