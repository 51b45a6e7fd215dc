"""Makes a thumbnail of every image under a Cloud Storage prefix, in parallel tasks that lose nothing when they die.

`docs/library.md` shows how to use it from Python. Nothing is loaded before it is used.
"""

# `make docs` writes this file from the code.

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike

from thumbrun.api.event_record import Failure as Failure
from thumbrun.api.plan import PlanResult as PlanResult
from thumbrun.api.report import ReportResult as ReportResult
from thumbrun.api.run import RunResult as RunResult
from thumbrun.api.thumbnail import ImageError as ImageError
from thumbrun.api.thumbnail import Thumbnail as Thumbnail
from thumbrun.decoding.pool import DecoderPoolError as DecoderPoolError
from thumbrun.errors import NothingToDoError as NothingToDoError
from thumbrun.errors import SettingsError as SettingsError
from thumbrun.errors import ThumbrunError as ThumbrunError
from thumbrun.errors import TooLateError as TooLateError
from thumbrun.logs.events import Progress as Progress
from thumbrun.outcomes import OutcomeCounts as OutcomeCounts
from thumbrun.outcomes import Reason as Reason
from thumbrun.planning.planner import PlanRefusedError as PlanRefusedError
from thumbrun.runs.records import RecordError as RecordError
from thumbrun.storage.base import BucketNotFoundError as BucketNotFoundError
from thumbrun.storage.base import DeniedError as DeniedError
from thumbrun.storage.base import StoreError as StoreError
from thumbrun.storage.base import UnauthenticatedError as UnauthenticatedError
from thumbrun.verification.findings import Finding as Finding
from thumbrun.verification.findings import VerifyResult as VerifyResult

__all__ = [
    "BucketNotFoundError",
    "DecoderPoolError",
    "DeniedError",
    "Failure",
    "Finding",
    "ImageError",
    "NothingToDoError",
    "OutcomeCounts",
    "PlanRefusedError",
    "PlanResult",
    "Progress",
    "Reason",
    "RecordError",
    "ReportResult",
    "RunResult",
    "SettingsError",
    "StoreError",
    "Thumbnail",
    "ThumbrunError",
    "TooLateError",
    "UnauthenticatedError",
    "VerifyResult",
    "__version__",
    "plan",
    "plan_async",
    "report",
    "report_async",
    "retry",
    "retry_async",
    "run",
    "run_async",
    "thumbnail",
    "thumbnail_async",
    "verify",
    "verify_async",
]

__version__: str

