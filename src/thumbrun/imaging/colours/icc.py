"""Applies embedded colour profiles, so that every thumbnail is in sRGB."""

import hashlib
import io

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")
# Which modes of a picture a profile's colour space can describe (ICC.1:2022, table 19).
_MODES = {"RGB ": ("RGB",), "GRAY": ("L",), "CMYK": ("CMYK",), "Lab ": ("LAB",)}
_TRANSFORMS: dict[tuple[bytes, str], ImageCms.ImageCmsTransform | None] = {}
_BROKEN: dict[bytes, bool] = {}
_MOST_TRANSFORMS = 16  # a camera's pictures share a profile; building a CMYK transform takes 10 ms, applying it 0.3 ms
_PROBE_STEPS = 6


def is_broken(profile: bytes) -> bool:
    """Whether a profile is none that any picture could use."""
    key = hashlib.sha256(profile).digest()
    if key not in _BROKEN:
        if len(_BROKEN) >= _MOST_TRANSFORMS:
            _BROKEN.pop(next(iter(_BROKEN)))
        try:
            ImageCms.getOpenProfile(io.BytesIO(profile))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            _BROKEN[key] = True
        else:
            _BROKEN[key] = False
    return _BROKEN[key]


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB, by its embedded profile if that can be used, in mode L, LA, RGB or RGBA.

    This ignores a broken profile, or one for another colour space than the pixels', because the picture matters more.
    Alpha stays as it is.
    """
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    colours = picture.convert(picture.mode[:-1]) if alpha else picture
    transform = _transform(profile, colours.mode)
    if transform is not None:
        converted = transform.apply(colours)
        converted = converted.getchannel("G") if colours.mode == "L" else converted
    elif colours.mode == "CMYK":
        converted = colours.convert("RGB")
    else:
        return picture
    if alpha:
        converted.putalpha(alpha)
    return converted


def is_readable(profile: bytes) -> bool:
    """Whether a profile can be read; a broken one is as none. This takes 20 microseconds."""
    try:
        ImageCms.getOpenProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return False
    return True


def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of a mode's pixels from a profile to sRGB; None if none is needed or possible."""
    if not profile and mode != "LAB":
        return None
    key = (hashlib.sha256(profile or b"").digest(), mode)
    if key not in _TRANSFORMS:
        if len(_TRANSFORMS) >= _MOST_TRANSFORMS:
            _TRANSFORMS.pop(next(iter(_TRANSFORMS)))
        _TRANSFORMS[key] = _built(profile, mode)
    return _TRANSFORMS[key]


def _built(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        opened = ImageCms.getOpenProfile(io.BytesIO(profile)) if profile else ImageCms.ImageCmsProfile(_LAB)
        if mode not in _MODES.get(opened.profile.xcolor_space, ()):
            return None
        transform = ImageCms.buildTransform(opened, _SRGB, mode, "RGB")
        return None if mode == "RGB" and _changes_nothing(transform) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform leaves colours across the whole cube as they are, like those of the many sRGB profiles."""
    levels = [255 * step // (_PROBE_STEPS - 1) for step in range(_PROBE_STEPS)]
    colours = bytes(value for r in levels for g in levels for b in levels for value in (r, g, b))
    probe = Image.frombytes("RGB", (_PROBE_STEPS**3, 1), colours)
    return all(
        abs(before - after) <= 1 for before, after in zip(colours, transform.apply(probe).tobytes(), strict=True)
    )
