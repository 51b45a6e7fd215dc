"""Tests of every setting: a new one without a case here fails. For single settings see `tests.unit.settings`."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from thumbrun import cli
from thumbrun.environment.machine import Machine
from thumbrun.errors import SettingsError
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.settings.setting import Setting
from thumbrun.storage.location import Location

MACHINE = Machine(processors=4, memory=16 << 30)
SOURCE = {"INPUT_FOLDER": "gs://pictures/in"}
SWITCH = "it must be one of 1, true, yes, on, 0, false, no, off"
ENDPOINT = "it must be an address like https://storage-name.p.googleapis.com"
SECURE = "it must begin with https://, because thumbrun sends credentials there"
RUN_ID = "it must be 1 to 63 letters, digits, dots, dashes and underscores, and begin with a letter or a digit"
SECONDS = "it must be a time, like 10 or 0.5 seconds, 90s, 10m or 1h30m, more than 0 and at most a week"
DOLLARS = "it must be US dollars, like 2 or 0.50, with at most six digits behind the point"
BYTES = "it must be bytes, like 268435456 or 256MiB"
GLOB = "is no pattern: a range in brackets must go upwards, like [a-z]"
PLACE = "it must be gs://bucket/path, file:///folder or a local path"
BUCKET = "is not a bucket name: it must have 3 to 63 lower-case letters"
LONGEST = "it must be a bucket or a folder, with 1 to 4,096 characters"
TRILLION = "it must be a whole number, 1 to 1,000,000,000,000"

# By the setting's name: each wrong text, and the part of the problem that says what would be right.
WRONG: dict[str, list[tuple[str, str]]] = {
    "source": [
        ("s3://bucket/in", "it must be gs://bucket/path"),
        ("gs://", BUCKET),
        ("gs://Bucket/in", BUCKET),
        ("file://host/in", "a folder's URI must be file:///folder, with three slashes"),
        ("x" * 5000, LONGEST),
    ],
    "output": [("s3://bucket", PLACE), ("UPPER", BUCKET), ("x" * 5000, LONGEST), ("a\0b", LONGEST)],
    "state": [("https://host/a", PLACE), ("gs://pictures", "it is the output itself"), ("a\0b", LONGEST)],
    "emulator": [
        (text, "it must be an address like http://127.0.0.1:9023")
        for text in ("an address", "ftp://a", "http://a:b", "http://a/b", "http://a:65536", "http://a:0", "http://a:")
    ],
    "endpoint": [
        *(
            (text, ENDPOINT)
            for text in ("a.example", "ftp://a", "https://a/b", "https://a:0", "https://u:p@a", "https://")
        ),
        *((text, SECURE) for text in ("http://a.example", "http://10.0.0.1:80", "http://localhost.a.example")),
    ],
    "run_id": [(text, RUN_ID) for text in ("a/b", "-a", ".", "_thumbrun", "a" * 64, "a\n", "\xe4")],
    "resume": [(text, RUN_ID) for text in ("a/-b", "..", " a", "gs://")],
    "new": [("2", SWITCH), ("ja", SWITCH)],
    "join_within": [(text, SECONDS) for text in ("0", "1d", "604801", "1e3")],
    "size": [
        (text, "it must be pixels, like 100, 160x90, 320x or x200, and each side 1 to 4,096")
        for text in ("0", "4097", "1x4097", "0x1", "x", "x0", "4097x", "100xx", "1,000", "\u0661")
    ],
    "fit": [("crop", "it must be one of inside, cover, contain, fill, outside"), ("covers", "did you mean cover?")],
    "gravity": [
        ("up", "it must be one of centre, north, northeast, east, southeast, south, southwest, west, northwest"),
        ("atention", "did you mean attention?"),
    ],
    "background": [
        (text, "it must be a colour, like #rrggbb, #rrggbbaa, a name of CSS such as white, or transparent")
        for text in ("#fff", "ffffff", "#ggffff", "#ffffff0", "rgb(0,0,0)", "whitish", "\u0661")
    ],
    "enlarge": [("big", SWITCH)],
    "preset": [("print", "it must be one of web")],
    "name": [
        ("{stam}.jpg", "{stam} is no field; the fields are {path}, {dir}, {name}"),
        ("a}b", "a brace stands alone in it"),
        ("{}.jpg", "{} is no field; the fields are"),
        ("{name!r}.jpg", "{name!r} is no field; the fields are"),
        ("{{{stam}}}", "{stam} is no field; the fields are"),
        *((text, "it must be a path without empty parts, . and ..") for text in ("../{name}", "/{name}", "a//{name}")),
        ("{name}\n", "it must be one line without control characters"),
        ("x" * 501, "it must have 1 to 500 characters"),
    ],
    "layout": [("Tree", "it must be one of flat, tree")],
    "format": [
        *((text, "it must be one of keep, jpeg, png, webp, avif") for text in ("gif", "webp,", "webp jpeg")),
        ("webp,jpg,WEBP", "it repeats webp; give each format only once"),
        ("keep,webp", "keep cannot go with other formats"),
    ],
    "quality": [
        *((text, "it must be a whole number, 1 to 100") for text in ("0", "101", "8.5", "-1", " 80", "\u0661")),
        *((text, "like webp=79,avif=50") for text in ("avif=101", "png=5", "webp=", "=5", "webp=79,", "keep=80")),
        ("80,70", "it gives the quality twice"),
        ("webp=80,webp=70", "it gives the quality of webp twice"),
    ],
    "metadata": [(text, "it must be one of none, keep") for text in ("all", "Keep")],
    "animated": [(text, "it must be one of first, keep") for text in ("yes", "Keep", "all")],
    "placeholder": [(text, "it must be one of none, thumbhash, blurhash") for text in ("ThumbHash", "yes", "lqip")],
    "include": [("[z-a].jpg", f"'[z-a].jpg' {GLOB}"), ("a/*,[9-0]", f"'[9-0]' {GLOB}")],
    "exclude": [("[z-a].jpg", f"'[z-a].jpg' {GLOB}")],
    "limit": [(text, TRILLION) for text in ("0", "1000000000001", "all", "9" * 5000)],
    "detect": [("names", "it must be one of name, content")],
    "balance": [("size", "it must be one of cost, count")],
    "in_flight": [(text, "it must be a whole number, 1 to 1,024") for text in ("0", "1025")],
    "ramp": [(text, "it must be a whole number, 0 to 1,000,000,000,000") for text in ("-1", "0.5", "off")],
    "memory": [(text, BYTES) for text in ("0", "0MiB", "1.5GiB", "1TiB", "-1", "MiB")],
    "workers": [(text, "it must be a whole number, 1 to 256") for text in ("0", "257", "two")],
    "image_timeout": [(text, SECONDS) for text in ("0", "10 s", "nan", "inf", "-1")],
    "max_pixels": [(text, TRILLION) for text in ("0", "1e8")],
    "max_bytes": [(text, BYTES) for text in ("0", "plenty")],
    "max_images": [(text, TRILLION) for text in ("0", "many", "1e3")],
    "max_duration": [(text, SECONDS) for text in ("0", "0h", "169h", "m", "1m1h", "604801")],
    "max_cost": [(text, DOLLARS) for text in ("0.0000001", "2,50", "free", "-1", "1e3", "$")],
    "deadline": [(text, SECONDS) for text in ("0", "noon")],
    "budget": [(text, DOLLARS) for text in ("2 USD",)],
    "sample": [(text, "it must be a whole number, 1 to 1,000") for text in ("0", "1001", "some")],
    "cpu": [(text, "it must be a whole number, 1 to 256") for text in ("0", "0.5", "257")],
    "task_memory": [(text, BYTES) for text in ("0", "half")],
    "region": [(text, "it must be a region, like europe-west1") for text in ("EU", "europe", "europe-west1 ")],
    "prices": [
        ("/nowhere/prices.json", "it must be a file that can be read (No such file or directory)"),
        (str(Path(__file__).parent), "it must be a file that can be read (Is a directory)"),
        (__file__, "it must be JSON"),
        ("a\0b", "it must be the path of a file"),
    ],
    "cache_control": [
        (text, "it must be one line of ASCII, like public, max-age=3600") for text in ("a\r\nb", "\xe4", " ")
    ],
    "user_project": [
        (text, "it must be a project's id or number, like my-project-123") for text in ("A b", "p", "a\nb")
    ],
    "source_metadata": [("none", "it must be one of name, hash")],
    "strict": [("very", SWITCH)],
    "report": [("maybe", SWITCH)],
    "allow_empty": [("-", SWITCH)],
    "require_sandbox": [("maybe", SWITCH)],
    "quiet": [("hush", SWITCH)],
    "log_format": [("xml", "it must be one of auto, text, json")],
    "tasks": [(text, "it must be a whole number, 1 to 1,000") for text in ("0", "1001", "", "1.0")],
}
WRONG_CASES = [
    pytest.param(setting, text, advice, id=f"{setting.name}-{number}")
    for setting in DECLARED
    for number, (text, advice) in enumerate(WRONG.get(setting.name, ()))
]


def resolved(flags: dict[str, str | None] | None = None, /, **environ: str) -> Settings:
    """Return the settings for a right source and the given variables and flags."""
    return resolve(SOURCE | environ, flags or {}, machine=MACHINE)


def problems(flags: dict[str, str | None] | None = None, /, **environ: str) -> list[str]:
    """Return the problems for a right source and the given variables and flags."""
    with pytest.raises(SettingsError) as caught:
        resolved(flags, **environ)
    return list(caught.value.problems)


@pytest.mark.parametrize("setting", DECLARED, ids=lambda setting: str(setting.name))
def test_every_setting_has_a_wrong_value(setting: Setting[Any]) -> None:
    """Every declared setting has cases above."""
    assert WRONG.get(setting.name)


def test_no_case_is_left_of_a_setting_that_is_gone() -> None:
    """The cases belong to declared settings only."""
    assert {setting.name for setting in DECLARED} == WRONG.keys()


@pytest.mark.parametrize(("setting", "text", "advice"), WRONG_CASES)
def test_a_wrong_value_is_named_with_what_is_right(setting: Setting[Any], text: str, advice: str) -> None:
    """A wrong value has one problem, which begins with the label and says what would be right."""
    ways = [problems({setting.name: text})] if setting.flag and not setting.is_switch else []
    if setting.variable and "\0" not in text:
        ways.append(problems(**{setting.variable: text}))
    assert ways
    for found in ways:
        (problem,) = found
        assert problem.startswith(f"{setting.label} is ")
        assert advice in problem
        assert problem.isprintable()
        assert len(problem) < 500


def test_the_problems_of_all_settings_come_at_once() -> None:
    """If every setting is wrong, each has its problem."""
    environ = {setting.variable: WRONG[setting.name][0][0] or "/" for setting in DECLARED if setting.variable}
    flags: dict[str, str | None] = {
        setting.name: WRONG[setting.name][0][0] for setting in DECLARED if not setting.variable
    }
    found = problems(flags, **environ)
    assert len(DECLARED) == len(found)
    for setting in DECLARED:
        assert 1 == sum(problem.startswith(f"{setting.label} is ") for problem in found)


@pytest.mark.parametrize(
    ("flag", "variable", "expected"),
    [(None, None, 80), (None, "", 80), (None, "70", 70), ("60", None, 60), ("60", "", 60), ("60", "70", 60)],
)
def test_flag_before_environment_before_default(flag: str | None, variable: str | None, expected: int) -> None:
    """A flag goes before its variable, a variable before the default, and an empty variable counts as unset."""
    environ = {} if variable is None else {"THUMBRUN_QUALITY": variable}
    assert expected == resolved({"quality": flag}, **environ).recipe.quality


def test_a_flag_hides_a_wrong_variable() -> None:
    """A wrong variable is no problem if a flag replaces it."""
    assert 60 == resolved({"quality": "60"}, THUMBRUN_QUALITY="wrong").recipe.quality


@pytest.mark.parametrize(
    "setting", [s for s in DECLARED if s.variable.startswith("THUMBRUN_")], ids=lambda s: str(s.name)
)
def test_a_slip_in_any_variable_is_told(setting: Setting[Any]) -> None:
    """A typing error in the name of any setting's variable is told with the right name."""
    (slip,) = resolved(**{f"{setting.variable}S": "1"}).slips
    expected = f"{setting.variable}S is not a setting of thumbrun; did you mean {setting.variable}? If not, unset it"
    assert expected == slip


