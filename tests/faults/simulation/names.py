"""Names thumbnails for the oracle, without code of thumbrun."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.faults.simulation.outputs import Box, Outputs
from tests.faults.simulation.pictures import FORMATS, suffix_of

_SUFFIXES = {"jpeg": (".jpg", ".jpeg"), "png": (".png",), "webp": (".webp",), "avif": (".avif",)}


class Thumbnail(NamedTuple):
    """A thumbnail that an item should get.

    Attributes:
        name: Its name below the run's folder.
        box: Its box, in pixels.
        format: Its format.
    """

    name: str
    box: Box
    format: str


def expected(outputs: Outputs, layout: str, path: str, width: int, mark: str = "") -> list[Thumbnail]:
    """Return the thumbnails of an image, in the order in which thumbrun records them.

    Args:
        outputs: The thumbnails that the tasks make.
        layout: `flat` or `tree`.
        path: The path of the image below the source.
        width: The width of the largest box.
        mark: What stands behind the stem of the image's name.
    """
    folder, _, file_name = path.rpartition("/")
    stem, _, own = file_name.rpartition(".")
    name = f"{stem}{mark}.{own}"
    sizes = "{width}x{height}/" if outputs.smaller else ""
    pattern = outputs.pattern or sizes + ("{path}" if layout == "tree" else "{name}")
    found = []
    for box in outputs.boxes(width):
        for wanted in outputs.formats:
            format_ = FORMATS[suffix_of(path)][1] if wanted == "keep" else wanted
            right = _SUFFIXES[format_]
            fields = {
                "path": f"{folder}/{name}".removeprefix("/"),
                "dir": folder,
                "name": name,
                "stem": f"{stem}{mark}",
                "ext": own if wanted == "keep" and f".{own.lower()}" in right else right[0].removeprefix("."),
                "format": format_,
                "width": box[0],
                "height": box[1],
            }
            made = pattern.format_map(fields).replace("//", "/").removeprefix("/")
            found.append(Thumbnail(made if made.lower().endswith(right) else made + right[0], box, format_))
    return found


def planned(outputs: Outputs, item: Mapping[str, Any], width: int) -> list[Thumbnail]:
    """Return the thumbnails of an item under the names that its row of the plan or of the ledger tells.

    Args:
        outputs: The thumbnails that the tasks make.
        item: The row.
        width: The width of the largest box.
    """
    boxes = outputs.boxes(width)
    folders = [f"{box[0]}x{box[1]}/" for box in boxes] if outputs.smaller else [""]
    names = item.get("outputs") or [folder + item["output"] for folder in folders]
    kept = FORMATS[suffix_of(item["source"])][1]
    kinds = [(box, kept if wanted == "keep" else wanted) for box in boxes for wanted in outputs.formats]
    return [Thumbnail(name, *kind) for name, kind in zip(names, kinds, strict=False)]
