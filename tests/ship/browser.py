"""A real browser for the tests of pages: Chromium of the system, driven by Playwright."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".venv/browser-node/node_modules/axe-core/axe.min.js"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


class NoBrowserError(Exception):
    """There is no browser here, or what drives it is not installed."""


def program() -> str:
    """Return the path of the browser.

    Raises:
        NoBrowserError: It says what is missing.
    """
    if importlib.util.find_spec("playwright") is None:
        raise NoBrowserError("Playwright is not installed: make ship-check installs it")
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise NoBrowserError("there is no chromium on this machine: apt-get install chromium")
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """Run a browser, and yield Playwright's object of it.

    Raises:
        NoBrowserError: It says what is missing.
    """
    path = program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()
