"""Results whose fields are those of a command's JSON: what lies deeper in them is plain data, as JSON has it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

BESIDE = {"in": "no JSON"}  # marks a field that the JSON does not have


class JsonResult:
    """A frozen dataclass with a field for each key of a command's JSON. Lists are tuples."""

    __slots__ = ()

    @classmethod
    def from_record(cls, record: Mapping[str, Any], **others: Any) -> Self:
        """Return the result that JSON holds, with its other fields, which JSON does not have."""
        held = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
        return cls(**held, **others)

    def to_record(self) -> dict[str, Any]:
        """Return the result in the form of JSON."""
        held = {one.name: getattr(self, one.name) for one in fields(self) if not one.metadata}  # type: ignore[arg-type]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}
