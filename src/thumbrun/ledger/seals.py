"""The metadata of ledger parts: seals, which say that a shard is complete, and what its parts count. Pure."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from thumbrun.outcomes import Tally
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.record_forms import is_tally
from thumbrun.runs.record_values import number_in
from thumbrun.storage.base import Entry

SEAL = "thumbrun-tally"  # the metadata key of a shard's tally
COVERS = "thumbrun-parts"  # the metadata key of the number of the shard's parts that a seal counts, itself included
SHARD = "thumbrun-shard"  # the metadata key of the shard that a seal seals
ROUND = "thumbrun-round"  # the metadata key of a seal's round, if it is a later round
ROWS = "thumbrun-rows"  # the metadata key of the tally of a part's own rows
WRITER = "thumbrun-task"  # the metadata key of the task that wrote a part, and when


class Seal(NamedTuple):
    """What a part that seals its shard says in its metadata.

    Attributes:
        round: The round that sealed the shard.
        covers: The number of the shard's parts that the tally counts, the sealing part included.
        tally: The tally of the shard.
    """

    round: int
    covers: int
    tally: Tally


def seal_of(part: Entry) -> Seal | None:
    """Return what a part's metadata says if the part seals its shard, or None.

    Metadata that nobody wrote, or that belongs to another run or shard, seals nothing.
    """
    text = part.metadata.get(SEAL)
    if text is None:
        return None
    shard = part.metadata.get(SHARD)  # version 0.1.0 did not write it
    if f"/{part.metadata.get(RUN_MARK)}/ledger/{f'{shard}/' if shard else ''}" not in f"/{part.name}":
        return None
    round_number, covers = number_in(part.metadata.get(ROUND, "0")), number_in(part.metadata.get(COVERS, ""))
    if round_number is None or covers is None:
        return None
    try:
        tally = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Seal(round_number, covers, Tally.from_record(tally)) if is_tally(tally) else None


def lost_parts(parts: Sequence[Entry]) -> int:
    """Return how many parts of a shard were deleted at least, by what its seals count, given all that are there.

    There can be more parts than any seal counts: those of another process with the same shard.
    """
    return max((0, *(seal.covers - len(parts) for seal in filter(None, map(seal_of, parts)))))


def last_seal(parts: Iterable[Entry]) -> int:
    """Return the latest round that sealed a shard, or -1 if none has, given all parts of the shard."""
    listed = list(parts)
    seals = filter(None, map(seal_of, listed))
    return max((seal.round for seal in seals if seal.covers <= len(listed)), default=-1)
