"""How much memory decoding takes, from the header alone."""

from PIL import Image, JpegImagePlugin

_BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2, "CMYK": 4}
_FIXED = 4 << 20  # buffers of the decoders, the averaged picture, the thumbnail


def decoded_bytes(image: Image.Image, scale: int) -> int:
    """Estimate the bytes that decoding takes at its peak.

    A picture is held once as its decoder makes it: 1 to 4 bytes a pixel. Beside it

    - WebP, AVIF and HEIC decoders hold a frame of their own (4 bytes a pixel, with planes of up to 3 more);
    - JPEG 2000 holds 4 bytes for each component of a pixel;
    - a progressive JPEG holds all coefficients, 2 bytes each, whatever size is asked for;
    - a baseline JPEG holds its picture divided by the scale in both directions, and nothing else;
    - what is converted before it is averaged (palettes, 16 bits) is held a second time, 4 bytes a pixel.

    Args:
        image: Opened, not loaded.
        scale: By what the decoder will divide width and height.
    """
    count = image.width * image.height
    held = _BYTES_A_PIXEL.get(image.mode, 4) * count
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        held = held // (scale * scale)
        if image.info.get("progressive") or image.info.get("progression"):
            held += 2 * sum(_samples(image))
    elif image.format in ("WEBP", "AVIF", "HEIF"):
        held = (4 + 4 + 3) * count
    elif image.format == "JPEG2000":
        held += 4 * len(image.getbands()) * count // (scale * scale)
    if image.mode in ("1", "P", "PA", "LA") or image.mode.startswith(("I", "F")) or "transparency" in image.info:
        held += 4 * count
    return held + _FIXED


def _samples(image: JpegImagePlugin.JpegImageFile) -> list[int]:
    """Return how many samples each component of a JPEG has, by its subsampling."""
    layers = image.layer
    most_across = max((layer[1] for layer in layers), default=1) or 1
    most_down = max((layer[2] for layer in layers), default=1) or 1
    return [-(-image.width * layer[1] // most_across) * -(-image.height * layer[2] // most_down) for layer in layers]
