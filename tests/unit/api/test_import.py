"""Tests of `import thumbrun` itself: it is quick, and offers what it says."""

import subprocess
import sys

import pytest

import thumbrun
from thumbrun import cli

LOADED = "import sys, thumbrun; print(*sorted(name for name in sys.modules if name.startswith('thumbrun')))"
PLAIN = "import sys; import importlib; print(len(sys.modules))"


def test_an_import_loads_nothing() -> None:
    """Only the version is loaded; what a program uses is loaded when it uses it."""
    done = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    assert ["thumbrun", "thumbrun.version"] == done.stdout.split()


@pytest.mark.parametrize("name", thumbrun.__all__)
def test_every_name_is_there(name: str) -> None:
    """Each name of `__all__` can be used."""
    assert getattr(thumbrun, name) is not None
    assert name in dir(thumbrun)


def test_another_name_is_not_there() -> None:
    """A name that is not offered is an error that names it."""
    with pytest.raises(AttributeError, match="module 'thumbrun' has no attribute 'thumbnails'"):
        _ = thumbrun.thumbnails  # type: ignore[attr-defined]


def test_the_command_line_loads_no_function_of_the_library() -> None:
    """`thumbrun --help` waits for nothing that the library brings."""
    code = "import sys; from thumbrun import cli; print(*(name for name in sys.modules if '.api' in name))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert [] == done.stdout.split(), cli.__name__
