"""Names what a file holds that is no image thumbrun reads, so that a refusal says why. Pure."""

import codecs
from dataclasses import dataclass

HEAD = 1024  # bytes that `content_of` needs; text can begin with long comments


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes:
        name: Its name in a sentence, with its article where it has one.
        is_image: Whether it is an image, of a format that thumbrun does not read.
    """

    name: str
    is_image: bool = False


# Where bytes stand, which ones, and what they say, from the more to the less special. A tenth of all files begin by
# chance like one with two bytes only, so such bytes say nothing alone.
_IMAGES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (8, b"CR\2\0", "a Canon raw file (CR2)"),
    (4, b"ftypcrx ", "a Canon raw file (CR3)"),
    (6, b"HEAPCCDR", "a Canon raw file (CRW)"),
    (0, b"IIRO", "an Olympus raw file (ORF)"),
    (0, b"IIRS", "an Olympus raw file (ORF)"),
    (0, b"MMOR", "an Olympus raw file (ORF)"),
    (0, b"IIU\0", "a Panasonic raw file (RW2)"),
    (0, b"FUJIFILMCCD-RAW", "a Fujifilm raw file (RAF)"),
    (0, b"FOVb", "a Sigma raw file (X3F)"),
    (0, b"\0MRM", "a Minolta raw file (MRW)"),
    (0, b"II\xbc\1", "JPEG XR"),
    (0, b"8BPS", "a Photoshop document (PSD)"),
    (0, b"gimp xcf ", "a GIMP document (XCF)"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"#?RGBE", "Radiance HDR"),
    (0, b"qoif", "QOI"),
    (0, b"DDS ", "a DirectDraw surface (DDS)"),
    (128, b"DICM", "DICOM"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"icns", "an Apple icon (ICNS)"),
    (0, b"\0\0\2\0\1\0", "a Windows cursor (CUR)"),
    (0, b"\x8aMNG\r\n\x1a\n", "MNG"),
    (0, b"\x8bJNG\r\n\x1a\n", "JNG"),
    (0, b"BPG\xfb", "BPG"),
    (0, b"FLIF", "FLIF"),
    (0, b"\xabKTX ", "a KTX texture"),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (40, b" EMF", "a Windows metafile (EMF)"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (0, b"/* XPM", "XPM"),
    (0, b"P4\n", "a portable bitmap (PBM)"),
    (0, b"P5\n", "a portable graymap (PGM)"),
    (0, b"P6\n", "a portable pixmap (PPM)"),
    (0, b"P7\n", "a portable arbitrary map (PAM)"),
)
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"version https://git-lfs.github.com/spec/", "a Git LFS pointer; the image itself is elsewhere"),
    (0, b"%PDF-", "a PDF"),
    (0, b"PK\3\4", "a ZIP archive, or a document that is one"),
    (0, b"PK\5\6", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "gzip; if this is an image, its contentEncoding must say so"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x1aE\xdf\xa3", "a WebM or Matroska video"),
    (8, b"AVI LIST", "an AVI video"),
    (8, b"WAVEfmt", "a WAV sound"),
    (0, b"OggS", "Ogg sound or video"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"fLaC", "a FLAC sound"),
    (0, b"FLV\1", "a Flash video"),
    (0, b"\0\0\1\xba", "an MPEG video"),
    (4, b"ftypqt  ", "a QuickTime video"),
    (4, b"moov", "a QuickTime video"),
    (4, b"ftypM4A", "an MPEG-4 sound"),
    (4, b"ftyp", "an MP4 video, or another file of ISO's media format"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\0", "a Windows program"),
    (0, b"\0\5\x16\7", "an AppleDouble file, which macOS puts beside others"),
    (0, b"bplist", "an Apple property list"),
    (0, b"SQLite format 3", "a SQLite database"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"-----BEGIN ", "a certificate or a key"),
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
for _, _encoding in _MARKS:
    codecs.lookup(_encoding)  # else Python looks for it in a file, when a decoding process can open none


def content_of(head: bytes) -> Content | None:
    """Return what the bytes begin like, None if nothing is known of them.

    Args:
        head: The first `HEAD` bytes, fewer if there are no more.
    """
    if not head.strip(b"\0"):
        return Content("zeros only") if head else None
    for table, is_image in ((_IMAGES, True), (_OTHERS, False)):
        for at, magic, name in table:
            if head.startswith(magic, at):
                return Content(name, is_image)
    return _text(head)


def wrong_coding(name: str, head: bytes) -> str | None:
    """Return what is wrong with a file whose brand says AVIF but that holds HEIC, or the other way round; else None.

    Both are told by the configuration that a coded picture must have (AV1 ISOBMFF 2.3; ISO/IEC 14496-15, 8.3.3).

    Args:
        name: The format that the brand tells.
        head: The first bytes, with the file's `meta` box.
    """
    av1, hevc = b"av1C" in head, b"hvcC" in head
    if name == "avif" and hevc and not av1:
        return "the file holds HEIC, but its brand says AVIF"
    if name == "heic" and av1 and not hevc:
        return "the file holds AVIF, but its brand says HEIC"
    return None


def _text(head: bytes) -> Content | None:
    """Tell texts apart: error messages of stores and servers are the usual ones."""
    text = _decoded(head)
    if text is None:
        return None
    start = text.lstrip().lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<!-- saved from")) or "<html" in start:
        return Content("an HTML page")
    if "<svg" in start:
        return Content("SVG", is_image=True)
    if start.startswith("<error") or (start.startswith("<?xml") and "<error>" in start):
        return Content("the error message of a store, in XML")
    if start.startswith(("<?xml", "<")):
        return Content("XML")
    if start.startswith(("{", "[")):
        return Content("the error message of a server, in JSON" if '"error"' in start else "JSON")
    if start.startswith(("data:image/", "/9j/", "ivborw0kggo", "r0lgod", "uklgr")):
        return Content("an image in base64")
    return Content("text")


def _decoded(head: bytes) -> str | None:
    """Return a text, None if the bytes are none."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # fewer bytes can be the begin of a character
            return None
        text = head[: error.start].decode("utf-8")
    return None if any(c < " " and c not in "\t\n\r\f" for c in text) else text
