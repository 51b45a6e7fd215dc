"""Decompression bombs: small files, all made here, that declare or decode to far more data."""

from tests.faults.images.bombs import boxes, gif, jpeg, others, png, tiff, webp
from tests.faults.images.bombs.bomb import Bomb

BOMBS: dict[str, Bomb] = png.BOMBS | gif.BOMBS | jpeg.BOMBS | tiff.BOMBS | webp.BOMBS | boxes.BOMBS | others.BOMBS
