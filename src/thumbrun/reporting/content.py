"""What the contact sheet is told: facts of a run, and a cell for each image. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from thumbrun.outcomes import Reason, Status, Tally


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What is known of a run beyond its images; what is empty or None is left out.

    Attributes:
        source: Where the images lie.
        thumbnails: Where the thumbnails lie.
        tasks: How many worked.
        seconds: How long it took.
        started: When, in words.
        recipe: What was made, in words.
        tally: The counts of the whole run, if the cells are only some of it.
        more: Other facts: a word and its value each.
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
        source: Its path below the source.
        output: Its thumbnail's name.
        status: What became of it.
        reason: Why, unless done.
        detail: A line for people, or empty.
        note: What else is worth saying, or empty.
        width: Of the thumbnail in pixels; 0 if unknown.
        height: As width.
        source_bytes: Of the image.
        output_bytes: Of the thumbnail; taken from `thumbnail` if 0.
        thumbnail: The thumbnail's bytes, or None.
        media_type: Of the thumbnail.
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
        """The thumbnail's bytes."""
        return self.output_bytes or len(self.thumbnail or b"")
