"""Tests of the check of a file of credentials: what a user reads for each ordinary mistake."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from thumbrun.storage.base import UnauthenticatedError
from thumbrun.storage.gcs.key_file import VARIABLE, check_key_file

ROOT = Path(__file__).parents[4]
ANOTHER_USER = 65532


def refusal(environ: dict[str, str]) -> UnauthenticatedError:
    """Return the error for an environment."""
    with pytest.raises(UnauthenticatedError) as caught:
        check_key_file(environ)
    return caught.value


def refusal_of_another_user(path: Path) -> str:
    """Return what a process of another user reads of a key file: the error and its hint."""
    program = (
        "import os, sys\n"
        "from thumbrun.storage.gcs.key_file import check_key_file\n"
        f"os.setgroups([]); os.setgid({ANOTHER_USER}); os.setuid({ANOTHER_USER})\n"
        "try:\n"
        f"    check_key_file({{'{VARIABLE}': sys.argv[1]}})\n"
        "except Exception as error:\n"
        "    print(error, error.hint, sep='\\n')\n"
    )
    said = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True, cwd=ROOT)
    return said.stdout


@pytest.fixture
def key() -> Iterator[Path]:
    """Return a key file in a folder that everybody can enter, which pytest's own folders are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "key.json"
        path.write_text('{"type": "service_account", "private_key": "s3cret"}')
        yield path


def test_a_good_file_passes(key: Path) -> None:
    """A JSON object with a type passes, whoever named it."""
    check_key_file({VARIABLE: str(key)})
    key.rename(key.parent / "application_default_credentials.json")
    check_key_file({"CLOUDSDK_CONFIG": str(key.parent)})


def test_nothing_to_check(tmp_path: Path) -> None:
    """Without a named file and without a login, a metadata server can still have credentials."""
    check_key_file({"CLOUDSDK_CONFIG": str(tmp_path)})
    check_key_file({"CLOUDSDK_CONFIG": "/dev/null"})
    check_key_file({VARIABLE: "", "CLOUDSDK_CONFIG": str(tmp_path)})


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe is refused at once; nobody might write to it, and the library would read it a second time."""
    os.mkfifo(tmp_path / "key.json")
    assert "no regular file" in str(refusal({VARIABLE: str(tmp_path / "key.json")}))
    assert "no regular file" in str(refusal({VARIABLE: "/dev/zero"}))


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    """The error names the variable and the path, and says how a container gets the file."""
    error = refusal({VARIABLE: str(tmp_path / "none.json")})
    assert f"{VARIABLE} names {tmp_path}/none.json, which does not exist" == str(error)
    assert f"-v KEY.json:{tmp_path}/none.json:ro" in error.hint


def test_a_folder(tmp_path: Path) -> None:
    """The error says that Docker makes a folder for a file that the host does not have."""
    error = refusal({VARIABLE: str(tmp_path)})
    assert str(error).endswith("which is a folder")
    assert "Docker makes a folder" in error.hint


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"s3cret"', b'{"key": "s3cret"}', b'{"type": 1}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_file_without_credentials(key: Path, content: bytes) -> None:
    """The error says what the file must hold, and nothing of what it holds."""
    key.write_bytes(content)
    error = refusal({VARIABLE: str(key)})
    assert str(error).endswith("it must be a JSON object with a type")
    assert "s3cret" not in f"{error} {error.hint}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_that_only_its_owner_can_read(key: Path) -> None:
    """The error names the file's mode, its owner and the user of the process, and advises --user."""
    key.chmod(0o400)
    said = refusal_of_another_user(key)
    assert f"whose mode is 400 and whose owner is user 0; thumbrun runs as user {ANOTHER_USER}" in said
    assert "run the container with --user 0" in said
    assert "s3cret" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_only_its_owner_can_enter(key: Path) -> None:
    """The error says that the folder is the obstacle."""
    key.parent.chmod(0o700)
    assert "is not permitted to open its folder" in refusal_of_another_user(key)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_home_of_another_user(tmp_path: Path) -> None:
    """A home folder that this user cannot enter holds no login, and is no error: Cloud Run has a metadata server."""
    (tmp_path / "home").mkdir(mode=0o700)
    program = (
        "import os\n"
        "from thumbrun.storage.gcs.key_file import check_key_file\n"
        f"os.setgroups([]); os.setgid({ANOTHER_USER}); os.setuid({ANOTHER_USER})\n"
        "check_key_file({})\n"
    )
    home = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, env=home)
