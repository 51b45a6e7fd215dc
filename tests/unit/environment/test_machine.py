"""Tests of processors and memory, including container limits, from file trees as the kernel shows them."""

from pathlib import Path

import pytest

from thumbrun.environment import machine as resources

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture(autouse=True)
def big_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this machine one of 16 processors and 64 GiB."""
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a file system."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2, V1 = "sys/fs/cgroup/", "sys/fs/cgroup/cpu,cpuacct/"

PROCESSORS = {
    "no control groups": ({}, 16),
    "version 2, no limit": ({f"{V2}cpu.max": "max 100000\n"}, 16),
    "version 2, two processors": ({f"{V2}cpu.max": "200000 100000\n"}, 2),
    "version 2, one and a half": ({f"{V2}cpu.max": "150000 100000\n"}, 2),
    "version 2, a tenth of one": ({f"{V2}cpu.max": "10000 100000\n"}, 1),
    "more than there are": ({f"{V2}cpu.max": "9900000 100000\n"}, 16),
    "version 2, the group above has the limit": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            f"{V2}a/b/cpu.max": "max 100000\n",
            f"{V2}a/cpu.max": "300000 100000\n",
        },
        3,
    ),
    "version 1": ({f"{V2}cpu/cpu.cfs_quota_us": "400000\n", f"{V2}cpu/cpu.cfs_period_us": "100000\n"}, 4),
    "version 1, no limit": ({f"{V2}cpu/cpu.cfs_quota_us": "-1\n", f"{V2}cpu/cpu.cfs_period_us": "100000\n"}, 16),
    "version 1, own group in a shared folder": (
        {
            "proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/docker/abc\n0::/\n",
            f"{V1}docker/abc/cpu.cfs_quota_us": "500000",
            f"{V1}docker/abc/cpu.cfs_period_us": "100000",
        },
        5,
    ),
    "a period of nothing": ({f"{V2}cpu.max": "200000 0\n"}, 16),
    "what is no number": ({f"{V2}cpu.max": "\x00\x01"}, 16),
}

MEMORY = {
    "no control groups": ({}, 64 * GIB),
    "version 2": ({f"{V2}memory.max": f"{512 * MIB}\n"}, 512 * MIB),
    "version 2, no limit": ({f"{V2}memory.max": "max\n"}, 64 * GIB),
    "version 2, the lowest on the way up": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            f"{V2}a/b/memory.max": "max",
            f"{V2}a/memory.max": str(2 * GIB),
            f"{V2}memory.max": str(8 * GIB),
        },
        2 * GIB,
    ),
    "version 2, a group outside of what the container sees": (
        {"proc/self/cgroup": "0::/../../host\n", f"{V2}memory.max": str(GIB)},
        GIB,
    ),
    "version 1": ({f"{V2}memory/memory.limit_in_bytes": str(GIB)}, GIB),
    "version 1, no limit": ({f"{V2}memory/memory.limit_in_bytes": "9223372036854771712"}, 64 * GIB),
    "version 1, own group": (
        {"proc/self/cgroup": "4:memory:/jobs/7\n0::/\n", f"{V2}memory/jobs/7/memory.limit_in_bytes": str(3 * GIB)},
        3 * GIB,
    ),
    "version 1, the host's path in the container": (
        {"proc/self/cgroup": "4:memory:/docker/abc\n", f"{V2}memory/memory.limit_in_bytes": str(GIB)},
        GIB,
    ),
    "both versions": (
        {
            "proc/self/cgroup": "4:memory:/jobs/7\n0::/jobs\n",
            f"{V2}unified/jobs/memory.max": str(5 * GIB),
            f"{V2}memory/jobs/7/memory.limit_in_bytes": str(6 * GIB),
        },
        5 * GIB,
    ),
    "a limit beyond the machine": ({f"{V2}memory.max": str(500 * GIB)}, 64 * GIB),
    "a limit of nothing": ({f"{V2}memory.max": "0"}, 64 * GIB),
}


@pytest.mark.parametrize(("files", "expected"), PROCESSORS.values(), ids=PROCESSORS)
def test_processors(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    """The processors are those on which the process can run, within its groups' limits, rounded up."""
    assert expected == resources.processors(tree(tmp_path, files))


