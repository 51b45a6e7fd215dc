"""Turns flags and environment into checked settings, or reports all problems at once."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thumbrun.console import printable, shortened
from thumbrun.environment import task_identity
from thumbrun.environment.machine import Machine, this_machine
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.name_pattern import NamePattern
from thumbrun.pricing.prices import Prices, PricesError, list_prices
from thumbrun.settings import declared
from thumbrun.settings.combinations import conflicts, reject_combinations
from thumbrun.settings.declared import DECLARED, PRESETS
from thumbrun.settings.locations import resolve_locations
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.shape import shape_of
from thumbrun.settings.thumbnail_values import Qualities
from thumbrun.storage.location import Location

_MEMORY_A_WORKER = 320 << 20
_FILES_OF_ITS_OWN, _FILES_A_WORKER, _FILES_A_REQUEST = 40, 8, 4
LEAST_MEMORY = 96 << 20  # bytes for bodies and decoded pictures, unless the setting says otherwise
_TASK_MEMORY = 512 << 20  # Cloud Run's default
_LARGEST_PRICES = 1 << 20  # bytes of a price file; that of thumbrun has some 9,000
_PREFIX = "THUMBRUN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a task. The meaning, unit and default of each field are in `declared`.

    Attributes:
        task: The task that this process is.
        machine: The machine that it runs on.
        slips: A sentence for each variable whose name is much like that of a setting, so that it has no effect.
    """

    source: Location
    output: Location
    state: Location
    emulator: str | None
    endpoint: str | None
    run_id: str | None
    resume: str | None
    new: bool
    join_within: float
    recipe: Recipe
    layout: str
    name: NamePattern | None
    placeholder: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    limit: int | None
    detect: str
    balance: str
    in_flight: int
    ramp: int
    memory: int
    workers: int
    image_timeout: float
    max_pixels: int
    max_bytes: int
    max_images: int | None
    max_duration: float | None
    max_cost: float | None
    deadline: float | None
    budget: float | None
    sample: int | None
    cpu: int
    task_memory: int
    region: str | None
    prices: Prices | None
    cache_control: str | None
    metadata: str
    user_project: str | None
    source_metadata: str
    strict: bool
    report: bool
    allow_empty: bool
    require_sandbox: bool
    quiet: bool
    log_format: str
    tasks: int | None
    retry: frozenset[str] | None
    task: Task
    machine: Machine
    slips: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[Box, ...]:
        """The boxes of the recipe."""
        return self.recipe.boxes

    @property
    def fit(self) -> str:
        """How pictures fit the boxes of the recipe."""
        return self.recipe.shape.fit

    @property
    def gravity(self) -> str:
        """What of a picture shows, or where it lies."""
        return self.recipe.shape.gravity

    @property
    def background(self) -> str:
        """The colour of bars, and of what is transparent in a JPEG."""
        return self.recipe.shape.background

    @property
    def enlarge(self) -> bool:
        """Whether small pictures are enlarged."""
        return self.recipe.shape.enlarge

    @property
    def format(self) -> tuple[str, ...]:
        """The formats of the recipe."""
        return self.recipe.formats

    @property
    def quality(self) -> Qualities:
        """The qualities of the recipe."""
        return Qualities(self.recipe.quality, self.recipe.qualities)

    @property
    def animated(self) -> str:
        """What becomes of animations, by the recipe."""
        return self.recipe.animated

    @property
    def price_table(self) -> Prices:
        """The prices to use: those of the settings, or the list prices, which are read only if somebody asks."""
        return self.prices or list_prices()

    def describe(self) -> dict[str, Any]:
        """Return the settings that two commands must share to ask for the same run.

        They say what the run reads, what it makes and where that goes: all that a reader of the thumbnails can see,
        their names and headers included. How the work is done does not belong to them: tasks, workers, limits, who
        pays, and where the records are. So you can continue a run with more memory, or with a longer time limit for the
        images that failed.
        """
        recorded = {
            setting.name: setting.to_record(getattr(self, setting.name)) for setting in DECLARED if setting.claimed
        }
        left_out = {setting.name: setting.to_record(setting.usual) for setting in DECLARED if setting.claimed_later}
        return {name: record for name, record in recorded.items() if name not in left_out or record != left_out[name]}

    def fingerprint(self) -> str:
        """Return 24 hexadecimal digits that are the same if `describe` and the recipe's version are the same."""
        text = json.dumps([self.describe(), self.recipe.digest()], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def resolve(
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    *,
    bare_source: bool | None = None,
    retry: frozenset[str] | None = None,
    machine: Machine | None = None,
) -> Settings:
    """Return the settings. A flag counts before the environment, and the environment before the default.

    Args:
        environ: The environment; an empty variable counts as unset.
        flags: The text of each flag that was given, by the setting's name.
        bare_source: Whether the source may be a local path without `file://`; None: only if a flag gives it.
        retry: The reasons that a later round of a run retries; None: there is no such round.
        machine: The processors and the memory that this process can use; None: those that it really has.

    Raises:
        SettingsError: Some settings are wrong. The error holds every problem, each with what would be right.
    """
    identity_problems: list[str] = []
    task = task_identity.detect(environ, identity_problems)
    preset = ParsedValues((declared.PRESET,), environ, flags).get(declared.PRESET)
    values = ParsedValues(DECLARED, environ, flags, PRESETS.get(preset or ""))
    values.problems[:0] = identity_problems
    values.problems += conflicts(values, task)
    bare_source = flags.get("source") is not None if bare_source is None else bare_source
    locations = resolve_locations(values, bare_source=bare_source)
    slips = _slips(environ)
    reject_combinations(values, locations.source if locations else None)
    shape = shape_of(values)
    prices = _prices(values)
    if values.problems or locations is None or shape is None:
        raise SettingsError([*values.problems, *slips])
    (width, height), *smaller = values.required(declared.SIZE)
    first, *further = values.required(declared.FORMAT)
    quality = values.required(declared.QUALITY)
    machine = machine or this_machine(environ)
    workers = values.get(declared.WORKERS) or machine.processors
    return Settings(
        source=locations.source,
        output=locations.output,
        state=locations.state,
        emulator=values.get(declared.EMULATOR),
        endpoint=values.get(declared.ENDPOINT),
        run_id=values.get(declared.RUN_ID),
        resume=values.get(declared.RESUME),
        new=values.required(declared.NEW),
        join_within=values.required(declared.JOIN_WITHIN),
        recipe=Recipe(
            width,
            height,
            first,
            quality.usual,
            smaller=tuple(smaller),
            further=tuple(further),
            qualities=quality.by_format,
            shape=shape,
            animated=values.required(declared.ANIMATED),
        ),
        layout=values.required(declared.LAYOUT),
        name=values.get(declared.NAME),
        placeholder=values.required(declared.PLACEHOLDER),
        include=values.required(declared.INCLUDE),
        exclude=values.required(declared.EXCLUDE),
        limit=values.get(declared.LIMIT),
        detect=values.required(declared.DETECT),
        balance=values.required(declared.BALANCE),
        in_flight=min(values.required(declared.IN_FLIGHT), most_in_flight(machine.open_files, workers)),
        ramp=values.required(declared.RAMP),
        memory=values.get(declared.MEMORY) or usual_memory(workers, machine),
        workers=workers,
        image_timeout=values.required(declared.IMAGE_TIMEOUT),
        max_pixels=values.required(declared.MAX_PIXELS),
        max_bytes=values.required(declared.MAX_BYTES),
        max_images=values.get(declared.MAX_IMAGES),
        max_duration=values.get(declared.MAX_DURATION),
        max_cost=values.get(declared.MAX_COST),
        deadline=values.get(declared.DEADLINE),
        budget=values.get(declared.BUDGET),
        sample=values.get(declared.SAMPLE),
        cpu=values.get(declared.CPU) or (machine.processors if task.is_on_cloud_run else 1),
        task_memory=values.get(declared.TASK_MEMORY) or (machine.memory if task.is_on_cloud_run else _TASK_MEMORY),
        region=values.get(declared.REGION),
        prices=prices,
        cache_control=values.get(declared.CACHE_CONTROL),
        metadata=values.required(declared.METADATA),
        user_project=values.get(declared.USER_PROJECT),
        source_metadata=values.required(declared.SOURCE_METADATA),
        strict=values.required(declared.STRICT),
        report=values.required(declared.REPORT),
        allow_empty=values.required(declared.ALLOW_EMPTY),
        require_sandbox=values.required(declared.REQUIRE_SANDBOX),
        quiet=values.required(declared.QUIET),
        log_format=values.required(declared.LOG_FORMAT),
        tasks=values.get(declared.TASKS),
        retry=retry,
        task=task,
        machine=machine,
        slips=tuple(slips),
    )


def _prices(values: ParsedValues) -> Prices | None:
    """Return the list prices with those of the file that the settings name, or None if they name none."""
    path = values.get(declared.PRICES)
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LARGEST_PRICES + 1).decode("utf-8")
        if len(text) > _LARGEST_PRICES:
            values.reject(declared.PRICES, f"it must be a file of at most {_LARGEST_PRICES:,} bytes")
        else:
            return list_prices().with_rows(text)
    except OSError as error:
        values.reject(declared.PRICES, f"it must be a file that can be read ({error.strerror})")
    except UnicodeDecodeError:
        values.reject(declared.PRICES, "it must be JSON in UTF-8")
    except PricesError as error:
        for problem in error.problems:
            values.reject(declared.PRICES, problem)
    return None


