"""Fixtures of the tests of what ships: an engine, the image of the Dockerfile, and an emulator.

Those marked `ship` build images and start gcloud dozens of times. `make ship-check` runs them. `make test` skips them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ship.browser import NoBrowserError, browser
from tests.ship.containers import Containers, containers_of
from tests.ship.engine import Engine, NoEngineError, find_engine
from thumbrun.demo.emulator import Emulator, running_emulator

# What .dockerignore lets into the image, and what steers the build.
PARTS = (
    ".dockerignore",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "process.py",
    "pyproject.toml",
    "requirements.txt",
    "src",
)


VARIABLE = "SHIP_CHECK"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked `ship` unless `make ship-check` asks for them."""
    if os.environ.get(VARIABLE):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("ship"):
            item.add_marker(pytest.mark.skip(reason="`make ship-check` runs this test of what ships"))


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that runs containers here; without one, skip the test and say why."""
    try:
        return find_engine()
    except NoEngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """Make the image with `make image`, unless an earlier test did, and return it."""
    return engine.made(PARTS)


@pytest.fixture
def containers(engine: Engine, image: str, tmp_path: Path) -> Iterator[Containers]:
    """Return an object that starts containers of the image; all are removed at the end of the test."""
    with containers_of(engine, image, tmp_path) as started:
        yield started


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Run an emulator for one test."""
    with running_emulator(tmp_path / "emulator.log") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Return the browser; without one, skip the test and say why."""
    try:
        with browser() as running:
            yield running
    except NoBrowserError as error:
        pytest.skip(str(error))
