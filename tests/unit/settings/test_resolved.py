"""Tests of the step from flags and environment to settings, or to all problems with them."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.name_pattern import NamePattern
from thumbrun.pricing.prices import list_prices
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.options import add_options, flags_of
from thumbrun.settings.resolved import Settings, resolve, share
from thumbrun.storage.location import Location

MIB = 1 << 20
MACHINE = Machine(processors=4, memory=16 << 30)
SOURCE = {"INPUT_FOLDER": "gs://pictures/in"}
PRICE_FILE = Path(__file__).with_name("prices.json")  # in which a vCPU-second costs a dollar
DEAR = list_prices().with_rows(PRICE_FILE.read_text("utf-8"))
SWITCHES = ("new", "enlarge", "strict", "allow_empty", "require_sandbox", "quiet")

# Settings that the claim of a run fixes, or that name the run.
FIXED = {
    *("source", "size", "format", "quality", "layout", "name", "preset", "include", "exclude", "limit", "detect"),
    *("fit", "gravity", "background", "enlarge", "placeholder", "animated", "metadata"),
    *("source_metadata", "cache_control", "run_id", "resume", "new"),
}
# Settings of what a run costs, which nobody asks of a run that has a plan.
COSTS = {"max_cost", "deadline", "budget", "sample", "cpu", "task_memory", "region", "prices"}


def resolved(flags: dict[str, str | None] | None = None, /, **environ: str) -> Settings:
    """Return the settings for a right source and the given variables and flags."""
    return resolve(SOURCE | environ, flags or {}, machine=MACHINE)


def problems(flags: dict[str, str | None] | None = None, /, **environ: str) -> list[str]:
    """Return the problems for a right source and the given variables and flags."""
    with pytest.raises(SettingsError) as caught:
        resolved(flags, **environ)
    return list(caught.value.problems)


def parser() -> argparse.ArgumentParser:
    """Return a command that has every flag."""
    made = argparse.ArgumentParser()
    add_options(made, "plan")
    return made


@pytest.mark.parametrize("flag", [True, False])
def test_several_sizes(flag: bool) -> None:
    """Sizes come largest first in any order, from a repeated flag or from the variable, and ask for the same run."""
    recipe = Recipe(400, 300, smaller=((160, 90), (100, 100)))
    runs = [
        resolved({"size": text}) if flag else resolved(THUMBRUN_SIZE=text)
        for text in ("400x300,160x90,100", "100x100, 160x90,400x300")
    ]
    assert [recipe, recipe] == [settings.recipe for settings in runs]
    assert 1 == len({settings.fingerprint() for settings in runs})
    assert runs[0].fingerprint() != resolved(THUMBRUN_SIZE="400x300").fingerprint()


def test_a_size_that_is_given_twice() -> None:
    """A size that is given twice is refused with all other problems, and the message names it."""
    found = problems(THUMBRUN_SIZE="100,400,100x100", THUMBRUN_QUALITY="0")
    expected = "--size / THUMBRUN_SIZE is '100,400,100x100'; it repeats 100x100; give each size only once"
    assert expected in found
    assert 2 == len(found)
    assert "at most 16 sizes" in problems(THUMBRUN_SIZE=",".join(map(str, range(1, 18))))[0]
    assert "it must be pixels" in problems(THUMBRUN_SIZE="100,")[0]


@pytest.mark.parametrize(
    ("formats", "right"), [("keep", True), ("webp", True), ("jpeg,webp", True), ("jpeg", False), ("png,avif", False)]
)
def test_animations_need_a_format_that_can_be_animated(formats: str, right: bool) -> None:
    """With formats none of which can be animated, animated thumbnails are refused, together with all other problems."""
    if right:
        assert resolved(THUMBRUN_ANIMATED="keep", THUMBRUN_FORMAT=formats).recipe.keeps_animations
    else:
        found = problems(THUMBRUN_ANIMATED="keep", THUMBRUN_FORMAT=formats, THUMBRUN_LIMIT="0")
        named = formats.replace(",", " and ")
        expected = f"--animated / THUMBRUN_ANIMATED is 'keep'; {named} cannot be animated; add webp to --format"
        assert any(problem.startswith(expected) for problem in found)
        assert 2 == len(found)


def test_the_quality_of_a_format_that_is_not_made() -> None:
    """A quality that no thumbnail would have is a mistake, unless a thumbnail can have the format of its source."""
    quality = "webp=79,avif=50"
    (found,) = problems(THUMBRUN_QUALITY=quality, THUMBRUN_FORMAT="webp,jpeg")
    said = "no thumbnail is avif; leave avif out, or add it to --format / THUMBRUN_FORMAT"
    assert f"--quality / THUMBRUN_QUALITY is '{quality}'; {said}" == found
    for formats in ("keep", "webp,avif"):
        assert 50 == resolved(THUMBRUN_QUALITY=quality, THUMBRUN_FORMAT=formats).recipe.quality_of("avif")


def test_metadata_are_not_kept_where_names_are_hidden() -> None:
    """The source's own metadata can hold its name, so they cannot be kept where a hash stands for the name."""
    (found,) = problems(THUMBRUN_METADATA="keep", THUMBRUN_SOURCE_METADATA="hash")
    assert found.startswith("--metadata / THUMBRUN_METADATA is 'keep'; what it keeps can hold names")
    assert "--source-metadata / THUMBRUN_SOURCE_METADATA hash" in found
    assert "keep" == resolved(THUMBRUN_METADATA="keep").metadata


