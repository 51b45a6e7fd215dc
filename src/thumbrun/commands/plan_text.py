"""A plan in plain words: the answer first, then what it takes and costs, then what lies there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from thumbrun.commands.bill_text import forecast_lines
from thumbrun.commands.columns import columns
from thumbrun.commands.summary import readable
from thumbrun.console import counted, printable
from thumbrun.imaging.geometry import box_name
from thumbrun.planning.select import ObjectKind
from thumbrun.planning.survey import count_of_unlisted, describe, describe_unlisted
from thumbrun.preview.preview import Preview
from thumbrun.settings.planning_inputs import describe_unmatched

_KINDS = {
    ObjectKind.UNSUPPORTED: "unsupported, would be skipped",
    ObjectKind.UNDECIDED: "unknown, would be opened",
}
_MOST_TYPES = 8
_MOST_FORMATS = 12  # rows


def plan_text(found: Preview, width: int | None = None) -> str:
    """Return a preview in plain words; names and types are data, so they are made safe to show.

    Args:
        found: The preview.
        width: The width of the terminal in characters, or None if there is none.
    """
    seen = found.seen
    if count_of_unlisted(seen):
        if not seen["kinds"]:  # nobody knows whether the source is empty
            return printable(describe_unlisted(seen))
        listed = {key: value for key, value in seen.items() if key != "unlisted"}
        return f"{plan_text(replace(found, seen=listed), width)}\n\n{printable(describe_unlisted(seen))}"
    if not found.items:
        return "\n".join([printable(describe(found.source, seen)), "", *_kind_lines(seen)]).rstrip()
    blocks = [
        [_headline(found), *forecast_lines(found, width)],
        [f"Warning: {printable(one.text)}" for one in found.cautions],
        ["What lies there:", *_kind_lines(seen)],
        _format_lines(found.formats),
        list(_notes(found)),
        _largest_lines(found.largest),
        [_where(found), *_shards_lines(found)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _headline(found: Preview) -> str:
    """Return how many images a run would take, and of how many if it is known."""
    source, images = printable(found.source), counted(found.items, "image")
    if found.settings.limit == found.items:
        return f"A run would take the first {images} of {source}, {readable(found.size)} (--limit)."
    return f"{source} {'holds' if source.endswith('/') else 'is'} {images}, {readable(found.size)}."


def _where(found: Preview) -> str:
    recipe, pattern = found.settings.recipe, found.settings.name
    sizes = [box_name(box) for box in recipe.boxes]
    how = ""
    if pattern:
        how = f", named {pattern.text}"
    elif len(sizes) > 1:
        how = f", in {len(sizes)} folders: {', '.join(f'{size}/' for size in sizes)}"
    if recipe.further:
        how += f"; each as {', '.join(recipe.formats)}"
    if stated := recipe.shape.stated():
        how += f"; made with {' '.join(_flag(name, value) for name, value in stated.items())}"
    return f"Thumbnails would go to {printable(found.settings.output.uri())}<run id>/{how}."


def _flag(name: str, value: str | bool) -> str:
    return f"--{name}" if value is True else f"--{name} {value}"


def _kind_lines(seen: Mapping[str, Any]) -> list[str]:
    """Return a line for each kind of object under the source, with its count, its bytes and its types."""
    rows = []
    for kind, counts in seen["kinds"].items():
        types = ", ".join(
            f"{count:,} {printable(name)}"
            for name, count in list(counts["types"].items())[:_MOST_TYPES]
            if name != kind
        )
        rows.append((f"{counts['objects']:,}", _KINDS.get(kind, kind), readable(counts["bytes"]), types))
    return columns(rows, "><><")


def _format_lines(formats: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each format and storage class of the images, with their estimated pixels."""
    rows = [
        (
            f"{row['objects']:,}",
            row["format"] or "unknown",
            readable(row["bytes"]),
            f"about {_pixels(row['pixels'])}",
            printable(row["storage_class"] or ""),
        )
        for row in formats[:_MOST_FORMATS]
    ]
    more = len(formats) - len(rows)
    rest = [f"  and {more:,} more"] if more > 0 else []
    return ["Images by format and storage class:", *columns(rows, "><>><"), *rest] if rows else []


def _pixels(number: int) -> str:
    """Return a number of pixels in plain words, with the two digits that an estimate can stand for.

    >>> _pixels(940), _pixels(12_300_000), _pixels(104_700_000), _pixels(3_420_000_000)
    ('940 pixels', '12 megapixels', '100 megapixels', '3.4 gigapixels')
    """
    known = float(f"{number:.2g}")
    if known >= 1e9:
        return f"{known / 1e9:,.3g} gigapixels" if known < 1e12 else f"{known / 1e9:,.0f} gigapixels"
    return f"{known / 1e6:.3g} megapixels" if known >= 1e5 else f"{known:,.0f} pixels"


def _notes(found: Preview) -> Iterator[str]:
    """Yield what else there is to know of the items and of their names."""
    seen, risk = found.seen, found.names_at_risk
    if hidden := seen.get("hidden"):
        are = "is hidden: its path has a name" if hidden == 1 else "are hidden: their paths have names"
        yield f"{counted(hidden, 'image')} {are} with a dot in front. --exclude '.*' leaves such images out."
    if links := seen.get("links"):
        yield f"thumbrun does not follow {counted(links, 'symbolic link')}."
    if unmatched := describe_unmatched(found.unmatched):
        yield f"{printable(unmatched)}."
    if found.collisions:
        several = f"The thumbnails of {counted(found.collisions, 'image')}"
        yield f"{several} would share a name, so each gets a hash of its path in the name. For example:"
        yield from (f"  {printable(one['source'])} -> {printable(one['output'])}" for one in found.renamed)
        if folded := risk["differ_in_form_only"]:
            differ = "name of 1 of them differs" if folded == 1 else f"names of {folded:,} of them differ"
            yield f"The {differ} from others only in upper and lower case, or in their form of Unicode."
        if found.settings.layout == "flat" and not found.settings.name:
            yield "--layout tree keeps the folders of the source, and so the names of the files."
    if invalid := risk["invalid"]:
        yield f"{counted(invalid, 'thumbnail')} would fail (name-invalid), because the output cannot hold the name:"
        yield from (f"  {printable(one['output'])}: {one['problem']}" for one in risk["named"])


def _largest_lines(largest: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [(readable(one["bytes"]), printable(one["source"])) for one in largest]
    return ["The largest images:", *columns(rows, "><")] if len(rows) > 1 else []


def _shards_lines(found: Preview) -> Iterator[str]:
    """Yield how the work would be shared, if the settings ask for several tasks."""
    loads = [task.cost_seconds for task in found.tasks]
    mean = sum(loads) / len(loads)
    if mean and len(loads) > 1:
        shared = f"{counted(found.shards, 'shard')} for {counted(len(loads), 'task')}."
        if idle := loads.count(0):
            yield f"{shared} {idle:,} of these tasks would have no work."
        else:
            yield f"{shared} The task with the most work has {max(loads) / mean:.2f} times the average."
