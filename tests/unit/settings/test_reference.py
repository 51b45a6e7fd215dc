"""Tests of the table of settings, as declared and as documented."""

import re

import pytest

from thumbrun.settings.declared import DECLARED
from thumbrun.settings.reference import reference


def test_every_setting_has_a_row() -> None:
    """Each setting is one row of five cells, in the order of the declarations."""
    rows = [line for line in reference().splitlines() if line.startswith("|")][2:]
    assert len(DECLARED) == len(rows)
    for setting, row in zip(DECLARED, rows, strict=True):
        assert 7 == len(re.split(r"(?<!\\)\|", row))
        assert f"`{setting.variable}`" in row or not setting.variable
        assert setting.flag in row


def test_names_are_declared_once() -> None:
    """No name, flag or variable belongs to two settings."""
    for names in ([s.name for s in DECLARED], [s.flag for s in DECLARED], [s.variable for s in DECLARED]):
        given = [name for name in names if name]
        assert sorted(set(given)) == sorted(given)


@pytest.mark.parametrize("setting", [s for s in DECLARED if s.default is not None], ids=lambda s: str(s.name))
def test_defaults_are_right_values(setting: object) -> None:
    """Every default passes its own validation."""
    declared = next(s for s in DECLARED if s is setting)
    declared.parse(declared.default or "")


def test_every_setting_says_what_it_is() -> None:
    """Every setting has a help text that is a sentence, and its default in words."""
    for setting in DECLARED:
        assert setting.help.endswith(".")
        assert setting.default_words