@pytest.mark.parametrize(("files", "expected"), MEMORY.values(), ids=MEMORY)
def test_memory(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    """The memory is the lowest limit of the process's groups, or the machine's own memory."""
    root = tree(tmp_path, files)
    assert expected == resources.memory(root)
    assert resources.this_machine({}, root).is_limited == (expected < 64 * GIB)


def test_memory_on_cloud_run(tmp_path: Path) -> None:
    """A task on Cloud Run has its memory for itself, even where its limit looks like the machine's own memory."""
    assert resources.this_machine({"CLOUD_RUN_JOB": "thumbs"}, tmp_path).is_limited


BOOT = "proc/sys/kernel/random/boot_id"


def machine_with(root: Path, boot: str = "b1", namespace: str = "pid:[1]", quota: str = "max") -> Path:
    """Make the files of a machine, or of a container on it, and return their root."""
    tree(root, {BOOT: f"{boot}\n", f"{V2}cpu.max": f"{quota} 100000\n", "proc/self/ns/other": ""})
    (root / "proc/self/ns/pid").symlink_to(namespace)
    return root


def test_who_shares_processors_has_one_name(tmp_path: Path) -> None:
    """Containers without a limit share their machine's name; a limited one has its own, as another machine has."""
    names = {
        kind: resources.name({}, machine_with(tmp_path / kind, **how))
        for kind, how in {
            "machine": {},
            "container": {"namespace": "pid:[2]"},
            "limited": {"namespace": "pid:[3]", "quota": "200000"},
            "limited too": {"namespace": "pid:[4]", "quota": "200000"},
            "another": {"boot": "b2"},
        }.items()
    }
    assert names["machine"] == names["container"]
    assert 4 == len(set(names.values()))
    assert {12} == {len(name) for name in names.values()}


def test_who_may_run_on_other_processors_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that a batch system binds to different processors of one machine share none of them."""
    root = machine_with(tmp_path)
    names = set[str]()
    for allowed in ({0, 1}, {1, 0}, {2, 3}):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, allowed=allowed: allowed, raising=False)
        names.add(resources.name({}, root))
    assert 2 == len(names)


def test_every_instance_of_cloud_run_is_a_machine(tmp_path: Path) -> None:
    """On Cloud Run tasks and attempts have names of their own, though their containers look alike."""
    root = machine_with(tmp_path)
    names = [
        resources.name(
            {
                "CLOUD_RUN_JOB": "thumbs",
                "CLOUD_RUN_EXECUTION": execution,
                "CLOUD_RUN_TASK_INDEX": index,
                "CLOUD_RUN_TASK_ATTEMPT": attempt,
            },
            root,
        )
        for execution, index, attempt in (("e1", "0", "0"), ("e1", "1", "0"), ("e1", "0", "1"), ("e2", "0", "0"))
    ]
    assert 4 == len(set(names))


def test_a_name_says_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no number of its own, a hash of its name on the network takes its place."""
    monkeypatch.setattr("platform.node", lambda: "anna-laptop")
    name = resources.name({}, tmp_path)
    assert "anna" not in name
    assert name == resources.name({}, tmp_path)
    monkeypatch.setattr("platform.node", lambda: "bens-laptop")
    assert name != resources.name({}, tmp_path)


def test_this_machine_has_something() -> None:
    """The figures of the machine that runs the tests are plausible."""
    found = resources.this_machine({})
    assert 1 <= found.processors <= 16
    assert 0 < found.memory <= 64 * GIB


def test_a_machine_without_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system does not say on which processors the process can run, all of them count."""
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert 6 == resources.processors(tmp_path)
