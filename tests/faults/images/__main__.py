"""Runs the long campaign of broken images: `python -m tests.faults.images`."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.faults.images.campaign import Campaign
from tests.faults.images.mutants import mutant
from tests.faults.images.structures import structure


def main() -> int:
    """Run the campaign, and return 1 if it found a failure."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.images",
        description="Try mutants of photographs, decompression bombs, images that cost a process, and structures that "
        "would make a task build far more than it read.",
    )
    parser.add_argument("--mutations", type=int, default=5000, help="how many mutants")
    parser.add_argument("--structures", type=int, default=500, help="how many structures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one mutant, to see it again")
    parser.add_argument("--structure", type=int, help="the number of one structure, to see it again")
    parser.add_argument("--keep", type=Path, help="a file for the bytes of that one")
    parser.add_argument("--out", type=Path, help="a file for what was tried")
    asked = parser.parse_args()
    campaign = Campaign(asked.seed, verbose=asked.only is not None or asked.structure is not None)
    if asked.structure is not None:
        if asked.keep:
            asked.keep.write_bytes(structure(asked.seed, asked.structure).content)
        asyncio.run(campaign.structures([asked.structure]))
    elif asked.only is None:
        asyncio.run(campaign.structures(range(asked.structures)))
        asyncio.run(campaign.mutants(range(asked.mutations)))
        asyncio.run(campaign.bombs())
        asyncio.run(campaign.deadly())
    else:
        if asked.keep:
            asked.keep.write_bytes(mutant(asked.seed, asked.only).content)
        asyncio.run(campaign.mutants([asked.only]))
    tried = campaign.tried
    tried.command = "python -m tests.faults.images"
    tried.command += f" --mutations {asked.mutations} --structures {asked.structures} --seed {asked.seed}"
    if asked.out:
        tried.write(asked.out)
    print(f"{tried.images:,} images in {tried.seconds:.0f} s, {tried.wrong} wrong; the longest took", end=" ")
    print(f"{campaign.seconds:.1f} s, and a decoding process grew by {campaign.grown >> 20} MiB at most")
    for what, count in tried.faults.most_common():
        print(f"  {count:>7,}  {what}")
    for what, share in tried.largest.items():
        print(f"  {share:>6.1f}%  of the bound: {what}")
    print(*tried.failures, sep="\n")
    return 1 if tried.wrong else 0


sys.exit(main())
