"""`thumbrun --version --verbose` describes the decoders."""

import platform
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from thumbrun import __version__
from thumbrun.decoding.versions import confinement, versions
from thumbrun.imaging.decode import _DECODERS

MADE_BY = {
    "jpeg": "libjpeg-turbo",
    "png": "zlib",
    "gif": "Pillow",
    "webp": "libwebp",
    "avif": "libavif",
    "tiff": "libtiff",
    "bmp": "Pillow",
    "jpeg2000": "OpenJPEG",
    "ico": "Pillow",
    "heic": "libde265",
}


@pytest.mark.parametrize("name", _DECODERS)
def test_every_decoder_has_a_version(name: str) -> None:
    """Each format has a library that decodes it, with the version that is linked."""
    assert re.match(r"\d+(\.\d+)+", versions()[MADE_BY[name]])


def test_packages_are_those_that_are_installed() -> None:
    """The libraries report the versions that are installed."""
    assert (version("pillow"), version("pi-heif")) == (versions()["Pillow"], versions()["pi-heif"])


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="SECURITY.md: not here"
)
def test_how_decoding_is_confined_is_found_out_by_doing_it() -> None:
    """The report says that every measure holds, and the process that asks does not confine itself."""
    assert {True} == set(confinement().values())
    with open("/dev/null", "wb") as nothing:  # noqa: PTH123
        assert 1 == nothing.write(b"x")


def test_the_command_prints_them() -> None:
    """The command prints a line each for thumbrun, Python and every library, in any order of its options."""
    for options in (("--version", "--verbose"), ("--verbose", "--version")):
        printed = subprocess.run(
            [sys.executable, "-m", "thumbrun", *options], capture_output=True, text=True, check=True, timeout=60
        )
        lines = printed.stdout.splitlines()
        assert f"thumbrun {__version__}" == lines[0]
        assert set(lines) > {f"{name} {number}" for name, number in versions().items()}


def test_the_plain_version_imports_no_decoder() -> None:
    """`thumbrun --version` answers at once, without Pillow."""
    code = (
        "import sys; from thumbrun.cli import main; assert 0 == main(['--version']); "
        "assert not {'PIL', 'pi_heif', 'aiohttp'} & set(sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"thumbrun {__version__}\n" == printed.stdout
