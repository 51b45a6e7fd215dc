"""Parses the texts of flags and environment into values, each on its own, and collects every problem."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from thumbrun.console import quoted, shortened
from thumbrun.settings.setting import Setting

T = TypeVar("T")

_LONGEST_ADVICE = 200  # characters of advice, which can quote a part of the value


class ParsedValues:
    """The values of some settings. A flag counts before the environment, and the environment before the default.

    Attributes:
        problems: A sentence for each wrong value. It names the flag and the variable, and says what would be right.
    """

    def __init__(
        self,
        settings: Iterable[Setting[Any]],
        environ: Mapping[str, str],
        flags: Mapping[str, str | None],
        preset: Mapping[str, str] | None = None,
    ) -> None:
        """Parse every text that is given.

        Args:
            settings: The settings to parse.
            environ: The environment; an empty variable counts as unset.
            flags: The text of each flag that was given, by the setting's name.
            preset: Texts that replace the default of a setting, by its name.
        """
        self.problems: list[str] = []
        self._texts: dict[str, str | None] = {}
        self._values: dict[str, Any] = {}
        self._of_preset: set[str] = set()
        for setting in settings:
            given = _given(setting, environ, flags)
            text = (preset or {}).get(setting.name, setting.default) if given is None else given
            if given is None and preset and setting.name in preset:
                self._of_preset.add(setting.name)
            self._texts[setting.name] = text
            if text == "" and setting.is_argument:  # as in `thumbrun run "$UNSET"`, which must not mean another source
                text = self._texts[setting.name] = None
            if text is not None:
                try:
                    self._values[setting.name] = setting.parse(text)
                except ValueError as error:
                    self._report(setting, str(error))

    def get(self, setting: Setting[T]) -> T | None:
        """Return a setting's value, or None if it has none or a wrong one."""
        value: T | None = self._values.get(setting.name)
        return value

    def required(self, setting: Setting[T]) -> T:
        """Return the value of a setting that has a default.

        Raises:
            KeyError: It has no value, or a wrong one, because the caller did not check `problems` first.
        """
        value: T = self._values[setting.name]
        return value

    def reject(self, setting: Setting[Any], advice: str) -> None:
        """Add a problem for a value that does not go with the others, unless it has a problem already.

        Args:
            setting: The setting that has the value.
            advice: A text that says what would be right.
        """
        if setting.name in self._values or self._texts[setting.name] is None:
            self._report(setting, advice)

    def _report(self, setting: Setting[Any], advice: str) -> None:
        text = self._texts[setting.name]
        what = "is not set" if text is None else f"is {quoted(text)}"
        what += " (--preset)" if setting.name in self._of_preset else ""
        self.problems.append(f"{setting.label} {what}; {shortened(advice, _LONGEST_ADVICE)}")


def _given(setting: Setting[Any], environ: Mapping[str, str], flags: Mapping[str, str | None]) -> str | None:
    """Return the text that a flag gives, else the environment, or None; an empty variable counts as unset."""
    given = flags.get(setting.name)
    if given is not None:
        return given
    return (environ.get(setting.variable) if setting.variable else None) or None
