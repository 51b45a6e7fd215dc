"""Tests of the whole demo, as `make demo` runs it: with the emulator and without."""

from pathlib import Path

import pytest

from thumbrun.demo import run as module
from thumbrun.demo.program import available
from thumbrun.demo.run import demo


@pytest.mark.slow
@pytest.mark.parametrize("with_emulator", [True, False])
def test_everything_comes_out_as_it_was_meant_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_emulator: bool
) -> None:
    """The demo draws pictures, runs four tasks, and leaves thumbnails and the report, without a surprise."""
    if with_emulator and not available():
        pytest.skip("the emulator's wheel is for Linux on x86-64 only")
    monkeypatch.setattr(module, "available", lambda: with_emulator)
    monkeypatch.setenv("THUMBRUN_WIDTH", "7")  # the demo must ignore the settings of the shell
    said: list[str] = []
    assert 0 == demo(str(tmp_path / "demo"), lambda line: said.append(str(line)))
    assert with_emulator == ("in an emulator of Cloud Storage" in "\n".join(said))
    assert "3 failed, all as intended." in "\n".join(said)
    page = (tmp_path / "demo" / "report.html").read_text("utf-8")
    thumbnails = list((tmp_path / "demo" / "thumbnails").iterdir())
    assert len(thumbnails) == page.count("<img ")
    assert len(thumbnails) > 55
    assert str(tmp_path) not in page or not with_emulator
