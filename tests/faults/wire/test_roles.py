"""Tests of the least roles: they suffice for a whole run; if one is missing, thumbrun says what to check."""

import json
import urllib.error

import pytest

from tests.faults.wire.asked import Asked
from tests.faults.wire.faults import Fault
from tests.faults.wire.roles import Roles
from tests.faults.wire.stage import PATIENT, Stage, let_through, wait_until
from tests.faults.wire.world import OUTPUT, SOURCE
from thumbrun.demo.emulator import Emulator


class FirstThumbnail:
    """Holds the first request that creates a thumbnail, and no other."""

    def __init__(self) -> None:
        """Hold no request yet."""
        self._held: Asked | None = None

    def __call__(self, asked: Asked) -> bool:
        """Return whether to hold a request."""
        if self._held is None and asked.operation == "create" and not asked.name.startswith("_thumbrun/"):
            self._held = asked
        return asked is self._held

    def is_taken_by(self, asked: Asked) -> bool:
        """Return whether another request has created the name of the request that is held."""
        held = self._held
        return held is not None and asked is not held and (asked.name, asked.status) == (held.name, 200)


@pytest.mark.slow
@pytest.mark.parametrize("taken", [412, 403])
def test_the_least_roles_suffice(stage: Stage, taken: int) -> None:
    """Thumbrun only reads and lists the source, and only creates, reads and lists in the output.

    A whole run of three tasks with a kill, a second live copy and a retry ends with 0. It does so too if Cloud Storage
    answers 403 instead of 412 for a name that is taken, because the account may not delete.
    """
    stage.world.fill(50)
    stage.proxy.refuse = Roles()
    if taken == 403:
        stage.proxy.decide = lambda asked: Fault.DENIED_TAKEN if asked.operation == "create" else None
    let_through(stage.proxy, 3)
    killed = stage.start(0, 3, THUMBRUN_IN_FLIGHT="4", module=PATIENT)
    wait_until(lambda: stage.thumbnails() == 3)
    killed.kill()
    stage.proxy.release()
    tasks = [stage.start(2, 3, THUMBRUN_IN_FLIGHT="4", module=PATIENT)]
    stage.proxy.hold = first = FirstThumbnail()
    wait_until(stage.proxy.held.is_set)  # a thumbnail is on its way, and its name is still free
    tasks += [stage.start(index, 3, attempt, module=PATIENT) for index, attempt in ((2, 0), (1, 0), (0, 1))]
    wait_until(lambda: any(first.is_taken_by(asked) for asked in stage.proxy.asked))
    stage.proxy.release()
    assert [0] * 4 == [task.wait() for task in tasks], stage.tasks.outputs()
    findings = stage.judge()
    assert [] == findings.all()
    assert 50 == findings.items
    assert not findings.reasons
    answers = {asked.status for asked in stage.proxy.asked if asked.operation == "create"}
    assert {200, taken} == answers
    allowed = {(SOURCE, "get"), (SOURCE, "list"), (OUTPUT, "create"), (OUTPUT, "get"), (OUTPUT, "list")}
    assert allowed == {(asked.bucket, asked.permission) for asked in stage.proxy.asked}


def test_the_proxy_refuses_what_goes_beyond(stage: Stage) -> None:
    """The least roles refuse a delete, an upload that overwrites, a request for a bucket, and a write to the source."""
    stage.world.fill(1)
    stage.proxy.refuse = Roles()
    behind = Emulator(stage.proxy.url, 0)
    assert behind.read(OUTPUT, "index.html")
    for forbidden in (
        lambda: behind.delete(OUTPUT, "index.html"),
        lambda: behind.put(OUTPUT, "index.html", b"other"),
        lambda: behind.create_bucket("another"),
        lambda: behind._call("GET", f"/storage/v1/b/{OUTPUT}"),
        lambda: behind._call("PATCH", f"/storage/v1/b/{OUTPUT}/o/index.html", b"{}", "application/json"),
        lambda: behind._call("POST", f"/storage/v1/b/{OUTPUT}/o/a/compose", b"{}", "application/json"),
        lambda: behind._call("POST", f"/upload/storage/v1/b/{SOURCE}/o?uploadType=media&name=a", b"x", "text/plain"),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            forbidden()
        assert 403 == caught.value.code
        caught.value.close()


@pytest.mark.quick(one_in=8)
@pytest.mark.parametrize(
    ("bucket", "permission", "role"),
    [
        (SOURCE, "get", "Storage Object Viewer"),
        (SOURCE, "list", "Storage Object Viewer"),
        (OUTPUT, "create", "Storage Object Creator"),
        (OUTPUT, "get", "Storage Object Viewer"),
        (OUTPUT, "list", "Storage Object Viewer"),
    ],
)
def test_a_role_that_is_missing(stage: Stage, bucket: str, permission: str, role: str) -> None:
    """A task exits with 1 and names the permission and the bucket to check; no image gets an outcome because of it."""
    stage.world.fill(30)
    stage.proxy.refuse = Roles.without(bucket, permission)
    task = stage.start()
    assert 1 == task.wait(), task.output()
    last = [json.loads(line) for line in task.output().splitlines() if '"ERROR"' in line][-1]
    for word in (f"storage.objects.{permission}", role, f"gs://{bucket}/"):
        assert word in last["message"], last
    assert 0 == stage.thumbnails()
    stage.proxy.refuse = Roles()
    again = stage.start(attempt=1)
    assert 0 == again.wait(), again.output()
    assert [] == stage.judge().all()


@pytest.mark.slow
def test_a_role_that_comes_late(stage: Stage) -> None:
    """A permission that is refused at first and granted later costs only time."""
    stage.world.fill(30)
    roles = Roles.without(SOURCE, "list")
    refused: list[str] = []

    def late(asked: Asked) -> str | None:
        why = roles(asked) if len(refused) < 2 else None
        refused.extend([why] if why else [])
        return why

    stage.proxy.refuse = late
    task = stage.start()
    assert 0 == task.wait(), task.output()
    assert 2 == len(refused)
    assert [] == stage.judge().all()


@pytest.mark.slow
@pytest.mark.parametrize(("bucket", "permission"), [(SOURCE, "get"), (OUTPUT, "create"), (OUTPUT, "get")])
def test_a_role_that_is_withdrawn_in_the_middle(stage: Stage, bucket: str, permission: str) -> None:
    """If a bucket begins to refuse in the middle of a run, its images stay open, and a retry does them."""
    stage.world.fill(50)
    roles = Roles.without(bucket, permission)
    stage.proxy.refuse = lambda asked: roles(asked) if stage.proxy.reads(SOURCE) > 20 else None
    task = stage.start(THUMBRUN_IN_FLIGHT="4")
    assert 1 == task.wait(), task.output()
    assert f"storage.objects.{permission}" in task.output()
    stage.proxy.refuse = Roles()
    again = stage.start(attempt=1)
    assert 0 == again.wait(), again.output()
    findings = stage.judge()
    assert [] == findings.all()
    assert not findings.reasons
