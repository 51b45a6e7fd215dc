"""The table of settings. Flags, variables, help, validation, claims and the reference all come from it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from thumbrun.imaging.animation.animation import MOST_FRAMES
from thumbrun.imaging.geometry import LARGEST_SIDE
from thumbrun.imaging.shape import FITS, USUAL_SHAPE
from thumbrun.settings import thumbnail_values, values
from thumbrun.settings.setting import Setting

T = TypeVar("T")

MOST_TASKS = 1000  # on one machine
MOST_SAMPLED = 1000

_WHERE, _WHAT, _WHICH = "Where", "What to make", "Which images"
_RUN, _MUCH, _COSTS = "Which run", "How much at once", "What it costs"
_SAYS, _EXPERTS = "What it prints and returns", "For experts"
GROUPS = (_WHERE, _WHAT, _WHICH, _RUN, _MUCH, _COSTS, _SAYS, _EXPERTS)  # in the order of the help

PRESETS: dict[str, dict[str, str]] = {"web": {"size": "320x,640x,1080x,1920x", "format": "webp,jpeg"}}
"""By the name of a preset: the text that it gives to each setting that is not given itself."""

_MOST = 10**12
_NOT_FOR_VERIFY = ("verify",)
_ONLY_BEFORE = ("retry", "verify")  # they find a plan, and ask no more what it costs
_declared: list[Setting[Any]] = []


def _setting(
    name: str,
    parse: Callable[[str], T],
    metavar: str,
    default: str | None,
    help_: str,
    *,
    group: str,
    default_words: str = "",
    unit: str = "",
    variable: str | None = None,
    flag: str | None = None,
    repeats: bool = False,
    claimed: bool = False,
    claimed_later: bool = False,
    fixed: bool | None = None,
    unused_by: Iterable[str] = (),
    to_record: Callable[[Any], Any] = lambda value: value,
    to_text: Callable[[Any], str] = str,
) -> Setting[T]:
    """Declare a setting and return it. A claimed setting is fixed, unless `fixed` says otherwise."""
    setting = Setting(
        name,
        parse,
        metavar,
        default,
        help_,
        variable=f"THUMBRUN_{name.upper()}" if variable is None else variable,
        flag=f"--{name.replace('_', '-')}" if flag is None else flag,
        default_words=default_words or default or "",
        group=group,
        unit=unit,
        repeats=repeats,
        claimed=claimed or claimed_later,
        claimed_later=claimed_later,
        fixed=(claimed or claimed_later) if fixed is None else fixed,
        unused_by=frozenset(unused_by),
        to_record=to_record,
        to_text=to_text,
    )
    _declared.append(setting)
    return setting


SOURCE = _setting(
    "source",
    values.location_text,
    "SOURCE",
    None,
    "Where the images are: gs://bucket/path, file:///folder or, on the command line, a local path. "
    "thumbrun takes it as a folder: gs://b/in means gs://b/in/, and not gs://b/inbox/. If nothing lies below it, it "
    "can be one image: photo.jpg, or gs://b/in/photo.jpg.",
    group=_WHERE,
    default_words="required",
    variable="INPUT_FOLDER",
    flag="SOURCE",
    claimed=True,
    to_record=values.location_to_record,
    to_text=values.location_from_record,
)
OUTPUT = _setting(
    "output",
    values.location_text,
    "PLACE",
    None,
    "Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. "
    "A bare word is a bucket for a gs:// source and a folder for a local one.",
    group=_WHERE,
    default_words="the root of the source's bucket; the current folder for a local source",
    variable="OUTPUT_BUCKET",
    claimed=True,
    fixed=False,
    to_record=values.location_to_record,
    to_text=values.location_from_record,
)
STATE = _setting(
    "state",
    values.location_text,
    "PLACE",
    None,
    "Where the records of runs go. Put them elsewhere if the thumbnails are public.",
    group=_WHERE,
    default_words="_thumbrun below the output",
)
EMULATOR = _setting(
    "emulator",
    values.emulator,
    "ADDRESS",
    None,
    "The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials.",
    group=_EXPERTS,
    default_words="none",
    variable="STORAGE_EMULATOR_HOST",
    flag="",
)
ENDPOINT = _setting(
    "endpoint",
    values.endpoint,
    "ADDRESS",
    None,
    "The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials "
    "there. It must begin with https://, except on this machine. An emulator counts more.",
    group=_EXPERTS,
    default_words="https://storage.googleapis.com",
    variable="CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
)
RUN_ID = _setting(
    "run_id",
    values.run_id,
    "ID",
    None,
    "Work on the run with this id. If there is none, thumbrun begins it.",
    group=_RUN,
    default_words="none",
    fixed=True,
)
RESUME = _setting(
    "resume",
    values.run,
    "RUN",
    None,
    "Continue this run: its id, or gs://bucket/prefix/<run id>, or its folder. "
    "Give no source then: the run knows the settings that it began with.",
    group=_RUN,
    default_words="none",
    fixed=True,
)
NEW = _setting(
    "new",
    values.yes_or_no,
    "",
    "no",
    "Begin another run, even if an unfinished one has the same settings.",
    group=_RUN,
    fixed=True,
)
JOIN_WITHIN = _setting(
    "join_within",
    values.seconds,
    "SECONDS",
    "3600",
    "A task that you start by hand joins an unfinished run with the same settings if the run is younger than this.",
    group=_EXPERTS,
    unit="seconds",
    unused_by=_NOT_FOR_VERIFY,
)
PRESET = _setting(
    "preset",
    values.choice(*PRESETS),
    "NAME",
    None,
    "Sizes and formats for a purpose, unless you give your own. web is for the srcset of a page: "
    f"--size {PRESETS['web']['size']} --format {PRESETS['web']['format']}.",
    group=_WHAT,
    default_words="none",
    fixed=True,
)
SIZE = _setting(
    "size",
    thumbnail_values.sizes,
    "PIXELS",
    "100",
    f"The box that a thumbnail fits into: 100 or 160x90, each side 1 to {LARGEST_SIDE:,}. "
    "320x or x200 leaves the other side free. "
    f"Give up to {thumbnail_values.MOST_SIZES} sizes, separated by commas, to make several thumbnails from one decode; "
    "each size then has its own folder, such as 400x400/. You may repeat the flag.",
    group=_WHAT,
    unit="pixels",
    repeats=True,
    claimed=True,
    to_record=thumbnail_values.sizes_to_record,
    to_text=thumbnail_values.sizes_from_record,
)
FIT = _setting(
    "fit",
    values.choice(*FITS),
    "FIT",
    USUAL_SHAPE.fit,
    "How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; "
    "contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the "
    "box.",
    group=_WHAT,
    claimed_later=True,
)
GRAVITY = _setting(
    "gravity",
    thumbnail_values.gravity,
    "WHERE",
    USUAL_SHAPE.gravity,
    "What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or "
    "entropy (where most is to be seen). With contain, where the picture lies.",
    group=_WHAT,
    claimed_later=True,
)
BACKGROUND = _setting(
    "background",
    thumbnail_values.background,
    "COLOUR",
    "transparent",
    "The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS "
    "such as navy, or transparent, which is white in a JPEG.",
    group=_WHAT,
    claimed_later=True,
)
ENLARGE = _setting(
    "enlarge",
    values.yes_or_no,
    "",
    "no",
    "Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing.",
    group=_WHAT,
    claimed_later=True,
)
LAYOUT = _setting(
    "layout",
    values.choice("flat", "tree"),
    "LAYOUT",
    "flat",
    "flat puts all thumbnails into the run's folder under their file names; tree keeps the path below the source.",
    group=_WHAT,
    claimed=True,
)
NAME = _setting(
    "name",
    thumbnail_values.name_pattern,
    "PATTERN",
    None,
    "The names of the thumbnails below the run's folder, such as {dir}/{stem}_{width}.{ext}, in place of a layout. The "
    "fields are path, dir, name, stem, ext, format, hash, width and height.",
    group=_WHAT,
    default_words="as the layout says",
    claimed_later=True,
    to_record=thumbnail_values.name_pattern_to_record,
)
FORMAT = _setting(
    "format",
    thumbnail_values.thumbnail_formats,
    "FORMAT",
    "keep",
    "The format of the thumbnails: keep, jpeg, png, webp or avif. "
    "keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. "
    "Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; "
    "you may repeat the flag.",
    group=_WHAT,
    repeats=True,
    claimed=True,
    to_record=thumbnail_values.formats_to_record,
    to_text=thumbnail_values.formats_from_record,
)
QUALITY = _setting(
    "quality",
    thumbnail_values.qualities,
    "1-100",
    str(thumbnail_values.USUAL_QUALITY),
    "The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50.",
    group=_WHAT,
    repeats=True,
    claimed=True,
    to_record=thumbnail_values.qualities_to_record,
    to_text=thumbnail_values.qualities_from_record,
)
ANIMATED = _setting(
    "animated",
    values.choice("first", "keep"),
    "WHAT",
    "first",
    "What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, "
    f"WebP and PNG with at most {MOST_FRAMES} frames.",
    group=_WHAT,
    claimed_later=True,
)
PLACEHOLDER = _setting(
    "placeholder",
    thumbnail_values.placeholder,
    "KIND",
    "none",
    "A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, "
    "blurhash or none. thumbrun report --csv and --json tell it.",
    group=_WHAT,
    claimed_later=True,
    to_record=thumbnail_values.placeholder_to_record,
)
INCLUDE = _setting(
    "include",
    values.globs,
    "GLOBS",
    "",
    "Take only paths below the source that match one of these patterns. * stays within a folder, ** crosses folders, "
    "and upper and lower case are the same. A pattern without a slash is matched against the names of files and "
    "folders; a folder means all that lies below it. Separate patterns with commas; you may repeat the flag.",
    group=_WHICH,
    default_words="everything",
    repeats=True,
    claimed=True,
    to_record=sorted,
    to_text=",".join,
)
EXCLUDE = _setting(
    "exclude",
    values.globs,
    "GLOBS",
    "",
    "Skip paths that match any of these patterns, such as drafts or *.png. The pattern .* means hidden "
    "files and folders.",
    group=_WHICH,
    default_words="nothing",
    repeats=True,
    claimed=True,
    to_record=sorted,
    to_text=",".join,
)
LIMIT = _setting(
    "limit",
    values.whole(1, _MOST),
    "N",
    None,
    "Stop after this many images, in listing order.",
    group=_WHICH,
    default_words="none",
    unit="images",
    claimed=True,
)
DETECT = _setting(
    "detect",
    values.choice("name", "content"),
    "HOW",
    "name",
    "How thumbrun finds images. name goes by the content type, then by the extension; "
    "content also opens files that neither of the two decides.",
    group=_WHICH,
    claimed=True,
)
BALANCE = _setting(
    "balance",
    values.choice("cost", "count"),
    "HOW",
    "cost",
    "How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; "
    "count gives each task a slice of equal length.",
    group=_EXPERTS,
    unused_by=_NOT_FOR_VERIFY,
)
IN_FLIGHT = _setting(
    "in_flight",
    values.whole(1, 1024),
    "N",
    "96",
    "How many requests a store gets at once.",
    group=_EXPERTS,
    unit="requests",
)
RAMP = _setting(
    "ramp",
    values.whole(0, _MOST),
    "N",
    "1000",
    "How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as "
    "many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. "
    "Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at "
    "once. 0 removes the limit.",
    group=_EXPERTS,
    unit="requests a second",
)
MEMORY = _setting(
    "memory",
    values.bytes_,
    "BYTES",
    None,
    "How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves "
    "need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails.",
    group=_MUCH,
    default_words="5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB",
    unit="bytes",
)
WORKERS = _setting(
    "workers",
    values.whole(1, 256),
    "N",
    None,
    "How many processes decode images.",
    group=_MUCH,
    default_words="the processors that the task really has, container limits included",
    unit="processes",
)
IMAGE_TIMEOUT = _setting(
    "image_timeout",
    values.seconds,
    "SECONDS",
    "10",
    "Give up on an image that takes longer to decode.",
    group=_EXPERTS,
    unit="seconds",
)
MAX_PIXELS = _setting(
    "max_pixels",
    values.whole(1, _MOST),
    "N",
    "250000000",
    "The largest image to decode, in pixels, as its header states. Phones write up to 200 million.",
    group=_EXPERTS,
    unit="pixels",
    unused_by=_NOT_FOR_VERIFY,
)
MAX_BYTES = _setting(
    "max_bytes",
    values.bytes_,
    "BYTES",
    "256MiB",
    "The largest image file to read.",
    group=_EXPERTS,
    unit="bytes",
    unused_by=_NOT_FOR_VERIFY,
)
MAX_IMAGES = _setting(
    "max_images",
    values.whole(1, _MOST),
    "N",
    None,
    "Refuse to begin if the source holds more images. With a higher number, the same command goes on.",
    group=_MUCH,
    default_words="any number",
    unit="images",
    unused_by=("retry", *_NOT_FOR_VERIFY),
)
MAX_DURATION = _setting(
    "max_duration",
    values.seconds,
    "TIME",
    None,
    "Stop an attempt after this time, such as 10m, cleanly, with exit code 1; the next attempt, or the same command, "
    "goes on.",
    group=_MUCH,
    default_words="no limit",
    unit="seconds",
    unused_by=_NOT_FOR_VERIFY,
)
MAX_COST = _setting(
    "max_cost",
    values.dollars,
    "USD",
    None,
    "Refuse to begin if the run might cost more, or if a price is unknown. With a higher number, the same command goes "
    "on.",
    group=_COSTS,
    default_words="any cost",
    unit="US dollars",
    unused_by=_ONLY_BEFORE,
)
DEADLINE = _setting(
    "deadline",
    values.seconds,
    "TIME",
    None,
    "Recommend the fewest tasks that are done in this time, such as 10m.",
    group=_COSTS,
    default_words="none",
    unit="seconds",
    variable="",
    unused_by=("run", *_ONLY_BEFORE),
)
BUDGET = _setting(
    "budget",
    values.dollars,
    "USD",
    None,
    "Recommend only numbers of tasks that cost at most this much.",
    group=_COSTS,
    default_words="none",
    unit="US dollars",
    variable="",
    unused_by=("run", *_ONLY_BEFORE),
)
SAMPLE = _setting(
    "sample",
    values.whole(1, MOST_SAMPLED),
    "N",
    None,
    "Make thumbnails of this many images in memory, spread over formats and sizes, and estimate from what they took. "
    "Nothing is written.",
    group=_COSTS,
    default_words="none: read no image, and estimate from recorded rates",
    unit="images",
    variable="",
    unused_by=("run", *_ONLY_BEFORE),
)
CPU = _setting(
    "cpu",
    values.whole(1, 256),
    "N",
    None,
    "How many vCPUs each task of the job has, for estimates.",
    group=_COSTS,
    default_words="1; on Cloud Run as many as the task has",
    unit="vCPUs",
    unused_by=_ONLY_BEFORE,
)
TASK_MEMORY = _setting(
    "task_memory",
    values.bytes_,
    "BYTES",
    None,
    "How much memory each task of the job has, for estimates.",
    group=_COSTS,
    default_words="512MiB; on Cloud Run as much as the task has",
    unit="bytes",
    unused_by=_ONLY_BEFORE,
)
REGION = _setting(
    "region",
    values.region,
    "REGION",
    None,
    "The region of the job, such as europe-west1. With it, estimates include the transfer between regions.",
    group=_COSTS,
    default_words="unknown",
    unused_by=_ONLY_BEFORE,
)
PRICES = _setting(
    "prices",
    values.path,
    "FILE",
    None,
    "Prices to use in place of the list prices: a file in JSON with the rows that differ.",
    group=_COSTS,
    default_words="list prices of Cloud Run and Cloud Storage",
    unused_by=_ONLY_BEFORE,
)
CACHE_CONTROL = _setting(
    "cache_control",
    values.header,
    "VALUE",
    None,
    "The Cache-Control header of the thumbnails.",
    group=_EXPERTS,
    default_words="none",
    claimed=True,
)
METADATA = _setting(
    "metadata",
    values.choice("none", "keep"),
    "WHAT",
    "none",
    "What a thumbnail takes over of the metadata that you gave the source object: none, or keep for all keys. "
    "thumbrun's own marks come in addition.",
    group=_EXPERTS,
    claimed_later=True,
)
USER_PROJECT = _setting(
    "user_project",
    values.project,
    "PROJECT",
    None,
    "The project that pays for requests.",
    group=_EXPERTS,
    default_words="the bucket's",
)
SOURCE_METADATA = _setting(
    "source_metadata",
    values.choice("name", "hash"),
    "WHAT",
    "name",
    "What the metadata of a thumbnail tells about its source: its name, or a hash if names are private.",
    group=_EXPERTS,
    claimed=True,
)
STRICT = _setting(
    "strict", values.yes_or_no, "", "no", "Exit with 3 if an image failed.", group=_SAYS, unused_by=_NOT_FOR_VERIFY
)
REPORT = _setting(
    "report",
    values.yes_or_no,
    "",
    "yes",
    "Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary.",
    group=_SAYS,
    unused_by=_NOT_FOR_VERIFY,
)
ALLOW_EMPTY = _setting(
    "allow_empty",
    values.yes_or_no,
    "",
    "no",
    "Exit with 0 if the source has no image.",
    group=_SAYS,
    unused_by=_NOT_FOR_VERIFY,
)
REQUIRE_SANDBOX = _setting(
    "require_sandbox",
    values.yes_or_no,
    "",
    "no",
    "Exit with 2, and write nothing, if this system cannot confine the decoding processes.",
    group=_EXPERTS,
    unused_by=_NOT_FOR_VERIFY,
)
QUIET = _setting("quiet", values.yes_or_no, "", "no", "Print only warnings and errors.", group=_SAYS)
LOG_FORMAT = _setting(
    "log_format",
    values.choice("auto", "text", "json"),
    "FORMAT",
    "auto",
    "text is for people, json for Cloud Logging; auto is json on Cloud Run and text elsewhere.",
    group=_SAYS,
)
TASKS = _setting(
    "tasks",
    values.whole(1, MOST_TASKS),
    "N",
    None,
    "Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would "
    "share the work.",
    group=_MUCH,
    default_words="one task, or as the platform says",
    unit="tasks",
    variable="",
    unused_by=_NOT_FOR_VERIFY,
)

DECLARED: tuple[Setting[Any], ...] = tuple(_declared)
