"""Builds what planning and storing need from the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from thumbrun.console import quoted
from thumbrun.planning.build import Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.plan import Plan
from thumbrun.planning.select import ObjectKind, Selection
from thumbrun.settings.declared import ALLOW_EMPTY, EXCLUDE, INCLUDE, SOURCE
from thumbrun.settings.patterns import suffixes_meant
from thumbrun.settings.resolved import Settings
from thumbrun.settings.setting import Setting
from thumbrun.storage.base import Store

_MOST_PATTERNS = 10  # that a message names


def run_folder(settings: Settings, run_id: str) -> str:
    """Return the prefix of a run's thumbnails in the output store."""
    return f"{settings.output.prefix}{run_id}/"


def nothing_hint(settings: Settings, seen: Mapping[str, Any]) -> str:
    """Return what to check if a source has no image: the filters if they leave nothing, else the source.

    Args:
        settings: The settings of the run.
        seen: What the listing showed, in the form that the plan holds.
    """
    filters = [f"{one.label} ({', '.join(given)})" for one, given in _filters(settings) if given]
    check = " and ".join(filters) if ObjectKind.EXCLUDED.value in seen["kinds"] else SOURCE.label
    suffixes = suffixes_meant(settings.include) if ObjectKind.EXCLUDED.value in seen["kinds"] else []
    meant = f"Did you mean --include {quoted(','.join(suffixes))}? " if suffixes else ""
    return f"{meant}Check {check}. If this is expected, set {ALLOW_EMPTY.label}."


def names_shared(settings: Settings, plan: Plan) -> str:
    """Return a sentence that says how to keep names that several thumbnails would share, or an empty text."""
    if not any(shard.renamed for shard in plan.shards) or (settings.layout != "flat" and not settings.name):
        return ""
    said = "Some thumbnails would share a name, so each of them has a hash of its path in its name"
    return said if settings.name else f"{said}. --layout tree keeps the folders of the source instead"


def describe_unmatched(unmatched: Sequence[str]) -> str:
    """Return a sentence that names the patterns that match no path, or an empty text if there are none.

    >>> describe_unmatched(["draftz"])
    "No file of the source matches the pattern 'draftz'"
    """
    if not unmatched:
        return ""
    noun = "pattern" if len(unmatched) == 1 else "patterns"
    more = f", and {len(unmatched) - _MOST_PATTERNS:,} more" if len(unmatched) > _MOST_PATTERNS else ""
    return f"No file of the source matches the {noun} {', '.join(map(quoted, unmatched[:_MOST_PATTERNS]))}{more}"


def _filters(settings: Settings) -> tuple[tuple[Setting[Any], tuple[str, ...]], ...]:
    return (INCLUDE, settings.include), (EXCLUDE, settings.exclude)


def source_to_list(settings: Settings, store: Store) -> Source:
    """Return the source to list, and the rule that selects its images."""
    selection = Selection(include=settings.include, exclude=settings.exclude, by_content=settings.detect == "content")
    keeps = settings.metadata == "keep"
    return Source(store, settings.source.prefix, selection, settings.limit, keeps_metadata=keeps)


def naming_rule(settings: Settings, run_id: str) -> NamingRule:
    """Return the rule by which the run names its thumbnails.

    A name can have 1,024 bytes in Cloud Storage (https://cloud.google.com/storage/docs/objects#naming). In most file
    systems, each part of a path can have 255 bytes.
    """
    local = settings.output.scheme == "file"
    limit = 1024 - len(run_folder(settings, run_id).encode("utf-8", "surrogateescape"))
    rule = NamingRule(settings.layout, settings.recipe, local, limit, settings.name, part_limit=255 if local else None)
    if rule.names_an_item == 1:  # then the rule names what lies below the folders of the sizes
        return replace(rule, limit=limit - max(len(size) for size in settings.recipe.folders))
    return rule
