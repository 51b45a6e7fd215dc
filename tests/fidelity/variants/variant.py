"""One variant of a format, with what is right: a picture, or a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from thumbrun.outcomes import Reason


@dataclass(frozen=True)
class Variant:
    """One variant of a format.

    Attributes:
        kind: The format of the bytes, by its name in `thumbrun.formats`.
        name: What the variant is, for people. No two variants of a format share a name.
        encode: Returns the bytes of the file.
        draw: Returns the right picture, upright, in sRGB and in full size; None if the file must be refused.
        least: The PSNR in dB that the thumbnail's pixels must have against that picture reduced.
        reason: The reason of the refusal, if the file must be refused.
        says: What the detail of the refusal must contain.
        by: Where the right picture comes from: `formula`, or the names of the independent decoders that agree on it.
    """

    kind: str
    name: str
    encode: Callable[[], bytes]
    draw: Callable[[], Image.Image] | None
    least: float = 40.0
    reason: Reason = Reason.UNREADABLE
    says: str = ""
    by: str = "formula"

    @cached_property
    def body(self) -> bytes:
        """The file, encoded on first use."""
        return self.encode()
