"""Run the worked example of docs/design.md, and write what its commands print into the page. `make docs` runs this.

The section holds its own commands: each line that begins with `$ ` is run, and what it prints replaces the lines below.
Whatever differs from run to run gets a fixed text, so that the page changes only when thumbrun does.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

PAGE = Path(__file__).parent / "design.md"
BEGIN, END = "<!-- docs/worked_example.py writes this section: begin -->", "<!-- end -->"

_WIDTH, _INDENT = 112, " " * 4  # of a line on the page: longer ones are wrapped
_FOLDER = "/home/you/holidays"
_NONCES = ("8f1c0a52d94be736", "41d7e6b03c9528fa", "b6029fd41e87c35a")
_SAME_EACH_TIME = (
    (r"\d{8}T\d{4}Z", "20261123T1748Z"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*\+00:00", "2026-11-23T17:48:…"),
    (r"\d+-(\d+)-\d{16,}(?:-\d{16,})?", r"…-\1-…"),  # an identity (inode, size, time) or a generation
    (
        r'("began":"[^"]+")(?:,"[a-z]+_ms":\d+)+',
        r'\1,"fetch_ms":1,"decode_ms":4,"encode_ms":1,"put_ms":1,"waiting_ms":2',
    ),
    (r'("processors":)\d+,"machine":"[0-9a-f]{12}"', r'\g<1>2,"machine":"5c0e71d9a24f"'),
    (r'("fingerprint": ")[0-9a-f]{24}', r"\g<1>19c53c0cdae02863cf26e7dc"),
    (r'("crc32c": )(?:\d+|"[0-9a-f]{8}")', r'\1"…"'),  # of what holds some of the above
)
_NONCE = re.compile(r'(?<="nonce": ")[0-9a-f]{16}|\b[0-9a-f]{16}(?=-\d{7}\.jsonl)')


def refreshed(page: str) -> str:
    """Return the page with what the commands of its example print now."""
    before, _, rest = page.partition(BEGIN)
    section, _, after = rest.partition(END)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        _prepare(folder)
        nonces: dict[str, str] = {}

        def run(block: re.Match[str]) -> str:
            shown = (f"$ {command}\n{_print(command, folder, nonces)}" for command in _commands(block[1]))
            return f"```console\n{''.join(shown)}```"

        section = re.sub(r"```console\n(.*?)```", run, section, flags=re.DOTALL)
    return f"{before}{BEGIN}{section}{END}{after}"


def shape(page: str) -> str:
    """Return the page without what a machine or another version of a library may change: numbers, sums, line ends."""
    page = re.sub(r'"[0-9a-f]{8}"', '"…"', re.sub(r"\n +", "", page))
    return re.sub(r"\d+(\.\d+)?", "0", page)


def _prepare(folder: Path) -> None:
    """Draw the pictures, and put the command `thumbrun` where a shell finds it."""
    (folder / "in/trip").mkdir(parents=True)
    gradient, rings = Image.linear_gradient("L"), Image.radial_gradient("L")
    gradient.resize((400, 300)).convert("RGB").save(folder / "in/beach.jpg")
    rings.resize((300, 400)).save(folder / "in/forest.png")
    rings.resize((640, 480)).convert("RGB").save(folder / "in/trip/beach.jpg")
    (folder / "in/notes.txt").write_text("Sunny.\n", "utf-8")
    program = folder / "bin/thumbrun"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m thumbrun "$@" >&2\n', "utf-8")
    program.chmod(0o755)


def _commands(block: str) -> Iterator[str]:
    """Yield the commands of a block; one that ends in a backslash goes on in the next line."""
    lines = block.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("$ "):
            yield line[2:] if not line.endswith("\\") else f"{line[2:]}\n{following}"


def _print(command: str, folder: Path, nonces: dict[str, str]) -> str:
    """Run a command and return what it prints, the same each time."""
    environ = {name: value for name, value in os.environ.items() if not re.match("THUMBRUN|CLOUD_RUN|TASK_", name)}
    environ |= {"PATH": f"{folder}/bin:{environ['PATH']}", "LC_ALL": "C", "THUMBRUN_WORKERS": "2"}
    shell = ["/bin/sh", "-e", "-c", command]
    ran = subprocess.run(shell, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        raise RuntimeError(f"{command}\n{ran.stdout}{ran.stderr}")
    text = ran.stdout.replace(str(folder), _FOLDER)
    for nonce in _NONCE.findall(text):
        if nonce not in nonces:
            nonces[nonce] = _NONCES[len(nonces)]
    text = _NONCE.sub(lambda found: nonces[found[0]], text)
    for pattern, same in _SAME_EACH_TIME:
        text = re.sub(pattern, same, text)
    return "".join(f"{part}\n" for line in text.splitlines() for part in _wrapped(line))


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line in parts, broken behind commas where it is too long."""
    part, indent = "", ""
    for piece in re.split(r"(?<=,)", line):
        if part and len(indent + part + piece) > _WIDTH:
            yield indent + part
            part, indent = piece.lstrip(), _INDENT
        else:
            part += piece
    yield indent + part


def main() -> None:
    """Refresh the page."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE} is refreshed\n")


if __name__ == "__main__":
    main()
