"""Reads from the bucket's journal which objects the source held at which time."""

from dataclasses import dataclass, field

from tests.faults.simulation.bucket import USER
from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.pictures import FORMATS, content_of, suffix_of, truth
from tests.faults.simulation.schedule import SOURCE_PREFIX


@dataclass(slots=True)
class Version:
    """One generation of an object.

    Attributes:
        name: The name of the object.
        generation: The generation.
        since: The time when it was written, in virtual seconds.
        until: The time when it was replaced or deleted, or infinity.
        body: Its bytes as stored.
        encoding: `gzip` or None.
        torn: Whether its checksum differs from that of its bytes.
        denied: Whether thumbrun is not allowed to read it.
    """

    name: str
    generation: str
    since: float
    until: float
    body: bytes
    encoding: str | None
    torn: bool
    denied: bool

    @property
    def is_item(self) -> bool:
        """Whether a plan should hold it."""
        return FORMATS[suffix_of(self.name)][3]

    @property
    def opened(self) -> bool:
        """Whether thumbrun reads its format."""
        return FORMATS[suffix_of(self.name)][2]

    def made(self, box: tuple[int, int], format_: str) -> bytes | str:
        """Return its thumbnail in a box and a format, or the reason why there is none."""
        if not self.opened:
            return "unsupported"
        if self.denied:
            return "source-denied"
        return "source-damaged" if self.torn else truth(content_of(self.body, self.encoding), box, format_)


@dataclass(slots=True)
class History:
    """All versions of all objects of the source.

    Attributes:
        versions: The versions, by name and generation.
    """

    versions: dict[tuple[str, str], Version] = field(default_factory=dict)

    def live_sometime(self, version: Version, begin: float, end: float) -> bool:
        """Return whether a listing between two times could show a version."""
        return version.since <= end and version.until >= begin

    def live_throughout(self, begin: float, end: float) -> list[Version]:
        """Return the items that every listing between two times must show."""
        return [v for v in self.versions.values() if v.is_item and v.since < begin and v.until > end]


def read_history(evidence: Evidence) -> History:
    """Return the history of the source from the journal of its bucket."""
    history = History()
    live: dict[str, Version] = {}
    for change in evidence.source.journal:
        if change.actor != USER or not change.name.startswith(SOURCE_PREFIX):
            continue
        gone = live.pop(change.name, None)
        if gone:
            gone.until = change.at
        if change.entry:
            generation = change.entry.generation
            torn = (change.name, generation) in evidence.torn
            version = Version(
                change.name,
                generation,
                change.at,
                float("inf"),
                change.body,
                change.entry.content_encoding,
                torn,
                change.name in evidence.schedule.denied,
            )
            history.versions[change.name, generation] = live[change.name] = version
    return history
