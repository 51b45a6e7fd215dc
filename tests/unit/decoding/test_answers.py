"""The task accepts what an honest decoding process says about a request, and nothing else."""

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.imaging.samples import photograph, request
from thumbrun.decoding import answers, protocol
from thumbrun.decoding.answers import ImproperAnswerError
from thumbrun.imaging.render import render
from thumbrun.imaging.request import BROKEN_PROFILE, REMARKS, Encoding, NeedsMemory, Refused, Rendered, Request, Took
from thumbrun.imaging.shape import FITS, USUAL_SHAPE, Shape
from thumbrun.outcomes import Reason

ASKED = request(memory=1 << 30, claimed=False)
TO_GIVE = (
    *(Reason.UNSUPPORTED, Reason.NOT_AN_IMAGE, Reason.UNREADABLE, Reason.TRUNCATED),
    *(Reason.TOO_MANY_PIXELS, Reason.OUT_OF_MEMORY),
)
FORMATS = ["jpeg", "png", "gif", "webp", "avif"]


def message(verdict: protocol.Verdict) -> bytes:
    """Return the message that carries a verdict."""
    return b"".join(answers.write(verdict))


@pytest.mark.parametrize("reason", Reason)
def test_only_some_reasons_are_a_decoders_to_give(reason: Reason) -> None:
    """A decoder can refuse an image for six reasons; the others are the task's own."""
    refused = Refused(reason, "why")
    if reason in TO_GIVE:
        assert refused == answers.read(message(refused), ASKED)
    else:
        with pytest.raises(ImproperAnswerError, match="not a decoder's to give"):
            answers.read(message(refused), ASKED)


@pytest.mark.parametrize("reason", [Reason.NOT_AN_IMAGE, Reason.UNSUPPORTED])
def test_what_is_claimed_to_be_an_image_cannot_be_skipped(reason: Reason) -> None:
    """A decoder cannot have an image skipped that is one by its name or content type."""
    with pytest.raises(ImproperAnswerError, match="not a decoder's to give"):
        answers.read(message(Refused(reason, "why")), replace(ASKED, claimed=True))


@pytest.mark.parametrize(("needed", "proper"), [(0, False), (1 << 30, False), ((1 << 30) + 1, True), (1 << 70, True)])
def test_only_more_memory_is_a_demand(needed: int, proper: bool) -> None:
    """A decoder can ask only for more than it had; what no machine has reads back as an amount that none has."""
    if proper:
        assert NeedsMemory(min(needed, 1 << 50)) == answers.read(message(NeedsMemory(needed)), ASKED)
    else:
        with pytest.raises(ImproperAnswerError, match="out of bounds"):
            answers.read(message(NeedsMemory(needed)), ASKED)


DAYS = 2**40 / 1e6  # the longest that any image is said to take, in seconds


@pytest.mark.parametrize(
    "verdict", [Refused(Reason.UNREADABLE, "why"), NeedsMemory(1 << 40), render(photograph(40), ASKED)], ids=type
)
@pytest.mark.parametrize(
    ("took", "expected"),
    [
        (Took(), Took()),
        (Took(0.0123456, 0.5), Took(0.012346, 0.5)),
        (Took(-1.0, 1e300), Took(0.0, DAYS)),
    ],
)
def test_the_times_come_back(verdict: protocol.Verdict, took: Took, expected: Took) -> None:
    """Whatever the verdict is, it tells what the image took, to the microsecond, and within bounds."""
    assert expected == answers.read(message(replace(verdict, took=took)), ASKED).took