def test_defaults() -> None:
    """With a source alone, every other setting has its documented default."""
    settings = resolved()
    assert Location("gs", "pictures", "in/") == settings.source
    assert Location("gs", "pictures") == settings.output
    assert Location("gs", "pictures", "_thumbrun/") == settings.state
    assert Recipe(100, 100, "keep", 80) == settings.recipe
    assert ("flat", "name", "cost", "name", "auto") == (
        settings.layout,
        settings.detect,
        settings.balance,
        settings.source_metadata,
        settings.log_format,
    )
    assert (96, 4, 1280 * MIB, 10.0, 250_000_000, 256 * MIB, 3600.0) == (
        settings.in_flight,
        settings.workers,
        settings.memory,
        settings.image_timeout,
        settings.max_pixels,
        settings.max_bytes,
        settings.join_within,
    )
    assert ((), ()) == (settings.include, settings.exclude)
    assert {None} == {
        settings.emulator,
        settings.endpoint,
        settings.run_id,
        settings.resume,
        settings.limit,
        settings.max_images,
        settings.max_duration,
        settings.max_cost,
        settings.deadline,
        settings.budget,
        settings.sample,
        settings.region,
        settings.prices,
        settings.cache_control,
        settings.user_project,
        settings.tasks,
    }
    assert (1, 512 * MIB) == (settings.cpu, settings.task_memory)
    assert list_prices() is settings.price_table
    assert not settings.new
    assert not settings.strict
    assert not settings.allow_empty
    assert not settings.require_sandbox
    assert not settings.quiet
    assert Task() == settings.task


