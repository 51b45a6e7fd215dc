"""Animations become animated thumbnails: the same frames for the same times, within bounds."""

import io
import math
from bisect import bisect
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from tests.unit.imaging.animations import SIZE, drawn, gif, independent, shown, webp, written
from tests.unit.imaging.samples import request, running, verdict
from thumbrun.decoding import answers
from thumbrun.imaging.animation.animation import MOST_FRAMES, MOST_MADE, MOST_READ, Disposal
from thumbrun.imaging.render import render
from thumbrun.imaging.request import (
    TOO_MANY_FRAMES,
    TOO_MUCH_OF_FRAMES,
    Encoding,
    NeedsMemory,
    Refused,
    Rendered,
    Request,
)
from thumbrun.outcomes import Reason

TIMES = [50, 20, 300, 70, 110, 40]
# A source and the format of its thumbnail.
WAYS = [("gif", "gif"), ("gif", "webp"), ("webp", "webp"), ("png", "webp")]


def asked(form: str = "webp", **changes: Any) -> Request:
    """Return a request for animated thumbnails."""
    return replace(request(), output_format=form, quality=95, animated=True, **changes)


def rendered(body: bytes, wanted: Request) -> Rendered:
    """Return the thumbnails of an image, which pass as an answer of a decoding process, too."""
    found = render(body, wanted)
    assert isinstance(found, Rendered), found
    message = b"".join(answers.write(found))
    assert len(message) <= answers.longest(wanted)
    assert found == answers.read(message, wanted)
    return found


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures are alike on a coloured ground, as PSNR in dB."""
    ground = Image.new("RGBA", one.size, (90, 120, 30, 255))
    pair = [Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB") for picture in (one, other)]
    stat = ImageStat.Stat(ImageChops.difference(*pair))
    error = sum(stat.sum2) / sum(stat.count)
    return 10 * math.log10(255**2 / error) if error else math.inf


def reduced(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture in another size, by Pillow's Lanczos over every pixel."""
    return picture.convert("RGBA").convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def check(body: bytes, found: Rendered, least: float = 30.0) -> None:
    """Check that a thumbnail shows the frames of an animation, as others show them, for the same times."""
    expected, times = independent(body), shown(body)[1]
    made, made_times, _ = shown(found.data)
    assert sum(times) == sum(made_times)
    starts = [sum(made_times[:number]) for number in range(len(made))]
    assert {sum(times[:number]) for number in range(len(times))} >= set(starts)
    if len(made) < len(expected):  # WebP's encoder shows a frame longer in place of the next one, if both are alike
        assert found.data.startswith(b"RIFF")
        made = [made[bisect(starts, sum(times[:number])) - 1] for number in range(len(times))]
    assert (found.source_width, found.source_height) == expected[0].size
    assert min(map(likeness, made, [reduced(frame, made[0].size) for frame in expected])) >= least


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize(("name", "form"), WAYS)
def test_every_frame_is_shown_for_its_time(name: str, form: str, transparent: bool) -> None:
    """Frames, times and loops are kept, from each format to each."""
    options = {"disposal": 2} if name == "gif" and transparent else {}
    body = written(drawn(6, transparent=transparent), name, TIMES, 3, **options)
    found = rendered(body, asked(form))
    assert (100, 67) == (found.width, found.height)
    check(body, found)
    with Image.open(io.BytesIO(found.data)) as image:
        assert (4 if (name, form) == ("gif", "webp") else 3) == image.info["loop"]  # GIF does not count the first time


@pytest.mark.parametrize(("name", "form"), WAYS)
@pytest.mark.parametrize("loop", [None, 0])
def test_loops_without_number_and_without_end(name: str, form: str, loop: int | None) -> None:
    """An animation without an end has none, and a GIF that says nothing of loops is shown once."""
    body = written(drawn(3), name, TIMES[:3], 7)
    body = body.replace(
        b"NETSCAPE2.0\x03\x01\x07", b"NETSCAPE2.0\x03\x01\0" if loop == 0 else b"NETSCAPE1.0\x03\x01\x07"
    )
    _, _, made = shown(rendered(body, asked(form)).data)
    if name != "gif":
        assert 7 == made
    elif form == "gif":
        assert loop == made
    else:
        assert (0 if loop == 0 else 1) == made


# Boxes in which a picture is made smaller, and in which it stays as it is.
BOXES = [{}, {"width": SIZE[0], "height": SIZE[1]}, {"width": 500, "height": 500}]


@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_disposals_of_a_gif(disposal: int, box: dict[str, int]) -> None:
    """Each disposal of a GIF's frame shows what FFmpeg shows, in its own size too."""
    body = written(drawn(4, transparent=disposal > 1), "gif", TIMES[:4], 0, disposal=disposal)
    check(body, rendered(body, asked("gif", **box)))
    check(body, rendered(body, asked("webp", **box)))


