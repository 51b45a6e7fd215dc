"""Bodies return the bytes that were written, wherever they keep them."""

import os
import sys
from pathlib import Path

import pytest

from thumbrun.decoding.body import IN_MEMORY, Body

SIZES = [0, 1, IN_MEMORY, IN_MEMORY + 1, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
def test_reads_what_was_written(size: int) -> None:
    """A body returns all chunks in their order."""
    content = os.urandom(size)
    body = Body(size)
    for at in range(0, size, 70_000):
        body.write(content[at : at + 70_000])
    assert content == body.read()
    assert size == body.size
    body.close()


@pytest.mark.parametrize("size", SIZES)
def test_reset_forgets(size: int) -> None:
    """A read that starts again leaves no bytes of the first read behind."""
    body = Body(size)
    body.write(b"x" * size)
    body.reset()
    body.write(b"short")
    assert (b"short", 5) == (body.read(), body.size)
    body.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have temporary files instead")
def test_large_ones_are_in_a_file_in_memory() -> None:
    """The file has no name and is on no disk, and a program that the task starts does not get it."""
    body = Body(IN_MEMORY + 1)
    body.write(b"x" * (IN_MEMORY + 1))
    descriptor = body.descriptor()
    assert descriptor is not None
    assert Path(f"/proc/self/fd/{descriptor}").readlink().name.startswith("memfd:")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
    body.close()


def _forbidden(name: str, flags: int) -> int:
    raise PermissionError(name, flags)


@pytest.mark.parametrize(("name", "value"), [("sys.platform", "darwin"), ("os.memfd_create", _forbidden)])
def test_elsewhere_large_ones_are_in_a_file_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """The body leaves nothing in the folder for temporary files, not even while it is open."""
    monkeypatch.setattr(name, value, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = os.urandom(IN_MEMORY + 1)
    body = Body(len(content))
    body.write(content)
    descriptor = body.descriptor()
    assert descriptor is not None
    assert [] == list(tmp_path.iterdir())
    assert tmp_path.stat().st_dev == os.fstat(descriptor).st_dev
    assert content == body.read()
    os.close(descriptor)
    body.close()


def test_small_ones_are_in_memory() -> None:
    """A small body uses no file, because a file would cost more than it saves."""
    body = Body(IN_MEMORY)
    body.write(b"ab")
    body.write(b"c")
    assert (None, b"abc") == (body.descriptor(), body.in_memory)


def test_closing_twice_is_harmless() -> None:
    """Two callers can close the same body."""
    body = Body(1 << 20)
    body.close()
    body.close()
