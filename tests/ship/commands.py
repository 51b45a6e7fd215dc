"""Finds the gcloud commands in documents and in the Makefile, and what a shell makes of them."""

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = tuple(
    sorted(
        path
        for folder in (ROOT, ROOT / "docs", ROOT / "deploy", ROOT / ".github")
        for path in folder.rglob("*.md")
        if folder != ROOT or path.parent == ROOT
    )
)

_BLOCK = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_SHELL = {"sh", "shell", "bash"}
_ASSIGNS = re.compile(r"(?:export )?(?:[A-Z_]+=\S*\s*)+(?:#.*)?")
_SPAN = re.compile(r"`(gcloud [^`]*)`", re.DOTALL)
_LETTERS = re.compile(r"[a-z][a-z-]*")


@dataclass(frozen=True)
class Command:
    """A gcloud command as a shell sees it.

    Attributes:
        where: The document, or the target of make.
        text: The line as it is written, with its continuation lines joined.
        argv: The words after expansion, without `gcloud`.
        names: The values of the variables that the document has set by then.
    """

    where: str
    text: str
    argv: tuple[str, ...]
    names: dict[str, str]


def commands_of(path: Path) -> list[Command]:
    """Return the commands in a document's blocks of shell, in their order, with variables as the document sets them."""
    found: list[Command] = []
    assignments: list[str] = []
    for line in shell_lines(path.read_text("utf-8")):
        if _ASSIGNS.fullmatch(line):
            assignments.append(line)
        elif line.startswith("gcloud "):
            found.append(_understood(str(path.relative_to(ROOT)), line, assignments))
        elif re.search(r"(?<![\w/.-])gcloud\s", re.sub(r"(^|\s)#.*", "", line)):
            raise AssertionError(f"{path.name}: begin the line with gcloud, so that this test finds it: {line}")
    return found


def shell_lines(text: str) -> list[str]:
    """Return the lines in a document's blocks of shell, with continuation lines joined.

    In other blocks, such as those of a terminal, a line with a gcloud command counts too.
    """
    lines: list[str] = []
    for _, language, block in _BLOCK.findall(text):
        joined = (line.strip().removeprefix("$ ") for line in re.sub(r"\\\n\s*", "", block).splitlines())
        lines += [line for line in joined if line and (language in _SHELL or line.startswith("gcloud "))]
    return lines


def spans_of(path: Path) -> list[str]:
    """Return the commands in a document's running text."""
    return [" ".join(span.split()) for span in _SPAN.findall(_BLOCK.sub("", path.read_text("utf-8")))]


def targets_of_make(names: dict[str, str], *targets: str) -> list[str]:
    """Return the lines that targets of make would run, with continuation lines joined."""
    settings = [f"{name}={value}" for name, value in names.items()]
    shown = subprocess.run(["make", "-n", *targets, *settings], cwd=ROOT, check=True, capture_output=True, text=True)
    return [line for line in re.sub(r"\\\n\s*", "", shown.stdout).splitlines() if line.strip()]


def of_line(where: str, line: str) -> Command:
    """Return the command in one line that needs no variables."""
    return _understood(where, line, [])


def _understood(where: str, line: str, assignments: list[str]) -> Command:
    """Let a shell expand a command; an unset variable fails, and so does anything beside the command."""
    operators = {";", "|", "||", "&", "&&", "<", ">", ">>", "(", ")"}
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    assert operators.isdisjoint(lexer), f"{where}: only a single command can be checked: {line}"
    script = "\n".join([*assignments, "env -0", "printf '\\0'", f"printf '%s\\0' {line}"])
    done = subprocess.run(["bash", "-auec", script], capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False)
    assert 0 == done.returncode, f"{where}: {line}: {done.stderr.decode()}"
    variables, _, words = done.stdout.decode().partition("\0\0")
    names = dict(variable.split("=", 1) for variable in variables.split("\0"))
    argv = words.split("\0")[1:-1]
    return Command(where, line, tuple(argv), names)


def verb(argv: tuple[str, ...]) -> str:
    """Return the words that name what a command does: those before the first flag or argument.

    An argument that looks like such a word, like the name of a job, ends up in it; `known` cuts it off.
    """
    words: list[str] = []
    for word in argv:
        if not _LETTERS.fullmatch(word):
            break
        words.append(word)
    return " ".join(words)


def known(argv: tuple[str, ...], verbs: set[str]) -> str | None:
    """Return the longest of some verbs that a command begins with."""
    said = verb(argv).split()
    beginnings = (" ".join(said[:length]) for length in range(len(said), 0, -1))
    return next((beginning for beginning in beginnings if beginning in verbs), None)
