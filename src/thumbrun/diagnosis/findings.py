"""What a diagnosis finds: one finding for each thing that it checks, with what mends it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from thumbrun.errors import ThumbrunError, origin_of, told
from thumbrun.logs.secrets import redacted

VERSION = 1  # of the JSON

HERE = "this machine"  # what findings are about that concern no place


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Check(StrEnum):
    """What was checked."""

    VARIABLES = "variables"
    PROCESSORS = "processors"
    MEMORY = "memory"
    OPEN_FILES = "open-files"
    DECODERS = "decoders"
    SANDBOX = "sandbox"
    DECODING = "decoding"
    STORE = "store"
    CLOCK = "clock"
    CREDENTIALS = "credentials"
    BUCKET = "bucket"
    BUCKET_SETTINGS = "bucket-settings"
    PERMISSION = "permission"
    CONTENT = "content"
    FOLDER = "folder"
    SPACE = "space"
    WRITE = "write"


MEANINGS = {
    Check.VARIABLES: "variables whose names are much like that of a setting",
    Check.PROCESSORS: "the processors that this process really has, against the workers",
    Check.MEMORY: "its memory, container limits included, against the settings",
    Check.OPEN_FILES: "the files that it can have open, against the requests at once",
    Check.DECODERS: "the versions of the decoders that are linked",
    Check.SANDBOX: "what a confined process still reaches, by trying",
    Check.DECODING: "whether a decoding process starts, and makes a thumbnail",
    Check.STORE: "whether Cloud Storage, or an emulator, answers at all",
    Check.CLOCK: "how far this machine's clock is from that of the store",
    Check.CREDENTIALS: "where the credentials are, and whose",
    Check.BUCKET: "whether the bucket exists and answers",
    Check.BUCKET_SETTINGS: "region, storage class, Autoclass, retention, holds, soft delete, who pays, folders",
    Check.PERMISSION: "one finding for each permission that a run needs on the bucket",
    Check.CONTENT: "whether there is anything in the source",
    Check.FOLDER: "whether a local folder can be read, or written to",
    Check.SPACE: "the free space and the free inodes of the disk",
    Check.WRITE: "with `--write`: the object that was created",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was checked.
        about: The bucket or the folder, or `HERE`.
        level: How bad it is.
        what: What was found, in one sentence without its end.
        mend: What mends it, in words; empty if there is nothing to mend, or if the command says it all.
        command: The exact command that mends it, or an empty text.
    """

    check: Check
    about: str
    level: Level
    what: str
    mend: str = ""
    command: str = ""

    def to_record(self) -> dict[str, str]:
        """Return the finding as JSON has it, without fields that are empty."""
        fields = {
            "check": self.check,
            "about": self.about,
            "level": self.level,
            "what": self.what,
            "mend": self.mend,
            "command": self.command,
        }
        return {name: str(value) for name, value in fields.items() if value}


def failure(check: Check, about: str, error: Exception) -> Finding:
    """Return the finding for a check that an error ended. No secret of the error is in it."""
    if isinstance(error, ThumbrunError):
        return Finding(check, about, Level.ERROR, redacted(str(error)), redacted(error.hint))
    if isinstance(error, OSError):
        return Finding(check, about, Level.ERROR, redacted(told(error)), "check what this machine or container allows")
    fault = f"thumbrun has a fault: {redacted(told(error))} (in {origin_of(error)})"
    return Finding(check, about, Level.ERROR, fault, "please report it")


def to_record(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return all findings as JSON has them."""
    listed = list(findings)
    counts = {str(level): sum(finding.level is level for finding in listed) for level in Level}
    return {"version": VERSION, "counts": counts, "findings": [finding.to_record() for finding in listed]}
