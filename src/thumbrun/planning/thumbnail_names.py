"""Which thumbnails an item gets: the name, the box and the format of each. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from thumbrun.imaging.geometry import Box, box_name
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.plan import Item


class Thumbnail(NamedTuple):
    """One thumbnail of an item.

    Attributes:
        name: Its name below the run's folder.
        box: The box that it is made for, in pixels.
        format: Its format.
        label: What tells it from the item's other thumbnails, for messages: the box, the format, or both.
    """

    name: str
    box: Box
    format: str
    label: str


def thumbnails_of(recipe: Recipe, item: Item) -> list[Thumbnail]:
    """Return the thumbnails of an item, in the order in which thumbrun makes and records them.

    Args:
        recipe: The recipe of the run.
        item: The item, with its names from the plan.
    """
    formats = (item.output_format, *recipe.further)
    names = item.outputs or [f"{folder}{item.output}" for folder in recipe.folders]
    kinds = [(box, format_) for box in recipe.boxes for format_ in formats]
    return [
        Thumbnail(name, box, format_, label(recipe, box, format_))
        for name, (box, format_) in zip(names, kinds, strict=True)
    ]


def recorded_name(recipe: Recipe, row: Mapping[str, Any], number: int) -> str:
    """Return the name below the run's folder of one thumbnail of an item, from the item's row of the ledger.

    Args:
        recipe: The recipe of the run.
        row: The row.
        number: The number of the thumbnail, from 0.
    """
    names: list[str] = row.get("outputs", [])
    output: str = row["output"]
    return names[number] if number < len(names) else recipe.folders[number % len(recipe.folders)] + output


def label(recipe: Recipe, box: Box, format_: str) -> str:
    """Return what tells a thumbnail of a recipe from the other thumbnails of the same image; empty if it is alone.

    >>> label(Recipe(400, 300, "webp", smaller=((100, 100),), further=("jpeg",)), (400, 300), "jpeg")
    '400x300 jpeg'
    """
    return " ".join(part for part in (box_name(box) * bool(recipe.smaller), format_ * bool(recipe.further)) if part)
