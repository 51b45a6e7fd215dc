"""Tests of wrong settings: thumbrun reports all of them at once, exits with 2, and writes nothing."""

from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks, clean_environment
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator

WRONG = {
    "INPUT_FOLDER": "pictures",
    "STORAGE_EMULATOR_HOST": "not an address",
    "THUMBRUN_RUN_ID": "a/b",
    "THUMBRUN_NEW": "maybe",
    "THUMBRUN_SIZE": "0",
    "THUMBRUN_LAYOUT": "pile",
    "THUMBRUN_FORMAT": "bmp",
    "THUMBRUN_QUALITY": "101",
    "THUMBRUN_LIMIT": "none",
    "THUMBRUN_DETECT": "guess",
    "THUMBRUN_BALANCE": "luck",
    "THUMBRUN_IN_FLIGHT": "0",
    "THUMBRUN_MEMORY": "plenty",
    "THUMBRUN_WORKERS": "-1",
    "THUMBRUN_IMAGE_TIMEOUT": "0",
    "THUMBRUN_MAX_PIXELS": "1e9",
    "THUMBRUN_MAX_BYTES": "256 parsecs",
    "THUMBRUN_CACHE_CONTROL": "a\nb",
    "THUMBRUN_USER_PROJECT": "My Project",
    "THUMBRUN_SOURCE_METADATA": "all",
    "THUMBRUN_JOIN_WITHIN": "soon",
    "THUMBRUN_STRICT": "very",
    "THUMBRUN_ALLOW_EMPTY": "2",
    "THUMBRUN_LOG_FORMAT": "xml",
    "THUMBRUN_SIZES": "100",
    "CLOUD_RUN_TASK_INDEX": "10",
    "CLOUD_RUN_TASK_COUNT": "10",
}


def test_all_wrong_settings_are_named_at_once(tasks: Tasks, tmp_path: Path) -> None:
    """A task names all of its wrong settings at once, and writes nothing."""
    before = sorted(tmp_path.rglob("*"))
    task = tasks.start(clean_environment(HOME=str(tmp_path), **WRONG))
    assert 2 == task.wait(), task.output()
    for name in WRONG:
        assert name in task.output()
    assert len(WRONG) - 1 == task.output().count("\n  - ")  # index and count are one problem
    assert [*before, tmp_path / "task-0.log"] == sorted(tmp_path.rglob("*"))


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"CLOUD_RUN_TASK_COUNT", "THUMBRUN_SIZES"}))
def test_each_wrong_setting_says_what_would_be_right(tasks: Tasks, tmp_path: Path, name: str) -> None:
    """Thumbrun reports one wrong setting as one problem, which names the setting."""
    variables = {"INPUT_FOLDER": tmp_path.as_uri(), name: WRONG[name]}
    task = tasks.start(clean_environment(**variables))
    assert 2 == task.wait(), task.output()
    assert 1 == task.output().count("\n  - ")
    assert name in task.output().partition("\n  - ")[2]
    assert not list(tmp_path.glob("_thumbrun"))


def test_flags_are_named_with_their_variables(tasks: Tasks, tmp_path: Path) -> None:
    """For a wrong flag, thumbrun names the flag and its variable; it reports a wrong --tasks together with them."""
    task = tasks.command("run", str(tmp_path), "--size", "huge", "--quality", "0", "--tasks", "zero")
    assert 2 == task.wait(), task.output()
    assert "--size / THUMBRUN_SIZE is 'huge'; it must be pixels, like 100, 160x90, 320x or x200" in task.output()
    assert "--quality / THUMBRUN_QUALITY is '0'" in task.output()
    assert "--tasks is 'zero'" in task.output()


