"""Opens TIFF: Pillow draws what it surely draws right, thumbrun the other kinds that it reads (see `layout`)."""

from functools import cached_property
from typing import Any, Literal

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

from thumbrun.imaging.colours import icc
from thumbrun.imaging.tiff import pieces, samples
from thumbrun.imaging.tiff.layout import Layout, Way
from thumbrun.imaging.tiff.rules import layout_of

_CONVERTED = 16 << 20  # bytes at most that applying a profile takes beside a band: it builds tables
# Samples whose scale depends on all of them are decompressed twice if they take more bytes than this.
_KEPT = 32 << 20
_SIZE = (256, 257)
_FULL_SIZE = (33300, 33301)  # PIXAR_IMAGEFULLWIDTH, PIXAR_IMAGEFULLLENGTH
_BIG_HIGHEST_FIRST, _BIG_HEAD = b"MM\0+", 16  # the beginning of such a BigTIFF, and the bytes of its header


class TiffImage(TiffImagePlugin.TiffImageFile):
    """A TIFF's first page with Pillow's interface."""

    _layout: Layout | None = None
    _head = b""

    @property
    def full_size(self) -> tuple[int, int] | None:
        """The stored size of the picture of which this one is a smaller version; None if the file does not tell.

        `partial.tiff` writes it into the files that it makes.
        """
        across, down, width, height = (self.tag_v2.get(tag, 0) for tag in (*_SIZE, *_FULL_SIZE))
        if not isinstance(width, int) or not isinstance(height, int) or width <= across or height <= down:
            return None
        is_same = abs(across * height - down * width) <= 2 * max(width, height)
        return (width, height) if is_same else None

    @property
    def beside(self) -> int | None:
        """The bytes that decoding takes beside the picture, the file excluded; None if Pillow decodes it."""
        if self._layout is None:
            return None
        assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
        at = self.fp.tell()
        size = self.fp.seek(0, 2)
        self.fp.seek(at)
        converted = _CONVERTED if samples.inks_have_alpha(self._layout) else 0
        kept = min(_KEPT, _samples_bytes(self._layout)) if samples.needs_extremes(self._layout) else 0
        return pieces.peak_bytes(self._layout, size) + converted + kept

    def _open(self) -> None:
        """Read the header and the tags of the first page.

        Raises:
            UnreadTiffError: Nobody surely understands the page.
            Exception: The file is broken.
        """
        assert self.fp is not None  # noqa: S101  (it has just been opened)
        self._head = self.fp.read(_BIG_HEAD)
        self.fp.seek(0)
        super()._open()

    @property
    def tag_v2(self) -> TiffImagePlugin.ImageFileDirectory_v2:
        """The tags of the page. Pillow sets and reads them here."""
        return self._tags

    @tag_v2.setter
    def tag_v2(self, tags: TiffImagePlugin.ImageFileDirectory_v2) -> None:
        if self._is_big_highest_first:  # Pillow takes it for classic TIFF, unless told the order apart
            tags = TiffImagePlugin.ImageFileDirectory_v2(b"II+\0" + self._head[4:], prefix=TiffImagePlugin.MM)
        self._tags = tags

    def getexif(self) -> Image.Exif:
        """Return the EXIF block; of a BigTIFF that Pillow does not understand, only the orientation."""
        return self._orientation if self._is_big_highest_first else super().getexif()

    @cached_property
    def _orientation(self) -> Image.Exif:
        exif = Image.Exif()
        if (value := self.tag_v2.get(ExifTags.Base.Orientation)) is not None:
            exif[ExifTags.Base.Orientation] = value
        return exif

    @property
    def _is_big_highest_first(self) -> bool:
        return self._head.startswith(_BIG_HIGHEST_FIRST)

    def _setup(self) -> None:
        """Decide who draws the picture. Pillow calls this with the tags read.

        Raises:
            UnreadTiffError: Nobody surely understands it.
        """
        self.info.pop("xmp", None)  # else Pillow turns a picture by an orientation in XMP
        order: Literal["<", ">"] = "<" if self.tag_v2.prefix == TiffImagePlugin.II else ">"
        layout = layout_of(self.tag_v2, order)
        if layout.way is Way.PILLOW:
            super()._setup()
        else:
            self._setup_samples(layout)
        if not isinstance(self.info.get("icc_profile", b""), bytes):
            del self.info["icc_profile"]  # the tag holds numbers

    def _setup_samples(self, layout: Layout) -> None:
        """Announce the picture as thumbrun will draw it."""
        self._layout = layout
        self._tile_size = layout.width, layout.height
        turned = self.tag_v2.get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        self._size = self._tile_size[::-1] if turned else self._tile_size
        self._mode = layout.mode
        self.use_load_libtiff = False
        self.tile = [ImageFile._Tile("thumbrun", (0, 0, *self._tile_size), 0)]  # noqa: SLF001
        self.palette = None
        if TiffImagePlugin.ICCPROFILE in self.tag_v2:
            self.info["icc_profile"] = self.tag_v2[TiffImagePlugin.ICCPROFILE]

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            Exception: The picture is broken; decoders raise exceptions of any kind.
        """
        if self._layout is None or not self.tile:
            return super().load()
        self.im = self._drawn(self._layout).im
        self.tile = []
        self.readonly = 0
        self.load_end()
        return Image.Image.load(self)

    def _drawn(self, layout: Layout) -> Image.Image:
        assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
        parts = pieces.parts(self.fp, layout)
        low, high = np.inf, -np.inf
        if samples.needs_extremes(layout):
            keeps = _samples_bytes(layout) <= _KEPT
            kept = []
            for part in parts:
                colours = part.samples[..., : layout.colours]
                low = min(low, float(np.fmin.reduce(colours, axis=None)))
                high = max(high, float(np.fmax.reduce(colours, axis=None)))
                if keeps:
                    kept.append(part)
            parts = iter(kept) if keeps else pieces.parts(self.fp, layout)
        black, white = samples.scale(layout, low, high)
        profile = self.info.pop("icc_profile", None) if samples.inks_have_alpha(layout) else None
        drawn = Image.new(layout.mode, (layout.width, layout.height))
        for part in parts:
            band = _band(samples.pixels(part.samples, layout, black, white), layout, profile)
            drawn.paste(band, (part.left, part.top))
        return drawn


def _samples_bytes(layout: Layout) -> int:
    """Return the bytes of all samples as thumbrun holds them, those of padded tiles included."""
    pixels = layout.across * layout.piece[0] * layout.down * layout.piece[1]
    return pixels * layout.samples * max(1, layout.bits // 8)


def _band(pixels: samples.Bytes, layout: Layout, profile: bytes | None) -> Image.Image:
    """Return pixels as a picture in the layout's mode. CMYK with alpha becomes RGB, by the profile if there is one."""
    size = pixels.shape[1], pixels.shape[0]
    if samples.inks_have_alpha(layout):
        colours = Image.frombytes("CMYK", size, np.ascontiguousarray(pixels[..., :-1]).tobytes())
        shown = icc.to_srgb(colours, profile)
        shown.putalpha(Image.frombytes("L", size, np.ascontiguousarray(pixels[..., -1]).tobytes()))
        return shown
    return Image.frombytes(layout.mode, size, np.ascontiguousarray(pixels).tobytes())
