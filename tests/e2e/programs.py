"""Programs that use the library as people do: short, without a `__main__` guard, each a process of its own."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.tasks import ROOT, clean_environment


def started(folder: Path, code: str, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start a program in a folder. It has the tests' modules at hand, as an editable install would."""
    (folder / "program.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-W", "default", "program.py"],
        cwd=folder,
        env=clean_environment(PYTHONPATH=str(ROOT), **(environment or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(folder: Path, code: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end, and return what it printed; nothing else may be printed, and no error."""
    program = started(folder, code, environment)
    out, errors = program.communicate()
    assert (0, "") == (program.returncode, errors), out + errors
    return out
