"""Offers the settings as options of a command line. All values stay text, so that they are checked together."""

import argparse
from collections.abc import Collection
from typing import Any

from thumbrun.settings.declared import DECLARED, GROUPS
from thumbrun.settings.setting import Setting


def add_options(parser: argparse.ArgumentParser, command: str, among: Collection[Setting[Any]] = DECLARED) -> None:
    """Add the flags of the settings that a command takes, in their groups.

    Args:
        parser: The parser of the command.
        command: The name of the command.
        among: The settings to choose from.
    """
    for title in GROUPS:
        settings = [setting for setting in among if setting.group == title and setting.belongs_to(command)]
        if any(setting.flag for setting in settings):
            group = parser.add_argument_group(title)
            for setting in settings:
                _add(group, setting)


def _add(group: argparse._ArgumentGroup, setting: Setting[Any]) -> None:
    options: dict[str, Any] = {"dest": setting.name, "default": None, "help": _help(setting)}
    if setting.is_argument:
        group.add_argument(setting.name, nargs="?", metavar=setting.metavar, help=options["help"])
    elif setting.is_switch:
        for flag, value in ((setting.flag, "yes"), (setting.negation, "no")):
            help_ = options["help"] if flag == setting.offered else argparse.SUPPRESS
            group.add_argument(flag, action="store_const", const=value, **{**options, "help": help_})
    elif setting.flag:
        action = "append" if setting.repeats else "store"
        group.add_argument(setting.flag, action=action, metavar=setting.metavar, **options)


def flags_of(arguments: argparse.Namespace) -> dict[str, str | None]:
    """Return the text of each flag, by the setting's name; None if the flag was not given."""
    given = vars(arguments)
    return {
        setting.name: ",".join(value) if isinstance(value := given.get(setting.name), list) else value
        for setting in DECLARED
    }


def _help(setting: Setting[Any]) -> str:
    default = f" Default: {setting.default_words}."
    if setting.default_words == "required":
        default = " Required."
    variable = f" [{setting.variable}]" if setting.variable else ""
    return f"{setting.help}{default}{variable}".replace("%", "%%")
