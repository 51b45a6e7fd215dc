"""The rules that are the same for every item of a run: its recipe and its limits."""

from dataclasses import dataclass

from thumbrun.imaging.recipe import Recipe


@dataclass(frozen=True, slots=True)
class ItemRules:
    """The settings that all items of a run share.

    Attributes:
        run_id: The id of the run.
        folder: The prefix of its thumbnails in the output store, ending in `/`.
        recipe: The recipe of the thumbnails.
        max_pixels: The most pixels of one image.
        max_bytes: The most bytes of one object.
        cache_control: The Cache-Control header of the thumbnails, or None.
        hash_source: Whether the thumbnails carry a hash of the source's name instead of the name.
        keeps_metadata: Whether the thumbnails keep the source's own metadata.
        placeholder: The kind of the placeholders to make; empty for none.
        live: Whether thumbrun takes the live generation of a source instead of the planned one, as a retry does.
    """

    run_id: str
    folder: str
    recipe: Recipe
    max_pixels: int
    max_bytes: int
    cache_control: str | None = None
    hash_source: bool = False
    keeps_metadata: bool = False
    placeholder: str = ""
    live: bool = False
