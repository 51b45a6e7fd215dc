"""Tests of `thumbrun.thumbnail`: any bytes are a thumbnail or an `ImageError`, wherever it is called."""

import asyncio
import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import thumbrun
from tests.unit.api.pictures import picture
from tests.unit.imaging import gate
from tests.unit.imaging.animations import drawn, shown, written
from tests.unit.imaging.encoded import ENCODED
from tests.unit.imaging.samples import bomb
from thumbrun import ImageError, Reason, SettingsError, Thumbnail, thumbnail, thumbnail_async
from thumbrun.api import shared_decoders
from thumbrun.decoding import launcher
from thumbrun.imaging import render_here
from thumbrun.imaging.looks.appearance import is_colour, is_placeholder

WAYS = pytest.mark.parametrize("in_process", [False, True], ids=["contained", "in_process"])


def children() -> list[psutil.Process]:
    """Return the processes that this one has started, but for those that have ended."""
    found = psutil.Process().children(recursive=True)
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def own_decoders() -> Iterator[None]:
    """Let a test share decoding processes with no other test."""
    before = shared_decoders._shared
    shared_decoders._shared = {}
    yield
    for shared in shared_decoders._shared.values():
        shared.end()
    shared_decoders._shared = before


@WAYS
@pytest.mark.parametrize("name", sorted(ENCODED))
def test_every_format(name: str, in_process: bool) -> None:
    """Each format that thumbrun reads gives a thumbnail that fits the box, in the format that is said."""
    made = thumbnail(ENCODED[name], size=20, in_process=in_process)
    with Image.open(io.BytesIO(made.data)) as opened:
        assert (made.width, made.height) == opened.size
        assert made.format == (opened.format or "").lower()
    assert 20 == max(made.width, made.height)


@WAYS
def test_the_keywords_are_those_of_a_run(in_process: bool) -> None:
    """Size, format and quality mean what the flags mean."""
    made = thumbnail(picture(), size="160x90", format="webp", quality=5, in_process=in_process)
    assert (135, 90, "webp") == (made.width, made.height, made.format)
    assert made.data[8:12] == b"WEBP"
    assert len(made.data) <= len(thumbnail(picture(), size="160x90", format="webp", quality=100).data)


@WAYS
@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"size": 60, "fit": "cover", "gravity": "attention"}, (60, 60)),
        ({"size": "60x"}, (60, 40)),
        ({"size": "x60"}, (90, 60)),
        ({"size": "60x50", "fit": "contain", "gravity": "north", "background": "white"}, (60, 50)),
        ({"size": "60x50", "fit": "fill"}, (60, 50)),
        ({"size": "60x50", "fit": "outside"}, (75, 50)),
        ({"size": 600, "enlarge": True}, (600, 400)),
        ({"size": 600, "fit": "cover"}, (200, 200)),
    ],
    ids=str,
)
def test_each_shape(keywords: dict[str, Any], expected: tuple[int, int], in_process: bool) -> None:
    """Fit, gravity, background and enlarge mean what the flags mean, and a size can have one side."""
    made = thumbnail(picture(), in_process=in_process, **keywords)
    with Image.open(io.BytesIO(made.data)) as opened:
        assert expected == (made.width, made.height) == opened.size


def test_what_does_not_go_together_is_told_in_keywords() -> None:
    """A wrong combination names keywords, not flags."""
    with pytest.raises(SettingsError) as caught:
        thumbnail(picture(), size="320x", fit="cover")
    assert ("size is '320x'; fit cover needs both sides of each size, like 320x240",) == caught.value.problems


def test_both_ways_make_the_same() -> None:
    """A thumbnail does not depend on where it is made."""
    assert thumbnail(picture()) == thumbnail(picture(), in_process=True)
    assert thumbnail(bytearray(picture())) == thumbnail(memoryview(picture()))