def plan(
    source: str | PathLike[str],
    *,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    run_id: str | None = None,
    resume: str | None = None,
    new: bool | None = None,
    join_within: float | None = None,
    preset: str | None = None,
    size: int | str | Sequence[int | str] | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    layout: str | None = None,
    name: str | None = None,
    format: str | Sequence[str] | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    limit: int | None = None,
    detect: str | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_images: int | None = None,
    max_duration: float | str | None = None,
    max_cost: float | None = None,
    deadline: float | str | None = None,
    budget: float | None = None,
    sample: int | None = None,
    cpu: int | None = None,
    task_memory: int | str | None = None,
    region: str | None = None,
    prices: str | PathLike[str] | None = None,
    cache_control: str | None = None,
    metadata: str | None = None,
    user_project: str | None = None,
    source_metadata: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> PlanResult:
    """List a source and say what a run would do, take and cost. This writes nothing.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        run_id: Work on the run with this id. If there is none, thumbrun begins it. Default: none.
        resume: Continue this run: its id, or gs://bucket/prefix/<run id>, or its folder. Give no source then: the run knows the settings that it began with. Default: none.
        new: Begin another run, even if an unfinished one has the same settings. Default: no.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        preset: Sizes and formats for a purpose, unless you give your own. web is for the srcset of a page: --size 320x,640x,1080x,1920x --format webp,jpeg. Default: none.
        size: The box that a thumbnail fits into: 100 or 160x90, each side 1 to 4,096. 320x or x200 leaves the other side free. Give up to 16 sizes, separated by commas, to make several thumbnails from one decode; each size then has its own folder, such as 400x400/. You may repeat the flag. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        layout: flat puts all thumbnails into the run's folder under their file names; tree keeps the path below the source. Default: flat.
        name: The names of the thumbnails below the run's folder, such as {dir}/{stem}_{width}.{ext}, in place of a layout. The fields are path, dir, name, stem, ext, format, hash, width and height. Default: as the layout says.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        include: Take only paths below the source that match one of these patterns. * stays within a folder, ** crosses folders, and upper and lower case are the same. A pattern without a slash is matched against the names of files and folders; a folder means all that lies below it. Separate patterns with commas; you may repeat the flag. Default: everything.
        exclude: Skip paths that match any of these patterns, such as drafts or *.png. The pattern .* means hidden files and folders. Default: nothing.
        limit: Stop after this many images, in listing order. Default: none.
        detect: How thumbrun finds images. name goes by the content type, then by the extension; content also opens files that neither of the two decides. Default: name.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_images: Refuse to begin if the source holds more images. With a higher number, the same command goes on. Default: any number.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        max_cost: Refuse to begin if the run might cost more, or if a price is unknown. With a higher number, the same command goes on. Default: any cost.
        deadline: Recommend the fewest tasks that are done in this time, such as 10m. Default: none.
        budget: Recommend only numbers of tasks that cost at most this much. Default: none.
        sample: Make thumbnails of this many images in memory, spread over formats and sizes, and estimate from what they took. Nothing is written. Default: none: read no image, and estimate from recorded rates.
        cpu: How many vCPUs each task of the job has, for estimates. Default: 1; on Cloud Run as many as the task has.
        task_memory: How much memory each task of the job has, for estimates. Default: 512MiB; on Cloud Run as much as the task has.
        region: The region of the job, such as europe-west1. With it, estimates include the transfer between regions. Default: unknown.
        prices: Prices to use in place of the list prices: a file in JSON with the rows that differ. Default: list prices of Cloud Run and Cloud Storage.
        cache_control: The Cache-Control header of the thumbnails. Default: none.
        metadata: What a thumbnail takes over of the metadata that you gave the source object: none, or keep for all keys. thumbrun's own marks come in addition. Default: none.
        user_project: The project that pays for requests. Default: the bucket's.
        source_metadata: What the metadata of a thumbnail tells about its source: its name, or a hash if names are private. Default: name.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values, or the run would have more images, or cost more, than they allow.
        StoreError: The source cannot be listed.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

async def plan_async(
    source: str | PathLike[str],
    *,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    run_id: str | None = None,
    resume: str | None = None,
    new: bool | None = None,
    join_within: float | None = None,
    preset: str | None = None,
    size: int | str | Sequence[int | str] | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    layout: str | None = None,
    name: str | None = None,
    format: str | Sequence[str] | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    limit: int | None = None,
    detect: str | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_images: int | None = None,
    max_duration: float | str | None = None,
    max_cost: float | None = None,
    deadline: float | str | None = None,
    budget: float | None = None,
    sample: int | None = None,
    cpu: int | None = None,
    task_memory: int | str | None = None,
    region: str | None = None,
    prices: str | PathLike[str] | None = None,
    cache_control: str | None = None,
    metadata: str | None = None,
    user_project: str | None = None,
    source_metadata: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> PlanResult:
    """List a source and say what a run would do, take and cost. This writes nothing.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        run_id: Work on the run with this id. If there is none, thumbrun begins it. Default: none.
        resume: Continue this run: its id, or gs://bucket/prefix/<run id>, or its folder. Give no source then: the run knows the settings that it began with. Default: none.
        new: Begin another run, even if an unfinished one has the same settings. Default: no.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        preset: Sizes and formats for a purpose, unless you give your own. web is for the srcset of a page: --size 320x,640x,1080x,1920x --format webp,jpeg. Default: none.
        size: The box that a thumbnail fits into: 100 or 160x90, each side 1 to 4,096. 320x or x200 leaves the other side free. Give up to 16 sizes, separated by commas, to make several thumbnails from one decode; each size then has its own folder, such as 400x400/. You may repeat the flag. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        layout: flat puts all thumbnails into the run's folder under their file names; tree keeps the path below the source. Default: flat.
        name: The names of the thumbnails below the run's folder, such as {dir}/{stem}_{width}.{ext}, in place of a layout. The fields are path, dir, name, stem, ext, format, hash, width and height. Default: as the layout says.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        include: Take only paths below the source that match one of these patterns. * stays within a folder, ** crosses folders, and upper and lower case are the same. A pattern without a slash is matched against the names of files and folders; a folder means all that lies below it. Separate patterns with commas; you may repeat the flag. Default: everything.
        exclude: Skip paths that match any of these patterns, such as drafts or *.png. The pattern .* means hidden files and folders. Default: nothing.
        limit: Stop after this many images, in listing order. Default: none.
        detect: How thumbrun finds images. name goes by the content type, then by the extension; content also opens files that neither of the two decides. Default: name.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_images: Refuse to begin if the source holds more images. With a higher number, the same command goes on. Default: any number.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        max_cost: Refuse to begin if the run might cost more, or if a price is unknown. With a higher number, the same command goes on. Default: any cost.
        deadline: Recommend the fewest tasks that are done in this time, such as 10m. Default: none.
        budget: Recommend only numbers of tasks that cost at most this much. Default: none.
        sample: Make thumbnails of this many images in memory, spread over formats and sizes, and estimate from what they took. Nothing is written. Default: none: read no image, and estimate from recorded rates.
        cpu: How many vCPUs each task of the job has, for estimates. Default: 1; on Cloud Run as many as the task has.
        task_memory: How much memory each task of the job has, for estimates. Default: 512MiB; on Cloud Run as much as the task has.
        region: The region of the job, such as europe-west1. With it, estimates include the transfer between regions. Default: unknown.
        prices: Prices to use in place of the list prices: a file in JSON with the rows that differ. Default: list prices of Cloud Run and Cloud Storage.
        cache_control: The Cache-Control header of the thumbnails. Default: none.
        metadata: What a thumbnail takes over of the metadata that you gave the source object: none, or keep for all keys. thumbrun's own marks come in addition. Default: none.
        user_project: The project that pays for requests. Default: the bucket's.
        source_metadata: What the metadata of a thumbnail tells about its source: its name, or a hash if names are private. Default: name.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values, or the run would have more images, or cost more, than they allow.
        StoreError: The source cannot be listed.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

def report(
    run: str | PathLike[str],
    *,
    out: str | PathLike[str] | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    user_project: str | None = None,
) -> ReportResult:
    """Make the report of a run, finished or not. This writes nothing but the page, if `out` says where.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        out: The file for the page; an older page is replaced. None: there is no file.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        user_project: The project that pays for requests. Default: the bucket's.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

async def report_async(
    run: str | PathLike[str],
    *,
    out: str | PathLike[str] | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    user_project: str | None = None,
) -> ReportResult:
    """Make the report of a run, finished or not. This writes nothing but the page, if `out` says where.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        out: The file for the page; an older page is replaced. None: there is no file.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        user_project: The project that pays for requests. Default: the bucket's.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

def retry(
    run: str | PathLike[str],
    *,
    reason: str | Iterable[str] = (),
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    join_within: float | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_duration: float | str | None = None,
    user_project: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> RunResult:
    """Retry the images of a run that failed, and those that are missing, as a new round of the run.

    The run's own settings count; keywords change only what they name, such as a limit. Where no image has one of the
    reasons, no round begins, and the result is that of the run as it is.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        reason: Retry only images with these reasons, each a `Reason`, its text, or `missing`. Default: all failures,
            and what is missing.
        progress: Is called with the progress after each image. If it raises, the round stops in order, and the error
            is raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        user_project: The project that pays for requests. Default: the bucket's.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a round; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

async def retry_async(
    run: str | PathLike[str],
    *,
    reason: str | Iterable[str] = (),
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    join_within: float | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_duration: float | str | None = None,
    user_project: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> RunResult:
    """Retry the images of a run that failed, and those that are missing, as a new round of the run.

    The run's own settings count; keywords change only what they name, such as a limit. Where no image has one of the
    reasons, no round begins, and the result is that of the run as it is.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        reason: Retry only images with these reasons, each a `Reason`, its text, or `missing`. Default: all failures,
            and what is missing.
        progress: Is called with the progress after each image. If it raises, the round stops in order, and the error
            is raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        user_project: The project that pays for requests. Default: the bucket's.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a round; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

def run(
    source: str | PathLike[str] | None = None,
    *,
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    run_id: str | None = None,
    resume: str | None = None,
    new: bool | None = None,
    join_within: float | None = None,
    preset: str | None = None,
    size: int | str | Sequence[int | str] | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    layout: str | None = None,
    name: str | None = None,
    format: str | Sequence[str] | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    limit: int | None = None,
    detect: str | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_images: int | None = None,
    max_duration: float | str | None = None,
    max_cost: float | None = None,
    cpu: int | None = None,
    task_memory: int | str | None = None,
    region: str | None = None,
    prices: str | PathLike[str] | None = None,
    cache_control: str | None = None,
    metadata: str | None = None,
    user_project: str | None = None,
    source_metadata: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> RunResult:
    """Make a thumbnail of every image under a source, or continue a run.

    This works as one task in this process. With `tasks=N` it starts N tasks as processes of this machine. With
    `task_index` and `task_count` it is one of several tasks that others start: they meet in the store.

    If it is cancelled or interrupted, it records what it has done, which takes at most 8 seconds. The same call then
    goes on where it stopped.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image. None with `resume`.
        progress: Is called with the progress after each image. If it raises, the run stops in order, and the error is
            raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        run_id: Work on the run with this id. If there is none, thumbrun begins it. Default: none.
        resume: Continue this run: its id, or gs://bucket/prefix/<run id>, or its folder. Give no source then: the run knows the settings that it began with. Default: none.
        new: Begin another run, even if an unfinished one has the same settings. Default: no.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        preset: Sizes and formats for a purpose, unless you give your own. web is for the srcset of a page: --size 320x,640x,1080x,1920x --format webp,jpeg. Default: none.
        size: The box that a thumbnail fits into: 100 or 160x90, each side 1 to 4,096. 320x or x200 leaves the other side free. Give up to 16 sizes, separated by commas, to make several thumbnails from one decode; each size then has its own folder, such as 400x400/. You may repeat the flag. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        layout: flat puts all thumbnails into the run's folder under their file names; tree keeps the path below the source. Default: flat.
        name: The names of the thumbnails below the run's folder, such as {dir}/{stem}_{width}.{ext}, in place of a layout. The fields are path, dir, name, stem, ext, format, hash, width and height. Default: as the layout says.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        include: Take only paths below the source that match one of these patterns. * stays within a folder, ** crosses folders, and upper and lower case are the same. A pattern without a slash is matched against the names of files and folders; a folder means all that lies below it. Separate patterns with commas; you may repeat the flag. Default: everything.
        exclude: Skip paths that match any of these patterns, such as drafts or *.png. The pattern .* means hidden files and folders. Default: nothing.
        limit: Stop after this many images, in listing order. Default: none.
        detect: How thumbrun finds images. name goes by the content type, then by the extension; content also opens files that neither of the two decides. Default: name.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_images: Refuse to begin if the source holds more images. With a higher number, the same command goes on. Default: any number.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        max_cost: Refuse to begin if the run might cost more, or if a price is unknown. With a higher number, the same command goes on. Default: any cost.
        cpu: How many vCPUs each task of the job has, for estimates. Default: 1; on Cloud Run as many as the task has.
        task_memory: How much memory each task of the job has, for estimates. Default: 512MiB; on Cloud Run as much as the task has.
        region: The region of the job, such as europe-west1. With it, estimates include the transfer between regions. Default: unknown.
        prices: Prices to use in place of the list prices: a file in JSON with the rows that differ. Default: list prices of Cloud Run and Cloud Storage.
        cache_control: The Cache-Control header of the thumbnails. Default: none.
        metadata: What a thumbnail takes over of the metadata that you gave the source object: none, or keep for all keys. thumbrun's own marks come in addition. Default: none.
        user_project: The project that pays for requests. Default: the bucket's.
        source_metadata: What the metadata of a thumbnail tells about its source: its name, or a hash if names are private. Default: name.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values; `problems` has all of them, and nothing was written.
        NothingToDoError: There is no image under the source.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a run; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

async def run_async(
    source: str | PathLike[str] | None = None,
    *,
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    run_id: str | None = None,
    resume: str | None = None,
    new: bool | None = None,
    join_within: float | None = None,
    preset: str | None = None,
    size: int | str | Sequence[int | str] | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    layout: str | None = None,
    name: str | None = None,
    format: str | Sequence[str] | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    limit: int | None = None,
    detect: str | None = None,
    balance: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    max_pixels: int | None = None,
    max_bytes: int | str | None = None,
    max_images: int | None = None,
    max_duration: float | str | None = None,
    max_cost: float | None = None,
    cpu: int | None = None,
    task_memory: int | str | None = None,
    region: str | None = None,
    prices: str | PathLike[str] | None = None,
    cache_control: str | None = None,
    metadata: str | None = None,
    user_project: str | None = None,
    source_metadata: str | None = None,
    report: bool | None = None,
    allow_empty: bool | None = None,
    require_sandbox: bool | None = None,
    tasks: int | None = None,
) -> RunResult:
    """Make a thumbnail of every image under a source, or continue a run.

    This works as one task in this process. With `tasks=N` it starts N tasks as processes of this machine. With
    `task_index` and `task_count` it is one of several tasks that others start: they meet in the store.

    If it is cancelled or interrupted, it records what it has done, which takes at most 8 seconds. The same call then
    goes on where it stopped.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image. None with `resume`.
        progress: Is called with the progress after each image. If it raises, the run stops in order, and the error is
            raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        run_id: Work on the run with this id. If there is none, thumbrun begins it. Default: none.
        resume: Continue this run: its id, or gs://bucket/prefix/<run id>, or its folder. Give no source then: the run knows the settings that it began with. Default: none.
        new: Begin another run, even if an unfinished one has the same settings. Default: no.
        join_within: A task that you start by hand joins an unfinished run with the same settings if the run is younger than this. Default: 3600.
        preset: Sizes and formats for a purpose, unless you give your own. web is for the srcset of a page: --size 320x,640x,1080x,1920x --format webp,jpeg. Default: none.
        size: The box that a thumbnail fits into: 100 or 160x90, each side 1 to 4,096. 320x or x200 leaves the other side free. Give up to 16 sizes, separated by commas, to make several thumbnails from one decode; each size then has its own folder, such as 400x400/. You may repeat the flag. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        layout: flat puts all thumbnails into the run's folder under their file names; tree keeps the path below the source. Default: flat.
        name: The names of the thumbnails below the run's folder, such as {dir}/{stem}_{width}.{ext}, in place of a layout. The fields are path, dir, name, stem, ext, format, hash, width and height. Default: as the layout says.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        include: Take only paths below the source that match one of these patterns. * stays within a folder, ** crosses folders, and upper and lower case are the same. A pattern without a slash is matched against the names of files and folders; a folder means all that lies below it. Separate patterns with commas; you may repeat the flag. Default: everything.
        exclude: Skip paths that match any of these patterns, such as drafts or *.png. The pattern .* means hidden files and folders. Default: nothing.
        limit: Stop after this many images, in listing order. Default: none.
        detect: How thumbrun finds images. name goes by the content type, then by the extension; content also opens files that neither of the two decides. Default: name.
        balance: How thumbrun divides the work. cost gives each shard to the task with the least to do, by bytes and format; count gives each task a slice of equal length. Default: cost.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        max_bytes: The largest image file to read. Default: 256MiB.
        max_images: Refuse to begin if the source holds more images. With a higher number, the same command goes on. Default: any number.
        max_duration: Stop after this time, in seconds or such as '10m', and raise TooLateError; another call goes on. Default: no limit.
        max_cost: Refuse to begin if the run might cost more, or if a price is unknown. With a higher number, the same command goes on. Default: any cost.
        cpu: How many vCPUs each task of the job has, for estimates. Default: 1; on Cloud Run as many as the task has.
        task_memory: How much memory each task of the job has, for estimates. Default: 512MiB; on Cloud Run as much as the task has.
        region: The region of the job, such as europe-west1. With it, estimates include the transfer between regions. Default: unknown.
        prices: Prices to use in place of the list prices: a file in JSON with the rows that differ. Default: list prices of Cloud Run and Cloud Storage.
        cache_control: The Cache-Control header of the thumbnails. Default: none.
        metadata: What a thumbnail takes over of the metadata that you gave the source object: none, or keep for all keys. thumbrun's own marks come in addition. Default: none.
        user_project: The project that pays for requests. Default: the bucket's.
        source_metadata: What the metadata of a thumbnail tells about its source: its name, or a hash if names are private. Default: name.
        report: Whether the task that finishes last puts the run's report (report.html, report.json) beside its summary. Default: yes.
        allow_empty: Return a result if the source has no image, in place of NothingToDoError. Default: no.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.
        tasks: Run this many tasks side by side on this machine, as Cloud Run would. For a plan, this is how many tasks would share the work. Default: one task, or as the platform says.

    Raises:
        SettingsError: Keywords have wrong values; `problems` has all of them, and nothing was written.
        NothingToDoError: There is no image under the source.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a run; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

def thumbnail(
    data: bytes | bytearray | memoryview,
    *,
    in_process: bool = False,
    size: int | str | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    format: str | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    max_pixels: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    require_sandbox: bool | None = None,
) -> Thumbnail:
    """Make a thumbnail of one image: upright and in true colours. It enlarges nothing unless `enlarge` says so.

    The image is decoded in a process of its own, which is confined and holds nothing of this one. All calls share these
    processes. They start with the first call, and end 30 seconds after the last one, and with this process.

    Args:
        data: The bytes of the image's file.
        in_process: Whether to decode in this very process, one image at a time and without any protection: a broken
            image can end the process or keep it busy, and a hostile one can take it over. `workers` and
            `image_timeout` mean nothing then.
        size: The box that the thumbnail fits into, in pixels: 200 or '160x90'. '320x' or 'x200' leaves the other side free. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.

    Raises:
        ImageError: The image cannot be made into a thumbnail; `reason` says why.
        SettingsError: Keywords have wrong values; `problems` has all of them.
        DecoderPoolError: This machine cannot start the processes that decode.
        TypeError: There is no such keyword, or its value or `data` is of no such type.
    """

async def thumbnail_async(
    data: bytes | bytearray | memoryview,
    *,
    in_process: bool = False,
    size: int | str | None = None,
    fit: str | None = None,
    gravity: str | None = None,
    background: str | None = None,
    enlarge: bool | None = None,
    format: str | None = None,
    quality: int | str | Mapping[str, int] | None = None,
    animated: str | None = None,
    placeholder: str | None = None,
    max_pixels: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    require_sandbox: bool | None = None,
) -> Thumbnail:
    """Make a thumbnail of one image: upright and in true colours. It enlarges nothing unless `enlarge` says so.

    The image is decoded in a process of its own, which is confined and holds nothing of this one. All calls share these
    processes. They start with the first call, and end 30 seconds after the last one, and with this process.

    Args:
        data: The bytes of the image's file.
        in_process: Whether to decode in this very process, one image at a time and without any protection: a broken
            image can end the process or keep it busy, and a hostile one can take it over. `workers` and
            `image_timeout` mean nothing then.
        size: The box that the thumbnail fits into, in pixels: 200 or '160x90'. '320x' or 'x200' leaves the other side free. Default: 100.
        fit: How a picture fits the box. inside keeps all of it within the box; cover fills the box and cuts off the rest; contain fills the box with the picture and bars; fill stretches it to the box; outside keeps all of it around the box. Default: inside.
        gravity: What cover shows of a picture: centre, a direction such as north or southeast, attention (where people look) or entropy (where most is to be seen). With contain, where the picture lies. Default: centre.
        background: The colour of the bars of contain, and behind what is transparent in a JPEG: #rrggbb, #rrggbbaa, a name of CSS such as navy, or transparent, which is white in a JPEG. Default: transparent.
        enlarge: Enlarge pictures that are smaller than the box. Without it, thumbrun enlarges nothing. Default: no.
        format: The format of the thumbnails: keep, jpeg, png, webp or avif. keep makes JPEG from HEIC, TIFF, BMP and JPEG 2000, and PNG from ICO. Separate several formats with commas, such as webp,jpeg, to make each thumbnail in all of them from one decode; you may repeat the flag. Default: keep.
        quality: The quality of JPEG, WebP and AVIF thumbnails. Formats can have a quality of their own: webp=79,avif=50. Default: 80.
        animated: What becomes of animations: first makes a thumbnail of the first frame; keep makes animated WebP and GIF, of GIF, WebP and PNG with at most 500 frames. Default: first.
        placeholder: A blurred picture of each thumbnail in a few bytes, for pages to show until the thumbnail is there: thumbhash, blurhash or none. thumbrun report --csv and --json tell it. Default: none.
        max_pixels: The largest image to decode, in pixels, as its header states. Phones write up to 200 million. Default: 250000000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        require_sandbox: Refuse to work, with SettingsError, if this system cannot confine the decoding processes. Default: no.

    Raises:
        ImageError: The image cannot be made into a thumbnail; `reason` says why.
        SettingsError: Keywords have wrong values; `problems` has all of them.
        DecoderPoolError: This machine cannot start the processes that decode.
        TypeError: There is no such keyword, or its value or `data` is of no such type.
    """

def verify(
    run: str | PathLike[str],
    *,
    quick: bool = False,
    progress: Callable[[Progress], object] | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    user_project: str | None = None,
) -> VerifyResult:
    """Check that every item of a run has its outcome, and that every thumbnail is there, complete and of its size.

    This writes nothing.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        quick: Whether to check the listing only, and to open no thumbnail.
        progress: Is called with the progress as the check goes on. If it raises, the check ends with that error.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        user_project: The project that pays for requests. Default: the bucket's.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails, so the check is not complete.
        ThumbrunError: Anything else that ends the check; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """

async def verify_async(
    run: str | PathLike[str],
    *,
    quick: bool = False,
    progress: Callable[[Progress], object] | None = None,
    output: str | PathLike[str] | None = None,
    state: str | PathLike[str] | None = None,
    emulator: str | None = None,
    endpoint: str | None = None,
    in_flight: int | None = None,
    ramp: int | None = None,
    memory: int | str | None = None,
    workers: int | None = None,
    image_timeout: float | None = None,
    user_project: str | None = None,
) -> VerifyResult:
    """Check that every item of a run has its outcome, and that every thumbnail is there, complete and of its size.

    This writes nothing.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        quick: Whether to check the listing only, and to open no thumbnail.
        progress: Is called with the progress as the check goes on. If it raises, the check ends with that error.
        output: Where the run's folder goes: a bucket, gs://bucket/prefix, or a folder. A bare word is a bucket for a gs:// source and a folder for a local one. Default: the root of the source's bucket; the current folder for a local source.
        state: Where the records of runs go. Put them elsewhere if the thumbnails are public. Default: _thumbrun below the output.
        emulator: The address of an emulator. thumbrun then uses it instead of Cloud Storage, and sends no credentials. Default: none.
        endpoint: The address of Cloud Storage, such as that of a Private Service Connect endpoint. thumbrun sends its credentials there. It must begin with https://, except on this machine. An emulator counts more. Default: https://storage.googleapis.com.
        in_flight: How many requests a store gets at once. Default: 96.
        ramp: How many writes a second all tasks together send at first to a bucket of Cloud Storage. They send five times as many reads. Both numbers double every 20 minutes, as Cloud Storage asks, and each task keeps to an equal share. Raise the number if the bucket already handles more requests, or if the platform runs only some of the tasks at once. 0 removes the limit. Default: 1000.
        memory: How much memory image files and decoded pictures can take together, such as 512MiB. The processes themselves need more memory on top: about 75 MiB, 35 MiB for each worker, and up to 16 MiB for large thumbnails. Default: 5/8 of a container's memory, or of a machine's at most 320 MiB for each worker; at least 96 MiB.
        workers: How many processes decode images. Default: the processors that the task really has, container limits included.
        image_timeout: Give up on an image that takes longer to decode. Default: 10.
        user_project: The project that pays for requests. Default: the bucket's.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails, so the check is not complete.
        ThumbrunError: Anything else that ends the check; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
