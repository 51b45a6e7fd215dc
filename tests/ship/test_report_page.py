"""Tests of the report in a real browser: a real run with failures, and names that try to break out of the page."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tasks import clean_environment
from tests.photographs import photographs
from tests.ship.browser import AXE
from thumbrun.demo.sample import bomb

pytestmark = pytest.mark.ship

# Names that are script, markup, text from right to left, or as long as a name can be.
HOSTILE = (
    "<script>document.title='taken'<script>.jpg",
    '"><img src=x onerror="document.title=1">.jpg',
    "</style><h1>.jpg",
    "javascript:alert(1).jpg",
    "\u202egpj.exe\u202c.jpg",
    "line\nbreak.jpg",
    "&lt;b&gt;.jpg",
    "x" * 200 + ".jpg",
)
SCHEMES = [(scheme, width) for scheme in ("light", "dark") for width in (390, 1440)]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run four tasks on photographs, broken images and hostile names, and return the page that the last one made."""
    root = tmp_path_factory.mktemp("run")
    source, out = root / "in", root / "out"
    bodies = list(photographs().values())[:8]
    for folder in ("alps", "sea", "city"):
        (source / folder).mkdir(parents=True)
        for number, body in enumerate(bodies):
            (source / folder / f"{number}.jpg").write_bytes(body)
    (source / "sea/cut.jpg").write_bytes(bodies[0][:2000])
    (source / "sea/bomb.png").write_bytes(bomb(60_000, 60_000))
    (source / "sea/drawing.svg").write_text("<svg/>")
    (source / "sea/dot.png").write_bytes(_png())
    hostile = source / "hostile"
    hostile.mkdir()
    for name in HOSTILE:
        (hostile / name.replace("/", "\N{DIVISION SLASH}")).write_bytes(bodies[0])
    flags = ["--output", str(out), "--tasks", "4", "--run-id", "one", "--layout", "tree"]
    command = [sys.executable, "-m", "thumbrun", "run", str(source), *flags]
    made = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert 0 == made.returncode, made.stdout + made.stderr
    return out / "_thumbrun/runs/one/report.html"


def _png() -> bytes:
    """Return a PNG of one transparent pixel."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 5)),
        (b"IEND", b""),
    )
    body = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


class Shown:
    """The page in a browser, which notes what it says and asks for.

    Attributes:
        page: The page.
        said: The messages of its console and its errors.
        asked: The addresses that it asked for.
        failed: Those of which nothing came, with the reason.
    """

    def __init__(self, chromium: Any, file: Path, **context: Any) -> None:
        """Open the page without a network."""
        self.context = chromium.new_context(offline=True, **context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.failed: dict[str, str] = {}
        self.page.on("requestfailed", lambda request: self.failed.update({request.url: request.failure}))
        self.page.goto(file.as_uri())

    def visible(self) -> int:
        """Return the number of tiles that can be seen."""
        return int(self.page.locator(".sheet > li:visible").count())

    def fits(self) -> bool:
        """Return whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("scheme", "width"), SCHEMES)
def test_wide_and_narrow_light_and_dark(chromium: Any, page_file: Path, scheme: str, width: int) -> None:
    """The page fits every window, in colours that axe finds no fault with; it says nothing and asks for nothing."""
    shown = Shown(chromium, page_file, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=False)
    assert shown.fits()
    shown.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert shown.fits()
    background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (scheme == "dark") == (int(background.split("(")[1].split(",")[0]) < 128)
    assert [] == shown.said
    outside = [address for address in shown.asked if not address.startswith(("file:", "data:"))]
    assert [] == outside


