"""Tests of the model of scaling: it agrees with the real code, and predicts nothing impossible."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cost import KINDS, compare
from bench.model import IN_EARNEST, IN_FLIGHT, LATENCY, RENDER, limit
from bench.scaling import measure, plan_virtually, run_virtually
from thumbrun.pricing.model import Model, predict
from thumbrun.storage.ramp import WRITES


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize(("tasks", "images"), [(1, 60), (2, 80), (4, 80), (8, 200)])
def test_the_model_agrees_with_the_code_in_virtual_time(tasks: int, images: int) -> None:
    """The model predicts the time of whole tasks in virtual time within a tenth."""
    measured = run_virtually(tasks, images)
    predicted = predict(Model(LATENCY, IN_FLIGHT, RENDER, start=0.0, page=0.0), tasks, tasks * images)
    assert predicted.seconds == pytest.approx(measured.seconds, rel=0.1)


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize(("tasks", "images"), [(1, 9_000), (10, 20_000), (1, 50_000), (100, 50_000)])
def test_the_model_agrees_with_planning_in_virtual_time(tasks: int, images: int) -> None:
    """The model predicts the time of listing, cutting and naming within a quarter."""
    planned = plan_virtually(tasks, images)
    assert planned.predicted == pytest.approx(planned.seconds, rel=0.25)


def test_real_processes_work_every_image() -> None:
    """Tasks as processes make all thumbnails between them."""
    measured = measure(2, 10)
    assert (2, 20) == (measured.tasks, measured.images)
    assert measured.seconds > 0.5  # ten images for each task, 50 ms for each image


@given(st.integers(1, 10_000), st.integers(1, 10**8))
def test_no_prediction_is_better_than_possible(tasks: int, images: int) -> None:
    """Processors are never busy for more than all of the time, and the bucket never exceeds its ramp."""
    predicted = predict(IN_EARNEST, tasks, images)
    assert 0 < predicted.efficiency <= 1
    assert predicted.ramp >= -1e-6 * predicted.seconds
    assert predicted.shards >= images / 1000 - 1
    ramp = WRITES * 1200 / 0.693 * (2 ** min(predicted.seconds / 1200, 500) - 1)
    assert images <= ramp * 1.01 + 1


def test_more_tasks_pay_until_the_bucket_binds() -> None:
    """Efficiency holds until all tasks together ask for more writes than the bucket accepts at first."""
    found = limit(IN_EARNEST, 10**7)
    assert "the bucket's request rate" == found.binds
    assert 0.8 * WRITES * IN_EARNEST.image <= found.tasks <= 4 * WRITES * IN_EARNEST.image
    assert predict(IN_EARNEST, 1_000, 10**7).binds == "the bucket's request rate"
    assert found.beyond is not None
    assert (
        predict(IN_EARNEST, found.tasks, 10**7).efficiency >= 0.95 > predict(IN_EARNEST, found.beyond, 10**7).efficiency
    )
    unbound = replace(IN_EARNEST, writes=None)
    assert predict(unbound, 1_000, 10**7).seconds < predict(IN_EARNEST, 1_000, 10**7).seconds


def test_a_million_thumbnails_cost_less_than_in_sequence() -> None:
    """For each kind of image and number of tasks, thumbrun takes fewer hours and dollars than the sequential design."""
    costs = compare()
    assert 2 * 3 * len(KINDS) == len(costs)
    for ours, sequential in zip(costs[::2], costs[1::2], strict=True):
        assert ("thumbrun", "sequential") == (ours.design, sequential.design)
        assert ours.vcpu_hours < sequential.vcpu_hours
        assert ours.dollars < sequential.dollars
