"""What a diagnosis looks at: the settings of a run, and the buckets and folders that it reads and writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from thumbrun.environment.machine import Machine, this_machine
from thumbrun.settings.declared import IN_FLIGHT, OUTPUT, SOURCE, STATE
from thumbrun.settings.named_run import named_place
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.settings.values import location_from_record
from thumbrun.storage.location import Location

_STAND_IN = "gs://no-source"


@dataclass(frozen=True, slots=True)
class Place:
    """One bucket or folder of a run, for all that the run does there.

    Attributes:
        root: The whole bucket or folder.
        source: The location of the images, or None if they are elsewhere.
        written: The locations of thumbnails and records that lie here; none if both are elsewhere.
    """

    root: Location
    source: Location | None
    written: tuple[Location, ...]

    @property
    def uses(self) -> str:
        """What the run does here, in words."""
        return " and ".join(
            ["images are read"] * bool(self.source) + ["thumbnails or records are written"] * bool(self.written)
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What a diagnosis looks at.

    Attributes:
        settings: The settings of the run.
        in_flight: How many requests at once the settings ask for; `settings` has what the machine allows of them.
        machine: What this process can use.
        source: The location of the images, or None if nobody named it.
        written: The locations of thumbnails and records; none if nobody named source or output.
    """

    settings: Settings
    in_flight: int
    machine: Machine
    source: Location | None
    written: tuple[Location, ...]

    def places(self) -> Iterator[Place]:
        """Yield each bucket and folder once, that of the source first."""
        locations = [*([self.source] if self.source else []), *self.written]
        roots = dict.fromkeys(Location(location.scheme, location.root) for location in locations)
        for root in roots:
            source = self.source if self.source and self.source.shares_store_with(root) else None
            yield Place(root, source, tuple(one for one in self.written if one.shares_store_with(root)))


def subject_of(environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Subject:
    """Return what to look at. Neither a source nor an output is needed.

    Raises:
        SettingsError: Some settings are wrong; the error holds every problem.
    """
    given = ParsedValues((SOURCE, OUTPUT), environ, flags)
    has_source, has_output = (given.get(setting) is not None for setting in (SOURCE, OUTPUT))
    if not has_source:
        # Settings need a source; this one only stands in. An output without a scheme means what it means for `list`.
        flags = {**flags, SOURCE.name: _STAND_IN}
        if has_output:
            place = named_place(None, environ, flags)
            flags[OUTPUT.name] = location_from_record(place.output.uri())
            flags[STATE.name] = location_from_record(place.state.uri())
    machine = this_machine(environ)
    settings = resolve(environ, flags, machine=machine)
    return Subject(
        settings,
        ParsedValues((IN_FLIGHT,), environ, flags).required(IN_FLIGHT),
        machine,
        settings.source if has_source else None,
        (settings.output, settings.state) if has_source or has_output else (),
    )
