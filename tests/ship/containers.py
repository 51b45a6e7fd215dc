"""The containers of one test: started, waited for, and removed at its end."""

import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ship.engine import Engine, environment


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs, or has ended.

    Attributes:
        name: Its name.
        process: The engine's process, which ends with the container, and with its exit code.
    """

    name: str
    process: subprocess.Popen[str]

    def ended(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and the output."""
        output, _ = self.process.communicate()
        return self.process.returncode, output


@dataclass(slots=True)
class Containers:
    """Starts containers of one image.

    Attributes:
        engine: The engine.
        image: The image.
        folder: The folder in which the engine runs; podman leaves a file there when a container is out of memory.
    """

    engine: Engine
    image: str
    folder: Path
    _started: list[Container] = field(default_factory=list)

    def start(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        memory: str = "512m",
    ) -> Container:
        """Start a container; `Engine.command` says with what."""
        name = f"thumbrun-test-{uuid.uuid4().hex}"
        command = self.engine.command(
            self.image, *arguments, variables=variables, options=options, memory=memory, name=name
        )
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=environment(),
        )
        self._started.append(Container(name, process))
        return self._started[-1]

    def run(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        memory: str = "512m",
    ) -> tuple[int, str]:
        """Run a container to its end, and return its exit code and output."""
        return self.start(*arguments, variables=variables, options=options, memory=memory).ended()

    def remove(self) -> None:
        """Kill and remove those that still run."""
        for container in self._started:
            if container.process.poll() is None:
                self.engine.ran([self.engine.program, "rm", "--force", container.name])
                container.process.kill()
                container.process.communicate()


@contextmanager
def containers_of(engine: Engine, image: str, folder: Path) -> Iterator[Containers]:
    """Yield an object that starts containers of an image, and remove all of them at the end."""
    started = Containers(engine, image, folder)
    try:
        yield started
    finally:
        started.remove()
