"""Draw the pictures of the report for README.md and the documents: the page of the demo, in light and dark.

`make screenshots` runs this. It needs chromium.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.ship.browser import browser

FOLDER = Path(__file__).parent / "images"
_WIDE, _HIGH, _WORK_WIDE = 1200, 1640, 1000  # pixels of a window


def draw() -> None:
    """Run the demo, and draw its page."""
    with tempfile.TemporaryDirectory() as root, browser() as chromium:
        demo = Path(root, "demo")
        command = [sys.executable, "-m", "thumbrun", "demo", "--folder", str(demo)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  (it runs thumbrun itself)
        for scheme in ("light", "dark"):
            context = chromium.new_context(color_scheme=scheme, viewport={"width": _WIDE, "height": _HIGH})
            page = context.new_page()
            page.goto((demo / "report.html").as_uri())
            page.locator(".without details[open]").last.wait_for()
            # The list of failures is closed, so that the pictures show.
            page.evaluate("document.querySelectorAll('.without details').forEach((one) => { one.open = false; })")
            _save(page.screenshot(), f"report-{scheme}")
            page.set_viewport_size({"width": _WORK_WIDE, "height": _HIGH})
            page.evaluate("document.querySelector('.contact').hidden = true")  # its filters stay at the top
            _save(page.locator(".work").screenshot(), f"report-tasks-{scheme}")
            context.close()


def _save(png: bytes, name: str) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        picture.save(FOLDER / f"{name}.webp", quality=88, method=6)


if __name__ == "__main__":
    draw()
