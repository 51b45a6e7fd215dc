"""Finds settings that are right alone and wrong together."""

from typing import Any

from thumbrun.environment.task_identity import Task
from thumbrun.imaging.animation.animation import FORMATS
from thumbrun.planning.name_pattern import pattern_mistake
from thumbrun.settings import declared
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.patterns import pattern_outside, pattern_problem
from thumbrun.settings.setting import Setting
from thumbrun.storage.location import Location


def conflicts(values: ParsedValues, task: Task) -> list[str]:
    """Return a sentence for each two ways of choosing a run, or its tasks, of which only one can count."""
    pairs: tuple[tuple[Setting[Any], Setting[Any]], ...] = (
        (declared.RUN_ID, declared.RESUME),
        (declared.RUN_ID, declared.NEW),
        (declared.RESUME, declared.NEW),
    )
    problems = [
        f"{one.label} and {other.label} cannot go together; give only one of them"
        for one, other in pairs
        if values.get(one) and values.get(other)
    ]
    tasks = values.get(declared.TASKS)
    if tasks is not None and task.count > 1:
        already = f"this process is already one of {task.count:,} tasks ({task.platform})"
        problems.append(f"{declared.TASKS.label} is {tasks}, but {already}; use one way or the other")
    return problems


def reject_combinations(values: ParsedValues, source: Location | None) -> None:
    """Reject what does not go with the other settings, each with what would be right.

    Args:
        values: The settings.
        source: Where the images are, or None if that is not known.
    """
    if values.get(declared.RESUME) is None:  # else the run has the patterns that it began with
        for setting in (declared.INCLUDE, declared.EXCLUDE):
            globs = values.get(setting) or ()
            if advice := pattern_problem(globs) or (source and pattern_outside(globs, source)):
                values.reject(setting, advice)
    _reject_names(values)
    reject_beside_formats(values)
    if values.get(declared.METADATA) == "keep" and values.get(declared.SOURCE_METADATA) == "hash":
        hides = f"{declared.SOURCE_METADATA.label} hash hides the names"
        values.reject(
            declared.METADATA, f"what it keeps can hold names of the sources, and {hides}; use one of the two"
        )


def reject_beside_formats(values: ParsedValues) -> None:
    """Reject the quality of a format that is not made, and animated thumbnails if no format can be animated."""
    formats, quality = values.get(declared.FORMAT) or (), values.get(declared.QUALITY)
    if formats and quality and "keep" not in formats:
        for name in (name for name, _ in quality.by_format if name not in formats):
            values.reject(
                declared.QUALITY, f"no thumbnail is {name}; leave {name} out, or add it to {declared.FORMAT.label}"
            )
    if values.get(declared.ANIMATED) == "keep" and formats and not FORMATS.union(("keep",)).intersection(formats):
        values.reject(
            declared.ANIMATED, f"{' and '.join(formats)} cannot be animated; add webp to {declared.FORMAT.label}"
        )


def _reject_names(values: ParsedValues) -> None:
    """Reject a pattern of names that cannot name the thumbnails, and a layout beside a pattern."""
    pattern, boxes, formats = values.get(declared.NAME), values.get(declared.SIZE), values.get(declared.FORMAT)
    if pattern and boxes and formats and (advice := pattern_mistake(pattern, boxes, formats)):
        values.reject(declared.NAME, advice)
    if pattern and values.get(declared.LAYOUT) == "tree":
        values.reject(declared.LAYOUT, f"{declared.NAME.label} takes the place of a layout; leave one of them out")