@pytest.mark.parametrize("boxes", [[(100, 100)], [(400, 300), (100, 1), (1, 1)]], ids=["one box", "three boxes"])
@pytest.mark.parametrize("size", [(1, 1), (150, 100), (3, 1000)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("output_format", FORMATS)
def test_thumbnails_come_back(
    output_format: str, mode: str, size: tuple[int, int], boxes: list[tuple[int, int]]
) -> None:
    """An honest thumbnail of any format, size and number passes, even of noise at the highest quality."""
    noise = Image.merge(mode, [Image.effect_noise(size, 255) for _ in mode])
    source = io.BytesIO()
    noise.save(source, "PNG")
    (width, height), *smaller = boxes
    asked = replace(ASKED, width=width, height=height, smaller=tuple(smaller), output_format=output_format, quality=100)
    rendered = render(source.getvalue(), asked)
    assert isinstance(rendered, Rendered)
    assert rendered == answers.read(message(rendered), asked)
    assert len(message(rendered)) <= answers.longest(asked)


@pytest.mark.parametrize("lengths", [[5], [-1], [1], [1, 3], [], [0]])
def test_lengths_that_are_wrong_are_an_error(lengths: list[int]) -> None:
    """The task refuses lengths that do not match the data, and another number of thumbnails than it asked for."""
    header = {"took": [0, 0], "source": [1, 1, "jpeg"], "pictures": [[1, 1, length] for length in lengths]}
    with pytest.raises(ImproperAnswerError):
        answers.read(b"".join(protocol.frame(header, b"xxx")), ASKED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["took", "source", "pictures", "needs", "reason", "detail", "ready", "colour", "placeholder", "x"]
MEMBERS = st.dictionaries(st.sampled_from(NAMES), JSON)
TIMED = MEMBERS.map(lambda members: members | {"took": [3, 4]})


@given(TIMED | MEMBERS | JSON, st.binary(max_size=20))
def test_any_other_header_is_an_error(header: object, data: bytes) -> None:
    """Whatever the header is, the task gets a verdict that it can use or the one error."""
    text = json.dumps(header).encode()
    framed = protocol.PREFIX.pack(len(text), len(data)) + text + data
    try:
        found = answers.read(framed, ASKED)
    except ImproperAnswerError:
        return
    assert isinstance(found, Refused) or (isinstance(found, NeedsMemory) and found.bytes > ASKED.memory)


@given(st.binary(max_size=200))
def test_garbage_is_an_error(text: bytes) -> None:
    """The task refuses any garbage from a process that an attacker controls, and never runs it."""
    with pytest.raises(ImproperAnswerError):
        answers.read(protocol.PREFIX.pack(len(text), 0) + text, ASKED)


@given(st.integers(0, 400), st.integers(1, 255))
def test_changed_thumbnails_are_an_image_or_an_error(at: int, flip: int) -> None:
    """A thumbnail with a changed header passes only if it still states the format and size that it must have."""
    asked: Request = request(width=20, height=20)
    rendered = render(photograph(40), asked)
    assert isinstance(rendered, Rendered)
    data = bytearray(rendered.data)
    data[at % len(data)] ^= flip
    try:
        found = answers.read(message(replace(rendered, data=bytes(data))), asked)
    except ImproperAnswerError:
        return
    assert isinstance(found, Rendered)
    assert (20, 20) == (found.width, found.height)


def test_a_bracket_in_a_detail_is_no_depth() -> None:
    """The detail of a refusal can hold brackets and quotes, for it often repeats what a library said."""
    refused = Refused(Reason.UNREADABLE, 'png: "[[[[{\\"')
    assert refused == answers.read(message(refused), ASKED)


@pytest.mark.parametrize("confined", [True, False])
def test_the_first_message_tells_whether_it_is_confined(confined: bool) -> None:
    """The first message reads back, and any other is an error."""
    assert confined is answers.read_ready(b"".join(answers.write_ready(confined)))
    with pytest.raises(ImproperAnswerError):
        answers.read_ready(b"".join(protocol.frame({"ready": True, "confined": 1})))


HASHED = replace(ASKED, placeholder="thumbhash")
HASH = "thumbhash:XggOJZpwd3dheId3eHiIiJLgC/h3"


@pytest.mark.parametrize("kind", ["thumbhash", "blurhash", ""])
@pytest.mark.parametrize("colour", ["#3a6ea5", ""])
def test_the_looks_come_back(kind: str, colour: str) -> None:
    """The dominant colour, if there is one, and the placeholder that was requested come back."""
    asked = replace(ASKED, placeholder=kind)
    rendered = render(photograph(40), asked)
    assert isinstance(rendered, Rendered)
    assert bool(kind) == bool(rendered.placeholder)
    told = replace(rendered, colour=colour)
    assert told == answers.read(message(told), asked)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("colour", value) for value in ("", "#3A6EA5", "#3a6ea5\n", "red", "#3a6ea5;}", 7, None, ["#3a6ea5"], True)),
        *(("placeholder", value) for value in ("", f"{HASH}\n", f"{HASH}<b>", HASH[10:], 7, None, [HASH])),
        ("placeholder", "blurhash:L%HV9m2S$6Shhkavjwf5gZfNfTfO"),
        ("placeholder", "thumbhash:" + "A" * 4000),
    ],
)
def test_other_looks_are_an_error(name: str, value: object) -> None:
    """A decoder can put no other text in the place of a colour or of a placeholder, nor one of another kind."""
    rendered = render(photograph(40), HASHED)
    assert isinstance(rendered, Rendered)
    header, data = protocol.parts(bytearray(message(rendered)))
    said = b"".join(protocol.frame(json.loads(bytes(header)) | {name: value}, bytes(data)))
    with pytest.raises(ImproperAnswerError, match=name):
        answers.read(said, HASHED)


