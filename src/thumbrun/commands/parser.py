"""The parser of the command line: its help has examples first, and its errors say what you most likely mean."""

import argparse
import difflib
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from typing import NoReturn

from thumbrun.console import printable, quoted, wrapped
from thumbrun.errors import SettingsError
from thumbrun.formats import suffix_of

_WIDEST, _NARROWEST = 100, 40  # characters of a line of help
_CLOSE = 0.7  # how alike two flags are, from 0 to 1, so that one is proposed for the other
_PATTERNS = ("--include", "--exclude")
# The flag that a letter stands for in other programs.
_SHORT = {
    "-e": "--exclude",
    "-f": "--format",
    "-i": "--include",
    "-j": "--tasks",
    "-n": "--limit",
    "-o": "--output",
    "-q": "--quiet",
    "-s": "--size",
    "-v": "--version",
    "-V": "--version",
}
_COLUMN = 6  # where the text of a flag begins, on the lines below it
# What argparse says of a wrong argument, and what thumbrun says instead.
_SAYS = (
    (re.compile(r"argument (?P<flag>[^:]+): expected (?:one|at least one) argument"), "{flag} needs a value"),
    (re.compile(r"argument (?P<flag>[^:]+): ignored explicit argument .*", re.DOTALL), "{flag} takes no value"),
    (re.compile(r"the following arguments are required: (?P<flag>.*)"), "{flag} is missing"),
)


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors, and takes no abbreviations: `--siz` would be taken for `--size` in silence."""

    def __init__(
        self,
        *,
        examples: Sequence[str] = (),
        takes: str = "",
        lists: Mapping[str, Sequence[str]] | None = None,
        **others: object,
    ) -> None:
        """Set up the parser.

        Args:
            examples: Commands to show first in the help.
            takes: What the command takes, in the line of its usage.
            lists: Further lists of lines to show after the usage, by their titles.
            others: What `ArgumentParser` takes.
        """
        super().__init__(allow_abbrev=False, add_help=False, formatter_class=_Help, **others)  # type: ignore[arg-type]
        self._examples = {"Examples": examples} if examples else {}
        self._lists = lists or {}
        self.usage = f"{self.prog} {takes}".strip()

    def format_help(self) -> str:
        """Return the help: what the command is for, examples, the usage, and the flags in their groups."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        formatter.add_text(_listed(self._examples))
        formatter.add_text(f"Usage: {self.usage}")
        formatter.add_text(_listed(self._lists))
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_arguments(group._group_actions)  # noqa: SLF001  (as argparse does)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def add_help_flag(self, group: argparse._ActionsContainer | None = None) -> None:
        """Add `--help`, which belongs last, to a group."""
        (group or self).add_argument("-h", "--help", action="help", help="Show this help and exit.")

    def error(self, message: str) -> NoReturn:
        """Raise an error that says what is wrong with the arguments.

        Raises:
            SettingsError: Always.
        """
        for pattern, says in _SAYS:
            if found := pattern.fullmatch(message):
                message = says.format(**found.groupdict())
        raise SettingsError([message], hint=f"{self.prog} --help shows what it takes")

    def refuse(self, rest: Sequence[str], arguments: Sequence[str] = ()) -> NoReturn:
        """Raise an error for arguments that the command does not take.

        Args:
            rest: The arguments that it does not take.
            arguments: All arguments, which can tell why.

        Raises:
            SettingsError: Always.
        """
        unknown = [argument.partition("=")[0] for argument in rest if argument.startswith("-") and argument != "-"]
        flags = [flag for action in self._actions for flag in action.option_strings]
        problems = [
            f"{self.prog} has no flag {quoted(flag)}{_flag_meant(flag, flags)}" for flag in dict.fromkeys(unknown)
        ]
        if not problems:
            shown = ", ".join(quoted(argument) for argument in rest[:3]) + (", …" if len(rest) > 3 else "")
            problems = [f"{self.prog} does not take {shown} as well; {self._instead(rest, arguments)}"]
        raise SettingsError(problems, hint=f"{self.prog} --help shows what it takes")

    def _instead(self, rest: Sequence[str], arguments: Sequence[str]) -> str:
        """Return what to give instead of several arguments; the first row that applies decides.

        | arguments | what is meant |
        |---|---|
        | files after `--include` or `--exclude` | a pattern that the shell replaced |
        | one more place, and the command takes a source | the output |
        | others | one place at a time |
        """
        for number, flag in enumerate(arguments):
            value, *others = [*arguments[number + 1 :], ""]
            if flag not in _PATTERNS or not others or not others[0] or others[0].startswith("-"):
                continue
            ends = os.path.splitext(value)[1]  # noqa: PTH122  (a pattern is not a path)
            if others[0] in rest or ends == os.path.splitext(others[0])[1]:  # noqa: PTH122
                return f"if your shell replaced a pattern, put it in quotes, like {flag} '*{ends}'"
        if not any(action.dest == "source" for action in self._actions):
            return "give one at a time"
        if len(rest) == 1 and not suffix_of(rest[0]):
            return f"did you mean --output {shlex.quote(printable(rest[0]))}?"
        return "give one folder, and choose files with --include"


def _listed(lists: Mapping[str, Sequence[str]]) -> str | None:
    """Return lists as text, each below its title, or None if there are none."""
    return "\n\n".join("\n".join([f"{title}:", *(f"  {line}" for line in lists[title])]) for title in lists) or None


def _flag_meant(flag: str, flags: Sequence[str]) -> str:
    """Return the end of a sentence that names the flag that is most likely meant, or an empty text.

    The dashes do not count, because they alone would make any two flags similar.

    >>> _flag_meant("--siz", ["--size"]), _flag_meant("-o", ["--output"]), _flag_meant("--yes", ["--max-bytes"])
    ('; did you mean --size?', '; did you mean --output?', '')
    """
    if (usual := _SHORT.get(flag)) and usual in flags:
        return f"; did you mean {usual}?"
    if usual == "--version":
        return "; did you mean thumbrun --version?"
    names = {known.lstrip("-"): known for known in flags if known.startswith("--")}
    close = difflib.get_close_matches(flag.lstrip("-"), names, 1, _CLOSE)
    return f"; did you mean {names[close[0]]}?" if close else ""


class _Help(argparse.HelpFormatter):
    """Lays out a help for terminals of any width, and breaks no word, so that a flag can be copied from it."""

    def __init__(self, prog: str) -> None:
        width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
        super().__init__(prog, max_help_position=_COLUMN, width=width)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width).splitlines()

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return wrapped(text, width)
