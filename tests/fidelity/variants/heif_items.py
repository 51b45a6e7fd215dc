"""What changes the meaning of a HEIC file, and of an AVIF file in the same way: turns, crops, tiles, other items."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from PIL import Image

from tests.fidelity.pictures import scene
from tests.fidelity.variants.heif_encoder import (
    Coded,
    Item,
    Property,
    Reference,
    clap,
    coded,
    grid,
    heif,
    imir,
    irot,
    ispe,
)
from tests.fidelity.variants.variant import Variant
from thumbrun.outcomes import Reason

_SIZE = (240, 160)
_BOX = (41, 21, 200, 139)
_TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
_MIRRORS = {0: Image.Transpose.FLIP_TOP_BOTTOM, 1: Image.Transpose.FLIP_LEFT_RIGHT}
_BOTH: tuple[Reference, ...] = ((b"dimg", 1, (2, 3)),)


@dataclass(frozen=True)
class Family:
    """The files of one codec.

    Attributes:
        kind: `heic` or `avif`.
        item: The kind of its items.
        encode: Returns a file of a picture.
        least: The PSNR in dB that thumbnails must have.
    """

    kind: str
    item: bytes
    encode: Callable[[Image.Image], bytes]
    least: float

    @cached_property
    def coded(self) -> Coded:
        """The scene."""
        return coded(self.encode(plain()))

    @property
    def properties(self) -> list[Property]:
        """The properties of the scene."""
        return list(self.coded.properties.items())

    def one(self, *more: Property, without: tuple[bytes, ...] = ()) -> Item:
        """Return the scene as an item, with more properties or without some."""
        return Item(self.item, self.coded.data, [one for one in self.properties if one[0] not in without] + list(more))

    def tiles(self, *more: Property, size: tuple[int, int] = (480, 160), without: tuple[bytes, ...] = ()) -> Item:
        """Return an item of two tiles side by side."""
        kept = [one for one in self.properties if one[0] in (b"pixi", b"colr")]
        properties = [one for one in (ispe(*size), *kept) if one[0] not in without]
        return Item(b"grid", grid(2, 1, *size), [*properties, *more])

    def file(self, *items: Item, references: tuple[Reference, ...] = (), primary: int = 1) -> bytes:
        """Return a file of items."""
        return heif(self.kind.encode(), list(items), references, primary)

    def right(self, name: str, encode: Callable[[], bytes], draw: Callable[[], Image.Image]) -> Variant:
        """Return a variant that must be drawn."""
        return Variant(self.kind, name, encode, draw, self.least)

    def refused(self, name: str, encode: Callable[[], bytes], says: str, reason: Reason = Reason.UNREADABLE) -> Variant:
        """Return a variant that must be refused, in these words."""
        return Variant(self.kind, name, encode, None, says=says, reason=reason)


def plain() -> Image.Image:
    """Return the scene."""
    return scene(*_SIZE)


def twice() -> Image.Image:
    """Return the scene twice, side by side."""
    picture = Image.new("RGB", (480, 160))
    picture.paste(plain(), (0, 0))
    picture.paste(plain(), (240, 0))
    return picture


def turned(picture: Image.Image, quarters: int, axis: int | None) -> Image.Image:
    """Return a picture turned against the clock, and then mirrored (ISO/IEC 23008-12, 6.5.10 and 6.5.12)."""
    turn = _TURNS[quarters]
    picture = picture.transpose(turn) if turn is not None else picture
    return picture if axis is None else picture.transpose(_MIRRORS[axis])


def shared(family: Family) -> Iterator[Variant]:
    """Yield the variants that both codecs have."""
    for quarters in range(4):
        for axis in (None, 0, 1):
            turn = [irot(quarters)] + ([imir(axis)] if axis is not None else [])
            name = f"irot {quarters}" + (f", imir {axis}" if axis is not None else "")
            encode = partial(lambda turn: family.file(family.one(*turn)), turn)
            yield family.right(name, encode, partial(lambda q, a: turned(plain(), q, a), quarters, axis))
            encode = partial(lambda turn: family.file(family.one(clap(_BOX, _SIZE), *turn)), turn)
            draw = partial(lambda q, a: turned(plain().crop(_BOX), q, a), quarters, axis)
            yield family.right(f"clap, {name}", encode, draw)
            encode = partial(
                lambda turn: family.file(family.tiles(*turn), family.one(), family.one(), references=_BOTH), turn
            )
            draw = partial(lambda q, a: turned(twice(), q, a), quarters, axis)
            yield family.right(f"grid, {name}", encode, draw)
    yield from _items(family)


def _items(family: Family) -> Iterator[Variant]:
    one, two = family.one, (family.one(), family.one())
    box = (40, 20, 400, 140)
    yield family.right(
        "grid, clap",
        lambda: family.file(family.tiles(clap(box, (480, 160))), *two, references=_BOTH),
        lambda: twice().crop(box),
    )
    yield family.right(
        "grid smaller than its tiles",
        lambda: family.file(family.tiles(size=(400, 130)), *two, references=_BOTH),
        lambda: twice().crop((0, 0, 400, 130)),
    )
    gain = Item(b"tmap", bytes(62), [ispe(*_SIZE)])
    yield family.right(
        "a gain map beside it",
        lambda: family.file(one(), gain, one(irot(2)), references=((b"dimg", 2, (1, 3)),)),
        plain,
    )
    half = coded(family.encode(plain().resize((120, 80))))
    small = Item(family.item, half.data, list(half.properties.items()))
    yield family.right("a pyramid's largest picture", lambda: family.file(small, one(), primary=2), plain)
    yield family.right(
        "a thumbnail before it", lambda: family.file(small, one(), references=((b"thmb", 1, (2,)),), primary=2), plain
    )
