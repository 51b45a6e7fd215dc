"""Makes the table of settings for the documents."""

from typing import Any

from thumbrun.settings.declared import DECLARED
from thumbrun.settings.setting import Setting


def reference() -> str:
    """Return the table of settings in Markdown, which `make docs` puts into the reference."""
    rows = [("variable", "flag", "meaning", "unit", "default"), ("---",) * 5, *map(_cells, DECLARED)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(setting: Setting[Any]) -> tuple[str, ...]:
    variable = f"`{setting.variable}`" if setting.variable else ""
    default = f"`{setting.default}`" if setting.default_words == setting.default else setting.default_words
    cells = (variable, _flag(setting), setting.help, setting.unit, default)
    return tuple(cell.replace("|", r"\|") for cell in cells)


def _flag(setting: Setting[Any]) -> str:
    if not setting.flag:
        return ""
    if setting.is_switch:
        return f"`{setting.flag}`, `{setting.negation}`"
    return f"`{setting.flag}`" if setting.is_argument else f"`{setting.flag} {setting.metavar}`"
