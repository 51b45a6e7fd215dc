"""Results whose fields are those of a command's JSON: what lies deeper in them is plain data, as JSON has it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

_LONGEST = 80  # characters of a field that is shown
BESIDE = {"in": "no JSON"}  # marks a field that the JSON does not have


class JsonResult:
    """A frozen dataclass with a field for each key of a command's JSON. Lists are tuples."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the fields that are short, so that a notebook stays legible."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        short = (f"{name}={value!r}" for name, value in values.items() if len(repr(value)) <= _LONGEST)
        return f"{type(self).__name__}({', '.join(short)}, …)"

    @classmethod
    def from_record(cls, record: Mapping[str, Any], **others: Any) -> Self:
        """Return the result that JSON holds, with its other fields, which JSON does not have."""
        held = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
        return cls(**held, **others)

    def to_record(self) -> dict[str, Any]:
        """Return the result in the form of JSON."""
        held = {one.name: getattr(self, one.name) for one in fields(self) if not one.metadata}  # type: ignore[arg-type]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}
