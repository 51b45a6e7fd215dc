"""Which task am I."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a job."""

    index: int = 0
    count: int = 1
    attempt: int = 0
    execution: str | None = None
    platform: str = "plain"