VALUES = {
    "THUMBRUN_SIZE": ("160x90", "recipe", Recipe(160, 90)),
    "THUMBRUN_FORMAT": ("webp", "recipe", Recipe(format="webp")),
    "THUMBRUN_METADATA": ("keep", "metadata", "keep"),
    "THUMBRUN_ANIMATED": ("keep", "animated", "keep"),
    "THUMBRUN_PLACEHOLDER": ("thumbhash", "placeholder", "thumbhash"),
    "THUMBRUN_QUALITY": ("100", "recipe", Recipe(quality=100)),
    "THUMBRUN_NAME": ("{stem}.{ext}", "name", NamePattern.parse("{stem}.{ext}")),
    "THUMBRUN_FIT": ("outside", "fit", "outside"),
    "THUMBRUN_GRAVITY": ("center", "gravity", "centre"),
    "THUMBRUN_BACKGROUND": ("White", "background", "#ffffff"),
    "THUMBRUN_ENLARGE": ("on", "enlarge", True),
    "THUMBRUN_PRESET": ("web", "size", ((1920, 0), (1080, 0), (640, 0), (320, 0))),
    "THUMBRUN_LAYOUT": ("tree", "layout", "tree"),
    "THUMBRUN_INCLUDE": ("*.jpg, a/**,,*.jpg", "include", ("*.jpg", "a/**")),
    "THUMBRUN_EXCLUDE": ("[!a-c]?.png", "exclude", ("[!a-c]?.png",)),
    "THUMBRUN_LIMIT": ("12", "limit", 12),
    "THUMBRUN_DETECT": ("content", "detect", "content"),
    "THUMBRUN_BALANCE": ("count", "balance", "count"),
    "THUMBRUN_IN_FLIGHT": ("8", "in_flight", 8),
    "THUMBRUN_RAMP": ("250", "ramp", 250),
    "THUMBRUN_MEMORY": ("1GiB", "memory", 1 << 30),
    "THUMBRUN_WORKERS": ("3", "workers", 3),
    "THUMBRUN_IMAGE_TIMEOUT": ("0.5", "image_timeout", 0.5),
    "THUMBRUN_MAX_PIXELS": ("50000000", "max_pixels", 50_000_000),
    "THUMBRUN_MAX_BYTES": ("64 KiB", "max_bytes", 65536),
    "THUMBRUN_MAX_IMAGES": ("5000", "max_images", 5000),
    "THUMBRUN_MAX_DURATION": ("15m", "max_duration", 900.0),
    "THUMBRUN_MAX_COST": ("$2.50", "max_cost", 2.5),
    "THUMBRUN_CPU": ("2", "cpu", 2),
    "THUMBRUN_TASK_MEMORY": ("1GiB", "task_memory", 1 << 30),
    "THUMBRUN_REGION": ("europe-west1", "region", "europe-west1"),
    "THUMBRUN_PRICES": (str(PRICE_FILE), "prices", DEAR),
    "THUMBRUN_CACHE_CONTROL": ("public, max-age=60", "cache_control", "public, max-age=60"),
    "THUMBRUN_USER_PROJECT": ("payer-1", "user_project", "payer-1"),
    "THUMBRUN_SOURCE_METADATA": ("hash", "source_metadata", "hash"),
    "THUMBRUN_JOIN_WITHIN": ("60", "join_within", 60.0),
    "THUMBRUN_RUN_ID": ("tonight", "run_id", "tonight"),
    "THUMBRUN_RESUME": ("20251203T1530Z", "resume", "20251203T1530Z"),
    "THUMBRUN_NEW": ("Yes", "new", True),
    "THUMBRUN_STRICT": ("1", "strict", True),
    "THUMBRUN_REPORT": ("0", "report", False),
    "THUMBRUN_ALLOW_EMPTY": ("on", "allow_empty", True),
    "THUMBRUN_REQUIRE_SANDBOX": ("yes", "require_sandbox", True),
    "THUMBRUN_QUIET": ("1", "quiet", True),
    "THUMBRUN_LOG_FORMAT": ("json", "log_format", "json"),
    "THUMBRUN_STATE": ("gs://private/records", "state", Location("gs", "private", "records/")),
    "OUTPUT_BUCKET": ("thumbs", "output", Location("gs", "thumbs")),
    "STORAGE_EMULATOR_HOST": ("http://[::1]:9023", "emulator", "http://[::1]:9023"),
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": (
        "https://storage-x.p.googleapis.com/storage/v1/",
        "endpoint",
        "https://storage-x.p.googleapis.com",
    ),
}


# Settings that have no variable.
ONLY_FLAGS: dict[str, tuple[str, str, object]] = {
    "tasks": ("7", "tasks", 7),
    "deadline": ("1h30m", "deadline", 5400.0),
    "budget": ("2", "budget", 2.0),
    "sample": ("20", "sample", 20),
}


@pytest.mark.parametrize(("variable", "text", "field", "expected"), [(name, *row) for name, row in VALUES.items()])
def test_a_variable_sets_its_field(variable: str, text: str, field: str, expected: object) -> None:
    """Each variable's text becomes its field's value."""
    assert expected == getattr(resolved(**{variable: text}), field)


def test_every_variable_is_tried() -> None:
    """The table above has a row for every declared variable except the source."""
    assert {setting.variable for setting in DECLARED if setting.variable} == VALUES.keys() | {"INPUT_FOLDER"}


@pytest.mark.parametrize("setting", [s for s in DECLARED if s.flag and s.name != "source"], ids=lambda s: str(s.name))
def test_a_flag_goes_before_its_variable(setting: object) -> None:
    """Each flag sets the same field as its variable, and replaces the variable."""
    declared = next(s for s in DECLARED if s is setting)
    text, field, expected = VALUES.get(declared.variable) or ONLY_FLAGS[declared.name]
    words = [declared.offered] if declared.is_switch else [declared.flag, text]
    flags = flags_of(parser().parse_args(words))
    other = (
        {declared.variable: (declared.default or "") if declared.is_switch else "wrong"} if declared.variable else {}
    )
    assert expected == getattr(resolved(flags, **other), field)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_can_be_switched_off_by_flag(name: str) -> None:
    """A flag that begins with --no- switches off what the environment switches on."""
    flags = flags_of(parser().parse_args([f"--no-{name.replace('_', '-')}"]))
    assert not getattr(resolved(flags, **{f"THUMBRUN_{name.upper()}": "yes"}), name)


