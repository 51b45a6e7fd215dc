"""The image formats: which of them thumbrun reads, their names, and the formats of their thumbnails. Pure.

Only a format's own media types and file name suffixes count here; the decoder checks the bytes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One image format.

    Attributes:
        name: The name in settings and in the ledger.
        media_types: The content types, the registered one first.
        suffixes: The file name suffixes, in lower case with the dot, the usual one first.
        output: The format of the thumbnails if the recipe says `keep`, or None if thumbrun never opens the format.
    """

    name: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    output: str | None


READ: tuple[Format, ...] = (
    Format(
        "jpeg",
        ("image/jpeg", "image/jpg", "image/pjpeg", "image/mpo"),
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        "jpeg",
    ),
    Format("png", ("image/png", "image/x-png", "image/apng", "image/vnd.mozilla.apng"), (".png", ".apng"), "png"),
    Format("gif", ("image/gif",), (".gif",), "gif"),
    Format("webp", ("image/webp",), (".webp",), "webp"),
    Format("avif", ("image/avif", "image/avif-sequence"), (".avif", ".avifs"), "avif"),
    Format(
        "heic",
        ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
        (".heic", ".heif", ".heics", ".heifs", ".hif"),
        "jpeg",
    ),
    Format("tiff", ("image/tiff", "image/x-tiff", "image/tif"), (".tif", ".tiff"), "jpeg"),
    Format("bmp", ("image/bmp", "image/x-ms-bmp", "image/x-bmp"), (".bmp", ".dib"), "jpeg"),
    Format(
        "jpeg2000",
        ("image/jp2", "image/jpx", "image/jpm", "image/jpeg2000", "image/x-jp2", "image/j2c", "image/x-jpeg2000-image"),
        (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
        "jpeg",
    ),
    Format("ico", ("image/vnd.microsoft.icon", "image/x-icon", "image/ico"), (".ico",), "png"),
)

# Image formats that thumbrun never opens: vector and script formats, camera raw, layered and scientific ones. thumbrun
# reports an item with such a name as skipped, so that you do not have to search for its thumbnail.
UNSUPPORTED_SUFFIXES = frozenset(
    (
        *(".svg", ".svgz", ".eps", ".ps", ".ai", ".wmf", ".emf"),
        *(".psd", ".psb", ".xcf", ".tga", ".pcx", ".ppm", ".pgm", ".pbm", ".pnm", ".xbm", ".xpm", ".sgi", ".qoi"),
        *(".cr2", ".cr3", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".orf", ".rw2", ".raf", ".pef", ".raw"),
        *(".rwl", ".srw", ".3fr", ".jxl", ".jxr", ".wdp", ".exr", ".hdr", ".dds", ".icns", ".cur"),
        *(".fits", ".dcm", ".djvu", ".mng", ".fli", ".flc"),
    )
)

_BY_MEDIA_TYPE = {media_type: format_ for format_ in READ for media_type in format_.media_types}
_BY_SUFFIX = {suffix: format_ for format_ in READ for suffix in format_.suffixes}
BY_NAME = {format_.name: format_ for format_ in READ}


def thumbnail_format(wanted: str, source_format: str | None) -> str:
    """Return the format of a thumbnail.

    Args:
        wanted: The format that the recipe says: `keep`, or a format's name.
        source_format: The name of the source's format, or None if it is not known.
    """
    if wanted != "keep":
        return wanted
    return (source_format and BY_NAME[source_format].output) or "jpeg"


def media_type_of(name: str) -> str:
    """Return the registered media type of a format, given its name."""
    return BY_NAME[name].media_types[0]


def suffix_of(path: str) -> str:
    """Return a path's suffix in lower case with its dot, or an empty string.

    >>> suffix_of("a/b.c/IMG.JPG"), suffix_of("a/b.c/IMG"), suffix_of(".jpg")
    ('.jpg', '', '')
    """
    stem, _, suffix = path.rpartition(".")
    return "" if not stem or "/" in suffix or stem[-1] == "/" else f".{suffix.lower()}"


def bare_media_type(content_type: str) -> str:
    """Return a content type in lower case without its parameters; of several, the first.

    Where a header comes twice, upload tools send both values with a comma between them.

    >>> bare_media_type("image/JPEG,image/jpeg; charset=binary")
    'image/jpeg'
    """
    return content_type.partition(";")[0].partition(",")[0].strip().lower()


def by_media_type(content_type: str) -> Format | None:
    """Return the format of a content type, or None; parameters and case do not matter."""
    return _BY_MEDIA_TYPE.get(bare_media_type(content_type))


def by_suffix(suffix: str) -> Format | None:
    """Return the format of a suffix in lower case with its dot, or None."""
    return _BY_SUFFIX.get(suffix)
