"""What helps after images have failed, which depends on why they failed. Pure."""

from collections.abc import Collection

from thumbrun.outcomes import SKIPS, Reason

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
_IF_BROKEN = "a retry fails again unless you replace these files in the source"
_IF_NEVER = "a retry fails again; rename these files and begin another run"


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
        advice.append(f"{', '.join(broken)}: {_IF_BROKEN}")
    if never:
        advice.append(f"{', '.join(never)}: {_IF_NEVER}")
    return advice


def what_to_do(reason: Reason, named: str) -> tuple[str, str]:
    """Return what to do about one reason of several: a sentence, and the command that follows it, or an empty text.

    >>> what_to_do(Reason.TIMEOUT, "r")
    ('Retry:', 'thumbrun retry r --reason timeout')

    Args:
        reason: The reason.
        named: The words that name the run on a command line.
    """
    if reason in SKIPS:
        return "There is nothing to do: a run makes thumbnails of images in the formats that it reads.", ""
    if reason in _BROKEN or reason in _NEVER:
        text = _IF_BROKEN if reason in _BROKEN else _IF_NEVER
        return f"{text[0].upper()}{text[1:]}.", ""
    command = _retry(named, [reason])
    if reason in _LIMITS:
        return "Retry with a higher limit:", f"{command} {_LIMITS[reason]}"
    return f"{_FIRST[reason]}, then retry:" if reason in _FIRST else "Retry:", command


def _retry(named: str, reasons: Collection[str]) -> str:
    return " ".join([f"thumbrun retry {named}", *(f"--reason {reason}" for reason in reasons)])
