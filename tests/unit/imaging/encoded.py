"""One small file of each format, made by Pillow and libheif."""

import io

import pillow_heif
from PIL import Image

PICTURE = Image.merge("RGB", [Image.effect_noise((240, 160), spread) for spread in (30, 50, 70)])


def _saved(kind: str, picture: Image.Image = PICTURE, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _heic() -> bytes:
    target = io.BytesIO()
    pillow_heif.from_pillow(PICTURE).save(target)  # Pillow does not know this encoder
    return target.getvalue()


ENCODED = {
    "jpeg": _saved("JPEG"),
    "jpeg progressive": _saved("JPEG", progressive=True),
    "png": _saved("PNG"),
    "gif": _saved("GIF"),
    "webp": _saved("WEBP"),
    "webp lossless": _saved("WEBP", lossless=True),
    "avif": _saved("AVIF", speed=10),
    "heic": _heic(),
    "tiff": _saved("TIFF"),
    "tiff lzw": _saved("TIFF", compression="tiff_lzw"),
    "bmp": _saved("BMP"),
    "jpeg2000": _saved("JPEG2000"),
    "jpeg2000 codestream": _saved("JPEG2000", no_jp2=True),
    "ico": _saved("ICO", PICTURE.resize((64, 64)), sizes=[(64, 64), (16, 16)]),
}