def test_a_thumbnail_is_frozen() -> None:
    """Nobody changes a result by mistake, and it can travel between processes, as an error can."""
    made = thumbnail(picture())
    with pytest.raises(FrozenInstanceError):
        made.width = 3  # type: ignore[misc]
    assert made == pickle.loads(pickle.dumps(made))  # noqa: S301
    error = pickle.loads(pickle.dumps(ImageError(Reason.TIMEOUT, "too long")))  # noqa: S301
    assert (Reason.TIMEOUT, "timeout: too long") == (error.reason, str(error))


@WAYS
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unreadable"),
        (b"no image", "unreadable"),
        (picture()[:-40], "truncated"),
        (bomb(16_000, bits=1), "too-many-pixels"),
    ],
    ids=["empty", "text", "cut", "bomb"],
)
def test_an_error_has_its_reason(data: bytes, reason: str, in_process: bool) -> None:
    """An image that cannot be made raises an `ImageError`, whose reason is one of the closed set."""
    with pytest.raises(ImageError) as caught:
        thumbnail(data, in_process=in_process)
    assert Reason(reason) is caught.value.reason
    assert str(caught.value).startswith(f"{reason}: ")
    assert "--" not in str(caught.value)


def test_limits_are_keywords() -> None:
    """An image beyond a limit says so with the keyword that raises it."""
    with pytest.raises(ImageError, match="300 x 200 pixels; max_pixels is 59,999"):
        thumbnail(picture(), max_pixels=59_999)
    thumbnail(picture(), max_pixels=60_000)
    with pytest.raises(ImageError, match="memory") as caught:
        thumbnail(bomb(6000), memory="30MiB", workers=1)
    assert Reason.OUT_OF_MEMORY is caught.value.reason


def test_wrong_values_come_all_at_once() -> None:
    """The problems name the keywords."""
    with pytest.raises(SettingsError) as caught:
        thumbnail(picture(), size="100,200", quality=0, workers=0, require_sandbox=True, in_process=True)
    assert {"size", "quality", "workers", "require_sandbox"} == {one.split()[0] for one in caught.value.problems}
    with pytest.raises(TypeError, match="data must be the bytes of an image, not str"):
        thumbnail("photo.jpg")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="did you mean 'quality'"):
        thumbnail(picture(), qualty=3)  # type: ignore[call-arg]


@given(st.binary(max_size=2000) | st.binary(max_size=200).map(lambda tail: picture(40, 30)[:300] + tail))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes are, the result is a thumbnail or an `ImageError` with a reason."""
    try:
        assert isinstance(thumbnail(data), Thumbnail)
    except ImageError as error:
        assert error.reason in Reason  # noqa: PT017


def test_from_many_threads() -> None:
    """Threads share the processes, and each gets its own thumbnail."""
    sizes = [10 + number for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda size: thumbnail(picture(), size=size, workers=2), sizes))
    assert sizes == [one.width for one in made]


async def test_in_a_running_loop() -> None:
    """Both functions work where a loop runs, as in a notebook, and several at once."""
    assert await thumbnail_async(picture()) == thumbnail(picture())
    made = await asyncio.gather(*(thumbnail_async(picture(), size=size) for size in range(10, 30)))
    assert list(range(10, 30)) == [one.width for one in made]
    assert await thumbnail_async(picture(), size=10, in_process=True) == made[0]
    with pytest.raises(ImageError):
        await thumbnail_async(b"")


def test_in_one_loop_after_another() -> None:
    """The processes belong to no loop of the caller, so they outlive each."""
    made = [asyncio.run(thumbnail_async(picture())) for _ in range(3)]
    assert [thumbnail(picture())] * 3 == made


@pytest.mark.usefixtures("own_decoders")
async def test_a_cancelled_call_ends_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """If nobody waits for a thumbnail any more, the process that decodes it is killed, and the next call works."""
    monkeypatch.setattr(launcher, "_COMMAND", gate.command())
    call = asyncio.ensure_future(thumbnail_async(gate.gated(picture()), workers=1))
    (process,) = await gate.stopped()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.to_thread(process.wait)
    assert 100 == (await thumbnail_async(picture(), workers=1)).width


@pytest.mark.usefixtures("own_decoders")
def test_an_image_that_takes_too_long() -> None:
    """The time limit of a call holds for its image."""
    with pytest.raises(ImageError, match=r"longer than image_timeout \(0.001 s\)") as caught:
        thumbnail(bomb(6000), image_timeout=0.001, workers=1)
    assert Reason.TIMEOUT is caught.value.reason


@pytest.mark.usefixtures("own_decoders")
def test_idle_processes_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time after the last call no process is left, and the next call starts new ones."""
    monkeypatch.setattr(shared_decoders, "IDLE_SECONDS", 0.01)
    before = set(children())
    for _ in range(2):
        thumbnail(picture(), workers=1)
        while set(children()) - before:
            time.sleep(0.01)


