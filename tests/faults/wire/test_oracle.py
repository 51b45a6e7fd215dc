"""Tests that the oracle finds each kind of damage, which the tests do after a good run."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.wire.stage import Stage
from tests.faults.wire.world import OUTPUT, SOURCE
from thumbrun.demo.emulator import Emulator


class Bucket:
    """The objects of the output, which a test damages and restores."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.before = {name: (emulator.read(OUTPUT, name), item) for name, item in emulator.objects(OUTPUT).items()}

    def find(self, part: str, number: int = 0) -> str:
        """Return the name of a record, or of a thumbnail if `part` is empty; in the ledger, the name of a seal."""
        mark = {"": "thumbrun-recipe", "/ledger/": "thumbrun-tally"}.get(part, "thumbrun-run")
        return sorted(name for name in self.before if part in name and mark in self._marks(name))[number]

    def write(self, name: str, body: bytes, **marks: str) -> None:
        """Replace an object, and keep its metadata unless other values are given."""
        resource = {"name": name, "metadata": {**self._marks(name), **marks}}
        head = f"--part\r\nContent-Type: application/json\r\n\r\n{json.dumps(resource)}\r\n--part\r\n\r\n"
        self._emulator._call(
            "POST",
            f"/upload/storage/v1/b/{OUTPUT}/o?uploadType=multipart",
            head.encode() + body + b"\r\n--part--\r\n",
            "multipart/related; boundary=part",
        )

    def delete(self, name: str) -> None:
        """Delete an object."""
        self._emulator.delete(OUTPUT, name)

    def restore(self) -> None:
        """Restore all of thumbrun's objects."""
        for name in self._emulator.objects(OUTPUT).keys() - self.before.keys():
            self.delete(name)
        for name, (body, _) in self.before.items():
            if self._marks(name):
                self.write(name, body)

    def _marks(self, name: str) -> dict[str, Any]:
        return dict(self.before.get(name, (b"", {}))[1].get("metadata", {}))


@pytest.mark.slow
def test_damage_is_seen(stage: Stage) -> None:
    """The oracle reports each damage under its own kind: lost, doubled, torn or wrong."""
    stage.world.fill(30)
    task = stage.start()
    assert 0 == task.wait(), task.output()
    assert [] == stage.judge().all()
    bucket = Bucket(stage.world.emulator)
    one, other = bucket.find("", 0), bucket.find("", 1)
    body, part, shard = bucket.before[one][0], bucket.find("/ledger/"), bucket.find("/shards/")
    damage: dict[str, tuple[str, Callable[[], None]]] = {
        "a thumbnail is gone": ("lost", lambda: bucket.delete(one)),
        "a part of the ledger is gone": ("lost", lambda: bucket.delete(part)),
        "there is no plan": ("lost", lambda: bucket.delete(bucket.find("/plan.json"))),
        "there is no summary": ("lost", lambda: bucket.delete(bucket.find("/summary.json"))),
        "a second folder": ("doubled", lambda: bucket.write(one.replace("Z/", "Z-2/"), body)),
        "half a thumbnail": ("torn", lambda: bucket.write(one, body[: len(body) // 2])),
        "half a part": ("torn", lambda: bucket.write(part, bucket.before[part][0][:-20])),
        "half a shard": ("torn", lambda: bucket.write(shard, bucket.before[shard][0][:-20])),
        "another's picture": ("wrong", lambda: bucket.write(one, bucket.before[other][0])),
        "another's mark": ("wrong", lambda: bucket.write(one, body, **{"thumbrun-source": f"gs://{SOURCE}/in/x"})),
        "another generation": ("wrong", lambda: bucket.write(one, body, **{"thumbrun-source-generation": "7"})),
        "a thumbnail too many": ("wrong", lambda: bucket.write(f"{one}.jpg", body)),
        "a stray object": ("wrong", lambda: bucket.write("stray", b"")),
    }
    for what, (kind, put_in) in damage.items():
        put_in()
        assert getattr(stage.judge(), kind), what
        bucket.restore()
        assert [] == stage.judge().all(), what
    stage.world.emulator.put(OUTPUT, "index.html", b"overwritten")
    assert any("index.html" in line for line in stage.judge().wrong)
    stage.world.emulator.delete(SOURCE, next(iter(stage.world.live)))
    assert any("the source" in line for line in stage.judge().wrong)