def test_globs_may_be_given_again() -> None:
    """A repeated flag adds to the globs, and replaces the variable."""
    flags = flags_of(parser().parse_args(["--include", "a/*", "--include", "b/*,c/*"]))
    assert ("a/*", "b/*", "c/*") == resolved(flags, THUMBRUN_INCLUDE="d/*").include


def test_flags_that_are_not_given_say_nothing() -> None:
    """Every flag's default is None, so that the environment counts."""
    assert {None} == set(flags_of(parser().parse_args([])).values())


@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        ("run", {"deadline", "budget", "sample"}),
        ("plan", set()),
        ("retry", FIXED | COSTS | {"max_images"}),
        (
            "verify",
            FIXED
            | COSTS
            | {
                "join_within",
                "balance",
                "max_pixels",
                "max_bytes",
                "max_images",
                "max_duration",
                "strict",
                "report",
                "allow_empty",
                "require_sandbox",
                "tasks",
            },
        ),
    ],
)
def test_a_command_lacks_what_it_has_no_use_for(command: str, lacks: set[str]) -> None:
    """A command on a run has no flag that the run fixes, and no flag that the command never uses."""
    made = argparse.ArgumentParser()
    add_options(made, command)
    present = {action.dest for action in made._actions} - {"help"}
    assert {setting.name for setting in DECLARED if setting.flag} - lacks == present


def test_the_help_names_every_flag_and_variable() -> None:
    """The help of a command shows each flag, its default and its variable."""
    text = " ".join(parser().format_help().split())
    for setting in DECLARED:
        if setting.flag:
            assert setting.offered in text
            assert not setting.variable or f"[{setting.variable}]" in text.replace("- ", "-")


def test_empty_variables_count_as_unset() -> None:
    """An empty variable counts as unset, known or not."""
    environ = {setting.variable: "" for setting in DECLARED if setting.variable and setting.variable != "INPUT_FOLDER"}
    assert resolved() == resolved(**environ, THUMBRUN_SIZES="")


def test_an_empty_flag_is_wrong() -> None:
    """An empty flag, as from an unset shell variable, is wrong and does not mean the default."""
    (problem,) = problems({"run_id": ""})
    assert problem.startswith("--run-id / THUMBRUN_RUN_ID is ''; it must be ")


