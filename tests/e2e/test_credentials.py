"""Tests that a task sends its credentials to the address of Cloud Storage that it was given, with a real key."""

from pathlib import Path

import pytest

from tests.e2e.guarded import TOKEN, Guard, guarded
from tests.e2e.tasks import Tasks, clean_environment
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator

BUCKET = "guarded"


@pytest.fixture
def source(emulator: Emulator) -> list[str]:
    """Put three pictures into a bucket, and return their names."""
    emulator.create_bucket(BUCKET)
    some = dict(list(photographs().items())[-3:])
    for name, body in some.items():
        emulator.put(BUCKET, f"in/{name}", body)
    return [Path(name).name for name in some]


def environment(guard: Guard, key: Path) -> dict[str, str]:
    """Return the variables of a task with a key, whose Cloud Storage is the guard."""
    key.write_text(guard.key_file())
    return clean_environment(
        INPUT_FOLDER=f"gs://{BUCKET}/in",
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=f"{guard.url}/storage/v1/",
        GOOGLE_APPLICATION_CREDENTIALS=str(key),
    )


def test_the_token_arrives_at_the_store(emulator: Emulator, source: list[str], tasks: Tasks, tmp_path: Path) -> None:
    """A task signs with its key, gets one token, and sends it with every request; neither is ever printed."""
    with guarded(emulator.url) as guard:
        task = tasks.start(environment(guard, tmp_path / "key.json"))
        assert 0 == task.wait(), task.output()
    assert 1 == guard.tokens
    assert 0 == guard.refused
    assert guard.passed > 2 * len(source)
    made = {name.rsplit("/", 1)[-1] for name in emulator.objects(BUCKET) if not name.startswith(("in/", "_thumbrun/"))}
    assert set(source) == made
    assert TOKEN not in task.output()
    assert "PRIVATE KEY" not in task.output()


@pytest.mark.slow
def test_an_existing_run_is_read_from_there(
    emulator: Emulator, source: list[str], tasks: Tasks, tmp_path: Path
) -> None:
    """The commands that take a run use the same address: by the variable, and by the flag."""
    with guarded(emulator.url) as guard:
        variables = environment(guard, tmp_path / "key.json") | {"THUMBRUN_RUN_ID": "mine"}
        task = tasks.start(variables)
        assert 0 == task.wait(), task.output()
        del variables["THUMBRUN_RUN_ID"], variables["INPUT_FOLDER"]
        verify = tasks.command("verify", f"gs://{BUCKET}/mine", environment=variables)
        assert 0 == verify.wait(), verify.output()
        del variables["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"]
        resumed = tasks.command(
            "run", "--resume", f"gs://{BUCKET}/mine", "--endpoint", guard.url, environment=variables
        )
        assert 0 == resumed.wait(), resumed.output()
    assert 0 == guard.refused


def test_a_token_that_the_store_refuses(emulator: Emulator, source: list[str], tasks: Tasks, tmp_path: Path) -> None:
    """A store that refuses the token ends the task with 1 and an error that says what to check."""
    with guarded(emulator.url) as guard, guarded(emulator.url) as other:
        variables = environment(guard, tmp_path / "key.json")
        key = (tmp_path / "key.json").read_text()
        (tmp_path / "key.json").write_text(other.key_file().replace(other.url, guard.url))
        refused = tasks.start(variables)
        assert 1 == refused.wait()
        (tmp_path / "key.json").write_text(key)
    assert 0 == guard.passed
    assert "Traceback" not in refused.output()
    assert "no usable credentials" in refused.output()
    assert source


def test_the_emulator_counts_more(emulator: Emulator, source: list[str], tasks: Tasks, tmp_path: Path) -> None:
    """With an emulator's address set, no request goes to the endpoint, and no credentials are read."""
    with guarded(emulator.url) as guard:
        variables = environment(guard, tmp_path / "key.json") | {"STORAGE_EMULATOR_HOST": emulator.url}
        variables["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "none.json")
        task = tasks.start(variables)
        assert 0 == task.wait(), task.output()
    assert (0, 0, 0) == (guard.tokens, guard.passed, guard.refused)
    assert source
