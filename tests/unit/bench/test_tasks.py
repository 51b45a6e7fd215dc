"""Tests of the bench's part that shares 1,000 images out, and of the page that shows it."""

import pytest

from bench.results import read
from bench.tasks import IMAGES, in_virtual_time, run_dollars, share
from tests.unit.test_documents import ROOT, module

PAGE = (ROOT / "docs/tasks.md").read_text("utf-8")


def test_tasks_share_the_images_of_one_run() -> None:
    """All tasks together make each thumbnail once, one of them lists, and the last one ends when the run does."""
    worked, seconds = share(3, 0.01, images=60)
    assert 60 == sum(one.done for one in worked)
    assert all(0 < one.done < 60 for one in worked)
    assert 1 == sum(one.listed for one in worked)
    assert seconds == pytest.approx(max(one.seconds for one in worked), abs=0.2)


def test_no_task_writes_more_than_its_share_of_the_ramp() -> None:
    """Tasks that could write faster keep together to the bucket's rate, and without a limit they do not."""
    _, limited = share(4, 0.001, ramp=50, images=200)
    _, free = share(4, 0.001, images=200)
    assert limited > 200 / 50
    assert free < 200 / 50


@pytest.mark.slow
def test_more_tasks_take_less_time_and_more_requests() -> None:
    """Two tasks are faster than one but not twice as fast, and pay for more seconds and more requests."""
    one, two = in_virtual_time(0.005, 0.0, counts=(1, 2))
    assert one.seconds / 2 < two.seconds < one.seconds
    assert two.efficiency == pytest.approx(one.seconds / two.seconds / 2)
    assert 1.0 == one.efficiency
    assert two.paid > one.paid
    assert two.class_a > one.class_a > IMAGES
    assert two.class_b > one.class_b > IMAGES
    assert two.minute_dollars == pytest.approx(2 * one.minute_dollars)  # neither lasts a minute
    assert one.run_dollars == pytest.approx(run_dollars([one.seconds]))


def test_the_tables_of_the_page_are_what_was_measured() -> None:
    """docs/tasks.md holds the figures of bench/results.json and the constants of the code."""
    assert module("tasks").refreshed(PAGE, read()) == PAGE


def test_a_page_without_a_table_is_refused() -> None:
    """The page cannot silently lose a table, or the end of one."""
    tasks = module("tasks")
    with pytest.raises(ValueError, match="has the tables"):
        tasks.refreshed(PAGE.replace("<!-- slow: begin -->\n", ""), read())
    with pytest.raises(ValueError, match="no end"):
        tasks.refreshed(PAGE.replace("<!-- slow: end -->\n", ""), read())


def test_an_old_figure_on_the_page_is_found() -> None:
    """A table that was edited by hand differs from what the program writes."""
    tasks = module("tasks")
    edited = PAGE.replace("| 1 | ", "| 1 | about ", 1)
    assert edited != PAGE
    assert PAGE == tasks.refreshed(edited, read())
