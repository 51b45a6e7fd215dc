"""One setting: its names, its values, and its meaning for a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_COMMANDS_ON_A_RUN = ("retry", "verify")  # the commands that take an existing run


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting. Flag, variable, help, validation, claim and reference all come from this declaration.

    Attributes:
        name: The field in `Settings`, and the key in a run's claim.
        parse: Turns a text into a value; raises ValueError with a text that says what would be right.
        metavar: The name of the value in the help; empty for a switch.
        default: The default, as a text that `parse` takes; None if there is none, or if it depends on something.
        help: The help text, in one or two sentences.
        variable: The environment variable, or empty.
        flag: The flag on the command line, or empty; `SOURCE` is the command's argument.
        default_words: The default in words, for help and documents.
        unit: The unit of a number, or empty.
        group: The title of the group of flags in the help.
        repeats: Whether the flag may be given more than once.
        claimed: Whether another value makes another run; the value is then in the run's claim and in the fingerprint.
        claimed_later: Whether older versions did not know this claimed setting. At its default, it is in neither of the
            two, so that a newer version goes on with the runs of an older one.
        fixed: Whether an existing run fixes the value; commands that take an existing run do not have the flag.
        unused_by: The commands that do not use the setting.
        to_record: Turns the value into the JSON that the claim holds.
        to_text: Turns that JSON back into a text that `parse` takes; an empty text counts as not given.
    """

    name: str
    parse: Callable[[str], T]
    metavar: str
    default: str | None
    help: str
    variable: str
    flag: str
    default_words: str
    group: str
    unit: str = ""
    repeats: bool = False
    claimed: bool = False
    claimed_later: bool = False
    fixed: bool = False
    unused_by: frozenset[str] = frozenset()
    to_record: Callable[[Any], Any] = lambda value: value
    to_text: Callable[[Any], str] = str

    @property
    def usual(self) -> T | None:
        """The value of the default; None if there is none."""
        return None if self.default is None else self.parse(self.default)

    @property
    def label(self) -> str:
        """The name of the setting in messages: its flag and its variable."""
        return " / ".join(part for part in (self.flag, self.variable) if part)

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value."""
        return not self.metavar

    @property
    def is_argument(self) -> bool:
        """Whether the command line gives the value without a flag."""
        return self.flag == self.metavar

    @property
    def negation(self) -> str:
        """The flag that turns the setting off."""
        return self.flag.replace("--", "--no-", 1)

    @property
    def offered(self) -> str:
        """The flag that the help shows: of a switch, the one that changes its default."""
        return self.negation if self.is_switch and self.default == "yes" else self.flag

    def belongs_to(self, command: str) -> bool:
        """Return whether a command has the setting's flag."""
        return command not in self.unused_by and not (self.fixed and command in _COMMANDS_ON_A_RUN)