WRONG = {
    "THUMBRUN_SIZE": ["0", "4097", "x", "100x0", "100x100x100", "-1", "1e2", "\u0661\u0662", "100 "],
    "THUMBRUN_QUALITY": ["0", "101", "80%", """ 80"""],
    "THUMBRUN_LAYOUT": ["Flat", "pile"],
    "THUMBRUN_FORMAT": ["jpe g", "gif"],
    "THUMBRUN_LIMIT": ["0", "-1", "all", "1" * 30],
    "THUMBRUN_MEMORY": ["0", "plenty", "1.5GiB", "-1", "1TiB"],
    "THUMBRUN_IMAGE_TIMEOUT": ["0", "10 s", "nan", "inf", "604801", "-1", ".5"],
    "THUMBRUN_CACHE_CONTROL": ["a\nb", "caf\xe9", " "],
    "THUMBRUN_USER_PROJECT": ["My Project", "p", "a\r\nX-Header: b"],
    "THUMBRUN_RUN_ID": ["a/b", "-a", ".a", "_thumbrun", "a" * 64, "a\n", ".."],
    "THUMBRUN_INCLUDE": ["[z-a]", "*.jpg,[9-0].png"],
    "THUMBRUN_STRICT": ["2", "very"],
    "STORAGE_EMULATOR_HOST": ["not an address", "ftp://a", "a:b", "http://a/b"],
    "OUTPUT_BUCKET": ["UPPER", "s3://bucket", "gs://", "x" * 5000],
    "THUMBRUN_STATE": ["http://a/b", "file://host/a"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_value_is_one_line_that_names_flag_and_variable(name: str, text: str) -> None:
    """A wrong value is one problem that holds the names, the escaped and shortened value, and what would be right."""
    setting = next(setting for setting in DECLARED if setting.variable == name)
    (problem,) = problems(**{name: text})
    assert problem.startswith(f"{setting.label} is ")
    assert "; " in problem
    assert len(problem) < 400
    assert problem.isprintable()


def test_all_problems_are_told_at_once() -> None:
    """Every wrong setting is found, including the task's own variables, whatever else is wrong."""
    found = problems(
        {"quality": "0"},
        INPUT_FOLDER="s3://x",
        OUTPUT_BUCKET="gs://UPPER",
        THUMBRUN_STATE="http://x",
        THUMBRUN_SIZE="0",
        THUMBRUN_SIZES="1",
        CLOUD_RUN_TASK_COUNT="4",
    )
    names = ("INPUT_FOLDER", "OUTPUT_BUCKET", "STATE", "SIZE is", "SIZES", "QUALITY", "CLOUD_RUN_TASK_COUNT is 4")
    assert len(names) == len(found)
    for name in names:
        assert any(name in problem for problem in found)


def test_a_missing_source_is_told_with_the_rest() -> None:
    """If the source is missing, the other settings are checked as well."""
    found = problems(INPUT_FOLDER="", OUTPUT_BUCKET="gs://UPPER")
    advice = "it must be gs://bucket/path, file:///folder or, on the command line, a local path"
    assert f"SOURCE / INPUT_FOLDER is not set; {advice}" == found[0]
    assert 2 == len(found)


def test_the_nearest_setting_is_named_for_an_unknown_one() -> None:
    """A variable that resembles a setting is told with the most similar one, and stops nothing by itself."""
    (slip,) = resolved(THUMBRUN_QUALTIY="80").slips
    assert "THUMBRUN_QUALTIY is not a setting of thumbrun; did you mean THUMBRUN_QUALITY? If not, unset it" == slip
    (slip,) = resolved(THUMBRUN_INPUT_FOLDER="gs://b-1").slips
    assert "did you mean INPUT_FOLDER?" in slip
    assert 2 == len(problems(THUMBRUN_INPUT_FOLDER="gs://b-1", INPUT_FOLDER=""))


@pytest.mark.parametrize("name", ["COLOUR", "PHOTOS", "HOSTILE", "HOME"])
def test_variables_of_others_are_let_be(name: str) -> None:
    """A variable that resembles no setting is somebody's own, and nothing is said of it."""
    assert () == resolved(**{f"THUMBRUN_{name}": "1"}).slips


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"THUMBRUN_RUN_ID": "a", "THUMBRUN_RESUME": "a"}, "--run-id / THUMBRUN_RUN_ID and --resume / THUMBRUN_RESUME"),
        ({"THUMBRUN_RUN_ID": "a", "THUMBRUN_NEW": "1"}, "--run-id / THUMBRUN_RUN_ID and --new / THUMBRUN_NEW"),
        ({"THUMBRUN_RESUME": "a", "THUMBRUN_NEW": "1"}, "--resume / THUMBRUN_RESUME and --new / THUMBRUN_NEW"),
    ],
)
def test_wishes_that_exclude_each_other(given_: dict[str, str], expected: str) -> None:
    """A user cannot ask for a certain run and for a new one at once."""
    assert [f"{expected} cannot go together; give only one of them"] == problems(**given_)


@pytest.mark.parametrize("text", ["0", "1001", "two", ""])
def test_wrong_numbers_of_tasks(text: str) -> None:
    """--tasks is checked with the other settings, although it has no variable."""
    assert [f"--tasks is {text!r}; it must be a whole number, 1 to 1,000"] == problems({"tasks": text})


def test_tasks_within_a_platforms_task() -> None:
    """A task of a job does not start tasks of its own."""
    (problem,) = problems({"tasks": "2"}, CLOUD_RUN_TASK_INDEX="0", CLOUD_RUN_TASK_COUNT="4")
    expected = "--tasks is 2, but this process is already one of 4 tasks (Cloud Run); use one way or the other"
    assert expected == problem


@pytest.mark.parametrize(
    ("workers", "machine", "expected"),
    [
        (None, Machine(4, 16 << 30), 1280 * MIB),
        ("1", Machine(4, 16 << 30), 320 * MIB),
        (None, Machine(4, 512 * MIB), 320 * MIB),
        (None, Machine(1, 128 * MIB), 96 * MIB),
        (None, Machine(1, 512 * MIB, is_limited=True), 320 * MIB),
        (None, Machine(1, 2048 * MIB, is_limited=True), 1280 * MIB),
        ("1", Machine(4, 8192 * MIB, is_limited=True), 5120 * MIB),
    ],
)
def test_memory_follows_the_machine(workers: str | None, machine: Machine, expected: int) -> None:
    """The memory is five eighths of a container's, else at most 320 MiB for each worker, and at least 96 MiB."""
    assert expected == resolve(SOURCE, {"workers": workers}, machine=machine).memory


