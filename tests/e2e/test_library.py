"""Tests of the library in real programs: it prints nothing, leaves no process, and is a guest in its process."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.e2e.programs import ran, started
from tests.unit.api.pictures import pictures_in
from thumbrun.demo.emulator import Emulator

ALL = """
import signal
from pathlib import Path
import psutil
import thumbrun

def handlers():
    return [signal.getsignal(number) for number in signal.valid_signals()], signal.set_wakeup_fd(-1)

before = handlers()
data = Path("in/0.jpg").read_bytes()
assert thumbrun.thumbnail(data, size=50).width == 50
plan = thumbrun.plan("in", output="out")
one = thumbrun.run("in", output="out", layout="tree")
two = thumbrun.run("in", output="two", tasks=2)
assert thumbrun.verify(one.folder).right and thumbrun.verify(two.folder).right
report = thumbrun.report(one.folder)
assert handlers() == before
left = psutil.Process().children(recursive=True)
print(plan.items, one.outcomes.done, dict(one.outcomes.failed), two.outcomes.done, report.done, sep="|")
print(sorted(process.pid for process in left))
"""
# Only the main thread may ask for the wakeup descriptor.
OFF_MAIN = ALL.replace(", signal.set_wakeup_fd(-1)", "")
THREADED = f"""
import threading, traceback
failed = []
def work():
    try:
        exec({OFF_MAIN!r}, {{}})
    except BaseException:
        failed.append(traceback.format_exc())
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("".join(failed), end="")
"""


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("code", [ALL, THREADED], ids=["main", "thread"])
def test_everything_in_a_program(tmp_path: Path, code: str) -> None:
    """All functions work in a program, on its main thread and off it; nothing stays, and nothing is said.

    Handlers of signals are as before, all that is printed is the program's own, and no process outlives it.
    """
    pictures_in(tmp_path / "in", 4, broken=1)
    counts, left = ran(tmp_path, code).splitlines()
    assert "5|4|{'unreadable': 1}|4|4" == counts
    assert [] == [pid for pid in json.loads(left) if psutil.pid_exists(pid)]


@pytest.mark.slow
def test_no_variable_is_a_setting(tmp_path: Path, emulator: Emulator) -> None:
    """What would be wrong or different settings of a command, and another task, changes nothing."""
    pictures_in(tmp_path / "in", 3)
    environment = {
        "THUMBRUN_SIZE": "none",
        "THUMBRUN_FORMAT": "webp",
        "THUMBRUN_MAX_IMAGES": "1",
        "THUMBRUN_RESUME": "other",
        "THUMBRUN_WORKER": "3",
        "INPUT_FOLDER": "gs://nowhere/in",
        "OUTPUT_BUCKET": "nowhere",
        "STORAGE_EMULATOR_HOST": emulator.url,
        "TASK_INDEX": "4",
        "CLOUD_RUN_TASK_INDEX": "7",
        "CLOUD_RUN_TASK_COUNT": "9",
    }
    code = """
from pathlib import Path
import thumbrun
for tasks in (None, 2):
    made = thumbrun.run("in", output=f"out{tasks}", tasks=tasks)
    assert made.complete and made.outcomes.done == 3 and not made.warnings, made
    assert thumbrun.verify(made.folder).right
assert thumbrun.plan("in").items == 3
assert thumbrun.thumbnail(Path("in/0.jpg").read_bytes()).format == "jpeg"
"""
    assert "" == ran(tmp_path, code, environment)
    assert ["0.jpg", "1.jpg", "2.jpg"] == sorted(path.name for path in tmp_path.glob("outNone/2*/*"))


def test_a_bucket(tmp_path: Path, emulator: Emulator) -> None:
    """Buckets are read and written as by the command; what is wrong with one is an error."""
    emulator.create_bucket("photographs")
    for path in pictures_in(tmp_path / "in", 3).iterdir():
        emulator.put("photographs", f"in/{path.name}", path.read_bytes(), content_type="image/jpeg")
    code = f"""
import thumbrun
made = thumbrun.run("gs://photographs/in", emulator="{emulator.url}")
assert made.outcomes.done == 3 and thumbrun.verify(made.folder, emulator="{emulator.url}").right
try:
    thumbrun.run("gs://missing-bucket/in", emulator="{emulator.url}")
except thumbrun.SettingsError as error:
    print(*error.problems)
try:
    thumbrun.run("gs://photographs/in", endpoint="http://localhost:1")
except thumbrun.UnauthenticatedError as error:
    print(bool(error.hint))
"""
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")}
    problems, hint = ran(tmp_path, code, environment).splitlines()
    assert problems.startswith("source is 'gs://missing-bucket/in/', but")
    assert "True" == hint


KILLED = """
import os, time
from pathlib import Path
import psutil
import thumbrun
thumbrun.thumbnail(Path("in/0.jpg").read_bytes())
fork = os.fork()
if not fork:
    time.sleep(600)
print(fork, *(process.pid for process in psutil.Process().children(recursive=True) if process.pid != fork), flush=True)
time.sleep(600)
"""


def test_a_killed_program_leaves_no_process(tmp_path: Path) -> None:
    """The decoding processes end with a program that is killed, even if a process that it forked lives on."""
    pictures_in(tmp_path / "in", 1)
    program = started(tmp_path, KILLED)
    assert program.stdout is not None
    fork, *decoders = map(int, program.stdout.readline().split())
    try:
        assert len(decoders) > 1
        program.kill()
        program.wait()
        while any(psutil.pid_exists(pid) for pid in decoders):
            time.sleep(0.01)
        assert psutil.pid_exists(fork)
    finally:
        os.kill(fork, signal.SIGKILL)
        program.communicate()


INTERRUPTED = """
import os, signal, threading, time
import thumbrun

seen = []
def progress(now):
    seen.append(now)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    if len(seen) >= 3:
        time.sleep(0.2)  # the run waits for the interrupt, however late that comes
try:
    thumbrun.run("in", output="out", workers=1, progress=progress)
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
again = thumbrun.run("in", output="out", workers=1)
print(again.complete, again.outcomes.done, threading.active_count())
"""


def test_ctrl_c_stops_in_order(tmp_path: Path) -> None:
    """Ctrl-C raises KeyboardInterrupt once the run has recorded what it has done, and the same call goes on."""
    pictures_in(tmp_path / "in", 60)
    assert ["interrupted 1", "True 60 1"] == ran(tmp_path, INTERRUPTED).splitlines()
    assert 1 == len(list(tmp_path.glob("out/2*")))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the kernel's own libraries
def test_in_a_notebook(tmp_path: Path) -> None:
    """In the kernel of a notebook, where a loop runs, cells call all functions, with and without `await`."""
    pictures_in(tmp_path / "in", 2)
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), stderr=subprocess.DEVNULL)
    said: list[str] = []
    try:
        for cell in (
            "import asyncio, thumbrun; assert asyncio.get_running_loop()",
            "data = open('in/0.jpg', 'rb').read(); a = thumbrun.thumbnail(data)",
            "assert a == await thumbrun.thumbnail_async(data)",
            "made = thumbrun.run('in', output='out'); assert made.outcomes.done == 2",
            "assert (await thumbrun.verify_async(made.folder)).right",
            "assert (await thumbrun.run_async('in', output='two')).complete",
            "assert thumbrun.report(made.folder).done == (await thumbrun.plan_async('in')).items",
        ):
            answer = client.execute_interactive(
                cell, output_hook=lambda message: said.append(str(message["content"])), timeout=120
            )
            assert "ok" == answer["content"]["status"], said
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [] == [text for text in said if "text" in text or "traceback" in text]
