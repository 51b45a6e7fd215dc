"""The first picture of a GIF is found."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.imaging.partial.pictures import animated, declared, fetched, psnr
from thumbrun.imaging.render import thumbnail_pixels


def test_the_first_of_many_pictures() -> None:
    """Little more than one of twenty pictures is read, and it is the one that the whole file shows."""
    body = animated(20)
    part, read = fetched(body)
    assert part is not None
    assert read <= 0.15 * len(body)
    assert psnr(thumbnail_pixels(body, 100, 100), thumbnail_pixels(part, 100, 100)) == 99
    assert (300, 200) == declared(body)


def test_a_picture_alone_is_needed_whole() -> None:
    """A GIF of one picture is needed whole."""
    assert None is fetched(animated(1))[0]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_hostile_bytes(data: st.DataObject) -> None:
    """Hostile bytes get an answer after few steps, within the object."""
    body = bytearray(animated(3, 90))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            body[at] = data.draw(st.integers(0, 255))
        else:
            body[at:at] = data.draw(st.binary(max_size=30)) * data.draw(st.integers(1, 300))
    part, read = fetched(bytes(body), first=500)
    assert read <= len(body)
    assert part is None or body.startswith(part[:-1])


def test_a_million_tiny_blocks_take_no_time() -> None:
    """A file of blocks of one byte is given up soon, and needed whole."""
    head = animated(2)[:13]
    assert None is fetched(head[:10] + b"\0\0\0" + b"\x21\xfe" + b"\x01x" * (1 << 21))[0]