def test_tasks_of_one_machine_share_it() -> None:
    """Tasks on one machine share its workers and its memory, and each has enough to work."""
    settings = resolved()
    assert (2, 640 * MIB) == (share(settings, 2).workers, share(settings, 2).memory)
    assert (1, 96 * MIB) == (share(settings, 100).workers, share(settings, 100).memory)


SAME_RUN: list[tuple[str, str]] = [
    ("THUMBRUN_WORKERS", "1"),
    ("THUMBRUN_MEMORY", "128MiB"),
    ("THUMBRUN_IN_FLIGHT", "1"),
    ("THUMBRUN_IMAGE_TIMEOUT", "60"),
    ("THUMBRUN_MAX_PIXELS", "5"),
    ("THUMBRUN_MAX_BYTES", "5"),
    ("THUMBRUN_BALANCE", "count"),
    ("THUMBRUN_STATE", "gs://private/records"),
    ("THUMBRUN_USER_PROJECT", "payer-1"),
    ("THUMBRUN_STRICT", "1"),
    ("THUMBRUN_LOG_FORMAT", "json"),
    ("THUMBRUN_JOIN_WITHIN", "1"),
    ("THUMBRUN_RESUME", "mine"),
    ("CLOUD_RUN_TASK_COUNT", "1"),
    ("INPUT_FOLDER", "gs://pictures/in/"),
    ("OUTPUT_BUCKET", "pictures"),
    ("THUMBRUN_SIZE", "100x100"),
]
ANOTHER_RUN = [
    ("INPUT_FOLDER", "gs://pictures/other"),
    ("OUTPUT_BUCKET", "thumbs"),
    ("THUMBRUN_SIZE", "101"),
    ("THUMBRUN_FORMAT", "webp"),
    ("THUMBRUN_QUALITY", "81"),
    ("THUMBRUN_LAYOUT", "tree"),
    ("THUMBRUN_INCLUDE", "*.jpg"),
    ("THUMBRUN_EXCLUDE", "*.jpg"),
    ("THUMBRUN_LIMIT", "1"),
    ("THUMBRUN_DETECT", "content"),
    ("THUMBRUN_SOURCE_METADATA", "hash"),
    ("THUMBRUN_CACHE_CONTROL", "no-store"),
]


@pytest.mark.parametrize(("name", "text"), SAME_RUN)
def test_how_it_is_done_does_not_make_another_run(name: str, text: str) -> None:
    """A run can go on with other limits, another number of tasks, or another spelling of the same location."""
    assert resolved().fingerprint() == resolved(**{name: text}).fingerprint()


def test_what_is_made_makes_another_run() -> None:
    """A change of the source, the thumbnails or their place gives another fingerprint."""
    fingerprints = {resolved(**{name: text}).fingerprint() for name, text in ANOTHER_RUN}
    assert len(ANOTHER_RUN) == len(fingerprints - {resolved().fingerprint()})


def test_the_order_of_globs_does_not_matter() -> None:
    """The same globs in another order select the same images."""
    one, other = resolved(THUMBRUN_INCLUDE="a/*,b/*"), resolved(THUMBRUN_INCLUDE="b/*,a/*,a/*")
    assert one.fingerprint() == other.fingerprint()


def test_the_fingerprint_is_stable() -> None:
    """The fingerprint's digits are fixed, so that tasks on other machines and other Pythons find the same run."""
    assert "6c725bf931d855e485bd9958" == resolved().fingerprint()


def test_names_that_are_not_unicode_have_a_fingerprint(tmp_path: Path) -> None:
    """A folder whose name is not UTF-8 has a fingerprint, too."""
    folder = f"{tmp_path}/\udcff"
    settings = resolve({}, {"source": folder, "output": folder}, machine=MACHINE)
    assert 24 == len(settings.fingerprint())


@given(st.dictionaries(st.sampled_from([s.name for s in DECLARED]), st.text(), max_size=5))
def test_no_text_of_a_flag_breaks_it(flags: dict[str, str]) -> None:
    """Any texts of flags give settings, or problems that each fit on one line."""
    found: tuple[str, ...] = ("none",)
    try:
        resolve(SOURCE, {**flags}, machine=MACHINE)
    except SettingsError as error:
        found = error.problems
    assert found
    assert all(problem.isprintable() for problem in found)
