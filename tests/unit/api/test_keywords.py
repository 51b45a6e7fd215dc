"""Tests of the keywords: they are the declared settings, and no second list."""

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import thumbrun
from tests.unit.settings.test_every_setting import ANOTHER_RUN, SAME_RUN
from tests.unit.test_documents import module
from thumbrun import SettingsError
from thumbrun.api import plan, retry, run, verify
from thumbrun.api.keywords import OF_A_TERMINAL, flags_of, keywords_of, named_by_keywords
from thumbrun.settings.declared import DECLARED, SOURCE

STUB = Path(thumbrun.__file__).with_suffix(".pyi")


@pytest.mark.parametrize("command", ["run", "plan", "retry", "verify"])
def test_every_setting_of_a_command_is_a_keyword_of_its_function(command: str) -> None:
    """A function takes each setting that the command takes, but for those of a terminal; a new one comes by itself."""
    settings = {"run": run.SETTINGS, "plan": plan.SETTINGS, "verify": verify.SETTINGS, "retry": retry.SETTINGS}[command]
    expected = {setting for setting in DECLARED if setting.belongs_to(command)} - {SOURCE, *OF_A_TERMINAL}
    assert {setting.name for setting in expected} == {setting.name for setting in settings}
    assert {setting.name for setting in settings} <= inspect.signature(getattr(thumbrun, command)).parameters.keys()


@pytest.mark.parametrize("name", sorted({*ANOTHER_RUN, *SAME_RUN} - {one.name for one in (SOURCE, *OF_A_TERMINAL)}))
def test_every_keyword_takes_the_text_of_its_flag(name: str) -> None:
    """The text that a flag takes is right for the keyword, too."""
    text = (ANOTHER_RUN | SAME_RUN)[name]
    assert {name: text} == flags_of("plan", DECLARED, {name: text})


@pytest.mark.parametrize(
    ("keyword", "value", "text"),
    [
        ("size", 200, "200"),
        ("size", [400, "160x90"], "400,160x90"),
        ("include", ("a/*", "b"), "a/*,b"),
        ("new", True, "yes"),
        ("report", False, "no"),
        ("image_timeout", 0.5, "0.5"),
        ("image_timeout", 10, "10"),
        ("memory", 1 << 28, "268435456"),
        ("output", Path("thumbs"), str(Path.cwd() / "thumbs")),
        ("output", "thumbs", "thumbs"),
        ("quality", None, None),
    ],
)
def test_values_of_python(keyword: str, value: object, text: str | None) -> None:
    """Numbers, switches, lists and paths mean what their text means; a path is never taken for a bucket."""
    assert {keyword: text} == flags_of("run", DECLARED, {keyword: value})


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"sizes": 100}, r"run\(\) got an unexpected keyword argument 'sizes'; did you mean 'size'\?"),
        ({"strict": True}, "unexpected keyword argument 'strict'"),
        ({"progres": print}, "did you mean 'progress'"),
        ({"limit": [80, 90]}, "limit cannot be list"),
        ({"quality": True}, "quality cannot be bool"),
        ({"output": b"thumbs"}, "output cannot be bytes"),
    ],
)
def test_what_is_no_keyword_or_no_value(keywords: dict[str, Any], said: str) -> None:
    """A wrong name or type is an error of the program, as in any Python function."""
    with pytest.raises(TypeError, match=said):
        thumbrun.run("gs://bucket/in", **keywords)


def test_all_problems_come_at_once_and_name_keywords() -> None:
    """The error has every problem; each begins with the keyword, and none names a flag or a variable."""
    with pytest.raises(SettingsError) as caught:
        thumbrun.run("s3://bucket", size=0, image_timeout=0, task_index=3)
    assert ["task_index", "size", "image_timeout", "source"] == [one.split()[0] for one in caught.value.problems]
    assert "--" not in str(caught.value)
    assert "THUMBRUN_" not in str(caught.value)
    assert "TASK_" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SOURCE / INPUT_FOLDER is not set; it must be …", "source is not set; it must be …"),
        ("RUN is 'x'; give --output / OUTPUT_BUCKET", "run is 'x'; give output"),
        ("use fewer --tasks", "use fewer tasks"),
        (
            "continue with: thumbrun run --resume gs://b/r; or not",
            "continue with: thumbrun run --resume gs://b/r; or not",
        ),
        ("a--size-b", "a--size-b"),
    ],
)
def test_messages_in_keywords(text: str, expected: str) -> None:
    """Flags and variables become keywords, and commands stay commands."""
    assert expected == named_by_keywords(text)


def test_the_stub_is_up_to_date() -> None:
    """src/thumbrun/__init__.pyi is exactly what `make docs` writes."""
    assert module("stub").stub() == STUB.read_text("utf-8")


def test_the_stub_has_every_name() -> None:
    """Editors and type checkers know every name that `import thumbrun` offers, and no other."""
    known = {
        alias.asname if isinstance(node, ast.ImportFrom) else None
        for node in ast.parse(STUB.read_text("utf-8")).body
        for alias in getattr(node, "names", [])
    }
    functions = {
        node.name
        for node in ast.parse(STUB.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert set(thumbrun.__all__) == (known - {None}) | functions | {"__version__"}


@pytest.mark.parametrize("function", [thumbrun.run, thumbrun.plan, thumbrun.verify, thumbrun.thumbnail])
def test_help_describes_every_keyword(function: Callable[..., object]) -> None:
    """`help` of a function has a line for each keyword."""
    for name in inspect.signature(function).parameters:
        assert f"\n    {name}: " in (function.__doc__ or "")
    assert "xit " not in (function.__doc__ or "")  # an exit code means nothing in a program


def test_a_command_without_a_setting_has_no_keyword() -> None:
    """A setting that the command has no use for is refused, and not ignored."""
    assert "deadline" not in {setting.name for setting in keywords_of("run")}
    with pytest.raises(TypeError, match="deadline"):
        thumbrun.run("gs://bucket/in", deadline="10m")  # type: ignore[call-arg]
