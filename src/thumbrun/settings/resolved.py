"""From flags and environment to settings that are right, or to all that is wrong with them at once."""

import argparse
import difflib
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from thumbrun.console import printable, quoted, shortened
from thumbrun.environment import machine as resources
from thumbrun.environment import task_identity
from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.recipe import Recipe
from thumbrun.settings.declared import DECLARED, Setting
from thumbrun.settings.locations import resolve_locations
from thumbrun.settings.reference import reference as reference  # the documents are made from it
from thumbrun.storage.location import Location

_MEMORY_A_WORKER = 320 << 20
_LEAST_MEMORY = 96 << 20
_PREFIX = "THUMBRUN_"
_LONGEST_ADVICE = 200  # characters of what would be right, which may quote a part of the value
_BY_NAME = {setting.name: setting for setting in DECLARED}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a task goes by. Each field's meaning, unit and default stand in `declared`."""

    source: Location
    output: Location
    state: Location
    emulator: str | None
    run_id: str | None
    resume: str | None
    new: bool
    join_within: float
    recipe: Recipe
    layout: str
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
    cache_control: str | None
    user_project: str | None
    source_metadata: str
    strict: bool
    allow_empty: bool
    log_format: str
    tasks: int | None
    retry: frozenset[str] | None
    task: Task

    def describe(self) -> dict[str, Any]:
        """Return what makes two commands ask for the same run: what is read, what is made, and where it goes.

        Among it is all that a reader of the thumbnails could tell apart, their names and headers included. How it is
        done is not: tasks, workers, limits, who pays, and where the records lie. So a run can be continued with more
        memory, or with a longer time limit for the images that failed.
        """
        return {
            "source": self.source.uri(),
            "output": self.output.uri(),
            "size": _described(self.recipe.boxes),
            "format": self.recipe.format,
            "quality": self.recipe.quality,
            "layout": self.layout,
            "include": sorted(self.include),
            "exclude": sorted(self.exclude),
            "limit": self.limit,
            "detect": self.detect,
            "source_metadata": self.source_metadata,
            "cache_control": self.cache_control,
        }

    def fingerprint(self) -> str:
        """Return 24 hexadecimal digits that are the same where `describe` and the recipe's version are."""
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
    """Return the settings: flags before environment before defaults.

    Args:
        environ: The environment; an empty variable counts as unset.
        flags: The text of each flag that was given, by the setting's name.
        bare_source: Whether the source may be a local path without `file://`; None: if a flag gives it.
        retry: What a later round of a run works again; None: there is none.
        machine: What this process may use; None: what it really has.

    Raises:
        SettingsError: With every problem there is, each naming flag and variable and what would be right.
    """
    problems: list[str] = []
    task = task_identity.detect(environ, problems)
    texts = {setting.name: _text(setting, environ, flags) for setting in DECLARED}
    chosen = {setting.name: _value(setting, texts[setting.name], problems) for setting in DECLARED}
    problems += _unknown(environ)
    problems += _conflicts(chosen, task)

    def wrong(name: str, advice: str) -> None:
        if chosen[name] is not None or texts[name] is None:  # else its problem was found before
            problems.append(_problem(_BY_NAME[name], texts[name], advice))

    bare_source = flags.get("source") is not None if bare_source is None else bare_source
    places = resolve_locations(chosen, bare_source=bare_source, wrong=wrong)
    if problems or places is None:
        raise SettingsError(problems)
    (width, height), *smaller = chosen.pop("size")
    recipe = Recipe(width, height, chosen.pop("format"), chosen.pop("quality"), tuple(smaller))
    machine = machine or resources.machine()
    workers = chosen.pop("workers") or machine.processors
    memory = chosen.pop("memory") or _memory(workers, machine)
    fields: dict[str, Any] = {
        **chosen,
        "source": places.source,
        "output": places.output,
        "state": places.state,
        "recipe": recipe,
        "workers": workers,
        "memory": memory,
        "retry": retry,
        "task": task,
    }
    return Settings(**fields)


def resolve_only(
    names: Iterable[str], environ: Mapping[str, str], flags: Mapping[str, str | None], problems: list[str]
) -> dict[str, Any]:
    """Return the values of some settings alone, each judged by itself.

    Args:
        names: Of the settings.
        environ: The environment; an empty variable counts as unset.
        flags: The text of each flag that was given, by the setting's name.
        problems: Is added to.
    """
    return {name: _value(_BY_NAME[name], _text(_BY_NAME[name], environ, flags), problems) for name in names}


