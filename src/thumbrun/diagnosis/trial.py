"""Creates one small object, to find out whether a run can create its own. It stays: thumbrun deletes nothing."""

from thumbrun.clock import Clock
from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.subject import Place
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.settings.locations import STATE_NAME
from thumbrun.storage.base import Entry, Store
from thumbrun.storage.location import Location

_FOLDER = "doctor"  # in the folder of records, beside `runs` and `anchors`
_BODY = b"thumbrun doctor --write created this object to find out whether it can. You can delete it.\n"


def trial_name(place: Place, state: Location, clock: Clock) -> str:
    """Return the name of the object: among the records, or in a folder of that name if the records are elsewhere."""
    prefix = state.prefix if state in place.written else f"{place.written[0].prefix}{STATE_NAME}/"
    return f"{prefix}{_FOLDER}/{clock.now():%Y%m%dT%H%M%SZ}-{clock.nonce()}.txt"


async def created(store: Store, place: Place, name: str) -> tuple[Entry, Finding]:
    """Create the object; return its entry, and the finding that names it.

    Raises:
        StoreError: The store refuses, or fails.
    """
    entry = await store.create(name, _BODY, content_type="text/plain", metadata={RUN_MARK: _FOLDER})
    what = f"This object was created, and stays until you delete it: {store.uri(name)}"
    return entry, Finding(Check.WRITE, place.root.uri(), Level.OK, what)