@pytest.mark.parametrize("box", BOXES[:2], ids=str)
@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("disposal", [0, 1, 2])
def test_disposals_and_blending_of_a_png(disposal: int, blend: int, box: dict[str, int]) -> None:
    """Each disposal and each blending of a PNG's frame shows what FFmpeg shows, in its own size too."""
    frames = drawn(4, transparent=True)
    body = written(frames, "png", TIMES[:4], 0, disposal=disposal, blend=blend)
    check(body, rendered(body, asked("webp", **box)))


@pytest.mark.parametrize("box", BOXES[:2], ids=str)
@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("disposal", [Disposal.KEEP, Disposal.CLEAR])
def test_disposals_and_blending_of_a_webp(disposal: Disposal, is_over: bool, box: dict[str, int]) -> None:
    """Each disposal and blending of a WebP's frame shows what libwebp's decoder of animations shows, unscaled too."""
    still, *moving = drawn(4, transparent=True)
    half = [frame.crop((40, 20, 160, 120)) for frame in moving]
    for number, frame in enumerate(half):
        frame.putalpha(frame.getchannel("A").point(lambda alpha: alpha // 2))
        assert frame.getchannel("A").getextrema() == (0, 127), number
    frames = [(drawn(9)[6], 0, 0, Disposal.KEEP, False), (still, 0, 0, disposal, is_over)]
    frames += [(frame, 20 * number, 10 * number, disposal, is_over) for number, frame in enumerate(half)]
    body = webp(SIZE, frames)
    check(body, rendered(body, asked("webp", **box)))


def test_grey_and_deep_frames_of_a_png() -> None:
    """Frames of grey, of 16 bits and of palettes are kept, too."""
    for frames in (
        [frame.convert("L") for frame in drawn(3)],
        [frame.convert("LA") for frame in drawn(3, transparent=True)],
        [frame.convert("RGB").quantize(32) for frame in drawn(3)],
    ):
        body = written(frames, "png", TIMES[:3], 0)
        check(body, rendered(body, asked()))


def test_it_is_upright_and_in_true_colours() -> None:
    """Orientation and colour profile hold for every frame, as for a still picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = drawn(3)
    for name in ("webp", "png"):
        body = written(frames, name, TIMES[:3], 0, exif=exif.tobytes(), icc_profile=profile)
        found = rendered(body, asked())
        assert (SIZE[1], SIZE[0], 67, 100) == (found.source_width, found.source_height, found.width, found.height)
        made, _, _ = shown(found.data)
        turned = [reduced(frame.transpose(Image.Transpose.ROTATE_270), (67, 100)) for frame in frames]
        assert min(map(likeness, made, turned)) >= 30


def test_several_sizes_and_formats() -> None:
    """Sizes and formats come from one decode; a format that cannot be animated shows the first frame."""
    body = written(drawn(6), "gif", TIMES, 0)
    wanted = asked(
        "webp", smaller=((40, 40),), further=(Encoding("jpeg", 80), Encoding("gif", 80)), placeholder="thumbhash"
    )
    found = rendered(body, wanted)
    kinds = [(picture.width, len(shown(picture.data)[0])) for picture in found.pictures]
    assert [(100, 6), (100, 1), (100, 6), (40, 6), (40, 1), (40, 6)] == kinds
    still = rendered(body, replace(wanted, animated=False))
    assert (still.colour, found.source_width) == (found.colour, still.source_width)


@pytest.mark.parametrize("name", ["gif", "webp", "png"])
def test_the_default_is_the_first_frame(name: str) -> None:
    """Unless it is asked for, nothing moves, and a still picture is the same in both ways."""
    body = written(drawn(6), name, TIMES, 0)
    assert 1 == len(shown(rendered(body, replace(asked(), animated=False)).data)[0])
    target = io.BytesIO()
    drawn(1)[0].save(target, name.upper())
    assert rendered(target.getvalue(), asked()) == rendered(target.getvalue(), replace(asked(), animated=False))
    assert rendered(body, asked("jpeg")) == rendered(body, replace(asked("jpeg"), animated=False))


@pytest.mark.parametrize(
    ("count", "remark"), [(MOST_FRAMES, ""), (MOST_FRAMES + 1, TOO_MANY_FRAMES), (10_000, TOO_MANY_FRAMES)]
)
def test_the_number_of_frames_is_bounded(count: int, remark: str) -> None:
    """Of more than 500 frames only the first one is shown, and the remark says so."""
    body = gif((8, 8), [(number % 4, 0, 4, 4) for number in range(count)], hundredths=0)
    found = rendered(body, asked("gif"))
    assert remark == found.remark
    made, times, _ = shown(found.data)
    assert ([0] * count if not remark else [0]) == times
    assert (count if not remark else 1) == len(made)


def test_the_pixels_of_all_frames_are_bounded() -> None:
    """If the frames have too many pixels together, in the image or in its thumbnails, only the first one is shown."""
    body = gif((100, 100), [(0, 0, 100, 100)] * 10)
    assert "" == rendered(body, asked(max_pixels=100_000)).remark
    assert TOO_MUCH_OF_FRAMES == rendered(body, asked(max_pixels=99_999)).remark
    large = gif((2000, 2000), [(0, 0, 4, 4)] * (MOST_READ // 4_000_000 + 1))
    assert TOO_MUCH_OF_FRAMES == rendered(large, asked()).remark
    long = gif((400, 300), [(0, 0, 4, 4)] * (MOST_MADE // 120_000 + 1))
    assert TOO_MUCH_OF_FRAMES == rendered(long, asked("gif", width=400, height=400)).remark
    assert "" == rendered(long, asked("gif", width=40, height=40)).remark


def test_frames_beyond_the_canvas() -> None:
    """A GIF's frame beyond its canvas draws nothing there and takes no memory; only the first one makes room."""
    body = gif((10, 8), [(0, 0, 10, 8), (65_000, 65_000, 1, 1), (9, 7, 200, 1), (3, 3, 2, 2)])
    found = rendered(body, asked("gif", memory=20 << 20))
    assert (10, 8, 4) == (found.width, found.height, len(shown(found.data)[0]))
    assert (20, 8) == fit_of(rendered(gif((10, 8), [(10, 0, 10, 8), (0, 0, 1, 1)]), asked("gif")))
    outside = webp((20, 20), [(drawn(1)[0].crop((0, 0, 20, 20)), left, 0, Disposal.KEEP, True) for left in (0, 2)])
    refused = render(outside, asked())
    assert isinstance(refused, Refused)
    assert Reason.UNREADABLE is refused.reason


def fit_of(found: Rendered) -> tuple[int, int]:
    """Return the size of a thumbnail."""
    return found.width, found.height


async def test_the_time_limit_holds_for_all_frames() -> None:
    """An animation whose frames take longer together than an image may take is given up."""
    body = gif((500, 500), [(number % 2, 0, 499, 500) for number in range(MOST_FRAMES)])
    async with running(1, limit=0.02) as pool:
        found = await verdict(pool, body, asked())
    assert isinstance(found, Refused)
    assert Reason.TIMEOUT is found.reason


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["gif", "webp", "png"])
def test_an_animation_that_is_cut_short(name: str, share: float) -> None:
    """An animation without its end is truncated, as a still picture is."""
    body = written(drawn(6), name, TIMES, 0)
    found = render(body[: int(len(body) * share)], asked())
    assert isinstance(found, Refused)
    assert Reason.TRUNCATED is found.reason


@pytest.mark.parametrize("name", ["gif", "webp", "png"])
def test_every_cut_and_flip_has_a_verdict(name: str) -> None:
    """Whatever the bytes are, there is a verdict."""
    body = written(drawn(3, (40, 30)), name, TIMES[:3], 0)
    for at in range(0, len(body), 7):
        changed = bytearray(body)
        changed[at] ^= 0x5A
        for mutant in (bytes(changed), body[:at]):
            assert isinstance(render(mutant, asked(max_pixels=10**7, memory=1 << 28)), Rendered | Refused | NeedsMemory)


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", ["gif", "webp", "png"])
async def test_a_large_canvas_stays_within_its_estimate(name: str) -> None:
    """In a decoding process with the memory that it asks for, and no more, a large animation is rendered."""
    size = (3000, 2000)
    colour = Image.new("RGB", size, "#c80a14")
    if name == "gif":
        body = gif(size, [(0, 0, *size), (1, 0, 2000, 2000), (2, 2, 2000, 1000)])
    elif name == "webp":
        body = webp(
            size, [(colour, 0, 0, Disposal.KEEP, True), (colour.crop((0, 0, 100, 100)), 50, 50, Disposal.KEEP, True)]
        )
    else:
        body = written([colour, Image.new("RGB", size, "navy")], name, TIMES[:2], 0)
    needs = render(body, asked(memory=1 << 20))
    assert isinstance(needs, NeedsMemory)
    async with running(1, memory=needs.bytes) as pool:
        found = await verdict(pool, body, asked(memory=needs.bytes))
    assert isinstance(found, Rendered), found
    assert (100, 67) == fit_of(found)
