"""Tests of what a command advises after failures."""

import pytest

from thumbrun.outcomes import SKIPS, Reason
from thumbrun.reporting.after_failures import after_failures


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ([], []),
        (["timeout"], ["To retry what failed: thumbrun retry r"]),
        (
            ["timeout", "truncated"],
            [
                "To retry what failed: thumbrun retry r --reason timeout",
                "truncated: a retry fails again unless you replace these files in the source",
            ],
        ),
        (
            ["too-many-pixels", "too-large"],
            [
                (
                    "To retry with a higher limit: thumbrun retry r --reason too-large --reason too-many-pixels "
                    "--max-bytes BYTES --max-pixels N"
                )
            ],
        ),
        (["out-of-memory"], ["To retry with a higher limit: thumbrun retry r --reason out-of-memory --memory BYTES"]),
        (
            ["name-taken"],
            [
                (
                    "Move the objects away that have the names of thumbnails, then retry: "
                    "thumbrun retry r --reason name-taken"
                )
            ],
        ),
        (["name-invalid"], ["name-invalid: a retry fails again; rename these files and begin another run"]),
    ],
)
def test_each_kind_of_failure_has_its_advice(failed: list[str], expected: list[str]) -> None:
    """The advice fits the reasons, and a plain retry is advised only where it can help."""
    assert expected == after_failures(failed, "r")


@pytest.mark.parametrize("reason", sorted(set(Reason) - SKIPS))
def test_every_failure_has_advice(reason: Reason) -> None:
    """No reason for a failure is left without advice."""
    (advice,) = after_failures([reason.value], "r")
    assert reason in advice or "thumbrun retry r" in advice
