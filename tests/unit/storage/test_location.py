"""Tests of locations: a bucket or a folder, and a prefix in it."""

from pathlib import Path

import pytest

from thumbrun.storage.location import Location, parse


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("gs://bucket", "bucket", ""),
        ("gs://bucket/", "bucket", ""),
        ("gs://bucket/in", "bucket", "in/"),
        ("gs://bucket/in/", "bucket", "in/"),
        ("gs://bucket//in", "bucket", "/in/"),
        ("gs://bucket/in//", "bucket", "in//"),
        ("gs://bucket/a b/é 🎉#?%20", "bucket", "a b/é 🎉#?%20/"),
        ("gs://bucket/..", "bucket", "../"),
        ("gs://my_bucket-1.example.com/in", "my_bucket-1.example.com", "in/"),
        ("gs://" + "b" * 63, "b" * 63, ""),
    ],
)
def test_a_bucket_and_a_prefix(text: str, bucket: str, prefix: str) -> None:
    """A path in a bucket is a folder that keeps its characters, and its URI reads back as the same location."""
    found = parse(text)
    assert Location("gs", bucket, prefix) == found
    assert found == parse(found.uri())


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("file:///a/b", "/a/b"),
        ("file://localhost/a/b/", "/a/b"),
        ("file:/a", "/a"),
        ("file:///a%20b/%C3%A9%25", "/a b/é%"),
        ("file:///a#b?c", "/a#b?c"),
        ("file:///a\nb", "/a\nb"),
        ("file:///%FF", "/\udcff"),
        ("file:///", "/"),
        ("/a//b/../c/", "/a/c"),
        ("/a%20b", "/a%20b"),
    ],
)
def test_a_folder(text: str, root: str) -> None:
    """A folder is an absolute path, and only its URI is percent-decoded."""
    assert Location("file", root) == parse(text)


def test_a_path_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path becomes absolute if it is relative, begins at home or leads through a link."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "link").symlink_to("pictures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("pictures", "./pictures", "~/pictures", "link"):
        assert Location("file", str(tmp_path / "pictures")) == parse(text)


def test_a_bare_word_may_be_a_bucket() -> None:
    """If a bucket is expected, a word is a bucket, and a path is still a path."""
    assert Location("gs", "bucket", "in/") == parse("bucket/in", bare="gs")
    assert Location("file", "/in") == parse("/in", bare="gs")


def test_children() -> None:
    """A child is a folder in the same store."""
    assert "gs://bucket/in/a/" == parse("gs://bucket/in").child("a").uri()
    assert "file:///in/a/" == parse("/in").child("a").uri()
    assert "file:///a/" == parse("/").child("a").uri()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "at least one character"),
        ("a\0b", "NUL"),
        ("gs://", "3 to 63"),
        ("gs://ab", "3 to 63"),
        ("gs://Bucket/in", "lower-case"),
        ("gs://bucket-/in", "end with a letter or digit"),
        ("gs://.bucket/in", "begin"),
        ("gs://a..b/in", "is not a bucket name"),
        ("gs://" + "b" * 64, "3 to 63"),
        ("gs://bucket\n/in", "is not a bucket name"),
        ("gs://bucket/\udcff", "UTF-8"),
        ("GS://bucket/in", "gs://bucket/path"),
        ("gs:/bucket/in", "gs://bucket/path"),
        ("s3://bucket/in", "gs://bucket/path"),
        ("https://storage.googleapis.com/bucket", "gs://bucket/path"),
        ("file://host/in", "three slashes"),
        ("file:in", "three slashes"),
        ("~no-such-user-here/in", "home folder"),
    ],
)
def test_what_is_no_location(text: str, advice: str) -> None:
    """The message says what would be right."""
    with pytest.raises(ValueError, match=advice):
        parse(text)
