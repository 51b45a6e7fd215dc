"""Tests what a person reads of an error that no code expects."""

import pytest

from tests.unit.settings.test_resolved import resolved
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
