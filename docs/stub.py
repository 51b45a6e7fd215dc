"""Write src/thumbrun/__init__.pyi, from which editors and type checkers know the functions. `make docs` runs this."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import thumbrun
from thumbrun.api import plan, report, retry, run, thumbnail, verify
from thumbrun.imaging.geometry import Box
from thumbrun.planning.name_pattern import NamePattern
from thumbrun.settings.setting import Setting
from thumbrun.settings.thumbnail_values import Qualities

TARGET = Path(__file__).parents[1] / "src/thumbrun/__init__.pyi"

_FUNCTIONS: tuple[tuple[Callable[..., Any], Sequence[Setting[Any]]], ...] = (
    (plan.plan, plan.SETTINGS),
    (plan.plan_async, plan.SETTINGS),
    (report.report, report.SETTINGS),
    (report.report_async, report.SETTINGS),
    (retry.retry, retry.SETTINGS),
    (retry.retry_async, retry.SETTINGS),
    (run.run, run.SETTINGS),
    (run.run_async, run.SETTINGS),
    (thumbnail.thumbnail, thumbnail.SETTINGS),
    (thumbnail.thumbnail_async, thumbnail.SETTINGS),
    (verify.verify, verify.SETTINGS),
    (verify.verify_async, verify.SETTINGS),
)
_NAMED = {function.__name__: function for function, _ in _FUNCTIONS}
_TYPES: dict[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[str, ...]: "str | Sequence[str]",
    tuple[Box, ...]: "int | str | Sequence[int | str]",
    Qualities: "int | str | Mapping[str, int]",
    NamePattern: "str",
}
_OF_ONE: dict[Any, str] = {tuple[str, ...]: "str", tuple[Box, ...]: "int | str"}  # where there is only one thumbnail
_ALSO = {"PLACE": "PathLike[str]", "FILE": "PathLike[str]", "BYTES": "str", "TIME": "str"}  # by the setting's metavar


def annotation(setting: Setting[Any], function: str) -> str:
    """Return the type of a setting's keyword."""
    hint = get_type_hints(setting.parse)["return"]
    types = _TYPES | (_OF_ONE if function.startswith("thumbnail") else {})
    return " | ".join(filter(None, (types[hint], _ALSO.get(setting.metavar), "None")))


def signature(function: Callable[..., Any], settings: Sequence[Setting[Any]]) -> str:
    """Return a function as a stub has it, with a line for each argument."""
    name = function.__name__
    known = {setting.name: setting for setting in settings}
    lines, keyword_only = [], False
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not keyword_only:
            lines.append("*,")
            keyword_only = True
        told = annotation(known[one.name], name) if one.name in known else _shown(one.annotation)
        default = "" if one.default is one.empty else f" = {one.default!r}"
        lines.append(f"{one.name}: {told}{default},")
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    result = inspect.signature(function).return_annotation.__name__
    doc = inspect.getdoc(_NAMED[name.removesuffix("_async")]) or ""
    indented = "\n".join(f"    {line}".rstrip() for line in f'"""{doc}\n"""'.splitlines())
    arguments = "\n".join(f"    {line}" for line in lines)
    return f"{kind} {name}(\n{arguments}\n) -> {result}:\n{indented}\n"


def _shown(hint: Any) -> str:
    text = inspect.formatannotation(hint)
    for module in ("collections.abc.", "thumbrun.logs.events.", "os."):
        text = text.replace(module, "")
    return text


def stub() -> str:
    """Return the text of src/thumbrun/__init__.pyi."""
    functions = {function.__name__ for function, _ in _FUNCTIONS}
    imports = [
        f"from {module} import {name} as {name}"
        for name, module in sorted(vars(thumbrun)["_MODULES"].items(), key=lambda home: (home[1], home[0]))
        if name not in functions
    ]
    parts = [
        f'"""{inspect.getdoc(thumbrun)}\n"""\n',
        "# `make docs` writes this file from the code.\n",
        "from collections.abc import Callable, Iterable, Mapping, Sequence\nfrom os import PathLike\n",
        "\n".join(imports) + "\n",
        "__all__ = [\n" + "".join(f'    "{name}",\n' for name in thumbrun.__all__) + "]\n",
        "__version__: str\n",
        *(signature(function, settings) for function, settings in _FUNCTIONS),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(stub(), "utf-8")
