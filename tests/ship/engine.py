"""Builds and runs containers with Docker where its daemon answers, or else with podman as `podman.sh` prepares it."""

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_IMAGE = "localhost/thumbrun-test"
_FILTERS = ("--filter", "label=thumbrun-test", "--filter", "until=24h")
# A container may do no more than a careful operator grants: all of this must be enough.
_CONFINED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--pids-limit", "200")


class NoEngineError(Exception):
    """No engine can run a container here; the message says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that builds and runs containers.

    Attributes:
        program: `docker` or `podman`.
        base: The image to build on.
    """

    program: str
    base: str

    def call(self, *arguments: str) -> str:
        """Run the engine and return what it prints.

        Raises:
            subprocess.CalledProcessError: The engine failed.
        """
        return self.ran([self.program, *arguments], check=True).stdout

    def ran(self, command: Sequence[str], *, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine to its end and return its exit code and output."""
        return subprocess.run(command, check=check, capture_output=True, text=True, cwd=ROOT, env=environment())

    def made(self, files: Iterable[str]) -> str:
        """Make this project's image with `make image`, or return the image that was made of the same files.

        Args:
            files: The files and folders that the image is made of.
        """
        tag = _hash(self.base, ROOT, files)
        options = shlex.join(self._options())
        make = ["make", "image", f"CONTAINER={self.program}", f"IMAGE={_IMAGE}", f"TAG={tag}"]
        return self._once(f"{_IMAGE}:{tag}", [*make, f"BUILD_OPTIONS={options}"])

    def built(self, folder: Path) -> str:
        """Build the Dockerfile of another folder, or return the image that was built of the same files."""
        image = f"{_IMAGE}:{_hash(self.base, folder, [path.name for path in folder.iterdir()])}"
        return self._once(image, [self.program, "build", "--tag", image, *self._options(), str(folder)])

    def _options(self) -> list[str]:
        options = ["--build-arg", f"BASE={self.base}", "--label", "thumbrun-test=yes"]
        if self.program == "podman":
            options += ["--pull=never", "--layers=false", "--isolation=chroot"]
            if _CERTIFICATES.exists():  # a proxy of this machine may have its own
                options += ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"]
        return options

    def _once(self, image: str, build: Sequence[str]) -> str:
        with Path(tempfile.gettempdir(), f"thumbrun-test-image-{os.getuid()}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes, and one of them builds
            if self.ran([self.program, "image", "inspect", image]).returncode:
                # Those that earlier versions of the files left behind.
                self.call("image", "prune", "--all", "--force", *_FILTERS)
                ended = self.ran(build)
                assert 0 == ended.returncode, ended.stdout[-2000:] + ended.stderr[-2000:]
        return image

    def command(
        self,
        image: str,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        memory: str = "512m",
        name: str = "",
    ) -> list[str]:
        """Return the command that runs a container with its own limits and no privileges, and removes it at its end.

        Args:
            image: The image.
            arguments: The arguments of its entry.
            variables: The variables that it gets; it gets no others.
            options: More options of the engine's command `run`.
            memory: The limit on its memory, swap included.
            name: The name of the container; without one it gets any.
        """
        limits = ["--network", "host", "--cpus", "1", "--memory", memory, "--memory-swap", memory, *_CONFINED]
        given = [part for item in (variables or {}).items() for part in ("--env", "=".join(item))]
        named = ["--name", name or f"thumbrun-test-{uuid.uuid4().hex}"]
        return [self.program, "run", "--rm", *named, *limits, *given, *options, image, *arguments]


def environment() -> dict[str, str]:
    """Return the environment of the engine's commands."""
    return {"CONTAINERS_CONF": str(_HERE / "containers.conf"), **os.environ}


def find_engine() -> Engine:
    """Return the engine that runs containers here.

    Raises:
        NoEngineError: There is none, or it is not permitted to.
    """
    if sys.platform != "linux":
        raise NoEngineError("the emulator, which containers use as their store, runs on Linux only")
    try:
        asked = subprocess.run(["docker", "version", "--format", "{{.Server.Os}}"], capture_output=True, text=True)
        if "linux" == asked.stdout.strip():
            return Engine("docker", "python:3.13-slim")
    except OSError:
        pass
    prepared = subprocess.run(["bash", str(_HERE / "podman.sh"), "--check"], capture_output=True, text=True)
    if prepared.returncode:
        said = prepared.stderr.strip().rpartition("\n")[2].removeprefix("podman.sh: ")
        raise NoEngineError(f"no container runs here: no Docker daemon answers, and {said}")
    return Engine("podman", prepared.stdout.strip())


def _hash(base: str, folder: Path, files: Iterable[str]) -> str:
    found = hashlib.sha256(base.encode())
    for name in sorted(files):
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return found.hexdigest()[:16]
