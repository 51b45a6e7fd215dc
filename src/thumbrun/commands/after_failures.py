"""What helps after images have failed, which depends on why they failed. Pure."""

from collections.abc import Collection

from thumbrun.outcomes import Reason

# The flag that a retry needs in addition, because it would fail in the same way otherwise.
_LIMITS = {
    Reason.TOO_LARGE: "--max-bytes BYTES",
    Reason.TOO_MANY_PIXELS: "--max-pixels N",
    Reason.OUT_OF_MEMORY: "--memory BYTES",
}
# What must happen before a retry can help.
_FIRST = {
    Reason.NAME_TAKEN: "Move the objects away that have the names of thumbnails",
    Reason.OUTPUT_DAMAGED: "Delete the thumbnails that arrived with different bytes",
    Reason.SOURCE_DENIED: "Let thumbrun read what it was denied",
    Reason.OUTPUT_DENIED: "Let thumbrun create what it was denied",
}
_BROKEN = (Reason.UNREADABLE, Reason.TRUNCATED, Reason.SOURCE_GONE)
_NEVER = (Reason.NAME_INVALID,)


def after_failures(failed: Collection[str], named: str) -> list[str]:
    """Return what to do about the failures of a run, the simplest first.

    | reason | advice |
    |---|---|
    | a limit of thumbrun's, on bytes, pixels or memory | retry with a higher limit, and its flag |
    | something is in the way, or denied | what to do first, then retry |
    | the file is broken or gone | a retry fails again unless the file is replaced |
    | the destination cannot hold the name | rename the file; a retry fails again |
    | any other | retry |

    Args:
        failed: The reasons of the failures.
        named: The words that name the run on a command line.
    """
    reasons = [reason for reason in Reason if reason in failed]
    limits = [reason for reason in reasons if reason in _LIMITS]
    first = [reason for reason in reasons if reason in _FIRST]
    broken = [reason for reason in reasons if reason in _BROKEN]
    never = [reason for reason in reasons if reason in _NEVER]
    plain = [reason for reason in reasons if reason not in (*limits, *first, *broken, *never)]
    advice = []
    if plain:
        chosen = [] if plain == reasons else plain
        advice.append(f"To retry what failed: {_retry(named, chosen)}")
    if limits:
        flags = " ".join(_LIMITS[reason] for reason in limits)
        advice.append(f"To retry with a higher limit: {_retry(named, limits)} {flags}")
    advice += [f"{_FIRST[reason]}, then retry: {_retry(named, [reason])}" for reason in first]
    if broken:
        advice.append(f"{', '.join(broken)}: a retry fails again unless you replace these files in the source")
    if never:
        advice.append(f"{', '.join(never)}: a retry fails again; rename these files and begin another run")
    return advice


def _retry(named: str, reasons: Collection[str]) -> str:
    return " ".join([f"thumbrun retry {named}", *(f"--reason {reason}" for reason in reasons)])
