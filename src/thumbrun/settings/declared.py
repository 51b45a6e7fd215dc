"""The table of settings. Flags, variables, help, validation and the reference in the documents come from here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thumbrun.settings import values

MOST_TASKS = 1000  # of one machine


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: Of the field in `Settings`.
        variable: Of the environment, or empty.
        flag: Of the command line, or empty; `SOURCE` is the command's argument.
        parse: Makes a value of its text; raises ValueError with what would be right.
        metavar: What the help calls the value; empty for a switch.
        default: The default, as text that `parse` takes; None where there is none, or it depends.
        default_words: How the documents say what the default is.
        unit: What a number counts, or empty.
        help: One sentence or two.
        repeats: Whether the flag may be given more than once.
    """

    name: str
    variable: str
    flag: str
    parse: Callable[[str], Any]
    metavar: str
    default: str | None
    default_words: str
    unit: str
    help: str
    repeats: bool = False

    @property
    def label(self) -> str:
        """What messages call the setting: its flag and its variable."""
        return " / ".join(part for part in (self.flag, self.variable) if part)

    @property
    def is_switch(self) -> bool:
        """Whether the flag stands alone."""
        return not self.metavar

    @property
    def is_argument(self) -> bool:
        """Whether the command line gives the value without a flag."""
        return self.flag == self.metavar

    @property
    def negation(self) -> str:
        """The flag that switches it off."""
        return self.flag.replace("--", "--no-", 1)


def _setting(
    name: str,
    parse: Callable[[str], Any],
    metavar: str,
    default: str | None,
    help_: str,
    *,
    words: str = "",
    unit: str = "",
    variable: str | None = None,
    flag: str | None = None,
    repeats: bool = False,
) -> Setting:
    return Setting(
        name,
        f"THUMBRUN_{name.upper()}" if variable is None else variable,
        f"--{name.replace('_', '-')}" if flag is None else flag,
        parse,
        metavar,
        default,
        words or default or "",
        unit,
        help_,
        repeats,
    )


_MOST = 10**12

