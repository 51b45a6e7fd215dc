"""Tests of whole tasks whose decoders are taken over."""

from tests.faults.hijacked_tasks import campaign


def test_no_task_falls_and_no_other_image_suffers() -> None:
    """A task with a dozen images that take their decoders over ends well, and all others have their own thumbnails."""
    tried = campaign(range(1))
    assert [] == tried.failures
    assert 12 == len(tried.came_of)
