"""A refusal names what a file holds, where its bytes tell."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.imaging.encoded import ENCODED
from thumbrun.imaging import known_contents
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.outcomes import Reason

IMAGES = [
    (b"\xff\x0a\xfa\x7f", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "JPEG XL"),
    (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "a Canon raw file"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a Canon raw file"),
    (b"FUJIFILMCCD-RAW 0201", "a Fujifilm raw file"),
    (b"8BPS\0\1", "a Photoshop document"),
    (bytes(128) + b"DICM", "DICOM"),
    (b"qoif\0\0", "QOI"),
    (b"\0\0\2\0\1\0\x20\x20", "a Windows cursor"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "SVG"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
]
OTHERS = [
    (b"", "the file is empty"),
    (bytes(4096), "zeros"),
    (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
    (b"\n\n<HTML><BODY>Forbidden", "an HTML page"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "a Git LFS pointer"),
    (b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code></Error>", "the error message of a store"),
    (json.dumps({"error": {"code": 404}}).encode(), "the error message of a server, in JSON"),
    (b"[1, 2]", "JSON"),
    (b"%PDF-1.7\n", "a PDF"),
    (b"PK\3\4\x14\0", "a ZIP archive"),
    (b"\x1f\x8b\x08\0", "gzip"),
    (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "an MP4 video"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a QuickTime video"),
    (b"\x1aE\xdf\xa3\x01", "a WebM or Matroska video"),
    (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
    (b"/9j/4AAQSkZJRgABAQ", "an image in base64"),
    (b"\xef\xbb\xbfhello", "text"),
    ("grüße".encode(), "text"),
]


def asked(*, claimed: bool = True) -> Request:
    """Return a request for a small thumbnail."""
    return Request(100, 100, "png", 80, 10**8, 10**9, claimed=claimed)


@pytest.mark.parametrize(("claimed", "reason"), [(True, Reason.UNREADABLE), (False, Reason.UNSUPPORTED)])
@pytest.mark.parametrize(("body", "says"), IMAGES)
def test_images_of_other_formats(body: bytes, says: str, claimed: bool, reason: Reason) -> None:
    """An image of a format that thumbrun does not read is named; it is a failure if it has the name of another."""
    found = render(body, asked(claimed=claimed))
    assert isinstance(found, Refused)
    assert (reason, True) == (found.reason, says in found.detail)
    assert found.detail.endswith("a format that thumbrun does not read")


@pytest.mark.parametrize(("claimed", "reason"), [(True, Reason.UNREADABLE), (False, Reason.NOT_AN_IMAGE)])
@pytest.mark.parametrize(("body", "says"), OTHERS)
def test_what_is_no_image(body: bytes, says: str, claimed: bool, reason: Reason) -> None:
    """What is no image is named, too; it is a failure only if something says that it is an image."""
    found = render(body, asked(claimed=claimed))
    assert isinstance(found, Refused)
    assert (reason, True) == (found.reason, says in found.detail)


@given(st.binary(max_size=200))
def test_anything(body: bytes) -> None:
    """Any bytes have a short printable name or none."""
    found = known_contents.content_of(body)
    assert found is None or (found.name.isprintable() and len(found.name) < 100)


def test_heic_within_an_avif_brand() -> None:
    """A file that holds another coding than its brand says is refused by name."""
    body = ENCODED["heic"].replace(b"ftypheic", b"ftypavif").replace(b"mif1", b"avif").replace(b"heic", b"avif")
    found = render(body, asked())
    assert isinstance(found, Refused)
    assert (Reason.UNREADABLE, True) == (found.reason, "holds HEIC" in found.detail)


def test_what_is_read_is_not_refused_by_name() -> None:
    """No format that thumbrun reads is taken for another one."""
    for body in ENCODED.values():
        assert isinstance(render(body, asked()), Rendered)
    target = io.BytesIO()
    Image.new("RGB", (9, 9)).save(target, "TIFF")
    assert isinstance(render(target.getvalue(), asked()), Rendered)
