"""Tests of naming an earlier run, and of making settings from its claim."""

from pathlib import Path

import pytest

from thumbrun.environment.machine import Machine
from thumbrun.errors import SettingsError
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.named_run import NamedRun, flags_of_claim, named_run
from thumbrun.settings.resolved import resolve
from thumbrun.storage.location import Location

MACHINE = Machine(1, 1 << 30)
ID = "20260102T1530Z"
# The settings in the claims of version 0.1.0, and values of those that came later.
OF_VERSION_0_1 = {
    *("source", "output", "size", "layout", "format", "quality", "include", "exclude", "limit", "detect"),
    *("cache_control", "source_metadata"),
}
NEWER = {
    "metadata": "keep",
    "fit": "cover",
    "gravity": "north",
    "background": "navy",
    "enlarge": "yes",
    "placeholder": "blurhash",
    "animated": "keep",
}


@pytest.mark.parametrize(
    ("text", "output", "expected"),
    [
        (f"gs://b-1/{ID}", None, Location("gs", "b-1")),
        (f"gs://b-1/{ID}/", None, Location("gs", "b-1")),
        (f"gs://b-1/a/b/{ID}", "ignored", Location("gs", "b-1", "a/b/")),
        (f"/out/{ID}", None, Location("file", "/out")),
        (f"file:///a%20b/{ID}", None, Location("file", "/a b")),
        (ID, "gs://b-1/a", Location("gs", "b-1", "a/")),
        (ID, "thumbs", Location("gs", "thumbs")),
        (ID, "/out", Location("file", "/out")),
    ],
)
def test_every_way_to_name_a_run(text: str, output: str | None, expected: Location) -> None:
    """A run's folder or its id beside the output names the run, by flag and by variable."""
    found = named_run(text, {}, {"output": output})
    assert NamedRun(expected, expected.child("_thumbrun"), None, None, None, ID) == found
    assert found == named_run(text, {"OUTPUT_BUCKET": output or ""}, {})


def test_a_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path names a run, and so does an id alone if the working folder holds that run."""
    (tmp_path / "out" / ID).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert Location("file", str(tmp_path / "out")) == named_run(f"out/{ID}", {}, {}).output
    assert Location("file", str(tmp_path / "out")) == named_run(ID, {}, {"output": "out"}).output
    monkeypatch.chdir(tmp_path / "out")
    assert Location("file", str(tmp_path / "out")) == named_run(ID, {}, {}).output


def test_records_elsewhere() -> None:
    """The state, the addresses and the project that pays come from their settings, as for a new run."""
    environ = {"STORAGE_EMULATOR_HOST": "http://localhost:9", "THUMBRUN_STATE": "gs://records/x"}
    found = named_run(f"gs://b-1/{ID}", environ, {"user_project": "payer-1", "endpoint": "https://a.example"})
    assert (Location("gs", "records", "x/"), "http://localhost:9", "https://a.example", "payer-1") == (
        found.state,
        found.emulator,
        found.endpoint,
        found.user_project,
    )


@pytest.mark.parametrize("text", ["", "/", f"gs://B/{ID}", "gs://b-1/-no", "nowhere", f"s3://b-1/{ID}", "gs://"])
def test_what_names_no_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong name is refused together with all other problems, and the message says what would be right."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        named_run(text, {}, {"user_project": "!"})
    assert ["--user-project", "RUN is"] == [
        problem.split(" / ")[0] if problem.startswith("--") else problem[:6] for problem in caught.value.problems
    ]


@pytest.mark.parametrize(
    "flags",
    [
        {"source": "gs://b-1/in"},
        {"source": "gs://b-1/i n%", "output": "gs://o-1/p", "state": "gs://s-1", "size": "160x90", "quality": "70"},
        {"source": "/a b%20", "output": "/out", "include": "*.jpg,a/**", "exclude": "b*", "limit": "7"},
        {"source": "/in", "output": "/out", "format": "webp", "layout": "tree", "detect": "content"},
        {"source": "/in", "output": "/out", "placeholder": "blurhash", "animated": "keep"},
        {"source": "/in", "output": "/out", "source_metadata": "hash", "cache_control": "public, max-age=3600"},
    ],
)
def test_a_claim_becomes_the_same_settings_again(flags: dict[str, str | None]) -> None:
    """A run goes on with every setting that its fingerprint covers."""
    settings = resolve({}, flags, bare_source=True, machine=MACHINE)
    run = NamedRun(settings.output, settings.state, None, None, None, ID)
    again = resolve({}, flags_of_claim(settings.describe(), run), bare_source=True, machine=MACHINE)
    assert settings == again
    assert settings.fingerprint() == again.fingerprint()


def test_a_run_of_an_older_version_goes_on() -> None:
    """Settings that its claim lacks have their defaults, whatever the environment says now; its fingerprint stays."""
    begun = resolve({"INPUT_FOLDER": "gs://pictures/in"}, {}, machine=MACHINE)
    claim = begun.describe()
    assert OF_VERSION_0_1 == claim.keys()
    assert "6c725bf931d855e485bd9958" == begun.fingerprint()  # as version 0.1.0 makes it
    run = NamedRun(begun.output, begun.state, None, None, None, ID)
    newer = {setting.variable: NEWER[setting.name] for setting in DECLARED if setting.claimed_later and setting.default}
    again = resolve(newer, flags_of_claim(claim, run), bare_source=True, machine=MACHINE)
    assert begun.fingerprint() == again.fingerprint()


def test_several_sizes_come_back_from_a_claim() -> None:
    """A run of several sizes goes on with all of them."""
    environ = {"INPUT_FOLDER": "gs://b-1/in", "THUMBRUN_SIZE": "100,400x300"}
    begun = resolve(environ, {}, machine=MACHINE)
    run = NamedRun(begun.output, begun.state, None, None, None, ID)
    again = resolve({}, flags_of_claim(begun.describe(), run), bare_source=True, machine=MACHINE)
    assert ((400, 300), (100, 100)) == again.recipe.boxes
    assert begun.fingerprint() == again.fingerprint()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "RUN is 'nowhere'; no folder here has that name; it must be gs://bucket/prefix/<run id>"),
        ("gs://photos", "RUN is 'gs://photos'; it names a bucket and no run; it must be gs://bucket/prefix/<run id>"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says why the name is none of a run, before it says what would be right."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        named_run(text, {}, {})
    assert str(caught.value).startswith(said)
