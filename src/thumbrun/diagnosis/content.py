"""Looks for the first object of a source."""

from contextlib import suppress

from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.subject import Place
from thumbrun.planning.build import single
from thumbrun.settings.declared import SOURCE
from thumbrun.storage.base import DeniedError, Entry, Store
from thumbrun.storage.location import Location


async def first_entry(store: Store, location: Location) -> Entry | None:
    """Return the first object below a location, or the single object that it names, or None if there is neither.

    Raises:
        StoreError: The store refuses, or fails.
    """
    page = await store.page(location.prefix, limit=1)
    if page.entries:
        return page.entries[0]
    with suppress(DeniedError):  # an account that may only list is denied, whether the object is there or not
        return await single(store, location.prefix)
    return None


def content_finding(place: Place, source: Location, entry: Entry | None) -> Finding:
    """Return whether a source holds something."""
    about = place.root.uri()
    if entry is not None:
        is_one = entry.name == source.prefix.removesuffix("/")
        what = f"{source.uri().removesuffix('/')} is there" if is_one else f"{source.uri()} is not empty"
        return Finding(Check.CONTENT, about, Level.OK, f"{what}; thumbrun plan shows what a run would do")
    return Finding(
        Check.CONTENT,
        about,
        Level.WARNING,
        f"{source.uri()} is empty",
        f"check {SOURCE.label}; upper and lower case matter",
    )
