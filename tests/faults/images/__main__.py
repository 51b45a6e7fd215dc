"""`python -m tests.faults.images`: the long campaign."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.faults.images.campaign import campaign


def main() -> int:
    """Run the campaign; 1 if it found anything wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.images", description="Mutate photographs.")
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one mutant, to see it again")
    parser.add_argument("--keep", type=Path, help="a file for that mutant's bytes")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.keep and asked.only is not None:
        from tests.faults.images.mutants import mutant

        asked.keep.write_bytes(mutant(asked.seed, asked.only).content)
    numbers = range(asked.mutations) if asked.only is None else [asked.only]
    tried = asyncio.run(campaign(asked.seed, numbers, verbose=asked.only is not None))
    tried.command = f"python -m tests.faults.images --mutations {asked.mutations} --seed {asked.seed}"
    if asked.out:
        tried.write(asked.out)
    print(f"{tried.images:,} images in {tried.seconds:g} s, {tried.wrong} wrong")
    for what, count in tried.faults.most_common():
        print(f"  {count:>7,}  {what}")
    print(*tried.failures, sep="\n")
    return 1 if tried.wrong else 0


sys.exit(main())
