"""Tests of signals: to a task that must end, to a task that is stopped for a while, and to a decoding process."""

import io
import json
import re
import signal
from collections.abc import Callable

import pytest
from PIL import Image

from tests.faults.wire.asked import Asked
from tests.faults.wire.faults import Fault, no_fault
from tests.faults.wire.stage import GATED, HURRIED, Stage, wait_until
from tests.faults.wire.world import OUTPUT, SOURCE
from tests.unit.imaging.gate import at_gate, gated, processes
from thumbrun.planning import planner
from thumbrun.task import runner

_HAND_BACK_SECONDS = 8.0  # Cloud Run sends SIGKILL ten seconds after SIGTERM
# A busy machine can need this long. It is less than the half minute for which a task waits for a silent store.
_AT_MOST = 3 * _HAND_BACK_SECONDS


@pytest.mark.quick(one_in=6)
@pytest.mark.parametrize(
    "held",
    [
        lambda asked: asked.operation == "read",
        lambda asked: asked.bucket == SOURCE and asked.operation == "page",
        lambda asked: asked.bucket == SOURCE and asked.operation == "read" and asked.name.endswith("png"),
        lambda asked: asked.bucket == OUTPUT and asked.operation == "create" and asked.name.endswith("png"),
        lambda asked: asked.bucket == OUTPUT and "/ledger/" in asked.name,
    ],
    ids=["agreeing", "listing", "reading", "creating", "writing down"],
)
def test_a_task_hands_back_whatever_it_waits_for(stage: Stage, held: Callable[[Asked], bool]) -> None:
    """On SIGTERM a task exits with 130 in time, even if the store is silent; the next attempt finishes the run."""
    stage.world.fill(40)
    stage.proxy.hold = held
    task = stage.start(module="thumbrun")
    wait_until(stage.proxy.held.is_set)
    task.process.terminate()
    assert 130 == task.wait(_AT_MOST), task.output()
    stage.proxy.release()
    again = stage.start(attempt=1, module="thumbrun")
    assert 0 == again.wait(), again.output()
    assert [] == stage.judge().all()


@pytest.mark.slow
def test_a_task_hands_back_in_a_storm(stage: Stage) -> None:
    """On SIGTERM a task exits in time, even if it waits between retries because the store answers only with 503."""
    stage.world.fill(40)
    thumbnails = 0

    def storm(asked: Asked) -> Fault | None:
        nonlocal thumbnails
        thumbnails += asked.operation == "create" and not asked.name.startswith("_thumbrun/")
        return Fault.UNAVAILABLE if thumbnails > 10 else None

    stage.proxy.decide = storm
    task = stage.start(module="thumbrun")
    wait_until(lambda: stage.proxy.faults.total() > 20)
    task.process.terminate()
    assert 130 == task.wait(_AT_MOST), task.output()
    stage.proxy.decide = no_fault
    again = stage.start(attempt=1, module="thumbrun")
    assert 0 == again.wait(), again.output()
    assert [] == stage.judge().all()


def test_the_time_that_a_task_takes_to_hand_back() -> None:
    """The limits for handing back leave a task half a second to end its processes."""
    assert _HAND_BACK_SECONDS - 0.5 >= runner.GRACE_SECONDS + runner.WRITE_DOWN_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [HURRIED, pytest.param("thumbrun", marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
    ids=["three seconds", "a minute"],
)
def test_a_planner_that_only_seems_dead(stage: Stage, module: str) -> None:
    """A planner that is stopped for too long gets a successor, and later uses the plan of this successor."""
    stage.world.fill(40)
    stage.proxy.page_limit = 30
    stage.proxy.hold = lambda asked: asked.bucket == SOURCE and bool(asked.from_name)
    first = stage.start(0, 2, module=module)
    wait_until(stage.proxy.held.is_set)
    first.send(signal.SIGSTOP)
    stage.proxy.release()
    second = stage.start(1, 2, module=module)
    assert 0 == second.wait(), second.output()
    assert '"plan-made"' in second.output()
    first.send(signal.SIGCONT)
    assert 0 == first.wait(), first.output()
    findings = stage.judge()
    assert [] == findings.all()
    assert 40 == findings.items
    objects = stage.world.emulator.objects(OUTPUT)
    claims = [name for name in objects if re.search(r"/claims/\d+\.json$", name)]
    assert 2 == len(claims)
    (plan,) = [name for name in objects if name.endswith("/plan.json")]
    assert 2 == json.loads(stage.world.emulator.read(OUTPUT, plan))["planner"]


def test_how_long_a_planner_may_be_silent() -> None:
    """A planner can be silent for six beats; the hurried task of the test above keeps this proportion."""
    assert 60.0 == planner.DEAD_SECONDS == 6 * planner.BEAT_SECONDS


def test_a_decoding_process_that_is_killed(stage: Stage) -> None:
    """An image is `crashed` if the system kills the process that decodes it; no other image suffers."""
    stage.world.fill(30)
    target = io.BytesIO()
    Image.effect_noise((500, 500), 60).save(target, "PNG")
    stage.world.put_body("in/last.png", gated(target.getvalue()))
    stage.proxy.hold = lambda asked: asked.operation == "read" and asked.name == "in/last.png"
    task = stage.start(module=GATED, THUMBRUN_IMAGE_TIMEOUT="3600")
    wait_until(lambda: 30 == stage.thumbnails())
    stage.proxy.release()
    wait_until(lambda: at_gate(task.process.pid))
    (decoder_process,) = at_gate(task.process.pid)
    decoder_process.kill()
    assert 0 == task.wait(), task.output()
    findings = stage.judge(killed_decoders=1)
    assert [] == findings.all()
    assert {"crashed": 1} == findings.reasons
    assert 31 == findings.items
    assert 30 == stage.thumbnails()


@pytest.mark.slow
def test_a_decoding_process_that_is_killed_before_it_takes_an_image_up(stage: Stage) -> None:
    """If a process is killed before it takes an image up, the process that replaces it decodes the image."""
    stage.world.fill(30)
    stage.proxy.hold = lambda asked: asked.bucket == SOURCE and asked.operation == "read"
    task = stage.start(module=GATED, THUMBRUN_IMAGE_TIMEOUT="3600")
    wait_until(stage.proxy.held.is_set)
    wait_until(lambda: processes(task.process.pid))
    (decoder_process,) = processes(task.process.pid)
    decoder_process.suspend()
    stage.proxy.release()
    wait_until(lambda: "handed over" in task.output())
    decoder_process.kill()
    assert 0 == task.wait(), task.output()
    findings = stage.judge()
    assert [] == findings.all()
    assert not findings.reasons
    assert 30 == stage.thumbnails()
