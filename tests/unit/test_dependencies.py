"""Tests that the pinned packages are exactly those that thumbrun needs, and of the audit of these packages."""

import json
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.audit import VULNERABLE, verdict

ROOT = Path(__file__).parents[2]


def pins() -> dict[str, str]:
    """Return the versions that requirements.txt pins on this system, by name."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    here = [requirement for requirement in pinned if requirement.marker is None or requirement.marker.evaluate()]
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in here}


def needed() -> set[str]:
    """Return the names of all packages that thumbrun needs at run time on this system, directly or indirectly."""
    found: set[str] = set()
    waiting = [("thumbrun", "")]
    while waiting:
        name, extra = waiting.pop()
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                dependency = canonicalize_name(requirement.name)
                if dependency not in found:
                    found.add(dependency)
                    waiting += [(dependency, ""), *((dependency, asked) for asked in requirement.extras)]
    return found


def test_every_dependency_is_pinned_and_nothing_else() -> None:
    """requirements.txt pins exactly the packages that thumbrun needs, including the indirect ones."""
    assert needed() - {"thumbrun"} <= set(pins())
    conditional = {"typing-extensions", "cffi", "pycparser"}  # needed by some Pythons and systems only
    assert set(pins()) <= needed() | conditional


def test_what_is_tested_is_what_is_pinned() -> None:
    """The tests run with the same versions that the container installs."""
    assert pins() == {name: metadata.version(name) for name in pins()}


FOUND = {"dependencies": [{"name": "pillow", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}
NONE = {"dependencies": [{"name": "pillow", "version": "1", "vulns": []}]}


@pytest.mark.parametrize(
    ("code", "printed", "said", "expected"),
    [
        (0, json.dumps(NONE), "No known vulnerabilities found", 0),
        (1, json.dumps(FOUND), "Found 1 known vulnerability in 1 package", VULNERABLE),
        (1, "", "ERROR: could not connect to api.osv.dev", 0),
        (1, "", "ERROR: something else", 1),
        (2, "usage", "unrecognised arguments", 2),
    ],
)
def test_what_an_audit_comes_to(code: int, printed: str, said: str, expected: int) -> None:
    """The audit fails for a vulnerability and for an error, but not if the service cannot be reached."""
    ended = subprocess.CompletedProcess([], code, printed, said)
    found, words = verdict(ended)
    assert expected == found
    assert ("not checked" in words) == ("could not connect" in said)
    assert ("CVE-1" in words) == ("CVE-1" in printed)
