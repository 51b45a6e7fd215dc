"""The command `python -m bench [part …]`, which measures some parts of thumbrun, or all if you name none."""

import argparse
import sys

from bench.parts import PARTS, run
from bench.results import read


def main() -> None:
    """Run parts, print their rows, and write them to `bench/results.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="number of runs, of which the median counts (3)")
    parsed = parser.parse_args()
    if unknown := [name for name in parsed.parts if name not in PARTS]:
        parser.error(f"the bench has no part {', '.join(unknown)}; its parts are {', '.join(PARTS)}")
    for name in parsed.parts or PARTS:
        seconds = run(name, parsed.rounds)
        sys.stdout.write(f"{name}: {PARTS[name].about}, {seconds:.0f} s\n")
        for row in read()[name]["rows"]:
            goal = f" (goal: {row['goal']})" if row["goal"] else ""
            others = "".join(f"; {who} {figure}" for who, figure in row["others"].items())
            sys.stdout.write(f"  {row['what']}: {row['ours']}{goal}{others}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
