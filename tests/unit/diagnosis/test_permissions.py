"""Tests of what is found of a permission: the table of its docstring, row by row."""

import pytest

from thumbrun.diagnosis.findings import Level
from thumbrun.diagnosis.permissions import CREATE, GET, LIST, Attempt, Permission, Tried, found_of
from thumbrun.diagnosis.subject import Place
from thumbrun.storage.location import Location

PLACE = Place(Location("gs", "b-1"), None, (Location("gs", "b-1"),))
NOT_TRIED = (Tried.NOTHING_THERE, Tried.NOT_ASKED, Tried.FAILED)
ROWS = [
    *((Tried.WORKED, granted, Level.OK) for granted in (True, False, None)),
    *((Tried.DENIED, granted, Level.ERROR) for granted in (True, False, None)),
    *((tried, True, Level.OK) for tried in NOT_TRIED),
    *((tried, False, Level.ERROR) for tried in NOT_TRIED),
    *((tried, None, Level.WARNING) for tried in NOT_TRIED),
]


def test_the_rows_are_all_there_are() -> None:
    """Each outcome of a request meets each word of the store once."""
    assert len(ROWS) == len({row[:2] for row in ROWS}) == 3 * len(Tried)


@pytest.mark.parametrize(("tried", "granted", "level"), ROWS)
@pytest.mark.parametrize("permission", [LIST, GET, CREATE])
def test_each_row(permission: Permission, tried: Tried, granted: bool | None, level: Level) -> None:
    """The level is that of the row; an error, and nothing else, has the command that grants the role."""
    found = found_of(permission, PLACE, granted, Attempt(tried), "user:a@b.c")
    assert level is found.level
    assert permission.name in found.what
    command = "gcloud storage buckets add-iam-policy-binding gs://b-1 --member=user:a@b.c --role="
    assert (f"{command}{permission.role}" if level is Level.ERROR else "") == found.command


def test_an_account_that_is_not_known() -> None:
    """Without a known account the command has a word in its place, and the finding says so."""
    found = found_of(GET, PLACE, False, Attempt(Tried.DENIED), "")
    assert "--member=MEMBER " in found.command
    assert found.mend.endswith("for MEMBER")


def test_a_service_perimeter() -> None:
    """Where no role helps, the finding says who has to act, and shows no command."""
    said = "gs://b-1/: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: 8f1a"
    found = found_of(GET, PLACE, None, Attempt(Tried.DENIED, said), "user:a@b.c")
    assert "" == found.command
    assert "service perimeter" in found.mend
