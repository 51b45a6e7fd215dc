"""From flags and environment to settings that are right, or to all that is wrong with them at once."""

import argparse
import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from thumbrun import platform, resources
from thumbrun.errors import SettingsError
from thumbrun.imaging.recipe import Recipe
from thumbrun.platform import Task
from thumbrun.settings.declared import DECLARED, Setting
from thumbrun.storage import location
from thumbrun.storage.location import Location

_MEMORY_A_WORKER = 256 << 20
_LEAST_MEMORY = 96 << 20
_PREFIX = "THUMBRUN_"
_LONGEST_SHOWN = 80


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
    task: Task

    def describe(self) -> dict[str, Any]:
        """Return what makes two commands ask for the same run: what is read, what is made, and where it goes.

        How it is done (workers, limits, tasks) is not among it, so that a run can be continued with more memory.
        """
        return {
            "source": self.source.uri(),
            "output": self.output.uri(),
            "size": [self.recipe.width, self.recipe.height],
            "format": self.recipe.format,
            "quality": self.recipe.quality,
            "layout": self.layout,
            "include": list(self.include),
            "exclude": list(self.exclude),
            "limit": self.limit,
            "detect": self.detect,
            "source_metadata": self.source_metadata,
        }

    def fingerprint(self) -> str:
        """Return 24 hexadecimal digits that are the same where `describe` and the recipe's version are."""
        text = json.dumps([self.describe(), self.recipe.digest()], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def resolve(environ: Mapping[str, str], flags: Mapping[str, str | None], *, bare_source: bool = False) -> Settings:
    """Return the settings: flags before environment before defaults.

    Args:
        environ: The environment; an empty variable counts as unset.
        flags: The text of each flag that was given, by the setting's name.
        bare_source: Whether the source may be a local path without `file://`, as on the command line.

    Raises:
        SettingsError: With every problem there is, each naming flag and variable and what would be right.
    """
    problems: list[str] = []
    task = platform.detect(environ, problems)
    chosen = {setting.name: _value(setting, environ, flags, problems) for setting in DECLARED}
    problems += _unknown(environ)
    problems += _conflicts(chosen)
    places = _places(chosen, bare_source, problems)
    if problems:
        raise SettingsError(problems)
    for name in ("source", "output", "state"):
        del chosen[name]
    width, height = chosen.pop("size")
    recipe = Recipe(width, height, chosen.pop("format"), chosen.pop("quality"))
    workers = chosen.pop("workers") or resources.processors()
    memory = chosen.pop("memory") or _memory(workers)
    fields: dict[str, Any] = {**chosen, **places}
    return Settings(**fields, recipe=recipe, workers=workers, memory=memory, task=task)


def share(settings: Settings, tasks: int) -> Settings:
    """Return the settings of one of some tasks that share this machine's processors and memory."""
    workers = max(1, settings.workers // tasks)
    return replace(settings, workers=workers, memory=max(_LEAST_MEMORY, settings.memory // tasks))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every setting's flag to a command; all values stay text, so that `resolve` can judge them together."""
    for setting in DECLARED:
        options: dict[str, Any] = {"dest": setting.name, "default": None, "help": _help(setting)}
        if setting.flag == "SOURCE":
            parser.add_argument("source", nargs="?", metavar="SOURCE", help=options["help"])
        elif setting.flag and setting.is_switch:
            parser.add_argument(setting.flag, action="store_const", const="yes", **options)
            parser.add_argument(
                setting.flag.replace("--", "--no-", 1),
                action="store_const",
                const="no",
                dest=setting.name,
                default=None,
                help=argparse.SUPPRESS,
            )
        elif setting.flag:
            action = "append" if setting.repeats else "store"
            parser.add_argument(setting.flag, action=action, metavar=setting.metavar, **options)


def flags_of(arguments: argparse.Namespace) -> dict[str, str | None]:
    """Return the text of each flag that was given, by the setting's name."""
    given = vars(arguments)
    return {
        setting.name: ",".join(value) if isinstance(value := given.get(setting.name), list) else value
        for setting in DECLARED
    }


def reference() -> str:
    """Return the table of settings as the documents hold it, in Markdown."""
    rows = ["| variable | flag | meaning | default |", "|---|---|---|---|"]
    for setting in DECLARED:
        flag = f"`{setting.flag} {setting.metavar}`" if setting.flag not in ("", "SOURCE") else setting.flag
        default = f"`{setting.default}`" if setting.default_words == setting.default else setting.default_words
        rows.append(f"| `{setting.variable}` | {flag.replace(' `', '`')} | {setting.help} | {default} |")
    return "\n".join(rows) + "\n"


def _help(setting: Setting) -> str:
    default = f" Default: {setting.default_words}." if setting.default_words else ""
    return f"{setting.help}{default} [{setting.variable}]".replace("%", "%%")


def _value(setting: Setting, environ: Mapping[str, str], flags: Mapping[str, str | None], problems: list[str]) -> Any:
    """Return a setting's value, or None where it has none or a wrong one."""
    given = flags.get(setting.name)
    text = given if given is not None else environ.get(setting.variable) or setting.default
    if text is None:
        return None
    try:
        return setting.parse(text)
    except ValueError as error:
        problems.append(_problem(setting, text, str(error)))
        return None


def _problem(setting: Setting, text: str, what_is_right: str) -> str:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"{setting.label} is {shown!r}; {what_is_right}"


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = [setting.variable for setting in DECLARED]
    problems = []
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            problems.append(f"{name} is no setting of thumbrun; {f'{close[0]} is one' if close else 'unset it'}")
    return problems


def _conflicts(chosen: Mapping[str, Any]) -> list[str]:
    labels = {setting.name: setting.label for setting in DECLARED}
    pairs = (("run_id", "resume"), ("run_id", "new"), ("resume", "new"))
    return [
        f"{labels[one]} and {labels[other]} exclude each other; give one of them"
        for one, other in pairs
        if chosen[one] and chosen[other]
    ]


def _places(chosen: Mapping[str, Any], bare_source: bool, problems: list[str]) -> dict[str, Location]:
    """Return source, output and state as locations; what is wrong with them is added to `problems`."""
    declared = {setting.name: setting for setting in DECLARED}

    def parsed(name: str, bare: str) -> Location | None:
        if (text := chosen[name]) is None:
            return None
        try:
            return location.parse(text, bare=bare)
        except ValueError as error:
            problems.append(_problem(declared[name], text, str(error)))
            return None

    if not chosen["source"]:
        problems.append("SOURCE / INPUT_FOLDER is not set; it must be gs://bucket/path or file:///folder")
        return {}
    if not bare_source and "://" not in chosen["source"] and not chosen["source"].startswith("file:"):
        problems.append(_problem(declared["source"], chosen["source"], "it must be gs://bucket/path or file:///folder"))
        return {}
    source = parsed("source", "file")
    if source is None:
        return {}
    output = parsed("output", source.scheme) or _default_output(source)
    state = parsed("state", source.scheme) or output.child("_thumbrun")
    if state == output:
        problems.append(f"{declared['state'].label} is the output itself; records need a folder of their own")
    return {"source": source, "output": output, "state": state}


def _default_output(source: Location) -> Location:
    return Location("gs", source.root) if source.scheme == "gs" else location.parse(".")


def _memory(workers: int) -> int:
    """Return 256 MiB for each worker, within half of what there is."""
    return max(_LEAST_MEMORY, min(_MEMORY_A_WORKER * workers, resources.memory() // 2))
