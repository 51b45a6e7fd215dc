"""Orientation, format by format: EXIF's counts, in HEIC and AVIF the container's; XMP's counts nowhere."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.fidelity.pictures import exif, heic, saved, scene, stored
from tests.fidelity.variants.variant import Variant

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{}</rdf:RDF></x:xmpmeta>'
)
_FORMS = {
    "attribute": _XMP.format(' tiff:Orientation="1"/>').encode(),
    "element": _XMP.format("><tiff:Orientation>1</tiff:Orientation></rdf:Description>").encode(),
}
_KINDS: dict[str, tuple[str, dict[str, Any], float]] = {
    "jpeg": ("JPEG", {"quality": 95, "subsampling": 0}, 40),
    "png": ("PNG", {}, 48),
    "webp": ("WEBP", {"lossless": True}, 46),
    "tiff": ("TIFF", {}, 48),
    "avif": ("AVIF", {"quality": 90, "subsampling": "4:4:4"}, 38),
    "heic": ("HEIC", {}, 40),
}


def variants() -> Iterator[Variant]:
    """Yield every variant of orientation."""
    for kind, (_, _, least) in _KINDS.items():
        for form in _FORMS:
            name = f"orientation of XMP alone, {form}"
            yield Variant(kind, name, partial(_with_xmp, kind, form), _plain, least)
            if kind not in ("avif", "heic", "tiff"):
                name = f"orientations of EXIF and XMP, {form}"
                yield Variant(kind, name, partial(_with_both, kind, form), _plain, least)
    yield Variant("tiff", "orientations of tag and XMP", partial(_with_both, "tiff", "element"), _plain, 48)
    yield Variant("webp", "orientation of XMP alone, animated", _animated, _plain, 46)
    yield Variant("gif", "orientation of XMP alone", _gif, _plain_palette, 46)
    for kind in ("avif", "heic"):
        least = _KINDS[kind][2]
        for value in (3, 6):
            name = f"orientation {value} of EXIF that the container does not have"
            yield Variant(kind, name, partial(_without_turn, kind, value), partial(_turned, value), least)
        yield Variant(kind, "broken EXIF", partial(_with_broken_exif, kind), _plain, least)


def _plain() -> Image.Image:
    return scene(240, 160)


def _turned(value: int) -> Image.Image:
    return stored(_plain(), value)


def _encoded(kind: str, picture: Image.Image, **options: Any) -> bytes:
    form, usual, _ = _KINDS[kind]
    xmp = options.pop("xmp", None)
    if xmp and kind == "tiff":
        options["tiffinfo"] = {700: xmp} | ({274: 6} if options.pop("exif", None) else {})
    elif xmp and kind == "png":
        options["pnginfo"] = _in_png(xmp)
    elif xmp:
        options["xmp"] = xmp
    return heic(picture, **options) if kind == "heic" else saved(picture, form, **usual, **options)


def _in_png(xmp: bytes) -> PngInfo:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return info


def _turning(body: bytes) -> bytes:
    """Return a file whose XMP says 6 in the place of 1; the encoders would turn the picture by it themselves."""
    for before, after in ((b'Orientation="1"', b'Orientation="6"'), (b"Orientation>1<", b"Orientation>6<")):
        body = body.replace(before, after)
    assert b'Orientation="6"' in body or b"Orientation>6<" in body
    return body


def _with_xmp(kind: str, form: str) -> bytes:
    if kind == "png":  # whose chunks have checksums
        return _encoded(kind, _plain(), xmp=_turning(_FORMS[form]))
    return _turning(_encoded(kind, _plain(), xmp=_FORMS[form]))


def _with_both(kind: str, form: str) -> bytes:
    xmp = _FORMS[form].replace(b"1", b"3") if kind == "png" else _FORMS[form]
    return _encoded(kind, stored(_plain(), 6), xmp=xmp, exif=exif(6))


def _animated() -> bytes:
    options: dict[str, Any] = {"save_all": True, "append_images": [_plain().rotate(180)], "lossless": True}
    return _turning(saved(_plain(), "WEBP", xmp=_FORMS["element"], **options))


def _plain_palette() -> Image.Image:
    return _plain().quantize(200, dither=Image.Dither.NONE).convert("RGB")


def _gif() -> bytes:
    """Return a GIF with XMP as Adobe stores it: bare text, and a trailer that ends it for readers of sub-blocks."""
    body = saved(_plain().quantize(200, dither=Image.Dither.NONE), "GIF")
    at = body.index(b"\x21\xf9") if b"\x21\xf9" in body else body.index(b"\x2c\0\0\0\0")
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    return body[:at] + b"\x21\xff\x0bXMP DataXMP" + _turning(_FORMS["element"]) + trailer + body[at:]


def _without_turn(kind: str, value: int) -> bytes:
    """Return a file whose EXIF says how to turn it, and whose container says not to: 0 quarters."""
    body = bytearray(_encoded(kind, _turned(value), exif=exif(value)))
    body[body.index(b"irot") + 4] = 0
    return bytes(body)


def _with_broken_exif(kind: str) -> bytes:
    """Return a file with other bytes before its EXIF's header, which libavif passes over and Pillow does not."""
    body = _encoded(kind, _plain(), exif=exif(1))
    assert b"Exif\0\0MM" in body
    return body.replace(b"Exif\0\0MM", b"junk\0\0MM")
