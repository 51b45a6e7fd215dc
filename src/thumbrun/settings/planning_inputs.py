"""Builds what planning and storing need from the settings."""

from thumbrun.planning.build import Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store


def run_folder(settings: Settings, run_id: str) -> str:
    """Return the prefix of a run's thumbnails in the output store."""
    return f"{settings.output.prefix}{run_id}/"


def source_to_list(settings: Settings, store: Store) -> Source:
    """Return the source to list, and the rule that selects its images."""
    selection = Selection(include=settings.include, exclude=settings.exclude, by_content=settings.detect == "content")
    return Source(store, settings.source.prefix, selection, settings.limit)


def naming_rule(settings: Settings, run_id: str) -> NamingRule:
    """Return the rule by which the run names its thumbnails.

    A name can have 1,024 bytes in Cloud Storage (https://cloud.google.com/storage/docs/objects#naming). In most file
    systems, each part of a path can have 255 bytes.
    """
    local = settings.output.scheme == "file"
    folder = run_folder(settings, run_id)
    longest = max(len(size) for size in settings.recipe.folders)
    limit = (
        255 if local and settings.layout == "flat" else 1024 - len(folder.encode("utf-8", "surrogateescape")) - longest
    )
    return NamingRule(settings.layout, settings.recipe.format, folds=local, limit=limit)
