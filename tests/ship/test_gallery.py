"""Tests of the gallery of docs/gallery.md: a real run, the page's own program, and what a real browser loads of it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tasks import clean_environment
from tests.photographs import photographs
from tests.ship.browser import ROOT

pytestmark = pytest.mark.ship

DOCUMENT = ROOT / "docs/gallery.md"
# The width of the window in pixels, the pixels of the screen for each of them, and the width of the pictures to load.
# A column is 20rem wide, which are 320 pixels.
LOADED = [(390, 1, 320), (390, 2, 640), (1440, 1, 320), (1440, 3, 1080)]


def program() -> str:
    """Return the program that the document shows."""
    (found,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    return str(found)


def thumbrun(*words: str) -> str:
    """Run thumbrun, and return what it prints."""
    command = [sys.executable, "-m", "thumbrun", *words]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the pictures of the document's preset and names from photographs, and return the page of them."""
    root = tmp_path_factory.mktemp("gallery")
    for number, body in enumerate(list(photographs().values())[:6]):
        path = root / ("in/trip" if number % 2 else "in") / f"IMG {number} #é.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (flags,) = re.findall(r"--preset web --name '[^']*'", DOCUMENT.read_text("utf-8"))
    thumbrun("run", str(root / "in"), "--output", str(root / "out"), "--run-id", "one", *flags.replace("'", "").split())
    table = thumbrun("report", str(root / "out/one"), "--csv")
    page = subprocess.run([sys.executable, "-c", program()], input=table, capture_output=True, text=True, check=True)
    made = root / "gallery.html"
    made.write_text(page.stdout, "utf-8")
    return made


@pytest.mark.parametrize(("width", "scale", "loaded"), LOADED)
def test_a_screen_loads_pictures_of_its_own_size(
    gallery: Path, chromium: Any, width: int, scale: int, loaded: int
) -> None:
    """Each picture is WebP of the width that the screen needs, or of the image's own width if that is less."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, device_scale_factor=scale)
    page = context.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(gallery.as_uri())
    page.evaluate("document.querySelectorAll('img').forEach((image) => image.loading = 'eager')")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    shown = page.evaluate("[...document.images].map((image) => [image.currentSrc, image.naturalWidth, image.width])")
    context.close()
    assert ([], 6) == (failed, len(shown))
    for address, natural, laid_out in shown:
        assert natural > 0, address
        file = re.search(r"_([0-9]+)\.webp$", address)
        assert file, address
        assert loaded == int(file[1]) or natural * scale < loaded * scale, address
        assert 0 < laid_out <= width


def test_nothing_jumps(gallery: Path, chromium: Any) -> None:
    """While its pictures are on their way, a page is laid out as with them, and each place has a colour."""
    places = []
    for delayed in (True, False):
        context = chromium.new_context(viewport={"width": 1000, "height": 900})
        page = context.new_page()
        if delayed:
            page.route(re.compile(r"\.(webp|jpg)$"), lambda _: None)
        page.goto(gallery.as_uri(), wait_until="domcontentloaded" if delayed else "load")
        boxes = (
            "[...document.images].map((image) => image.getBoundingClientRect()).map((box) => [box.width, box.height])"
        )
        places.append([side for box in page.evaluate(boxes) for side in box])
        colours = page.evaluate("[...document.images].map((image) => getComputedStyle(image).backgroundColor)")
        context.close()
        assert all(re.fullmatch(r"rgb\([0-9, ]+\)", colour) for colour in colours)
    assert min(places[0]) > 100
    assert places[0] == pytest.approx(places[1], abs=1)  # sizes of thumbnails are whole pixels
