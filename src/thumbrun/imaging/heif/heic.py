"""Opens HEIC pictures by pi_heif. It refuses what that would show wrongly, and finds a size that is not stated."""

import contextlib
import struct
from typing import IO

import pi_heif

from thumbrun.imaging import headers
from thumbrun.imaging.heif import hevc, properties

_GRID_HEAD = 12  # bytes up to the end of a grid's size, if its fields are wide


class HeicImage(pi_heif.HeifImageFile):  # type: ignore[misc]
    """A HEIC picture with Pillow's interface."""

    def _open(self) -> None:
        super()._open()
        if not self.info.get("primary"):  # pi_heif takes the next picture if libheif cannot read the primary one
            raise ValueError("libheif cannot read the primary picture of the file")
        if not min(self.size):
            self._size = _coded_size(self.fp)  # what decoding takes must be known before


def _coded_size(source: IO[bytes]) -> tuple[int, int]:
    """Return the size of the primary picture by its stream, or of a grid by its own header, in pixels.

    libheif decodes pictures whose size the file does not state (ispe), and finds the size while it does so. The size
    of an overlay is not looked for.

    Raises:
        ValueError: The file does not tell.
    """
    with contextlib.suppress(struct.error, LookupError, EOFError):
        kind = properties.kind_of_primary(source)
        if kind == b"grid":
            return _grid_size(properties.first_bytes(source, _GRID_HEAD, derived=False))
        if kind != b"iovl":
            return hevc.size(dict(properties.of_primary(source, derived=True))[b"hvcC"])
    raise ValueError("the file does not state the size of its picture (ispe)")


def _grid_size(head: bytes) -> tuple[int, int]:
    """Read the size of a picture of tiles (ISO/IEC 23008-12, 6.6.2.3.2)."""
    return headers.unpacked(">II" if head[1] & 1 else ">HH", head, 4)
