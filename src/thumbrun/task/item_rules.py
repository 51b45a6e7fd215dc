"""What a task makes of every item, and within which limits."""

from dataclasses import dataclass

from thumbrun.imaging.recipe import Recipe


@dataclass(frozen=True, slots=True)
class ItemRules:
    """What every item of a run has in common.

    Attributes:
        run_id: The run.
        folder: The prefix of its thumbnails in the output store, ending in `/`.
        recipe: What to make.
        max_pixels: Of one image.
        max_bytes: Of one object.
        cache_control: Header of the thumbnails, or None.
        hash_source: Whether the thumbnails carry a hash instead of the source's name.
    """

    run_id: str
    folder: str
    recipe: Recipe
    max_pixels: int
    max_bytes: int
    cache_control: str | None = None
    hash_source: bool = False
