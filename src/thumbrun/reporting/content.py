"""The content of the contact sheet: the details of a run, and a cell for each image. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from thumbrun.outcomes import Reason, Status, Tally


@dataclass(frozen=True, slots=True)
class RunDetails:
    """The details of a run beside its images; the page leaves out details that are empty or None.

    Attributes:
        source: The location of the images.
        thumbnails: The location of the thumbnails.
        tasks: The number of tasks.
        seconds: The time that the run took, in seconds.
        started: The time when the run started, in words.
        recipe: The recipe, in words.
        tally: The counts of the whole run, if the cells are only a part of it.
        more: Other details, each as a word and its value.
    """

    source: str = ""
    thumbnails: str = ""
    tasks: int | None = None
    seconds: float | None = None
    started: str = ""
    recipe: str = ""
    tally: Tally | None = None
    more: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One image of the sheet.

    Attributes:
        source: The path of the image below the source.
        output: The name of the thumbnail.
        status: The status of the outcome.
        reason: The reason of the outcome, unless it is done.
        detail: A line for people, or empty.
        note: A note for people on what the image shows or tests, or empty.
        width: The width of the thumbnail, in pixels; 0 if unknown.
        height: The height of the thumbnail, in pixels; 0 if unknown.
        source_bytes: The size of the image, in bytes.
        output_bytes: The size of the thumbnail, in bytes; if 0, the length of `thumbnail` counts.
        thumbnail: The bytes of the thumbnail, or None.
        media_type: The media type of the thumbnail.
    """

    source: str
    output: str
    status: Status
    reason: Reason | None = None
    detail: str = ""
    note: str = ""
    width: int = 0
    height: int = 0
    source_bytes: int = 0
    output_bytes: int = 0
    thumbnail: bytes | None = None
    media_type: str = "image/jpeg"

    @property
    def written(self) -> int:
        """The size of the thumbnail, in bytes."""
        return self.output_bytes or len(self.thumbnail or b"")
