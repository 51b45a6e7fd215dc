"""One setting: its names, its values, and what it means for a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_COMMANDS_ON_A_RUN = ("retry", "verify")  # these take a run that was begun before


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting, whole: what declares it here declares it everywhere.

    Attributes:
        name: The field in `Settings`, and the key in a run's claim.
        parse: Makes a value of a text; raises ValueError with what would be right.
        metavar: What the help calls the value; empty for a switch.
        default: The default, as text that `parse` takes; None where there is none, or where it depends.
        help: One sentence or two.
        variable: The environment variable, or empty.
        flag: The flag on the command line, or empty; `SOURCE` is the command's argument.
        default_words: How the documents say what the default is.
        unit: What a number counts, or empty.
        repeats: Whether the flag may be given more than once.
        claimed: Whether the value makes another run: it stands in the run's claim and in the fingerprint.
        fixed: Whether a run that was begun has it fixed: commands that take such a run do not have the flag.
        unused_by: The commands that have no use for it.
        to_record: Turns the value into what the claim holds, as JSON.
        to_text: Turns what the claim holds back into a text that `parse` takes; empty counts as not given.
    """

    name: str
    parse: Callable[[str], T]
    metavar: str
    default: str | None
    help: str
    variable: str
    flag: str
    default_words: str
    unit: str = ""
    repeats: bool = False
    claimed: bool = False
    fixed: bool = False
    unused_by: frozenset[str] = frozenset()
    to_record: Callable[[Any], Any] = lambda value: value
    to_text: Callable[[Any], str] = str

    @property
    def label(self) -> str:
        """What messages call the setting: its flag and its variable."""
        return " / ".join(part for part in (self.flag, self.variable) if part)

    @property
    def is_switch(self) -> bool:
        """Whether the flag stands alone."""
        return not self.metavar

    @property
    def is_argument(self) -> bool:
        """Whether the command line gives the value without a flag."""
        return self.flag == self.metavar

    @property
    def negation(self) -> str:
        """The flag that switches it off."""
        return self.flag.replace("--", "--no-", 1)

    def belongs_to(self, command: str) -> bool:
        """Whether a command has the setting's flag."""
        return command not in self.unused_by and not (self.fixed and command in _COMMANDS_ON_A_RUN)
