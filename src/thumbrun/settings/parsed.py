"""From the texts of flags and environment to values, each judged by itself; what is wrong is collected."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from thumbrun.console import quoted, shortened
from thumbrun.settings.setting import Setting

T = TypeVar("T")

_LONGEST_ADVICE = 200  # characters of what would be right, which may quote a part of the value


class ParsedValues:
    """The values of some settings: flags before environment before defaults.

    Attributes:
        problems: A sentence for each wrong value, naming flag and variable and what would be right.
    """

    def __init__(
        self, settings: Iterable[Setting[Any]], environ: Mapping[str, str], flags: Mapping[str, str | None]
    ) -> None:
        """Parse every text that is given.

        Args:
            settings: Which.
            environ: The environment; an empty variable counts as unset.
            flags: The text of each flag that was given, by the setting's name.
        """
        self.problems: list[str] = []
        self._texts: dict[str, str | None] = {}
        self._values: dict[str, Any] = {}
        for setting in settings:
            text = self._texts[setting.name] = _text(setting, environ, flags)
            if text is not None:
                try:
                    self._values[setting.name] = setting.parse(text)
                except ValueError as error:
                    self._report(setting, str(error))

    def get(self, setting: Setting[T]) -> T | None:
        """Return a setting's value, or None if it has none or a wrong one."""
        value: T | None = self._values.get(setting.name)
        return value

    def given(self, setting: Setting[T]) -> T:
        """Return the value of a setting that has a default.

        Raises:
            KeyError: It has none, or a wrong one: the caller did not look at the problems first.
        """
        value: T = self._values[setting.name]
        return value

    def reject(self, setting: Setting[Any], advice: str) -> None:
        """Add the problem of a value that does not go with the others, unless it was wrong by itself.

        Args:
            setting: Whose value it is.
            advice: What would be right.
        """
        if setting.name in self._values or self._texts[setting.name] is None:
            self._report(setting, advice)

    def _report(self, setting: Setting[Any], advice: str) -> None:
        text = self._texts[setting.name]
        what = "is not set" if text is None else f"is {quoted(text)}"
        self.problems.append(f"{setting.label} {what}; {shortened(advice, _LONGEST_ADVICE)}")


def _text(setting: Setting[Any], environ: Mapping[str, str], flags: Mapping[str, str | None]) -> str | None:
    """Return what was said of a setting: by flag, by environment, or by default."""
    given = flags.get(setting.name)
    if given is not None:
        return given
    return (environ.get(setting.variable) if setting.variable else None) or setting.default
