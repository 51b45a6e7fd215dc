"""Opens HEIC pictures by pi_heif, and refuses two kinds of files that it would show wrongly or without a reason."""

import pi_heif


class HeicImage(pi_heif.HeifImageFile):  # type: ignore[misc]
    """A HEIC picture with Pillow's interface."""

    def _open(self) -> None:
        super()._open()
        if not self.info.get("primary"):  # pi_heif takes the next picture if libheif cannot read the primary one
            raise ValueError("libheif cannot read the primary picture of the file")
        if not min(self.size):
            raise ValueError("the file does not state the size of its picture (ispe)")
