"""What `thumbrun plan` prints, with zero, one and several of everything that it counts, in terminals of any width."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from thumbrun.commands.bill_text import time_text
from thumbrun.commands.plan_text import plan_text
from thumbrun.console import wrapped
from thumbrun.environment.machine import Machine
from thumbrun.preview.cautions import Caution
from thumbrun.preview.preview import Forecast, Preview, TaskShare
from thumbrun.preview.sample import Sampled
from thumbrun.pricing.estimates import advise, estimate, table
from thumbrun.pricing.workload import Range, workload_of
from thumbrun.settings.pricing_inputs import conditions_of
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.bucket_facts import BucketFacts

NO_RISK: Mapping[str, Any] = {"invalid": 0, "named": [], "differ_in_form_only": 0}


def resolved(**environ: str) -> Settings:
    """Return the settings of a run from one bucket into another."""
    given = {"INPUT_FOLDER": "gs://pictures/in", "OUTPUT_BUCKET": "gs://thumbs", **environ}
    return resolve(given, {}, machine=Machine(2, 1 << 30))


def preview(images: int, tasks: int = 1, settings: Settings | None = None, **other: Any) -> Preview:
    """Return the preview of a plan with so many images of 1,000 bytes, one a shard, without a forecast."""
    kinds = {"image": {"objects": images, "bytes": 1000 * images, "types": {"jpeg": images}}} if images else {}
    made: dict[str, Any] = {
        "settings": settings or resolved(),
        "is_single": False,
        "items": images,
        "size": 1000 * images,
        "seen": {"kinds": kinds, "cold_bytes": {}},
        "unmatched": (),
        "collisions": 0,
        "renamed": (),
        "shards": images,
        "tasks": tuple(TaskShare(1, 1, 1, float(images)) for _ in range(tasks)),
        "largest": (),
        "names_at_risk": NO_RISK,
        "forecast": None,
        "cautions": (),
        "formats": (),
    }
    return Preview(**(made | other))


def forecast(
    images: int,
    settings: Settings,
    *,
    storage_class: str = "STANDARD",
    sampled: Sampled | None = None,
    output: BucketFacts | None = None,
) -> Forecast:
    """Return the forecast for so many JPEG of 13 ms each."""
    row: dict[str, Any] = {
        "format": "jpeg",
        "storage_class": storage_class,
        "objects": images,
        "bytes": 200_000 * images,
    }
    seen: dict[str, Any] = {
        "kinds": {"image": {"objects": images}},
        "formats": [{**row, "peeked": 0, "large": 0, "cost_ms": 13.0 * images, "gzip": 0}],
    }
    work = workload_of(seen, settings.recipe.boxes)
    conditions = conditions_of(settings, output=output or BucketFacts("EUROPE-WEST1", "region", "STANDARD", False))
    advice = advise(work, conditions, settings.price_table, deadline=settings.deadline, budget=settings.budget)
    tasks = settings.task.count
    asked = estimate(work, tasks, conditions, settings.price_table) if tasks > 1 else advice.estimate
    shown = table(work, conditions, settings.price_table, also=(asked.tasks, advice.estimate.tasks))
    return Forecast(asked, advice, tuple(shown), sampled, conditions)


def text(images: int, width: int | None = None, settings: Settings | None = None, **how: Any) -> str:
    """Return the text of a plan with a forecast."""
    settings = settings or resolved()
    return plan_text(preview(images, settings=settings, forecast=forecast(images, settings, **how)), width)


def test_a_plan_of_nothing() -> None:
    """An empty source is said to be empty, and nothing would go anywhere."""
    assert "gs://pictures/in/ is empty." == plan_text(preview(0))
    shut = {"parts": 1, "named": [{"name": "a/", "detail": "/in/a/: permission denied"}]}
    assert "thumbrun cannot list 1 part of the source, and leaves out what it holds: /in/a/: permission denied" == (
        plan_text(preview(0, seen={"kinds": {}, "cold_bytes": {}, "unlisted": shut}))
    )
    some = plan_text(preview(1, seen={**preview(1).seen, "unlisted": shut})).splitlines()
    assert "gs://pictures/in/ holds 1 image, 1.0 kB." == some[0]
    assert some[-1].startswith("thumbrun cannot list 1 part of the source")
    papers = {"kinds": {"not an image": {"objects": 1, "bytes": 1, "types": {"text/plain": 1}}}, "cold_bytes": {}}
    lines = plan_text(preview(0, seen=papers)).splitlines()
    assert "gs://pictures/in/ holds no image: 1 object is not an image." == lines[0]
    assert ["1", "not", "an", "image", "1", "byte", "1", "text/plain"] == lines[2].split()


@pytest.mark.parametrize(
    ("images", "tasks", "first", "last"),
    [
        (1, 1, "gs://pictures/in/ holds 1 image, 1.0 kB.", "Thumbnails would go to gs://thumbs/<run id>/."),
        (
            2000,
            2,
            "gs://pictures/in/ holds 2,000 images, 2.0 MB.",
            "2,000 shards for 2 tasks. The task with the most work has 1.00 times the average.",
        ),
    ],
)
def test_a_plan_of_one_and_of_many(images: int, tasks: int, first: str, last: str) -> None:
    """Images, shards and tasks are counted in the singular and the plural."""
    lines = plan_text(preview(images, tasks)).splitlines()
    assert first == lines[0]
    assert last == lines[-1]


def test_a_plan_with_sizes_kinds_and_collisions() -> None:
    """Each size has its folder, kinds that are not plain say what would happen, and one collision is shown."""
    shown = plan_text(
        preview(
            2,
            settings=resolved(THUMBRUN_SIZE="400,100"),
            seen={
                "kinds": {
                    "unsupported": {"objects": 1, "bytes": 9, "types": {"image/svg+xml": 1}},
                    "unsettled": {"objects": 1, "bytes": 9, "types": {".bin": 1}},
                },
                "cold_bytes": {"NEARLINE": 1},
            },
            collisions=2,
            renamed=({"source": "in/a.jpg", "output": "a-0123456789.jpg"},),
            names_at_risk={**NO_RISK, "differ_in_form_only": 1},
        )
    )
    assert "Thumbnails would go to gs://thumbs/<run id>/, in 2 folders: 400x400/, 100x100/." in shown
    assert "unsupported, would be skipped" in shown
    assert "unknown, would be opened" in shown
    assert "The thumbnails of 2 images would share a name, so each gets a hash" in shown
    assert "of its path in the name. For example:\n  in/a" in shown
    assert "\nThe name of 1 of them differs from others only in upper and lower case" in shown
    assert "\n--layout tree keeps the folders of the source" in shown


def test_a_plan_of_a_shape() -> None:
    """What pictures are cut to, or laid in, is told by the flags that ask for it."""
    shape = {"THUMBRUN_FIT": "cover", "THUMBRUN_GRAVITY": "attention", "THUMBRUN_ENLARGE": "yes"}
    last = plan_text(preview(1, settings=resolved(**shape))).splitlines()[-1]
    assert "Thumbnails would go to gs://thumbs/<run id>/; made with --fit cover --gravity attention --enlarge." == last


def test_a_plan_with_a_limit_or_hidden_images() -> None:
    """A limit is named, because nobody knows what else the source holds; hidden images are counted."""
    limited = [plan_text(preview(1, settings=resolved(THUMBRUN_LIMIT=limit))) for limit in ("1", "2")]
    assert limited[0].startswith("A run would take the first 1 image of gs://pictures/in/, 1.0 kB (--limit).")
    assert limited[1].startswith("gs://pictures/in/ holds 1 image, ")
    for number, said in ((1, "1 image is hidden: its path has a name"), (2, "2 images are hidden: their paths have")):
        assert said in plan_text(preview(2, seen={**preview(2).seen, "hidden": number}))


def test_names_at_risk_formats_and_the_largest() -> None:
    """A name that the output cannot hold is shown with why; control characters of names are spelt out."""
    bad = {"source": "in/a\x1b.jpg", "output": "a\x1b.jpg", "problem": "a path must be valid Unicode"}
    formats = ({"format": "jpeg", "storage_class": "COLDLINE", "objects": 2, "bytes": 10**6, "pixels": 4_000_000},)
    largest = ({"source": "in/b\n.jpg", "bytes": 2000}, {"source": "in/c.jpg", "bytes": 1000})
    risk = {"invalid": 1, "named": [bad], "differ_in_form_only": 0}
    shown = plan_text(preview(2, names_at_risk=risk, formats=formats, largest=largest))
    assert (
        "1 thumbnail would fail (name-invalid), because the output cannot hold the name:\n  a\\x1b.jpg: a path" in shown
    )
    assert "2  jpeg  1.0 MB  about 4 megapixels  COLDLINE" in shown
    assert "The largest images:\n  2.0 kB  in/b\\n.jpg\n  1.0 kB  in/c.jpg" in shown


def test_the_answer_comes_first() -> None:
    """The second line says how long and how much, for the number of tasks that hardly anything is gained beyond."""
    lines = text(1_000_000).splitlines()
    assert lines[1].endswith(").")
    assert " tasks would make the thumbnails in about " in lines[1]
    assert ", for about $5." in lines[1]
    heads = ["tasks", "time", "between", "vCPU-s", "requests", "writes/s", "dollars"]
    assert heads == lines[3].split()
    assert ["1", "3.6", "h"] == lines[4].split()[:3]
    bill = lines.index(next(line for line in lines if line.startswith("What ")))
    assert ["$5.00", "writes", "of", "thumbnails:"] == lines[bill + 1].split()[:4]
    assert "between regions." in "".join(line for line in lines if line.startswith("Not included"))


def test_a_number_of_tasks_that_is_asked_for() -> None:
    """The answer is for the tasks that are asked for, and the recommendation names a better number."""
    inside = {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "200"}
    lines = text(1_000_000, settings=resolved(**inside, THUMBRUN_CPU="1")).splitlines()
    assert lines[1].startswith("200 tasks would make")
    assert lines[2].startswith("Recommended: ")
    assert lines[2].endswith(": more tasks hardly save time.")
    assert any(line.startswith("  * held back: a bucket accepts about 1,000 writes") for line in lines)


@pytest.mark.parametrize(
    ("deadline", "budget", "said"),
    [
        ("1h", None, "That keeps --deadline: the fewest that are sure to be in time."),
        ("1m", None, "No number of tasks is sure to keep --deadline. Nearest: "),
        (None, "1", "No number of tasks is sure to keep --budget. Nearest: 1 task, "),
        ("1h", "7", "That keeps --deadline and --budget: the fewest that are sure to be in time."),
        ("1m", "1", "No number of tasks is sure to keep --deadline and --budget. Nearest: "),
    ],
)
def test_a_deadline_and_a_budget(deadline: str | None, budget: str | None, said: str) -> None:
    """The third line is the recommendation, or says that no number keeps to what was asked."""
    settings = resolve(
        {"INPUT_FOLDER": "gs://pictures/in", "OUTPUT_BUCKET": "gs://thumbs"},
        {"deadline": deadline, "budget": budget},
        machine=Machine(2, 1 << 30),
    )
    assert said in text(1_000_000, settings=settings).splitlines()[2]


def test_an_unknown_price_is_said() -> None:
    """Lines without a price are named as not included, and the answer claims no more than the rest."""
    shown = text(1000, storage_class="NEARLINE")
    assert ", for more than $" in shown.splitlines()[1]
    assert "Not included, because the price is unknown: reads (class-b/region/nearline)." in shown


def test_a_region_of_the_job() -> None:
    """With the job's region, what is not known is the region of the source's bucket."""
    shown = text(1000, settings=resolved(THUMBRUN_REGION="europe-west1"))
    assert "Not included, because the region of a bucket is unknown: transfer between regions." in shown


def test_a_sample_is_said() -> None:
    """The grounds say how many images were tried, and how many of them got no thumbnail."""
    tried = Sampled(20, 1, Range(1, 2, 3), Range(1, 2, 3), 0.5, 0.0, 1.0, {})
    assert "Times come from 20 images that were tried here, of which 1 got no thumbnail" in text(1000, sampled=tried)
    assert "Times come from recorded rates; no image was read." in text(1000)


def test_a_plan_of_a_folder_has_no_dollars() -> None:
    """Between folders nothing is billed, no rate holds the tasks back, and the machine has so many processors."""
    lines = text(1000, settings=resolved(INPUT_FOLDER="file:///in", OUTPUT_BUCKET="/out")).splitlines()
    assert lines[1].startswith("1 task on this machine would make")
    assert ["tasks", "time", "between", "vCPU-s"] == lines[3].split()
    assert "$" not in "".join(lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits(width: int) -> None:
    """No row of a table breaks in a terminal of a usual width, even for ten million images."""
    shown = text(10_000_000, width, settings=resolved(CLOUD_RUN_TASK_INDEX="0", CLOUD_RUN_TASK_COUNT="1000"))
    rows = shown.partition("\n\n")[2].partition("\n\n")[0].splitlines()[:-2]
    assert len(rows) > 8
    assert max(len(row) for row in rows) <= width
    bill = shown.partition("What 1,000 tasks would cost:\n")[2].partition("  each month")[0].splitlines()
    assert len(bill) > 5
    assert max(len(row) for row in bill) <= width
    assert all(row in wrapped(shown, width).splitlines() for row in rows + bill)


def test_warnings_are_safe_to_show() -> None:
    """A warning can hold names, so control characters are spelt out."""
    shown = plan_text(replace(preview(1), cautions=(Caution("a-kind", "take care of \x1b[2J"),)))
    assert "\nWarning: take care of \\x1b[2J\n" in shown


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0.1 s"), (9.94, "9.9 s"), (9.96, "10 s"), (99, "99 s"), (101, "2 min"), (5400, "1.5 h")]
)
def test_times(seconds: float, said: str) -> None:
    """Times have as many digits as matter."""
    assert said == time_text(seconds)