def test_a_slip_is_safe_to_show() -> None:
    """Control characters in the name of a variable are spelt out."""
    (slip,) = resolved(**{"THUMBRUN_SIZE\x1b[2J": "1"}).slips
    assert slip.startswith("THUMBRUN_SIZE\\x1b[2J is not a setting")


def test_names_of_others_are_none_of_ours() -> None:
    """A variable is checked only if its name begins like thumbrun's own."""
    assert resolved() == resolved(THUMBRUNNER="1", thumbrun_size="1", THUMBRUN="1", _THUMBRUN_X="1")


@pytest.mark.parametrize("given", list(itertools.product([None, "mine"], [None, "mine"], ["no", "yes"])), ids=str)
def test_which_run_is_said_once(given: tuple[str | None, str | None, str]) -> None:
    """Any two of --run-id, --resume and --new together are one conflict."""
    run_id, resume, new = given
    wishes = sum((run_id is not None, resume is not None, new == "yes"))
    found: tuple[str, ...] = ()
    try:
        resolved({"run_id": run_id, "resume": resume, "new": new})
    except SettingsError as error:
        found = error.problems
    assert {0: 0, 1: 0, 2: 1, 3: 3}[wishes] == len(found)
    for problem in found:
        assert problem.endswith(" cannot go together; give only one of them")


