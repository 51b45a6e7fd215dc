"""What planning and storing need, made of the settings."""

from thumbrun.planning.build import Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store


def run_folder(settings: Settings, run_id: str) -> str:
    """Return the prefix of a run's thumbnails in the output store."""
    return f"{settings.output.prefix}{run_id}/"


def source_to_list(settings: Settings, store: Store) -> Source:
    """Return what to list, and what of it counts."""
    selection = Selection(include=settings.include, exclude=settings.exclude, by_content=settings.detect == "content")
    return Source(store, settings.source.prefix, selection, settings.limit)


def naming_rule(settings: Settings, run_id: str) -> NamingRule:
    """Return how the run names its thumbnails.

    Cloud Storage allows a name 1,024 bytes (https://cloud.google.com/storage/docs/objects#naming), most file systems
    255 for each part of a path.
    """
    local = settings.output.scheme == "file"
    folder = run_folder(settings, run_id)
    longest = max(len(size) for size in settings.recipe.folders)
    limit = (
        255 if local and settings.layout == "flat" else 1024 - len(folder.encode("utf-8", "surrogateescape")) - longest
    )
    return NamingRule(settings.layout, settings.recipe.format, folds=local, limit=limit)