def test_a_placeholder_is_there_if_it_is_requested() -> None:
    """An answer with a placeholder that nobody asked for is an error, and so is one that lacks it."""
    with_one, without = (message(verdict) for asked in (HASHED, ASKED) if (verdict := render(photograph(40), asked)))
    for said, asked in ((with_one, ASKED), (without, HASHED)):
        with pytest.raises(ImproperAnswerError, match="placeholder"):
            answers.read(said, asked)


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2, 3, -1, "0", True, None])
def test_a_remark_is_one_of_a_closed_list(place: object, animated: bool) -> None:
    """A decoder can remark what the list holds, on frames only where they are asked for, and nothing else."""
    asked = replace(ASKED, animated=animated, further=(Encoding("webp", 80),))
    target = io.BytesIO()
    Image.new("RGB", (60, 40)).save(target, "PNG", icc_profile=b"broken")
    rendered = render(target.getvalue(), asked)
    assert isinstance(rendered, Rendered)
    assert BROKEN_PROFILE == rendered.remark
    header, data = protocol.parts(bytearray(message(rendered)))
    said = b"".join(protocol.frame(json.loads(bytes(header)) | {"remark": place}, bytes(data)))
    if type(place) is int and 0 <= place < (len(REMARKS) if animated else 1):
        assert replace(rendered, remark=REMARKS[place]) == answers.read(said, asked)
    else:
        with pytest.raises(ImproperAnswerError):
            answers.read(said, asked)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        *((Shape(fit), (60, 20)) for fit in FITS),
        (Shape("cover", "attention"), (20, 60)),
        (Shape("inside", enlarge=True), (0, 200)),
        (USUAL_SHAPE, (30, 0)),
    ],
    ids=lambda value: value.fit if isinstance(value, Shape) else str(value),
)
def test_each_shape_has_its_size(shape: Shape, box: tuple[int, int]) -> None:
    """A thumbnail has the size that its shape gives, and an answer with any other size is an error."""
    asked = Request(*box, "png", 80, 1 << 40, 1 << 40, shape=shape)
    body = photograph(90)
    verdict = render(body, asked)
    assert isinstance(verdict, Rendered)
    assert shape.placement(90, 90, box).size == (verdict.width, verdict.height)
    assert verdict == answers.read(message(verdict), asked)
    assert asked == protocol.asked(json.loads(protocol.ask(asked, body)[1]))[0]
    other = render(body, replace(asked, width=25, height=25))
    assert isinstance(other, Rendered)
    with pytest.raises(ImproperAnswerError, match="a thumbnail does not have"):
        answers.read(message(other), asked)