@pytest.mark.parametrize(
    ("source", "output", "state", "expected_output", "expected_state"),
    [
        ("gs://b-1/in", None, None, "gs://b-1/", "gs://b-1/_thumbrun/"),
        ("gs://b-1/in", "b-2", None, "gs://b-2/", "gs://b-2/_thumbrun/"),
        ("gs://b-1/in", "gs://b-2/t", None, "gs://b-2/t/", "gs://b-2/t/_thumbrun/"),
        ("gs://b-1/in", None, "b-3", "gs://b-1/", "gs://b-3/"),
        ("gs://b-1/in", "./t", None, "file://{cwd}/t/", "file://{cwd}/t/_thumbrun/"),
        ("file:///in", None, None, "file://{cwd}/", "file://{cwd}/_thumbrun/"),
        ("file:///in", "t", None, "file://{cwd}/t/", "file://{cwd}/t/_thumbrun/"),
        ("file:///in", None, "records", "file://{cwd}/", "file://{cwd}/records/"),
        ("file:///in", "gs://b-2", None, "gs://b-2/", "gs://b-2/_thumbrun/"),
    ],
)
def test_where_output_and_state_go(
    source: str,
    output: str | None,
    state: str | None,
    expected_output: str,
    expected_state: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The output is the source's bucket or the working folder, the state is below it, and words follow its kind."""
    folder = tmp_path_factory.mktemp("here").resolve()
    monkeypatch.chdir(folder)
    settings = resolved({"source": source, "output": output, "state": state})
    assert expected_output.format(cwd=folder) == settings.output.uri()
    assert expected_state.format(cwd=folder) == settings.state.uri()


@pytest.mark.parametrize("text", ["gs://b-1/in", "gs://b-1/in/"])
def test_a_folder_is_meant_and_not_what_begins_alike(text: str) -> None:
    """The source gs://b/in holds in/a.jpg and never inbox/a.jpg."""
    source = resolved({"source": text}).source
    assert Location("gs", "b-1", "in/") == source
    assert "in/a.jpg".startswith(source.prefix)
    assert not "inbox/a.jpg".startswith(source.prefix)


# By the setting's name: another value that asks for another run or, further below, for the same one.
ANOTHER_RUN: dict[str, str] = {
    "source": "gs://pictures/inbox",
    "output": "gs://thumbs",
    "size": "160x90",
    "fit": "fill",
    "gravity": "north",
    "background": "navy",
    "enlarge": "yes",
    "layout": "tree",
    "name": "{stem}.{ext}",
    "preset": "web",
    "format": "webp",
    "quality": "81",
    "animated": "keep",
    "placeholder": "blurhash",
    "include": "*.jpg",
    "exclude": "*.jpg",
    "limit": "1",
    "detect": "content",
    "source_metadata": "hash",
    "metadata": "keep",
    "cache_control": "no-store",
}
WITH: dict[str, dict[str, str | None]] = {"gravity": {"fit": "cover"}}  # what a setting above goes with
SAME_RUN: dict[str, str] = {
    "state": "gs://private",
    "emulator": "127.0.0.1:9023",
    "endpoint": "https://storage-x.p.googleapis.com",
    "run_id": "mine",
    "resume": "mine",
    "new": "yes",
    "join_within": "1",
    "balance": "count",
    "in_flight": "1",
    "ramp": "0",
    "memory": "128MiB",
    "workers": "1",
    "image_timeout": "60",
    "max_pixels": "5",
    "max_bytes": "5",
    "max_images": "5",
    "max_duration": "5",
    "max_cost": "5",
    "deadline": "10m",
    "budget": "5",
    "sample": "5",
    "cpu": "2",
    "task_memory": "1GiB",
    "region": "europe-west1",
    "prices": str(Path(__file__).with_name("prices.json")),
    "user_project": "payer-1",
    "strict": "yes",
    "report": "no",
    "allow_empty": "yes",
    "require_sandbox": "yes",
    "quiet": "yes",
    "log_format": "json",
    "tasks": "8",
}


def test_every_setting_makes_another_run_or_does_not() -> None:
    """Each declared setting is in one of the two tables."""
    assert {setting.name for setting in DECLARED} == ANOTHER_RUN.keys() | SAME_RUN.keys()
    assert not ANOTHER_RUN.keys() & SAME_RUN.keys()


@pytest.mark.parametrize(("name", "text"), ANOTHER_RUN.items())
def test_what_makes_another_run(name: str, text: str) -> None:
    """A setting of the source, the thumbnails or their place changes the fingerprint."""
    others = WITH.get(name, {})
    assert resolved(others).fingerprint() != resolved({**others, name: text}).fingerprint()


@pytest.mark.parametrize(("name", "text"), SAME_RUN.items())
def test_what_makes_no_other_run(name: str, text: str) -> None:
    """A setting of how, by whom or with what resources a run works leaves the fingerprint as it is."""
    changed = resolved({name: text})
    assert resolved() != changed
    assert resolved().fingerprint() == changed.fingerprint()


def test_all_tasks_of_a_job_ask_for_the_same_run() -> None:
    """The index of a task and its machine leave the fingerprint as it is."""
    tasks = [
        resolve(
            {**SOURCE, "CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": "3", "CLOUD_RUN_TASK_ATTEMPT": "2"},
            {},
            machine=Machine(1 + index, 1 << 30),
        )
        for index in range(3)
    ]
    assert {resolved().fingerprint()} == {settings.fingerprint() for settings in tasks}


@pytest.mark.parametrize("command", ["run", "plan"])
def test_the_help_of_a_command_lists_every_flag(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The help lists each flag with its value's name, its variable, and its default in words."""
    monkeypatch.setenv("COLUMNS", "1000")  # so wide that no line breaks within a word
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert 0 == caught.value.code
    text = " ".join(capsys.readouterr().out.split())
    for setting in DECLARED:
        if setting.flag and setting.belongs_to(command):
            shown = setting.flag if setting.is_argument else f"{setting.offered} {setting.metavar}".strip()
            assert shown in text
            assert setting.help in text
            assert not setting.variable or f"[{setting.variable}]" in text
            assert setting.default_words == "required" or f"Default: {setting.default_words}." in text


def test_wrong_settings_are_refused_by_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command exits with 2 and shows all problems, one on each line."""
    monkeypatch.delenv("INPUT_FOLDER", raising=False)
    assert 2 == cli.main(["run", "--size", "0", "--quality", "0"])
    lines = capsys.readouterr().err.splitlines()
    assert "thumbrun did nothing, because:" == lines[0]
    for label in ("--size / THUMBRUN_SIZE is '0'", "--quality / THUMBRUN_QUALITY is '0'", "SOURCE / INPUT_FOLDER is"):
        assert 1 == sum(line.startswith(f"  - {label}") for line in lines)
