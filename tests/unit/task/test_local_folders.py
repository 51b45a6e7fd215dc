"""Tests which local folders thumbrun refuses before it writes anything."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.e2e.tasks import ROOT, clean_environment
from thumbrun.errors import SettingsError
from thumbrun.settings.resolved import resolve
from thumbrun.task.local_folders import check_local_folders, prepare_local_folders

OTHER_USER = 65532


def problems(**flags: str | None) -> tuple[str, ...]:
    """Return what is wrong with the folders of some settings, and check that nothing was created."""
    settings = resolve({}, flags)
    try:
        prepare_local_folders(settings)
    except SettingsError as error:
        return error.problems
    return ()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"")
    return folder


def test_folders_are_created(pictures: Path, tmp_path: Path) -> None:
    """The folders for thumbnails and records are created, with the folders above them."""
    output, state = tmp_path / "a/b", tmp_path / "c/d"
    assert () == problems(source=str(pictures), output=str(output), state=str(state))
    assert output.is_dir()
    assert state.is_dir()


def test_a_wrong_source(pictures: Path, tmp_path: Path) -> None:
    """A source that does not exist, or that is no image, is refused with what would be right; no folder is created."""
    output = str(tmp_path / "out")
    (missing,) = problems(source=str(tmp_path / "nowhere"), output=output)
    assert f"SOURCE / INPUT_FOLDER is '{tmp_path}/nowhere', which does not exist; check the path" in missing
    (pictures / "notes.txt").write_text("no image")
    (file,) = problems(source=str(pictures / "notes.txt"), output=output)
    said = (
        f"SOURCE / INPUT_FOLDER is '{pictures}/notes.txt', which is a file without the name of an image; give a folder"
    )
    assert said in file
    with pytest.raises(SettingsError):
        check_local_folders(resolve({}, {"source": str(pictures / "notes.txt"), "output": output}))
    os.mkfifo(pictures / "pipe.jpg")
    (pipe,) = problems(source=str(pictures / "pipe.jpg"), output=output)
    assert "which is neither a folder nor a plain file" in pipe
    assert not Path(output).exists()


def test_one_image_as_the_source(pictures: Path, tmp_path: Path) -> None:
    """A file with the name of an image is a source; with detect=content any file is one."""
    assert () == problems(source=str(pictures / "a.jpg"), output=str(tmp_path / "out"))
    (pictures / "upload").write_bytes(b"")
    assert () == problems(source=str(pictures / "upload"), output=str(tmp_path / "out"), detect="content")


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("photos-bucket", "gs://photos-bucket"),
        ("photos-bucket/2026/in", "gs://photos-bucket/2026/in"),
        ("picture", "{here}/pictures"),
        ("pictures/b.jpg", "{here}/pictures/a.jpg"),
        ("pictures/2026/in", None),
        ("pictures/*.png", "{here}/pictures/' with --include '*.png"),
        ("Photos", None),
        ("/nowhere/photos", None),
    ],
)
def test_what_a_missing_source_means(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, source: str, meant: str | None
) -> None:
    """A name much like a neighbour's means that one; else a relative path whose first part is missing is a bucket."""
    assert pictures.is_dir()
    monkeypatch.chdir(pictures.parent)
    (problem,) = problems(source=source, output="out")
    said = (
        f"did you mean '{meant.format(here=Path.cwd())}'? If not, check the path" if meant else "exist; check the path"
    )
    assert said in problem


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("pictures/a.jpg", "which is a file; give a folder"),
        ("pictures/a.jpg/below", "is a file; give a folder"),
    ],
)
def test_a_wrong_output(pictures: Path, tmp_path: Path, output: str, said: str) -> None:
    """An output, or a folder for records, that cannot be created is refused, and named with its setting."""
    wrong = str(tmp_path / output)
    (problem,) = problems(source=str(pictures), output=wrong)
    assert problem.startswith(f"--output / OUTPUT_BUCKET is '{wrong}', which")
    assert said in problem
    (problem,) = problems(source=str(pictures), output=str(tmp_path / "out"), state=wrong)
    assert problem.startswith(f"--state / THUMBRUN_STATE is '{wrong}', which")
    both = problems(source=str(tmp_path / "nowhere"), output=wrong)
    assert 2 == len(both)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_an_output_that_the_system_refuses(pictures: Path) -> None:
    """An output that only the attempt to create it shows to be wrong is refused in the same way."""
    (problem,) = problems(source=str(pictures), output="/proc/thumbs")
    assert problem == "--output / OUTPUT_BUCKET is '/proc/thumbs', which cannot be created: No such file or directory"


@pytest.mark.parametrize("where", ["pictures", "out"])
@pytest.mark.parametrize("link", ["_thumbrun", "_thumbrun/local", "_thumbrun/local/marks"])
def test_a_link_in_place_of_thumbruns_own_folder(pictures: Path, tmp_path: Path, where: str, link: str) -> None:
    """A link in place of a folder of records or sidecars is refused, in the source and in the output."""
    planted = tmp_path / where / link
    planted.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "elsewhere").mkdir()
    planted.symlink_to(tmp_path / "elsewhere")
    (problem,) = problems(source=str(pictures), output=str(tmp_path / "out"))
    assert problem.startswith("SOURCE" if where == "pictures" else "--output")
    assert f"where '{planted}' is a symbolic link, which thumbrun does not follow; replace" in problem
    assert [] == list((tmp_path / "elsewhere").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("shut", ["pictures", "out", "above"])
def test_folders_of_another_user(pictures: Path, tmp_path: Path, shut: str) -> None:
    """A folder that this user may not list or write to is refused; the problem names both users."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    for name in ("out", "above", "above/pictures"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    (tmp_path / shut).chmod(0o700)
    source = tmp_path / "above/pictures" if shut == "above" else pictures
    program = (  # not the whole command, because that user cannot read every Python
        "import os, sys\n"
        "from tests.unit.task.test_local_folders import problems\n"
        f"os.setgroups([]); os.setgid({OTHER_USER}); os.setuid({OTHER_USER})\n"
        f"print(problems(source='{source}', output='{tmp_path / 'out'}'))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "" == said.stderr
    assert f"'{source if shut == 'above' else tmp_path / shut}', which" in said.stdout
    assert f"user {OTHER_USER}, as whom thumbrun runs, is not permitted to" in said.stdout
    assert "it belongs to user 0" in said.stdout


def test_a_folder_of_ones_own(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a folder that is shut is told how to open it."""
    (tmp_path / "my out").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0)  # this test can run as root
    (problem,) = problems(source=str(pictures), output=str(tmp_path / "my out"))
    assert problem.endswith(f"; it is yours: chmod u+wx '{tmp_path}/my out'")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != pictures)
    (problem,) = problems(source=str(pictures), output=str(tmp_path / "my out"))
    assert problem.endswith(f"; it is yours: chmod u+rx {pictures}")
