"""A run that was begun before, named where a command goes on with it: by its folder, or by its id and output.

What the run does stands in its claim, so that nobody has to type it again.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thumbrun.console import quoted
from thumbrun.errors import SettingsError
from thumbrun.settings import values
from thumbrun.settings.locations import STATE_NAME, state_of
from thumbrun.settings.resolved import resolve_only
from thumbrun.storage import location
from thumbrun.storage.location import Location

VALID_RUN = "it must be gs://bucket/prefix/<run id>, a run's folder, or a run id beside --output / OUTPUT_BUCKET"

_PLACED = re.compile(r"(?P<place>.*/)?(?P<run>[^/]+)/*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NamedRun:
    """Where a run's thumbnails and records lie.

    Attributes:
        run_id: Its id.
        output: Where its folder lies.
        state: Where its records lie.
        emulator: Of Cloud Storage, or None.
        user_project: The project that pays, or None.
    """

    run_id: str
    output: Location
    state: Location
    emulator: str | None
    user_project: str | None


def named_run(text: str, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> NamedRun:
    """Return the run that a text names.

    Args:
        text: `gs://bucket/prefix/<run id>`, `file:///folder/<run id>`, a path that ends in the id, or the id alone.
        environ: The environment, for what the text leaves open.
        flags: The text of each flag that was given, by the setting's name.

    Raises:
        SettingsError: With every problem there is.
    """
    problems: list[str] = []
    chosen = resolve_only(("output", "state", "emulator", "user_project"), environ, flags, problems)
    output, run_id = None, ""
    try:
        output, run_id = _parse(text, chosen["output"])
    except ValueError as error:
        problems.append(f"RUN is {quoted(text)}; {error}")
    state = None
    if output is not None:
        try:
            state = state_of(chosen["state"], output)
        except ValueError as error:
            problems.append(f"--state / THUMBRUN_STATE is {quoted(chosen['state'])}; {error}")
    if problems or output is None or state is None:
        raise SettingsError(problems)
    return NamedRun(run_id, output, state, chosen["emulator"], chosen["user_project"])


def _parse(text: str, output: str | None) -> tuple[Location, str]:
    found = _PLACED.fullmatch(text)
    if found is None:
        raise ValueError(VALID_RUN)
    run_id = values.run_id(found["run"])
    if found["place"] is not None:
        return location.parse(found["place"]), run_id
    if output is not None:
        bare = "file" if Path(output).is_dir() else "gs"
        return location.parse(output, bare=bare), run_id
    if Path(text).is_dir():
        return location.parse("."), run_id
    raise ValueError(VALID_RUN)


def run_arguments(run_id: str, output: Location, state: Location) -> str:
    """Return the words that name a run on a command line: its folder, and `--state` where the records lie elsewhere."""
    words = [_place(output.child(run_id).uri())]
    if state.uri() != output.child(STATE_NAME).uri():
        words += ["--state", _place(state.uri())]
    return shlex.join(words)


# What a claim fixes; commands that go on with a run do not take these.
FIXED = frozenset(
    {
        "source",
        "size",
        "format",
        "quality",
        "layout",
        "include",
        "exclude",
        "limit",
        "detect",
        "source_metadata",
        "cache_control",
        "run_id",
        "resume",
        "new",
    }
)

# What has no meaning for who only looks at a run.
UNUSED_BY_VERIFY = frozenset({"join_within", "balance", "max_pixels", "max_bytes", "strict", "allow_empty"})


def flags_of_claim(claim: Mapping[str, Any], run: NamedRun) -> dict[str, str | None]:
    """Return the flags that ask for a run again, as its claim records them.

    Args:
        claim: What `Settings.describe` said when the run began.
        run: Where it lies.
    """
    size = claim["size"]
    boxes = size if isinstance(size[0], list) else [size]
    flags = {
        "source": _place(claim["source"]),
        "output": _place(claim["output"]),
        "state": _place(run.state.uri()),
        "size": ",".join(f"{width}x{height}" for width, height in boxes),
        "format": claim["format"],
        "quality": claim["quality"],
        "layout": claim["layout"],
        "include": ",".join(claim["include"]) or None,
        "exclude": ",".join(claim["exclude"]) or None,
        "limit": claim["limit"],
        "detect": claim["detect"],
        "source_metadata": claim["source_metadata"],
        "cache_control": claim["cache_control"],
    }
    return {name: None if value is None else str(value) for name, value in flags.items()}


def _place(uri: str) -> str:
    """Return the text that names a place by flag: a claim's `file:` URIs are not encoded."""
    return uri.removeprefix("file://")