@pytest.mark.parametrize(("scheme", "width"), SCHEMES)
def test_axe_finds_nothing(chromium: Any, page_file: Path, scheme: str, width: int) -> None:
    """Axe finds no violation, whether details are open or not."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make ship-check installs it where there is npm")
    context = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    shown = Shown(chromium, page_file, bypass_csp=True, **context)
    shown.page.add_script_tag(path=str(AXE))
    for opened in ("false", "true"):
        shown.page.evaluate(f"document.querySelectorAll('details').forEach((one) => {{ one.open = {opened}; }})")
        found = shown.page.evaluate("axe.run()")
        assert [] == [
            (violation["id"], [node["html"] for node in violation["nodes"]][:3]) for violation in found["violations"]
        ]


def test_no_script_is_needed_to_read(chromium: Any, page_file: Path) -> None:
    """Without script every tile, every figure and every table is there, and no filter that would do nothing."""
    shown = Shown(chromium, page_file, java_script_enabled=False)
    record = json.loads(page_file.with_suffix(".json").read_text("utf-8"))
    assert len(record["images"]) == shown.visible() == record["items"]
    assert not shown.page.locator(".tools").is_visible()
    for heading in (
        "What to do next",
        "Contact sheet",
        "Tasks against a single job",
        "Where the time went",
        "Settings",
    ):
        assert shown.page.get_by_role("heading", name=heading, exact=True).is_visible()
    assert shown.page.get_by_text(f"thumbrun verify {page_file.parents[3]}/one/").is_visible()


def test_search_and_filters(chromium: Any, page_file: Path) -> None:
    """With script the tiles can be chosen by outcome, folder, format and words, and the page says how many are left."""
    from playwright.sync_api import expect

    shown = Shown(chromium, page_file)
    every = shown.visible()
    tools = shown.page.locator(".tools")
    assert tools.is_visible()

    def left(count: int) -> None:
        expect(tools.locator("output")).to_have_text(f"{count} of {every}")
        assert count == shown.visible()

    tools.get_by_label("Failed", exact=True).check()
    left(2)
    tools.get_by_label("All", exact=True).check()
    shown.page.select_option("select[name=folder]", label="alps/")
    left(8)
    shown.page.select_option("select[name=folder]", label="sea/")
    shown.page.select_option("select[name=format]", "png")
    left(2)
    shown.page.select_option("select[name=format]", "")
    shown.page.fill("[type=search]", "CUT sea")
    left(1)
    shown.page.fill("[type=search]", "no such name")
    left(0)
    assert 0 == shown.page.locator(".folder:visible").count()


def test_hostile_names_are_text(chromium: Any, page_file: Path) -> None:
    """No name becomes markup or script: each stands as text, and the page has no element of its making."""
    shown = Shown(chromium, page_file)
    text = shown.page.locator(".contact").text_content()
    for part in ("document.title='taken'", "onerror=", "style><h1>", "javascript:alert(1)", "\\u202e", "&lt;b&gt;"):
        assert part in text
    assert "Run one" == shown.page.title()
    assert 1 == shown.page.locator("h1").count()
    assert 0 == shown.page.locator("img[src=x]").count()
    assert [] == shown.said


def test_the_policy_stops_what_is_injected(chromium: Any, page_file: Path, tmp_path: Path) -> None:
    """Even markup that got into the page could neither run script nor load anything."""
    injected = (
        "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
        '<img src="https://example.com/x.png"><style>h1{display:none}</style>'
    )
    file = tmp_path / "injected.html"
    file.write_text(page_file.read_text("utf-8").replace("<footer>", f"{injected}<footer>"), "utf-8")
    shown = Shown(chromium, file)
    shown.page.wait_for_load_state("load")
    assert "Run one" == shown.page.title()
    assert shown.page.locator("h1").is_visible()
    assert 4 <= len([line for line in shown.said if "Content Security Policy" in line])
    assert "https://example.com/x.png" in shown.failed
    assert {"csp"} == set(shown.failed.values())


def test_in_print(chromium: Any, page_file: Path) -> None:
    """On paper there is no filter, the page is light, and it fits the width of a sheet."""
    shown = Shown(chromium, page_file, color_scheme="dark", viewport={"width": 794, "height": 1123})
    shown.page.emulate_media(media="print")
    assert not shown.page.locator(".tools").is_visible()
    assert "rgb(255, 255, 255)" == shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = "getComputedStyle(document.querySelector('h1')).color.match(/\\d+/g).every((part) => part < 90)"
    assert shown.page.evaluate(dark)
    assert shown.fits()
    assert shown.page.pdf(format="A4").startswith(b"%PDF")


def test_every_picture_of_the_page_can_be_seen(chromium: Any, page_file: Path) -> None:
    """The browser decodes every thumbnail, with the size that the page states."""
    shown = Shown(chromium, page_file)
    wrong = shown.page.evaluate(
        "Promise.all([...document.images].map((one) => { one.loading = 'eager'; return one.decode().then(() => "
        "!one.hasAttribute('width') || one.naturalWidth === Number(one.getAttribute('width')), () => false); }))"
    )
    assert len(wrong) == sum(image["shown"] for image in _record(page_file)["images"])
    assert all(wrong)


def _record(page_file: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(page_file.with_suffix(".json").read_text("utf-8"))
    return record
