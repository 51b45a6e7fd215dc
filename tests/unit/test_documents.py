"""Tests that the documents match the code; `test_links` checks their links."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from bench.parts import PARTS
from bench.results import read
from thumbrun import cli

ROOT = Path(__file__).parents[2]


def module(name: str) -> Any:
    """Import a program from docs/, and return its module."""
    spec = spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_reference_is_up_to_date() -> None:
    """docs/reference.md is exactly what `make docs` writes."""
    assert module("generate").reference() == (ROOT / "docs/reference.md").read_text("utf-8")


def test_the_table_of_what_was_tried_is_what_the_campaigns_wrote() -> None:
    """docs/reliability.md matches docs/campaigns, which holds every campaign, and no campaign found a failure."""
    reliability = module("reliability")
    assert reliability.reliability() == (ROOT / "docs/reliability.md").read_text("utf-8")
    campaigns = [json.loads(path.read_text()) for path in (ROOT / "docs/campaigns").glob("*.json")]
    assert set(reliability.CAMPAIGNS_IN_ORDER) == {tried["campaign"] for tried in campaigns}
    assert [] == [failure for tried in campaigns for failure in tried["failures"]]
    assert {0} == {tried[kind] for tried in campaigns for kind in ("lost", "doubled", "torn", "wrong")}


def test_the_figures_of_performance_are_what_the_bench_has_measured() -> None:
    """docs/performance.md matches bench/results.json, which holds only parts of the bench, and `bench.paired`."""
    measured = read()
    assert module("performance").performance(measured) == (ROOT / "docs/performance.md").read_text("utf-8")
    assert measured.keys() <= PARTS.keys() | {"paired"}


def test_the_tables_of_sizes_are_what_the_bench_says() -> None:
    """The tables in docs/cloud-run.md are those that docs/sizing.py makes of what the bench measured, and its model."""
    page = (ROOT / "docs/cloud-run.md").read_text("utf-8")
    assert module("sizing").refreshed(page) == page


def test_the_table_of_prices_is_what_thumbrun_brings_along() -> None:
    """The table in docs/plan.md is the one that docs/prices.py makes of the prices that are known."""
    page = (ROOT / "docs/plan.md").read_text("utf-8")
    assert module("prices").refreshed(page) == page


def test_the_worked_example_is_what_its_commands_print() -> None:
    """The commands in docs/design.md print the files and keys that the page shows; numbers can differ."""
    example = module("worked_example")
    page = (ROOT / "docs/design.md").read_text("utf-8")
    assert example.shape(page) == example.shape(example.refreshed(page))


def test_everything_that_the_container_installs_is_pinned() -> None:
    """requirements.txt pins every runtime dependency, and names no registry."""
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.]*(; sys_platform == .*)?", pin) for pin in pins)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[><=; ]", dependency)[0] for dependency in project["dependencies"]}
    assert needed <= {pin.partition("==")[0] for pin in pins}


def test_commands_of_the_readme_exist() -> None:
    """The README names only targets of make and commands and flags of thumbrun that exist."""
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", readme)) <= targets
    for command in ("run", "plan", "retry", "verify", "report"):
        shown = subprocess.run([sys.executable, "-m", "thumbrun", command, "--help"], check=True, capture_output=True)
        flags = set(re.findall(r"--[a-z-]+", shown.stdout.decode()))
        for line in re.findall(rf"^thumbrun {command} (.*)$", readme, re.MULTILINE):
            assert set(re.findall(r"--[a-z-]+", line.partition("#")[0])) <= flags
    assert cli.__doc__ is not None


def test_the_tests_that_hold_the_promises_exist() -> None:
    """Each test that SECURITY.md names for a promise is in the file that it names."""
    rows = re.findall(
        r"^\| .+ \| \[.+\]\((tests/.+\.py)\) \| (.+) \|$", (ROOT / "SECURITY.md").read_text("utf-8"), re.MULTILINE
    )
    assert 20 < len(rows)
    for path, named in rows:
        source = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`(.+?)`", named) or ["test_"]:
            assert f"def {name}" in source, (path, name)
