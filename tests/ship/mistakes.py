"""Makes the mistakes of docs/troubleshooting.md for real, and returns what a person then reads.

Each mistake starts `python process.py`, as the container does, with what Cloud Run sets and one thing wrong.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.tasks import ENTRY, ROOT, clean_environment, cloud_run, task_processes
from tests.faults.wire.proxy import running_proxy
from tests.faults.wire.roles import Roles
from tests.faults.wire.stage import HURRIED, Stage
from tests.faults.wire.world import OUTPUT, SOURCE, World
from tests.photographs import draw
from thumbrun.demo.emulator import running_emulator

DEFAULT_ACCOUNT = "123456789-compute@developer.gserviceaccount.com"
OTHER_USER = 65532
_ARM = 183  # EM_AARCH64 in the header of an ELF file, where an x86-64 has 62
_X86 = 62
_PERMISSIONS = {"source list": (SOURCE, "list"), "source get": (SOURCE, "get"), "output create": (OUTPUT, "create")}


@dataclass(frozen=True, slots=True)
class Said:
    """What a process left behind.

    Attributes:
        code: Its exit code.
        text: What a person reads: standard error as it is, and the message of each line of a log.
    """

    code: int
    text: str


def _run(*arguments: str, folder: Path | None = None, program: str = ENTRY, **variables: str) -> Said:
    """Run the container's entry with these variables beside those of Cloud Run."""
    usual = {"CLOUD_RUN_JOB": "thumbs", **cloud_run(0, 1, execution="thumbs-1")}
    environment = clean_environment(**(usual | variables))
    ended = subprocess.run(
        [sys.executable, program, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(ended.returncode, _messages(ended.stdout) + ended.stderr)


def _messages(log: str) -> str:
    """Return the messages of a log in JSON, and all its other lines as they are."""
    return "".join(f"{json.loads(line)['message'] if line.startswith('{') else line}\n" for line in log.splitlines())


@contextmanager
def _stage() -> Iterator[Stage]:
    with (
        TemporaryDirectory() as folder,
        running_emulator() as emulator,
        running_proxy(emulator.url) as proxy,
        task_processes(Path(folder)) as tasks,
    ):
        stage = Stage(World(emulator), proxy, tasks)
        stage.world.fill(3)
        yield stage


def _staged(stage: Stage, **variables: str) -> Said:
    task = stage.start(0, 1, 0, module=HURRIED, **variables)
    return Said(task.wait(), _messages(task.output()))


def no_source() -> Said:
    """Leave INPUT_FOLDER out."""
    return _run()


def misspelt_variable() -> Said:
    """Misspell a variable, where there is nothing to do."""
    with TemporaryDirectory() as folder:
        return _run(INPUT_FOLDER=Path(folder).as_uri(), OUTPUT_BUCKET=Path(folder).as_uri(), THUMBRUN_WORKER="2")


def reserved_variable() -> Said:
    """Set a variable of Cloud Run by hand, and only one of the two."""
    environment = clean_environment(INPUT_FOLDER="gs://bucket-1/in", CLOUD_RUN_TASK_COUNT="4")
    ended = subprocess.run(
        [sys.executable, ENTRY], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return Said(ended.returncode, _messages(ended.stdout) + ended.stderr)


def entry_twice() -> Said:
    """Give the entry's file as an argument, as `--args process.py` does."""
    return _run("process.py", folder=ROOT, INPUT_FOLDER="gs://bucket-1/in", OUTPUT_BUCKET="my-thumbnails")


def no_credentials() -> Said:
    """Run on a machine that is not Google's, where there are no credentials at all."""
    with TemporaryDirectory() as home:
        return _run(INPUT_FOLDER="gs://bucket-1/in", HOME=home, CLOUD_RUN_JOB="")


def no_key_file() -> Said:
    """Name a key file that nobody mounted."""
    return _run(INPUT_FOLDER="gs://bucket-1/in", GOOGLE_APPLICATION_CREDENTIALS="/secrets/key.json")


def unreadable_key_file() -> Said:
    """Let another user own the key file; only root can do that."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        key = Path(folder) / "key.json"
        key.write_text('{"type": "service_account"}')
        key.chmod(0o600)
        return _as_another_user(
            "from thumbrun.storage.gcs.key_file import check_key_file\n",
            f"check_key_file({{'GOOGLE_APPLICATION_CREDENTIALS': '{key}'}})",
        )


def missing_permission(which: str) -> Said:
    """Take one permission from the account."""
    with _stage() as stage:
        stage.proxy.refuse = Roles.without(*_PERMISSIONS[which])
        return _staged(stage)


def _refused(why: Callable[[str], str], bucket: str = "") -> Said:
    """Have every request to a bucket, or to all, refused in words that depend on the permission."""
    with _stage() as stage:
        stage.proxy.refuse = lambda asked: why(asked.permission) if bucket in ("", asked.bucket) else None
        return _staged(stage)


def default_account() -> Said:
    """Run as the project's default account, which has no role on the bucket."""
    return _refused(
        lambda permission: (
            f"{DEFAULT_ACCOUNT} does not have storage.objects.{permission} access to the Google Cloud Storage bucket. "
            "Permission denied on resource (or it may not exist)."
        )
    )


def other_project() -> Said:
    """Read a bucket of another project, whose owner has granted nothing."""
    return _refused(
        lambda permission: (
            f"thumbs@my-project.iam.gserviceaccount.com does not have storage.objects.{permission} access to the "
            "Google Cloud Storage bucket. Permission denied on resource (or it may not exist)."
        ),
        SOURCE,
    )


def service_perimeter() -> Said:
    """Read a bucket of another project, which is inside a service perimeter."""
    return _refused(
        lambda _: "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: 8f1a", SOURCE
    )


def missing_bucket() -> Said:
    """Name a bucket that does not exist."""
    with _stage() as stage:
        return _staged(stage, INPUT_FOLDER="gs://no-such-bucket/in")


def nothing_there() -> Said:
    """Name a folder of the bucket that holds nothing."""
    with _stage() as stage:
        return _staged(stage, INPUT_FOLDER=f"gs://{SOURCE}/nowhere")


def folder_of_another_user() -> Said:
    """Mount a folder that the container's user may not write to; only root can become another user."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("photos", "thumbs"):
            (folder / part).mkdir(mode=0o755)
        return _as_another_user(
            "from thumbrun.settings.resolved import resolve\n"
            "from thumbrun.task.local_folders import prepare_local_folders\n",
            f"prepare_local_folders(resolve({{}}, {{'source': '{folder}/photos', 'output': '{folder}/thumbs'}}))",
        )


def _as_another_user(imports: str, call: str) -> Said:
    """Call a function as another user: not the whole command, because that user cannot read every Python."""
    program = (
        "import os, sys\n"
        "from thumbrun.cli import refuse\n"
        "from thumbrun.errors import SettingsError, ThumbrunError\n"
        f"{imports}"
        f"os.setgroups([]); os.setgid({OTHER_USER}); os.setuid({OTHER_USER})\n"
        "try:\n"
        f"    {call}\n"
        "except SettingsError as error:\n"
        "    sys.exit(refuse(error))\n"
        "except ThumbrunError as error:\n"
        "    print(error, error.hint, sep='\\n', file=sys.stderr)\n"
        "    sys.exit(error.exit_code)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    return Said(ended.returncode, ended.stderr)


def too_large_for_the_memory() -> Said:
    """Decode a picture that takes more memory than the setting allows."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        draw(6000, 1).save(Path(folder) / "in/panorama.jpg", quality=80, progressive=True, subsampling=0)
        return _run(
            "run",
            str(Path(folder) / "in"),
            INPUT_FOLDER="",
            OUTPUT_BUCKET=str(Path(folder) / "out"),
            THUMBRUN_MEMORY="96MiB",
            THUMBRUN_WORKERS="1",
        )


def other_processor() -> Said:
    """Start a program for another processor, as an image does that was built on an Apple laptop."""
    with TemporaryDirectory() as folder:
        program = Path(folder) / "python"
        own = Path(sys.executable).resolve().read_bytes()[:4096]
        machine = _ARM if own[18] == _X86 else _X86
        program.write_bytes(own[:18] + machine.to_bytes(2, "little") + own[20:])
        program.chmod(0o755)
        ended = subprocess.run(["sh", "-c", str(program)], capture_output=True, text=True, check=False)
        return Said(ended.returncode, ended.stderr)


MISTAKES: dict[str, Callable[[], Said]] = {
    "no source": no_source,
    "misspelt variable": misspelt_variable,
    "reserved variable": reserved_variable,
    "entry twice": entry_twice,
    "no credentials": no_credentials,
    "no key file": no_key_file,
    "unreadable key file": unreadable_key_file,
    "source list": lambda: missing_permission("source list"),
    "source get": lambda: missing_permission("source get"),
    "output create": lambda: missing_permission("output create"),
    "default account": default_account,
    "other project": other_project,
    "service perimeter": service_perimeter,
    "missing bucket": missing_bucket,
    "nothing there": nothing_there,
    "folder of another user": folder_of_another_user,
    "too large for the memory": too_large_for_the_memory,
    "other processor": other_processor,
}