def test_a_run_under_other_settings_is_refused(tasks: Tasks, tmp_path: Path) -> None:
    """Thumbrun refuses a run that began with other settings, and says what differs; it refuses an unknown run too."""
    (tmp_path / "in").mkdir()
    arguments = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--run-id", "mine", "--allow-empty")
    first = tasks.command(*arguments)
    assert 0 == first.wait(), first.output()
    second = tasks.command(*arguments, "--size", "64")
    assert 2 == second.wait(), second.output()
    expected = (
        "run mine began with other settings (size was [100, 100] and is now [64, 64]); use the same ones, or choose"
    )
    assert f"{expected} another id with --run-id" in second.output()
    unknown = tasks.command("run", "--output", str(tmp_path / "out"), "--resume", "other")
    assert 2 == unknown.wait(), unknown.output()
    assert f"there is no run 'other' in file://{tmp_path}/out/: file://" in unknown.output()
    both = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--resume", "mine")
    assert 2 == both.wait(), both.output()
    assert "SOURCE and --resume cannot go together: a run knows its source" in both.output()


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("options", [(), ("--tasks", "2")])
def test_a_misspelt_variable_is_told_and_stops_nothing(tasks: Tasks, tmp_path: Path, options: tuple[str, ...]) -> None:
    """A variable whose name is much like a setting's is told once; one that is somebody's own is not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(next(iter(photographs().values())))
    environ = clean_environment(THUMBRUN_SIZES="50", THUMBRUN_PHOTOS=str(tmp_path))
    arguments = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *options)
    task = tasks.command(*arguments, environment=environ)
    assert 0 == task.wait(), task.output()
    assert 1 == task.output().count("warning: THUMBRUN_SIZES is not a setting of thumbrun; did you mean THUMBRUN_SIZE?")
    assert "THUMBRUN_PHOTOS" not in task.output()


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("output", [None, "thumbs"])
def test_a_bucket_that_does_not_exist(tasks: Tasks, emulator: Emulator, output: str | None) -> None:
    """A source in a missing bucket is a wrong setting, wherever thumbnails go, and nothing is written."""
    emulator.create_bucket("thumbs")
    variables = {"STORAGE_EMULATOR_HOST": emulator.url, "INPUT_FOLDER": "gs://no-such-bucket/in"}
    task = tasks.start(clean_environment(**variables, **({"OUTPUT_BUCKET": output} if output else {})))
    assert 2 == task.wait(), task.output()
    assert "SOURCE / INPUT_FOLDER is 'gs://no-such-bucket/in/', but the bucket of gs://" in task.output()
    assert "resume" not in task.output()
    assert not emulator.objects("thumbs")


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize(("name", "label"), [("OUTPUT_BUCKET", "--output"), ("THUMBRUN_STATE", "--state")])
def test_an_output_bucket_that_does_not_exist(tasks: Tasks, emulator: Emulator, name: str, label: str) -> None:
    """A missing bucket for thumbnails or records is a wrong setting as well, and named with its setting."""
    emulator.create_bucket("has-one")
    emulator.put("has-one", "in/a.jpg", b"no matter what")
    variables = {
        "STORAGE_EMULATOR_HOST": emulator.url,
        "INPUT_FOLDER": "gs://has-one/in",
        name: "gs://no-such-output/x",
    }
    task = tasks.start(clean_environment(**variables))
    assert 2 == task.wait(), task.output()
    assert f"{label} / {name} is 'gs://no-such-output/x/', but the bucket of gs://no-such-output/" in task.output()
    assert ["in/a.jpg"] == list(emulator.objects("has-one"))


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("gs://empty-1/photo", "gs://empty-1/photo/ is empty."),
        ("gs://empty-1/in/*.jpg", "did you mean 'gs://empty-1/in/' with --include '*.jpg'? Check SOURCE"),
    ],
)
def test_a_source_that_holds_nothing(tasks: Tasks, emulator: Emulator, source: str, said: str) -> None:
    """A source below which nothing lies ends with 4 and writes nothing; a pattern is answered with --include."""
    emulator.create_bucket("empty-1")
    emulator.put("empty-1", "photos/a.jpg", b"no matter what")
    task = tasks.start(clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=source))
    assert 4 == task.wait(), task.output()
    assert said in task.output()
    assert ["photos/a.jpg"] == list(emulator.objects("empty-1"))


def test_a_local_folder_that_lacks_its_scheme(tasks: Tasks, tmp_path: Path) -> None:
    """A local path in the variable is answered with its URI, if the folder is there."""
    task = tasks.start(clean_environment(INPUT_FOLDER=str(tmp_path)))
    assert 2 == task.wait(), task.output()
    assert f"; did you mean '{tmp_path.resolve().as_uri()}'? If not, it must be gs://bucket/path" in task.output()


def test_one_object_as_the_source(tasks: Tasks, emulator: Emulator) -> None:
    """An object is a source if nothing lies below its name; if something does, the folder is meant."""
    emulator.create_bucket("single-1")
    body = next(iter(photographs().values()))
    for name in ("in/a.jpg", "in/a.jpg.old", "in/b.jpg", "in/b.jpg/c.jpg"):
        emulator.put("single-1", name, body)
    for source, thumbnail in (("in/a.jpg", "a.jpg"), ("in/b.jpg", "c.jpg")):
        variables = {"STORAGE_EMULATOR_HOST": emulator.url, "INPUT_FOLDER": f"gs://single-1/{source}"}
        task = tasks.start(clean_environment(**variables, THUMBRUN_RUN_ID=thumbnail))
        assert 0 == task.wait(), task.output()
        made = [name for name in emulator.objects("single-1") if name.startswith(f"{thumbnail}/")]
        assert [f"{thumbnail}/{thumbnail}"] == made


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize(
    "text",
    [
        "photos/in",
        "gs:/photos/in",
        "GS://photos/in",
        "gcs://photos/in",
        "https://storage.googleapis.com/photos/in",
        "https://console.cloud.google.com/storage/browser/photos/in;tab=objects?project=p",
    ],
)
def test_a_source_that_lacks_its_scheme(tasks: Tasks, text: str) -> None:
    """What people write or copy in place of gs://bucket/path is answered with what they most likely mean."""
    task = tasks.start(clean_environment(INPUT_FOLDER=text))
    assert 2 == task.wait(), task.output()
    assert "; did you mean 'gs://photos/in'? If not, it must be gs://bucket/path" in task.output()


@pytest.mark.parametrize("proxy", ["socks5://user:secret@127.0.0.1:1", "http://[::1"])
def test_a_proxy_that_cannot_be_used(tasks: Tasks, proxy: str) -> None:
    """A variable that names no usable proxy ends with 2 before any request, and its password is not shown."""
    variables = {"INPUT_FOLDER": "gs://some-bucket/in", "HTTPS_PROXY": proxy, "NO_PROXY": "", "no_proxy": ""}
    task = tasks.start(clean_environment(**variables))
    assert 2 == task.wait(), task.output()
    assert "HTTPS_PROXY" in task.output()
    assert "it must be http://host:port" in task.output()
    assert "secret" not in task.output()
