"""Decodes the first picture of a GIF. Where it does not cover the screen, the screen is transparent."""

from typing import Any

from PIL import GifImagePlugin, Image


class GifImage(GifImagePlugin.GifImageFile):
    """A GIF with Pillow's interface."""

    @property
    def is_partial(self) -> bool:
        """Whether the first picture covers a part of the screen only; known until it is loaded."""
        return bool(self.tile) and tuple(self.tile[0].extents or ()) != (0, 0, *self.size)

    def load(self) -> Any:
        """Decode the first picture.

        Raises:
            Exception: The picture is broken.
        """
        part = self.tile[0].extents if self.is_partial else None
        loaded = super().load()
        if part is None:
            return loaded
        box = part[0], part[1], part[2], part[3]
        visible = Image.Image.crop(self, box).convert("RGBA")  # GIF89a, 23: a colour can be transparent in it, too
        screen = Image.new("RGBA", self.size)
        screen.paste(visible, box)
        self._im, self._mode, self.palette = screen.im, "RGBA", None
        self.info.pop("transparency", None)
        return super().load()