def share(settings: Settings, tasks: int) -> Settings:
    """Return the settings of one of some tasks that share this machine's processors and memory."""
    workers = max(1, settings.workers // tasks)
    return replace(settings, workers=workers, memory=max(_LEAST_MEMORY, settings.memory // tasks))


def add_options(parser: argparse.ArgumentParser, *, tasks: bool = False, without: Collection[str] = ()) -> None:
    """Add every setting's flag to a command; all values stay text, so that `resolve` can judge them together.

    Args:
        parser: The command's.
        tasks: Whether the command has `--tasks`.
        without: Names of settings that the command does not have.
    """
    for setting in _of_command(tasks):
        if setting.name in without:
            continue
        options: dict[str, Any] = {"dest": setting.name, "default": None, "help": _help(setting)}
        if setting.is_argument:
            parser.add_argument(setting.name, nargs="?", metavar=setting.metavar, help=options["help"])
        elif setting.is_switch:
            parser.add_argument(setting.flag, action="store_const", const="yes", **options)
            options["help"] = argparse.SUPPRESS
            parser.add_argument(setting.negation, action="store_const", const="no", **options)
        elif setting.flag:
            action = "append" if setting.repeats else "store"
            parser.add_argument(setting.flag, action=action, metavar=setting.metavar, **options)


def flags_of(arguments: argparse.Namespace, *, tasks: bool = False) -> dict[str, str | None]:
    """Return the text of each flag that was given, by the setting's name.

    Args:
        arguments: As the command's parser returned them.
        tasks: Whether the command has `--tasks` from `add_options`.
    """
    given = vars(arguments)
    return {
        setting.name: ",".join(value) if isinstance(value := given.get(setting.name), list) else value
        for setting in _of_command(tasks)
    }


def _described(boxes: Sequence[Box]) -> list[Any]:
    """Return one box as its width and height, several as a list of such, largest first."""
    pairs = [list(box) for box in boxes]
    return pairs if len(pairs) > 1 else pairs[0]


def _of_command(tasks: bool) -> tuple[Setting, ...]:
    return tuple(setting for setting in DECLARED if tasks or setting.name != "tasks")


def _help(setting: Setting) -> str:
    default = f" Default: {setting.default_words}."
    if setting.default_words == "required":
        default = " Required."
    variable = f" [{setting.variable}]" if setting.variable else ""
    return f"{setting.help}{default}{variable}".replace("%", "%%")


def _text(setting: Setting, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> str | None:
    """Return what was said of a setting: by flag, by environment, or by default."""
    given = flags.get(setting.name)
    if given is not None:
        return given
    return (environ.get(setting.variable) if setting.variable else None) or setting.default


def _value(setting: Setting, text: str | None, problems: list[str]) -> Any:
    """Return a setting's value, or None where it has none or a wrong one."""
    if text is None:
        return None
    try:
        return setting.parse(text)
    except ValueError as error:
        problems.append(_problem(setting, text, str(error)))
        return None


def _problem(setting: Setting, text: str | None, advice: str) -> str:
    what = "is not set" if text is None else f"is {quoted(text)}"
    return f"{setting.label} {what}; {shortened(advice, _LONGEST_ADVICE)}"


def _unknown(environ: Mapping[str, str]) -> list[str]:
    # Compared without what all begin with, which alone would make any two names alike.
    known = {setting.variable.removeprefix(_PREFIX): setting.variable for setting in DECLARED if setting.variable}
    problems = []
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known.values() and environ[name]:
            close = difflib.get_close_matches(name.removeprefix(_PREFIX), known, 1)
            advice = f"did you mean {known[close[0]]}? If not, unset it" if close else "unset it"
            problems.append(f"{printable(shortened(name))} is no setting of thumbrun; {advice}")
    return problems


def _conflicts(chosen: Mapping[str, Any], task: Task) -> list[str]:
    pairs = (("run_id", "resume"), ("run_id", "new"), ("resume", "new"))
    problems = [
        f"{_BY_NAME[one].label} and {_BY_NAME[other].label} exclude each other; give one of them"
        for one, other in pairs
        if chosen[one] and chosen[other]
    ]
    if chosen["tasks"] is not None and task.count > 1:
        label = _BY_NAME["tasks"].label
        problems.append(f"{label} is {chosen['tasks']}, but {task.platform} has set a task count; unset one of the two")
    return problems


def _memory(workers: int, machine: Machine) -> int:
    """Return 320 MiB for each worker, within five eighths of what there is.

    Of Cloud Run's default of 512 MiB that is 320: the processes themselves take some 100, with one worker.
    """
    return max(_LEAST_MEMORY, min(_MEMORY_A_WORKER * workers, machine.memory * 5 // 8))