def share(settings: Settings, tasks: int) -> Settings:
    """Return the settings of one task when several tasks share this machine's processors and memory."""
    workers = max(1, settings.workers // tasks)
    return replace(settings, workers=workers, memory=max(LEAST_MEMORY, settings.memory // tasks))


def most_in_flight(open_files: int, workers: int) -> int:
    """Return how many requests a process can have under way at once without running out of open files.

    A request takes a connection to each of up to three stores and the file of an image's bytes. Besides, the process
    has some files of its own, and some for each decoding process.

    Args:
        open_files: The number of files and connections that the process can have open.
        workers: The number of decoding processes.
    """
    return max(1, (open_files - files_needed(0, workers)) // _FILES_A_REQUEST)


def files_needed(in_flight: int, workers: int) -> int:
    """Return how many files and connections a process must be able to have open for so many requests at once."""
    return _FILES_OF_ITS_OWN + _FILES_A_WORKER * workers + _FILES_A_REQUEST * in_flight


def _slips(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that most likely stands for a setting whose name was misspelt.

    Other variables that begin with `THUMBRUN_` are somebody's own, such as those of thumbrun's tests.
    """
    # Names are compared without their common beginning, which alone would make any two names similar.
    known = {setting.variable.removeprefix(_PREFIX): setting.variable for setting in DECLARED if setting.variable}
    slips = []
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known.values() and environ[name]:
            close = difflib.get_close_matches(name.removeprefix(_PREFIX), known, 1)
            if close:
                shown = printable(shortened(name))
                slips.append(f"{shown} is not a setting of thumbrun; did you mean {known[close[0]]}? If not, unset it")
    return slips


def usual_memory(workers: int, machine: Machine) -> int:
    """Return five eighths of a container's memory; on a machine that others use too, at most 320 MiB for each worker.

    Of Cloud Run's default of 512 MiB, five eighths are 320 MiB, which leaves enough for the processes themselves.
    """
    most = machine.memory * 5 // 8
    return max(LEAST_MEMORY, most if machine.is_limited else min(_MEMORY_A_WORKER * workers, most))
