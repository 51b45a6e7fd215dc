"""Runs the long campaign, or repeats one: `python -m tests.faults.wire --schedules N --seed S --out FILE`."""

import argparse
import sys
from pathlib import Path

from tests.faults.wire.campaign import campaign


def main() -> int:
    """Run the campaign, write its counts, and return 1 if it found a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.wire", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1, help="How many; seeds count up from the first.")
    parser.add_argument("--seed", type=int, default=1, help="Of the first.")
    parser.add_argument("--out", type=Path, help="Where to write what was tried, as JSON.")
    parser.add_argument("--folder", type=Path, help="Where the tasks' output goes.")
    parsed = parser.parse_args()
    tried = campaign(parsed.schedules, parsed.seed, lambda line: print(line, flush=True), parsed.folder)
    if parsed.out:
        tried.write(parsed.out)
    return 1 if tried.failures else 0


if __name__ == "__main__":
    sys.exit(main())
