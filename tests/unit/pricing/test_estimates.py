"""Tests of the estimates: they agree with whole tasks in virtual time, and the advice keeps to what it was asked."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model import IN_FLIGHT, LATENCY, RENDER
from bench.tasks import share
from thumbrun.pricing import report_costs
from thumbrun.pricing.estimates import PROCESS_SECONDS, Conditions, advise, estimate, table
from thumbrun.pricing.model import shards_of
from thumbrun.pricing.prices import list_prices
from thumbrun.pricing.requests import requests_of
from thumbrun.pricing.workload import Group, Range, Workload, workload_of
from thumbrun.reporting import cells, gather, read_run

PRICES = list_prices()
CLASS_A = ("create", "page")


def workload(images: int, seconds: float, *, sizes: int = 1, spread: float = 1.0) -> Workload:
    """Return images that take some seconds each, and up to `spread` times as much or as little."""
    spent = seconds * images
    group = Group("jpeg", "STANDARD", images, 200_000 * images, 0, 0, 1000 * spent, 0)
    made = Range(0, 3000 * images * sizes, 0)
    return Workload((group,), images, sizes, Range(spent / spread, spent, spent * spread), made)


@pytest.mark.parametrize(("tasks", "report"), [(1, False), (3, False), (10, False), (1, True), (10, True)])
def test_estimates_agree_with_whole_tasks(tasks: int, *, report: bool) -> None:
    """Time within a seventh, and requests within a twentieth, of real tasks in virtual time.

    The time is that without the report, which is made after the work.
    """
    worked, seconds = share(tasks, RENDER, images=400, report=report)
    work = workload(400, RENDER)
    conditions = Conditions(read_seconds=LATENCY, write_seconds=LATENCY, in_flight=IN_FLIGHT, ramp=None, report=report)
    found = estimate(work, tasks, conditions, PRICES)
    assert report or found.seconds.likely - PROCESS_SECONDS == pytest.approx(
        seconds, rel=1 / 7
    )  # processes start in no time there
    sent = {
        letter: sum(
            number for one in worked for what, number in one.requests.items() if (what in CLASS_A) == (letter == "a")
        )
        for letter in "ab"
    }
    assert found.requests.class_a == pytest.approx(sent["a"], rel=0.05)
    assert found.requests.class_b == pytest.approx(sent["b"], rel=0.05)


def test_a_report_reads_a_bounded_number_of_pictures() -> None:
    """The report of many images reads as many as its page can hold, and that of none reads nothing."""
    for images in (1, 10**6):
        work = workload(images, 0.01)
        plain, more = requests_of(work, 1), requests_of(work, 1, report=True)
        assert (plain.reads, plain.writes, plain.listing) == (more.reads, more.writes, more.listing)
        shards = shards_of(images, 1)
        assert 3 + math.ceil(3 * shards / 1000) == more.class_a - plain.class_a
        pictures = more.class_b - plain.class_b - 3 - 3 * shards
        assert min(images, 3_000_000 // 4800) == pictures
    assert requests_of(workload_of({}, [(100, 100)]), 1) == requests_of(workload_of({}, [(100, 100)]), 1, report=True)


def test_a_plan_knows_how_a_report_is_made() -> None:
    """The bounds of the report are those with which it is made."""
    assert cells._SHARDS_AT_ONCE == read_run._SHARDS_AT_ONCE == report_costs._SHARDS_AT_ONCE
    assert cells._THUMBNAILS_AT_ONCE == report_costs._PICTURES_AT_ONCE
    assert (gather.MOST_CELLS, cells._MOST_BYTES) == (report_costs._MOST_PICTURES, report_costs._BYTES_OF_PICTURES)


def test_a_plan_tells_what_there_is_to_do() -> None:
    """The counts of a listing become a workload; a further size adds writes and a little processor time."""
    hot = {"format": "jpeg", "storage_class": None, "objects": 1000, "bytes": 10**8, "peeked": 10, "large": 336}
    cold = {"format": "png", "storage_class": "NEARLINE", "objects": 10, "bytes": 10**6, "peeked": 3, "large": 0}
    seen = {
        "kinds": {"image": {"objects": 1010}, "excluded": {"objects": 5}},
        "formats": [hot | {"cost_ms": 9000.0, "gzip": 1}, cold | {"cost_ms": 1000.0, "gzip": 0}],
    }
    one, two = workload_of(seen, [(100, 100)]), workload_of(seen, [(400, 400), (100, 100)])
    assert (1010, 1015, 101_000_000) == (one.images, one.listed, one.size)
    assert {"STANDARD": 10**8, "NEARLINE": 10**6} == one.read_by_class
    assert 10.0 == one.processor.likely
    assert 10.0 < two.processor.likely < 12.5
    assert two.processor.likely == workload_of(seen, [(400, 400), (100, 100)], ["keep"] * 2).processor.likely
    dear = workload_of(seen, [(400, 400), (100, 100)], ["avif"] * 2).processor.likely
    assert 30.0 < dear < 45.0  # 1,010 images of 0.1 megapixels, at 280 ms for each
    tiny = {"formats": [hot | {"bytes": 10**5, "cost_ms": 9000.0, "gzip": 0}]}  # whose thumbnails are no larger
    assert workload_of(tiny, [(4096, 4096)], ["avif"]).processor.likely < 10.0
    assert (0, 1010) == (requests_of(one, 1).further, requests_of(two, 1).further)
    assert one.thumbnails.likely < two.thumbnails.likely
    # Each task peeks at its first 64 large JPEG, and then at one of 16.
    assert {"STANDARD": 1010 + 64 + 17, "NEARLINE": 13} == one.reads_by_class(1)
    assert {"STANDARD": 1010 + 336, "NEARLINE": 13} == one.reads_by_class(100)
    # If every fifth of them is progressive, 16 in a row that are not are rare.
    often = workload_of(seen, [(100, 100)], saving=0.2).reads_by_class(1)["STANDARD"]
    assert 1010 + 200 < often < 1010 + 336


@pytest.mark.parametrize(("collisions", "renamed"), [(0, 0), (1, 1), (500, 20), (1010, 20)])
def test_names_that_collide_take_requests(collisions: int, renamed: int) -> None:
    """Each shard with such names has one record more, which is written once, and two more reads."""
    plain = requests_of(workload(1010, 0.01), 1)
    found = requests_of(replace(workload(1010, 0.01), collisions=collisions), 1)
    assert renamed == found.record_writes - plain.record_writes
    assert 2 * renamed == found.record_reads - plain.record_reads


def test_a_plan_without_formats_tells_nothing() -> None:
    """A plan of an older version has no images to estimate."""
    assert 0 == workload_of({"kinds": {"image": {"objects": 7}}}, [(100, 100)]).images


def test_the_shards_of_a_plan_that_was_made() -> None:
    """Where a plan was made, its shards count; for other numbers of tasks they are estimated."""
    work = replace(workload(1000, 0.01), shards={2: 7})
    assert 7 + 8 + 3 == requests_of(work, 2).record_reads
    assert requests_of(workload(1000, 0.01), 1) == requests_of(work, 1)


def test_more_tasks_save_time_until_the_bucket_binds() -> None:
    """A million images take ten tasks a tenth of the time of one; then the ramp holds them back, and more only cost."""
    work = workload(10**6, 0.013)
    one, ten, hundred = (estimate(work, tasks, Conditions(), PRICES) for tasks in (1, 10, 100))
    assert one.seconds.likely == pytest.approx(10 * ten.seconds.likely, rel=0.05)
    assert not ten.is_held_back
    assert hundred.is_held_back
    assert hundred.held_back > 0
    assert hundred.usd.likely > ten.usd.likely
    assert hundred.peak_writes < 2 * 1000 < hundred.wanted_writes


def test_a_machine_is_shared() -> None:
    """On one machine more tasks save nothing, and what is counted is the processor time."""
    work, here = workload(1000, 0.05), Conditions(machine=2, ramp=None)
    one, four = (estimate(work, tasks, here, PRICES) for tasks in (1, 4))
    assert four.seconds.likely == pytest.approx(one.seconds.likely, rel=0.1)
    assert one.seconds.likely > 25
    assert one.vcpu_seconds == one.processor_seconds
    assert [1, 2] == [found.tasks for found in table(work, here, PRICES)]


@pytest.mark.parametrize(("images", "last"), [(1, 1), (30, 2), (1_000_000, 50)])
def test_a_table_ends_where_more_tasks_save_nothing(images: int, last: int) -> None:
    """It begins with one task, and ends at the first number that hardly saves time, or where images run out."""
    tasks = [found.tasks for found in table(workload(images, 0.013), Conditions(), PRICES)]
    assert 1 == tasks[0]
    assert last == tasks[-1]
    also = [found.tasks for found in table(workload(images, 0.013), Conditions(), PRICES, also=(7, 1))]
    assert sorted({*tasks, 7}) == also


def test_advice_for_a_deadline_is_the_fewest_tasks() -> None:
    """The fewest tasks that keep it even at the upper end; one fewer would not."""
    work = workload(10**5, 0.02, spread=1.5)
    found = advise(work, Conditions(), PRICES, deadline=600)
    assert found.fits
    assert found.estimate.seconds.high <= 600
    before = estimate(work, found.estimate.tasks - 1, Conditions(), PRICES)
    assert before.seconds.high > 600


def test_advice_where_nothing_keeps_the_deadline() -> None:
    """A million images in ten minutes are more writes than a bucket accepts: the advice is not to be held back."""
    found = advise(workload(10**6, 0.013), Conditions(), PRICES, deadline=600)
    assert not found.fits
    assert not found.estimate.is_held_back
    assert found.estimate.seconds.high > 600


def test_advice_for_a_budget() -> None:
    """A budget below the requests fits no number; one above it takes what saves time."""
    work = workload(10**6, 0.013)
    assert not advise(work, Conditions(), PRICES, budget=2).fits
    found = advise(work, Conditions(), PRICES, budget=6)
    assert found.fits
    assert found.estimate.usd.high <= 6
    assert 1 < found.estimate.tasks < 20


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 10**7),
    st.floats(0.0005, 1),
    st.integers(1, 4),
    st.none() | st.floats(1, 10**5),
    st.none() | st.floats(0.01, 100),
    st.none() | st.integers(1, 64),
)
def test_no_estimate_is_impossible(
    images: int, seconds: float, sizes: int, deadline: float | None, budget: float | None, machine: int | None
) -> None:
    """Ranges are in order, processors are never busy beyond what is billed, and advice that fits keeps its limits."""
    work = workload(images, seconds, sizes=sizes, spread=1.5)
    conditions = replace(Conditions(), machine=machine)
    for found in table(work, conditions, PRICES):
        for low, likely, high in (found.seconds, found.vcpu_seconds, found.processor_seconds, found.usd):
            assert 0 < low <= likely * 1.0001
            assert likely <= high * 1.0001
        assert math.isfinite(found.seconds.high)
        assert work.processor.likely <= found.vcpu_seconds.likely * 1.0001
        assert found.requests.total > images * (1 + sizes)
        assert all(value is not None for value in found.to_record().values())
    advice = advise(work, conditions, PRICES, deadline=deadline, budget=budget)
    if advice.fits:
        assert deadline is None or advice.estimate.seconds.high <= deadline
        assert budget is None or advice.estimate.usd.high <= budget
