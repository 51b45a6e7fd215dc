"""Export the Mermaid charts of docs/diagrams as SVG and PNG, which the pages show. `make diagrams` runs this.

Each `.mmd` file is the only source of a chart. Its exports hold a hash of it and of the theme, so that a test can tell
without a browser whether they are current. Both have their own background, so that they can be read on light and on
dark pages.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs/diagrams"
THEME = FOLDER / "theme.json"
KINDS = ("svg", "png")

_PACKAGE = "@mermaid-js/mermaid-cli@12.2.0"
_TOOLS = ROOT / ".venv/diagrams"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SCALE = 2  # pixels of the PNG for each pixel of the SVG
_COLOURS = 64
_SOURCE = "Source hash"  # the key of the PNG's text; the SVG has a comment that begins with it


def sources() -> list[Path]:
    """Return the charts."""
    return sorted(FOLDER.glob("*.mmd"))


def wanted(source: Path) -> str:
    """Return the hash that the exports of a chart must hold."""
    return hashlib.sha256(source.read_bytes() + b"\0" + THEME.read_bytes()).hexdigest()


def held(export: Path) -> str | None:
    """Return the hash that an export holds, or None if it holds none or does not exist."""
    if not export.exists():
        return None
    if export.suffix == ".svg":
        found = re.search(rf"<!-- {_SOURCE}: ([0-9a-f]+) -->", export.read_text("utf-8"))
        return found[1] if found else None
    from PIL import Image

    with Image.open(export) as picture:
        text = picture.info.get(_SOURCE)
        return text if isinstance(text, str) else None


def stale() -> list[Path]:
    """Return the exports that are missing or were made from other sources, and those without a source."""
    expected = {source.with_suffix(f".{kind}"): wanted(source) for source in sources() for kind in KINDS}
    found = {path for kind in KINDS for path in FOLDER.glob(f"*.{kind}")}
    return sorted(path for path in found | expected.keys() if held(path) != expected.get(path, ""))


def missing() -> list[str]:
    """Return what this machine lacks for an export, in words."""
    lacks = [f"{name} (Debian: apt-get install {name})" for name in ("node", "npm") if not shutil.which(name)]
    if not _browser():
        lacks.append("chromium (Debian: apt-get install chromium; or set CHROMIUM to the path of a browser)")
    return lacks


def _browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)


def _install() -> None:
    """Install the program that draws, unless it is there."""
    done = _TOOLS / "installed"
    if not done.exists() or done.read_text() != _PACKAGE:
        sys.stdout.write(f"Installing {_PACKAGE} into {_TOOLS.relative_to(ROOT)}, which takes a minute …\n")
        sys.stdout.flush()
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(_TOOLS), _PACKAGE]
        subprocess.run(command, check=True, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"})  # noqa: S603
        done.write_text(_PACKAGE)


def _export(source: Path) -> None:
    background = json.loads(THEME.read_text("utf-8"))["themeVariables"]["background"]
    with tempfile.TemporaryDirectory() as name:
        # The sandbox of the browser cannot start in most containers, and the charts are our own.
        browser = Path(name, "browser.json")
        browser.write_text(json.dumps({"executablePath": _browser(), "args": ["--no-sandbox"]}))
        for kind in KINDS:
            made = Path(name, f"made.{kind}")
            command = [str(_TOOLS / "node_modules/.bin/mmdc"), "--quiet", "--puppeteerConfigFile", str(browser)]
            command += ["--configFile", str(THEME), "--backgroundColor", background, "--scale", str(_SCALE)]
            command += ["--input", str(source), "--output", str(made)]
            subprocess.run(command, check=True)  # noqa: S603
            keep = _keep_svg if kind == "svg" else _keep_png
            keep(made, source.with_suffix(f".{kind}"), wanted(source), background)


def _keep_svg(made: Path, target: Path, mark: str, background: str) -> None:
    """Keep an SVG with a background that needs no style sheet, because some viewers ignore that of the root."""
    drawn = made.read_text("utf-8")
    box = re.search(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', drawn)
    if not box:
        raise ValueError(f"{target.name} has no viewBox")
    x, y, width, height = box.groups()
    behind = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{background}"/>'
    drawn = re.sub(r"(<svg[^>]*>)", rf"\1<!-- {_SOURCE}: {mark} -->{behind}", drawn, count=1)
    target.write_text(drawn.rstrip("\n") + "\n", "utf-8")


def _keep_png(made: Path, target: Path, mark: str, _: str) -> None:
    """Keep a PNG with few colours, which takes a fraction of the bytes."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text(_SOURCE, mark)
    with Image.open(made) as picture:
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(target, optimize=True, pnginfo=text)


def main() -> int:
    """Export the charts whose exports are not current, and return the exit code."""
    old = stale()
    if not old:
        sys.stdout.write("All diagrams are current.\n")
        return 0
    if lacks := missing():
        sys.stderr.write(f"The diagrams cannot be drawn. This machine lacks: {'; '.join(lacks)}.\n")
        return 1
    _install()
    for source in sources():
        if any(source.with_suffix(f".{kind}") in old for kind in KINDS):
            _export(source)
            sys.stdout.write(f"{source.relative_to(ROOT)} is drawn\n")
    for orphan in (path for path in stale() if not path.with_suffix(".mmd").exists()):
        orphan.unlink()
        sys.stdout.write(f"{orphan.relative_to(ROOT)} has no source and is removed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