def _made_in_a_fork(parent: Thumbnail) -> None:
    os._exit(0 if thumbnail(picture()) == parent else 1)


def test_after_a_fork() -> None:
    """A process that was forked while processes run has its own, and leaves the parent's alone."""
    made = thumbnail(picture())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of a fork beside threads
        child = multiprocessing.get_context("fork").Process(target=_made_in_a_fork, args=(made,))
        child.start()
    child.join()
    assert 0 == child.exitcode
    assert made == thumbnail(picture())


def test_what_python_and_pillow_are_set_to_stays(tmp_path: Path) -> None:
    """In this process, thumbrun changes neither the limits of Pillow nor the warnings of Python for others."""
    code = (
        "import sys, warnings; from PIL import Image, PngImagePlugin; "
        "before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, warnings.filters[-1]; "
        "import thumbrun; data = open(sys.argv[1], 'rb').read(); "
        "assert thumbrun.thumbnail(data, in_process=True).width == 100; "
        "assert before == (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, warnings.filters[-1]); "
        "assert ('ignore', None, Warning, None, 0) not in warnings.filters; "
        "assert Image.MAX_IMAGE_PIXELS"
    )
    (tmp_path / "photo.jpg").write_bytes(picture())
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "photo.jpg")], check=True)


def test_threads_that_decode_here() -> None:
    """In this process, several threads get their thumbnails one after the other."""
    filters = warnings.filters[:]
    results: list[Thumbnail] = []
    threads = [
        threading.Thread(target=lambda: results.append(thumbrun.thumbnail(picture(), in_process=True)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [thumbnail(picture())] * 4 == results
    assert filters == warnings.filters


def test_a_notebook_shows_no_bytes() -> None:
    """A thumbnail is shown with its size and format, and without its bytes."""
    shown = repr(thumbnail(picture(), in_process=True))
    assert "Thumbnail(width=100, height=67, format='jpeg', colour='#008083', placeholder='')" == shown


def test_an_animation() -> None:
    """An animated thumbnail has all frames, in a format that can be animated; another format is refused."""
    body = written(drawn(3), "gif", [50, 60, 70], 0)
    for form in ("keep", "webp"):
        made = thumbnail(body, in_process=True, animated="keep", format=form)
        assert ("webp" if form == "webp" else "gif", [50, 60, 70]) == (made.format, shown(made.data)[1])
    assert 1 == len(shown(thumbnail(body, in_process=True).data)[0])
    with pytest.raises(SettingsError, match="animated is 'keep'; jpeg cannot be animated; add webp to format"):
        thumbnail(body, in_process=True, animated="keep", format="jpeg")


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("kind", ["thumbhash", "blurhash"])
def test_a_placeholder(kind: str, in_process: bool) -> None:
    """A thumbnail has its dominant colour and the placeholder that was asked for."""
    made = thumbnail(picture(), in_process=in_process, placeholder=kind)
    assert (True, True) == (is_colour(made.colour), is_placeholder(made.placeholder, kind))


def test_a_fork_beside_a_thread_that_renders_here() -> None:
    """A forked process makes a thumbnail even if another thread was making one here at that moment."""
    with render_here._one:  # as a thread holds it, of which the child has nothing
        child = os.fork()
        if not child:
            signal.alarm(60)
            os._exit(0 if thumbnail(picture(), in_process=True).width == 100 else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
