"""Keywords in place of flags: every setting that a program can give, by the name of its flag, and as a Python value.

The settings are declared in `settings.declared`, and nowhere else. A value becomes the text that the flag takes, and is
checked as the flag is, so that a program gets the same problems as a person at a terminal.
"""

import difflib
import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from thumbrun.errors import SettingsError, ThumbrunError
from thumbrun.settings.declared import DECLARED, LOG_FORMAT, QUIET, SOURCE, STRICT
from thumbrun.settings.setting import Setting

F = TypeVar("F", bound=Callable[..., Any])

OF_A_TERMINAL = (STRICT, QUIET, LOG_FORMAT)  # settings of what is printed and of exit codes, which no program needs
# In a program, what ends a command with an exit code is an error or a result.
_HELP = {
    "allow_empty": "Return a result if the source has no image, in place of NothingToDoError.",
    "max_duration": "Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on.",
    "require_sandbox": "Refuse to work, with SettingsError, if this system cannot confine the decoding processes.",
}
_TASK = {f"TASK_{name.upper()}": f"task_{name}" for name in ("index", "count", "attempt", "execution")}

_INDENT = " " * 4  # of the arguments in a docstring

_NAMES = {setting.label: setting.name for setting in DECLARED} | _TASK
_NAMES |= {setting.flag: setting.name for setting in DECLARED if setting.flag} | {"--out": "out", "--reason": "reason"}
# Commands stay as they are. Of two names that begin in one place, the longer one is meant.
_NAMED = re.compile(
    r"(?P<command>\bthumbrun [a-z]+ [^;]*)|(?<![\w-])(?P<name>"
    + "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True)))
    + r"|RUN(?= is ))(?![\w-])"
)


def keywords_of(command: str, among: Iterable[Setting[Any]] = DECLARED) -> tuple[Setting[Any], ...]:
    """Return the settings that a function takes as keywords: those of the command of its name.

    The source is an argument of its own.

    Args:
        command: The name of the command.
        among: The settings to choose from.
    """
    return tuple(
        setting
        for setting in among
        if setting.belongs_to(command) and setting is not SOURCE and setting not in OF_A_TERMINAL
    )


def takes(settings: Sequence[Setting[Any]], **help_: str) -> Callable[[F], F]:
    """Return a decorator that shows settings as keywords of a function that takes `**keywords`, and describes them.

    Args:
        settings: The settings.
        **help_: What settings mean to this function, where that differs from the help of the command.
    """
    help_ = _HELP | help_
    described = "".join(
        f"\n{_INDENT}{one.name}: {help_.get(one.name, one.help)} Default: {one.default_words}." for one in settings
    )

    def decorated(function: F) -> F:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        shown = [inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=None) for one in settings]
        # `inspect` reads it, and so do `help` and notebooks.
        function.__signature__ = signature.replace(parameters=[*own, *shown])  # type: ignore[attr-defined]
        if function.__doc__:  # Python can be told to drop it; before 3.13, it is indented as in the module
            doc = inspect.cleandoc(function.__doc__)
            function.__doc__ = re.sub(rf"\n{_INDENT}\*\*keywords: .*", described.replace("\\", r"\\"), doc)
        return function

    return decorated


def flags_of(
    name: str, settings: Sequence[Setting[Any]], given: Mapping[str, object], own: Collection[str] = ()
) -> dict[str, str | None]:
    """Return the text of each flag that keywords stand for, by the setting's name; None if one was not given.

    | value | text |
    |---|---|
    | None | not given |
    | a text | itself |
    | True, False | `yes`, `no` |
    | a number | its digits |
    | a path | the absolute path |
    | a list, if the flag can be repeated | its values, separated by commas |

    Args:
        name: The name of the function, for errors.
        settings: The settings that it takes.
        given: The keywords and their values.
        own: The names of its other keywords, for errors.

    Raises:
        TypeError: There is no such keyword, or its value is of no such type.
    """
    known = {setting.name: setting for setting in settings}
    for keyword in given:
        if keyword not in known:
            close = difflib.get_close_matches(keyword, [*known, *own], 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{meant}")
    return {
        keyword: None if value is None else _text(known[keyword], value, repeats=known[keyword].repeats)
        for keyword, value in given.items()
    }


def source_text(source: object) -> str | None:
    """Return the text of a source, or of a run.

    Raises:
        TypeError: It is neither a text nor a path.
    """
    return None if source is None else _text(SOURCE, source)


def task_variables(index: int, count: int, attempt: int, execution: str | None) -> dict[str, str]:
    """Return the variables that tell which task this is, as they would be set by hand."""
    return dict(zip(_TASK, (str(index), str(count), str(attempt), execution or ""), strict=True))


@contextmanager
def told_in_keywords() -> Iterator[None]:
    """Let the errors of a block name settings by their keywords, and not by flags and variables."""
    try:
        yield
    except ThumbrunError as error:
        error.args = (named_by_keywords(str(error)),)
        error.hint = named_by_keywords(error.hint)
        if isinstance(error, SettingsError):
            error.problems = tuple(map(named_by_keywords, error.problems))
        raise


def named_by_keywords(text: str) -> str:
    """Return a message with the keywords in place of flags and variables.

    >>> named_by_keywords("--image-timeout / THUMBRUN_IMAGE_TIMEOUT is '0'; it must be seconds")
    "image_timeout is '0'; it must be seconds"
    """
    return _NAMED.sub(lambda found: found["command"] or _NAMES.get(found["name"], "run"), text)


def _text(setting: Setting[Any], value: object, *, repeats: bool = False) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and setting.is_switch:
        return "yes" if value else "no"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, os.PathLike):
        return str(Path(value).absolute())
    if repeats and isinstance(value, Mapping):
        return ",".join(f"{name}={_text(setting, one)}" for name, one in value.items())
    if repeats and isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return ",".join(_text(setting, one) for one in value)
    raise TypeError(f"{setting.name} cannot be {type(value).__name__}: {setting.help}")
