"""Tests of the locations that a run reads and writes: every way to name them, and the combinations that are refused."""

from pathlib import Path

import pytest

from thumbrun.environment.machine import Machine
from thumbrun.errors import SettingsError
from thumbrun.settings.locations import uri_meant
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.location import Location

MACHINE = Machine(1, 1 << 30)


def resolved(flags: dict[str, str | None], /, **environ: str) -> Settings:
    """Return the settings."""
    return resolve(environ, flags, machine=MACHINE)


PLACES: list[tuple[str, str | None, Location, Location]] = [
    ("gs://b-1/in", None, Location("gs", "b-1", "in/"), Location("gs", "b-1")),
    ("gs://b-1/in/", None, Location("gs", "b-1", "in/"), Location("gs", "b-1")),
    ("gs://b-1", None, Location("gs", "b-1"), Location("gs", "b-1")),
    ("gs://b-1/in", "thumbs", Location("gs", "b-1", "in/"), Location("gs", "thumbs")),
    ("gs://b-1/in", "gs://thumbs/a/b", Location("gs", "b-1", "in/"), Location("gs", "thumbs", "a/b/")),
    ("gs://b-1/in", "/out", Location("gs", "b-1", "in/"), Location("file", "/out")),
    ("gs://b-1/in", "file:///out", Location("gs", "b-1", "in/"), Location("file", "/out")),
    ("file:///in", "/out", Location("file", "/in"), Location("file", "/out")),
    ("file:///a%20b", "gs://thumbs", Location("file", "/a b"), Location("gs", "thumbs")),
    ("/in", "/out/", Location("file", "/in"), Location("file", "/out")),
]


@pytest.mark.parametrize(("source", "output", "expected_source", "expected_output"), PLACES)
def test_source_and_output(
    source: str, output: str | None, expected_source: Location, expected_output: Location
) -> None:
    """Each spelling on the command line means one location, and the records lie below the output."""
    settings = resolved({"source": source, "output": output})
    assert expected_source == settings.source
    assert expected_output == settings.output
    assert expected_output.child("_thumbrun") == settings.state


def test_a_local_source_writes_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths start from the working folder, a bare word is a folder there, and that folder is the default output."""
    monkeypatch.chdir(tmp_path)
    settings = resolved({"source": "in"})
    assert Location("file", str(tmp_path / "in")) == settings.source
    assert Location("file", str(tmp_path)) == settings.output
    assert Location("file", str(tmp_path / "thumbs")) == resolved({"source": "in", "output": "thumbs"}).output


def test_a_bare_path_is_for_the_command_line() -> None:
    """The variable needs a URI, because users seldom mean a folder of the container."""
    with pytest.raises(SettingsError) as caught:
        resolved({}, INPUT_FOLDER="/in")
    advice = "it must be gs://bucket/path, file:///folder or, on the command line, a local path"
    assert (f"SOURCE / INPUT_FOLDER is '/in'; {advice}",) == caught.value.problems
    assert Location("file", "/in") == resolved({}, INPUT_FOLDER="file:///in", OUTPUT_BUCKET="/out").source


@pytest.mark.parametrize(
    "text", ["s3://b-1/in", "gs:/b-1/in", "https://storage.googleapis.com/b-1", "GS://b-1", "C:/in"]
)
def test_another_scheme_is_no_local_path(text: str) -> None:
    """A text that looks like a URI of another kind does not count as a folder of that name."""
    with pytest.raises(SettingsError) as caught:
        resolved({"source": text, "output": "/out"})
    assert 1 == len(caught.value.problems)


def test_a_folder_that_is_much_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt folder of this machine is answered with that folder, before any bucket; case does not count."""
    (tmp_path / "Photos" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for text, meant in (("photso", "Photos"), ("PHOTOS/in", "Photos/in"), ("photso/inn", "Photos/in")):
        assert (tmp_path / meant).resolve().as_uri() == uri_meant(text, bare=True)
    assert "gs://my-bucket/in" == uri_meant("my-bucket/in", bare=True)


STATES: list[tuple[str, str, dict[str, str | None], Location]] = [
    ("/out", "/records", {}, Location("file", "/records")),
    ("/out", "/out/_thumbrun", {}, Location("file", "/out", "_thumbrun/")),
    ("/out", "/out/a/b", {}, Location("file", "/out", "a/b/")),
    ("/out", "/output", {}, Location("file", "/output")),
    ("/out", "/", {}, Location("file", "/")),
    ("/out", "gs://private", {}, Location("gs", "private")),
    ("gs://b-1/t", "gs://b-1/t/records", {}, Location("gs", "b-1", "t/records/")),
    ("gs://b-1/t", "gs://b-1", {"run_id": "t"}, Location("gs", "b-1")),
    ("gs://b-1/t", "gs://b-1/t/mine2", {"run_id": "mine"}, Location("gs", "b-1", "t/mine2/")),
]


@pytest.mark.parametrize(("output", "state", "flags", "expected"), STATES)
def test_state(output: str, state: str, flags: dict[str, str | None], expected: Location) -> None:
    """Records can lie anywhere apart from thumbnails, and belong to the output's store if they lie in its folder."""
    assert expected == resolved({"source": "/in", "output": output, "state": state, **flags}).state


REFUSED: list[tuple[str, str, dict[str, str | None], str]] = [
    ("/out", "/out", {}, "it is the output itself"),
    ("gs://b-1", "gs://b-1/", {}, "it is the output itself"),
    ("/out", "/out/mine", {"run_id": "mine"}, "it is in the folder of a run"),
    ("gs://b-1/t", "gs://b-1/t/mine/records", {"resume": "mine"}, "it is in the folder of a run"),
    ("gs://b-1/t", "gs://b-1/t/20251203T1530Z-2/records", {}, "it is in the folder of a run"),
    ("/out", "/out/_thumbrun/local/x", {}, "thumbrun uses _thumbrun/local for other files"),
    ("gs://b-1/s/runs/x", "gs://b-1/s", {}, "the output is among the records"),
    ("/s/anchors", "/s", {}, "the output is among the records"),
]


@pytest.mark.parametrize(("output", "state", "flags", "expected"), REFUSED)
def test_refused_states(output: str, state: str, flags: dict[str, str | None], expected: str) -> None:
    """A run's folder holds only thumbnails, and the records' folder holds no thumbnails."""
    with pytest.raises(SettingsError) as caught:
        resolved({"source": "/in", "output": output, "state": state, **flags})
    (problem,) = caught.value.problems
    assert problem.startswith(f"--state / THUMBRUN_STATE is '{state}'; {expected}")
