"""One decode makes several thumbnails."""

import io

import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from tests.fidelity.measure import psnr
from tests.photographs import draw
from tests.unit.imaging.encoded import ENCODED
from tests.unit.imaging.samples import PLENTY, running, verdict
from thumbrun.imaging import decode, memory_estimate
from thumbrun.imaging.geometry import fit, largest_first
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Rendered, Request
from thumbrun.imaging.shape import USUAL_SHAPE

FAITHFUL = 45.0  # dB
BOXES = ((400, 400), (160, 90), (100, 100), (30, 30))


def sizes(*boxes: tuple[int, int], memory: int = PLENTY) -> Request:
    """Return a request for thumbnails in several boxes."""
    (width, height), *smaller = boxes
    return Request(width, height, "png", 80, PLENTY, memory, smaller=tuple(smaller))


def opened(data: bytes) -> Image.Image:
    """Return the pixels of a thumbnail."""
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.fixture(scope="module")
def photographs() -> dict[str, bytes]:
    """Return one picture, 1,200 pixels wide, in several formats."""
    picture = draw(1200, 1)
    made = {}
    for format_ in ("JPEG", "PNG", "WEBP", "TIFF"):
        target = io.BytesIO()
        picture.save(target, format_)
        made[format_] = target.getvalue()
    return made


@pytest.mark.parametrize("name", sorted(ENCODED))
def test_every_size_of_every_format(name: str) -> None:
    """Each box gets a thumbnail of the right size, in the order of the boxes, and none is enlarged."""
    found = render(ENCODED[name], sizes(*BOXES, (1, 1)))
    assert isinstance(found, Rendered), found
    expected = [fit(found.source_width, found.source_height, *box) for box in (*BOXES, (1, 1))]
    assert expected == [(picture.width, picture.height) for picture in found.pictures]
    assert expected == [opened(picture.data).size for picture in found.pictures]


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("boxes", [BOXES, ((400, 30), (30, 400)), ((1000, 1000), (300, 300), (100, 100))])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_each_size_is_what_it_is_alone(
    photographs: dict[str, bytes], format_: str, boxes: tuple[tuple[int, int], ...]
) -> None:
    """Each thumbnail is within 45 dB of the one that is made alone."""
    together = render(photographs[format_], sizes(*boxes))
    assert isinstance(together, Rendered), together
    for box, picture in zip(boxes, together.pictures, strict=True):
        alone = render(photographs[format_], sizes(box))
        assert isinstance(alone, Rendered), alone
        assert FAITHFUL <= psnr(opened(alone.data), opened(picture.data)), box


def test_one_decode_makes_all(photographs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The image is decoded once, however many sizes there are."""
    loads = []
    load = JpegImageFile.load

    def counted(image: JpegImageFile) -> object:
        loads.append(image)
        return load(image)

    with decode.open_image("jpeg", io.BytesIO(photographs["JPEG"])) as image:
        monkeypatch.setattr(type(image), "load", counted)
        reduced = decode.reduced(image, BOXES, USUAL_SHAPE, decode.decoder_scale(image, BOXES, USUAL_SHAPE))
    assert (3, 1) == (len(reduced.smaller), len({id(one) for one in loads}))


def test_memory_covers_every_size(photographs: dict[str, bytes]) -> None:
    """The estimate of memory includes the smaller thumbnails."""
    one, all_ = (render(photographs["PNG"], sizes(*boxes, memory=1)) for boxes in (BOXES[:1], BOXES))
    assert isinstance(one, NeedsMemory)
    assert isinstance(all_, NeedsMemory)
    assert all_.bytes - one.bytes == memory_estimate.thumbnails_bytes((1200, 800), BOXES, USUAL_SHAPE) > 0


async def test_workers_make_every_size(photographs: dict[str, bytes]) -> None:
    """A decoding process returns all thumbnails as they were made."""
    async with running() as pool:
        assert render(photographs["JPEG"], sizes(*BOXES)) == await verdict(pool, photographs["JPEG"], sizes(*BOXES))


def test_one_box_keeps_its_digest() -> None:
    """A recipe of one box keeps the digest from before several boxes, and each set of boxes has its own."""
    assert "f22ded976f9f8754" == Recipe().digest()
    digests = {Recipe(400, 400, smaller=smaller).digest() for smaller in ((), ((100, 100),), ((100, 90),))}
    assert 3 == len(digests)


def test_the_order_of_boxes() -> None:
    """Boxes come largest first, in whatever order they are given, and only several boxes have folders."""
    assert ((400, 400), (160, 90), (100, 100)) == largest_first([(100, 100), (160, 90), (400, 400)])
    assert ("",) == Recipe().folders
    assert ("400x400/", "100x100/") == Recipe(400, 400, smaller=((100, 100),)).folders
