"""Files without a name stay from one image to the next."""

import os
import sys

import pytest

from thumbrun.decoding.body import IN_MEMORY, Body
from thumbrun.decoding.memfd import MemoryFiles

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no files")

SIZE = IN_MEMORY + 1000


def written(files: MemoryFiles, content: bytes) -> Body:
    """Return a body that was written and handed over."""
    body = Body(len(content), files)
    body.write(content)
    os.close(handed_over(body))
    return body


def handed_over(body: Body) -> int:
    """Return the descriptor that a process gets."""
    descriptor = body.descriptor()
    assert descriptor is not None
    return descriptor


def read_back(body: Body) -> bytes:
    """Return the bytes that a process reads through its descriptor."""
    with os.fdopen(handed_over(body), "rb") as file:
        return file.read()


def which(body: Body) -> int:
    """Return the number of the file that a body uses."""
    with os.fdopen(handed_over(body), "rb") as file:
        return os.fstat(file.fileno()).st_ino


def descriptors() -> set[str]:
    """Return the descriptors that this process has open."""
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize("second", [b"b" * SIZE, b"b" * (2 * SIZE), b"b" * (SIZE - 100)], ids=["as", "longer", "short"])
def test_a_file_is_used_again(second: bytes) -> None:
    """The next image uses the same file, and no bytes of the first image follow it."""
    files = MemoryFiles()
    first = written(files, b"a" * SIZE)
    where = which(first)
    assert b"a" * SIZE == read_back(first)
    first.close()
    again = written(files, second)
    assert (where, second) == (which(again), read_back(again))
    assert second == again.read()
    again.close()
    files.close()


def test_what_started_again_is_cut_off() -> None:
    """A read that starts again and brings fewer bytes leaves none of the first read."""
    files = MemoryFiles()
    body = written(files, b"a" * SIZE)
    body.reset()
    body.write(b"short")
    assert b"short" == read_back(body)
    body.close()
    files.close()


def test_a_decoding_process_cannot_write() -> None:
    """A process that keeps its descriptor cannot change later bytes in the file."""
    files = MemoryFiles()
    body = written(files, b"a" * SIZE)
    descriptor = body.descriptor()
    assert descriptor is not None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.pwrite(descriptor, b"x", 0)
    with pytest.raises(OSError, match=r"Invalid argument|Bad file descriptor"):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)
    body.close()
    files.close()


def test_nobody_else_moves_the_position() -> None:
    """Each hand-over has a position of its own, so a process that keeps its descriptor disturbs no later reader."""
    files = MemoryFiles()
    body = written(files, b"a" * SIZE)
    kept = handed_over(body)
    body.close()
    again = written(files, b"b" * SIZE)
    assert os.fstat(kept).st_ino == which(again)
    with os.fdopen(handed_over(again), "rb", buffering=0) as reader:
        assert b"b" * 10 == reader.read(10)
        os.lseek(kept, 0, os.SEEK_END)
        assert 10 == reader.tell()
    os.close(kept)
    again.close()
    files.close()


def test_two_bodies_at_once_have_two_files() -> None:
    """Another body can use a file only after its own body is closed."""
    files = MemoryFiles()
    one, other = written(files, b"a" * SIZE), written(files, b"b" * SIZE)
    assert (b"a" * SIZE, b"b" * SIZE) == (read_back(one), read_back(other))
    one.close()
    one.close()
    other.close()
    third, fourth = written(files, b"c" * SIZE), written(files, b"d" * SIZE)
    assert (b"c" * SIZE, b"d" * SIZE) == (read_back(third), read_back(fourth))
    third.close()
    fourth.close()
    files.close()


def test_a_body_has_one_descriptor() -> None:
    """A body has a single descriptor, since hundreds of bodies can exist beside connections."""
    before = descriptors()
    files = MemoryFiles()
    body = written(files, b"a" * SIZE)
    assert 1 == len(descriptors() - before)
    body.close()
    files.close()
    assert before == descriptors()


def test_little_is_kept() -> None:
    """Kept files stay within their limits, and closing them leaves none, even if a body closes later."""
    before = descriptors()
    files = MemoryFiles(most=3 * SIZE)
    bodies = [written(files, b"a" * SIZE) for _ in range(10)]
    late = written(files, b"a" * SIZE)
    for body in bodies:
        body.close()
    assert 2 + 1 == len(descriptors() - before)  # two are kept, one is in use
    files.close()
    late.close()
    assert before == descriptors()
    many = MemoryFiles(most=1 << 30)
    for body in [written(many, b"a" * SIZE) for _ in range(40)]:
        body.close()
    assert 32 == len(descriptors() - before)
    many.close()
    assert before == descriptors()


@pytest.mark.skipif(sys.platform != "linux", reason="SECURITY.md: Linux only")
def test_a_closed_file_holds_no_memory() -> None:
    """A decoding process that keeps a file open when the task closes it keeps none of its memory."""
    file = MemoryFiles(most=0).take(1 << 20)
    os.pwrite(file.writable, bytes(1 << 20), 0)
    kept = file.opened()
    file.close()
    status = os.fstat(kept)
    os.close(kept)
    assert (0, 0) == (status.st_size, status.st_blocks)