DECLARED: tuple[Setting, ...] = (
    _setting(
        "source",
        values.location_text,
        "SOURCE",
        None,
        "Where the images are: gs://bucket/path, file:///folder or, on the command line, a local path. "
        "A folder is meant: gs://b/in is gs://b/in/, never inbox/.",
        words="required",
        variable="INPUT_FOLDER",
        flag="SOURCE",
    ),
    _setting(
        "output",
        values.location_text,
        "PLACE",
        None,
        "Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. "
        "A bare word is a bucket for a gs:// source, a folder for a local one.",
        words="the root of the source's bucket; the current folder for a local source",
        variable="OUTPUT_BUCKET",
    ),
    _setting(
        "state",
        values.location_text,
        "PLACE",
        None,
        "Where the records of runs lie; apart from the thumbnails where these are public.",
        words="_thumbrun below the output",
    ),
    _setting(
        "emulator",
        values.emulator,
        "ADDRESS",
        None,
        "An emulator instead of Cloud Storage, used without credentials.",
        words="none",
        variable="STORAGE_EMULATOR_HOST",
        flag="",
    ),
    _setting(
        "run_id", values.run_id, "ID", None, "Work on the run of this id; begin it if there is none.", words="none"
    ),
    _setting(
        "resume",
        values.run,
        "RUN",
        None,
        "Continue a run that was begun: its id, or gs://bucket/prefix/<run id> or a run's folder. "
        "Without a source, all settings of the run are those that it began with.",
        words="none",
    ),
    _setting("new", values.yes_or_no, "", "no", "Begin another run, even if one with the same settings is unfinished."),
    _setting(
        "join_within",
        values.seconds,
        "SECONDS",
        "3600",
        "A task started by hand joins an unfinished run with the same settings that is younger.",
        unit="seconds",
    ),
    _setting(
        "size",
        values.sizes,
        "PIXELS",
        "100",
        f"The box that a thumbnail fits: 100 or 160x90; 1 to {values.LARGEST_SIDE:,} each way. "
        f"Up to {values.MOST_SIZES} of them, separated by commas, make several thumbnails of one decode, "
        "each size in a folder of its own: 400x400/. The flag may repeat.",
        unit="pixels",
        repeats=True,
    ),
    _setting(
        "layout",
        values.choice("flat", "tree"),
        "LAYOUT",
        "flat",
        "flat: all thumbnails in the run's folder under their file names; tree: with the path below the source.",
    ),
    _setting(
        "format",
        values.choice("keep", "jpeg", "png", "webp", "avif"),
        "FORMAT",
        "keep",
        "Of the thumbnails: keep, jpeg, png, webp or avif. "
        "keep makes JPEG of HEIC, TIFF, BMP and JPEG 2000, PNG of ICO.",
    ),
    _setting("quality", values.whole(1, 100), "1-100", "80", "Of JPEG, WebP and AVIF thumbnails."),
    _setting(
        "include",
        values.globs,
        "GLOBS",
        "",
        "Only paths below the source that match one of these; * stays within a folder, ** does not; "
        "without a slash the file name is matched. Separated by commas; the flag may repeat.",
        words="everything",
        repeats=True,
    ),
    _setting(
        "exclude", values.globs, "GLOBS", "", "Not the paths that match one of these.", words="nothing", repeats=True
    ),
    _setting(
        "limit",
        values.whole(1, _MOST),
        "N",
        None,
        "At most so many images, the first of the listing.",
        words="none",
        unit="images",
    ),
    _setting(
        "detect",
        values.choice("name", "content"),
        "HOW",
        "name",
        "What counts as an image: name: by content type, then by extension; "
        "content: what neither settles is looked into as well.",
    ),
    _setting(
        "balance",
        values.choice("cost", "count"),
        "HOW",
        "cost",
        "cost: shards go to the task with least to do, by bytes and format; count: contiguous slices.",
    ),
    _setting("in_flight", values.whole(1, 1024), "N", "96", "Requests to a store at once.", unit="requests"),
    _setting(
        "ramp",
        values.whole(0, _MOST),
        "N",
        "1000",
        "Writes a second that all tasks together begin with, for a bucket of Cloud Storage, and five times as many "
        "reads, doubling every 20 minutes, as Cloud Storage asks; each task keeps to an equal share. More for a bucket "
        "that is busy already, or where the platform runs only some of the tasks at once. 0: no ceiling.",
        unit="requests a second",
    ),
    _setting(
        "memory",
        values.bytes_,
        "BYTES",
        None,
        "What image bodies and decoded pictures may take together, like 512MiB; the processes themselves come on top, "
        "some 75 MiB and 35 MiB for each worker.",
        words="320 MiB for each worker, at most 5/8 of what the container or machine has, at least 96 MiB",
        unit="bytes",
    ),
    _setting(
        "workers",
        values.whole(1, 256),
        "N",
        None,
        "Decoding processes.",
        words="the processors that the task really has, container limits included",
        unit="processes",
    ),
    _setting("image_timeout", values.seconds, "SECONDS", "10", "For decoding one image.", unit="seconds"),
    _setting(
        "max_pixels",
        values.whole(1, _MOST),
        "N",
        "100000000",
        "Of one image, as its header declares them.",
        unit="pixels",
    ),
    _setting("max_bytes", values.bytes_, "BYTES", "256MiB", "Of one image's object.", unit="bytes"),
    _setting(
        "cache_control", values.header, "VALUE", None, "The Cache-Control header of the thumbnails.", words="none"
    ),
    _setting(
        "user_project", values.project, "PROJECT", None, "The project that pays for requests.", words="the bucket's"
    ),
    _setting(
        "source_metadata",
        values.choice("name", "hash"),
        "WHAT",
        "name",
        "What a thumbnail's metadata says of its source: its name, or a hash where names are private.",
    ),
    _setting("strict", values.yes_or_no, "", "no", "Exit with 3 where images failed."),
    _setting("allow_empty", values.yes_or_no, "", "no", "Exit with 0 where no image lies under the source."),
    _setting(
        "log_format",
        values.choice("auto", "text", "json"),
        "FORMAT",
        "auto",
        "text for people, json for Cloud Logging; auto: json on Cloud Run, else text.",
    ),
    _setting(
        "tasks",
        values.whole(1, MOST_TASKS),
        "N",
        None,
        "Run so many tasks side by side on this machine, as Cloud Run would; of a plan, how many would share the work.",
        words="one task, or as the platform says",
        unit="tasks",
        variable="",
    ),
)
