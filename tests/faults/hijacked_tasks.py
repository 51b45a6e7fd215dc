"""Runs whole tasks on photographs among which images take their decoders over, and judges every image.

The payloads are those of `tests.unit.decoding.hijack`, and the attempts to reach something outside are those of
`tests.unit.decoding.test_confine`. `python -m tests.faults.hijacked_tasks --runs 20 --out FILE` writes the counts.
"""

import argparse
import asyncio
import errno
import json
import random
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from tests.faults.deaths import outcomes_of
from tests.faults.tried import Tried, each, ended
from tests.unit.decoding import hijack
from tests.unit.decoding.hijack import FLOODS, PAYLOADS, evil
from tests.unit.decoding.test_confine import ATTEMPTS, confined
from tests.unit.imaging.samples import photograph
from thumbrun.clock import SystemClock
from thumbrun.decoding import launcher
from thumbrun.decoding.pool import _BYTES_TOGETHER as TOGETHER
from thumbrun.environment.machine import Machine
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.outcomes import Outcome, Reason, Status, Tally
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.resolved import resolve
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.runner import TaskRunner

_HEALTHY = 40  # photographs of a run
_EVIL = 12  # images of a run that take their decoder over
_RUN = "mine"


class _Silence:
    """A sink that shows nothing."""

    def event(self, event: Event) -> None:
        pass

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        pass

    def close(self) -> None:
        pass


def _bodies(chance: random.Random) -> dict[str, tuple[bytes, str]]:
    """Return images by name, each with the payload that it runs, or an empty text."""
    payloads = [*([""] * _HEALTHY), *chance.sample(sorted(PAYLOADS | FLOODS), _EVIL)]
    chance.shuffle(payloads)
    found = {}
    for number, payload in enumerate(payloads):
        # What answers properly before it misbehaves must be alone in its process: SECURITY.md says that it could answer
        # in the place of the small images that came together with it.
        content = photograph(1600, noise=True) if payload in FLOODS else photograph(40 + number, chance.random() < 0.2)
        found[f"{number:03d}.jpg"] = (evil(content, payload) if payload else content, payload)
    return found


async def _run(bodies: Mapping[str, bytes]) -> tuple[Tally, dict[str, bytes], dict[str, Outcome]]:
    """Run one task, and return its tally, its thumbnails, and the outcome of each image."""
    store = MemoryStore("bucket")
    for name, body in bodies.items():
        store.put_as_user(f"in/{name}", body, content_type="image/jpeg")
    settings = resolve(
        {"INPUT_FOLDER": "gs://bucket/in", "THUMBRUN_RUN_ID": _RUN}, {}, machine=Machine(2, 512 << 20, is_limited=True)
    )
    clock = SystemClock()
    runner = TaskRunner(settings, Events(_Silence(), clock), clock, opener=lambda _: store)
    result = await runner.run(asyncio.Event())
    state = RecordStore(store, "_thumbrun/")
    outcomes = await outcomes_of(state, _RUN)
    thumbnails = {
        name.removeprefix(f"{_RUN}/"): content
        for name, (_, content, *_) in store.objects.items()
        if name.startswith(f"{_RUN}/")
    }
    return result.own, thumbnails, outcomes


def tried_once(seed: int, tried: Tried) -> None:
    """Run one task on images of which some take their decoder over, and compare with a run without these."""
    chance = random.Random(seed)  # noqa: S311
    drawn = _bodies(chance)
    tried.schedules += 1
    tried.images += _EVIL
    healthy = {name: body for name, (body, payload) in drawn.items() if not payload or payload in FLOODS}
    assert all(len(body) > TOGETHER for name, body in healthy.items() if drawn[name][1])
    _, expected, _ = asyncio.run(_run({name: body.partition(b"EVIL:")[0] for name, body in healthy.items()}))
    with mock.patch.object(launcher, "_COMMAND", hijack.command()):
        own, thumbnails, outcomes = asyncio.run(_run({name: body for name, (body, _) in drawn.items()}))
    tried.items += len(drawn)
    for name, (_, payload) in drawn.items():
        found = outcomes.get(name)
        said = "no outcome" if found is None else str(found.reason or found.status)
        crashed = bool(payload) and said == Reason.CRASHED and name not in thumbnails
        # A process that answers properly and then goes on talking can be killed before its answer is taken, or after.
        done = name in healthy and said == Status.DONE and thumbnails[name] == expected[name]
        tried.lost += found is None
        if payload:
            tried.came_of[payload] = f"{said}, with its right thumbnail" if done else said
        if not crashed and not done:
            tried.wrong += 1
            tried.failures.append(f"seed {seed}: {name} ({payload or 'healthy'}): {said}")
    if own.items != len(drawn):
        tried.failures.append(f"seed {seed}: the task counts {own.items} images of {len(drawn)}")


def try_to_reach_out(tried: Tried) -> None:
    """Make every attempt to reach something outside from inside a confined process."""
    with TemporaryDirectory() as folder:
        key = Path(folder) / "key.json"
        for name, attempt in ATTEMPTS.items():
            key.write_text("secret")
            ended = confined(f"os.write(out, json.dumps(tried(lambda: {attempt})).encode())", str(key))
            answer = json.loads(ended.stdout) if ended.returncode == 0 else ended.stderr[-200:]
            refused = answer in (errno.EPERM, errno.ENOSYS)
            tried.came_of[name] = f"refused ({errno.errorcode[int(answer)]})" if refused else str(answer)
            if not refused or key.read_text() != "secret":
                tried.failures.append(f"{name}: {answer}")


def campaign(seeds: range) -> Tried:
    """Run one task for each seed, and each attempt once."""
    tried = Tried(
        "hijacked decoders", f"python -m tests.faults.hijacked_tasks --runs {len(seeds)} --seed {seeds.start}"
    )
    return each(seeds, tried, tried_once)


def main() -> int:
    """Run the campaign that the arguments ask for, and return 1 if it found a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="The first seed.")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    tried = campaign(range(arguments.seed, arguments.seed + arguments.runs))
    tried.came_of = {name: tried.came_of[name] for name in PAYLOADS | FLOODS if name in tried.came_of}
    if left := sorted((PAYLOADS | FLOODS).keys() - tried.came_of.keys()):
        tried.failures.append(f"not tried, so run more tasks: {', '.join(left)}")
    try_to_reach_out(tried)
    return ended(tried, arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
