"""Tests what a person reads of an error that no code expects."""

from typing import NoReturn

import pytest

from tests.unit.settings.test_resolved import resolved
from thumbrun import cli
from thumbrun.commands import list_runs, status
from thumbrun.commands.session import run_session
from thumbrun.errors import ReportedError
from thumbrun.logs.events import Events


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "does not give what thumbrun needs: MemoryError"),
        (RuntimeError("can't start new thread"), "does not give what thumbrun needs: RuntimeError: can't start"),
        (OSError(24, "Too many open files"), "open files that it allows"),
        (KeyError("shard"), "thumbrun has a fault: KeyError: 'shard' (in tests.unit.commands.test_session, line"),
    ],
)
def test_an_error_that_nothing_expects(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends with 1 and a sentence that says what to check or to report, and no traceback."""

    async def command(events: Events) -> None:
        raise error

    with pytest.raises(ReportedError) as caught:
        run_session(resolved(THUMBRUN_LOG_FORMAT="text"), command)
    said = capsys.readouterr()
    assert 1 == caught.value.exit_code
    assert words in said.out + said.err
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(("module", "name"), [(status, "status"), (list_runs, "list_runs")])
def test_a_command_without_events_ends_with_a_sentence_too(
    module: object, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands that only look have no session, and the command line reports what they do not expect."""

    def failing(*_: object, **__: object) -> NoReturn:
        raise KeyError("shard")

    monkeypatch.setattr(module, name, failing)
    assert 1 == cli.main([name.partition("_")[0], "gs://some-bucket/one"])
    said = capsys.readouterr().err
    assert said.startswith("error: thumbrun has a fault: KeyError: 'shard' (in tests.unit.commands.test_session, line")
    assert "please report it" in said
    assert "Traceback" not in said
