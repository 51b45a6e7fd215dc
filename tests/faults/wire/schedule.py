"""One schedule: real tasks with faults on the wire, which are killed, stopped, terminated, and retried as by an engine.

The seed fixes what happens. The time of each event is counted in requests, so that kills strike every step of the
protocol, however fast the machine is.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.e2e.tasks import Task, Tasks
from tests.faults.wire.asked import Asked
from tests.faults.wire.faults import Chance, Fault
from tests.faults.wire.oracle import Findings, Oracle
from tests.faults.wire.proxy import running_proxy
from tests.faults.wire.stage import Stage
from tests.faults.wire.world import OUTPUT, SOURCE, World
from thumbrun.demo.emulator import running_emulator

FINE_CODES = frozenset({0, 1, 130, -signal.SIGKILL, -signal.SIGTERM})  # of one attempt; the last must end with 0
_MOST_ATTEMPTS = 15
_CALM_AFTER = 4  # times the requests of a run without faults; then the faults stop, so that tasks can end
_END = 900.0  # seconds, on a busy machine too
_TICK = 0.01
# Faults that make a task wait for seconds are rarer.
_WEIGHTS = {Fault.STALL: 0.1, Fault.LOST_STALL: 0.1, Fault.DENIED: 0.3, Fault.DRIP: 0.5}


@dataclass(slots=True)
class Told:
    """The result of a schedule.

    Attributes:
        seed: The seed, which repeats the schedule.
        findings: The findings of the oracle.
        problems: The problems of the tasks themselves: a wrong exit code, or no end.
        faults: The injected faults by kind, without kills.
        kills: The number of SIGKILLs, including those to decoding processes.
        attempts: The number of task processes that were started.
        requests: The number of requests.
        seconds: How long the schedule took.
    """

    seed: int
    findings: Findings = field(default_factory=Findings)
    problems: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    attempts: int = 0
    requests: int = 0
    seconds: float = 0.0

    def failures(self) -> list[str]:
        """Return a line for each finding and each problem."""
        return [f"seed {self.seed}: {line}" for line in (*self.findings.all(), *self.problems)]


class Copy:
    """One live copy of one task, with its attempts in sequence."""

    def __init__(self, index: int, start: Callable[[int, int], Task]) -> None:
        """Start the first attempt."""
        self.index = index
        self.attempt = 0
        self._start = start
        self.task = start(index, 0)
        self.code: int | None = None

    def look(self) -> int | None:
        """Return the exit code of an attempt that ended since the last call, and start the next one if it failed."""
        if self.code == 0 or (code := self.task.process.poll()) is None:
            return None
        self.task.kill()  # in a container, the processes that it leaves behind die too
        if code != 0 and self.attempt < _MOST_ATTEMPTS:
            self.attempt += 1
            self.task = self._start(self.index, self.attempt)
        else:
            self.code = code
        return code

    @property
    def ended(self) -> bool:
        """Whether no further attempt follows."""
        return self.code is not None


class Schedule:
    """One seeded schedule."""

    def __init__(self, seed: int, folder: Path) -> None:
        """Set the seed; `run` draws the events.

        Args:
            seed: The seed that fixes the schedule.
            folder: The folder for the tasks' output.
        """
        self._seed = seed
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311
        self._told = Told(seed)
        self._copies: list[Copy] = []
        self._decoders_killed = 0
        self._resume_at: list[tuple[float, Task]] = []

    def run(self) -> Told:
        """Run the schedule to its end, and return its result."""
        began = time.monotonic()
        chance = self._chance
        self._folder.mkdir(parents=True, exist_ok=True)
        with running_emulator() as emulator, running_proxy(emulator.url) as proxy:
            self._world = World(emulator)
            self._images = chance.randint(40, 140)
            self._world.fill(self._images)
            self._proxy = proxy
            proxy.decide = Chance(str(self._seed), chance.choice((0.02, 0.06, 0.12, 0.2)), weights=_WEIGHTS)
            proxy.page_limit = chance.choice((7, 30, 1000))
            proxy.latency = chance.choice((0.002, 0.02, 0.05))
            proxy.stall = 60.0  # the task notices, and hangs up
            tasks = Tasks(self._folder)
            try:
                self._drive(tasks)
            finally:
                tasks.kill_all()
            self._told.findings = Oracle(self._world, killed_decoders=self._decoders_killed).judge(proxy.asked)
            self._told.faults.update(proxy.faults)
            self._told.requests = len(proxy.asked)
        self._told.seconds = time.monotonic() - began
        if self._told.failures():
            self._told.problems.append(f"what the tasks said lies in {self._folder}")
        return self._told

    def _drive(self, tasks: Tasks) -> None:
        chance = self._chance
        count = chance.randint(2, 4)
        events = self._events(count)
        stage = Stage(self._world, self._proxy, tasks)
        in_flight = str(chance.choice((2, 4, 16)))

        def start(index: int, attempt: int) -> Task:
            self._told.attempts += 1
            return stage.start(index, count, attempt, THUMBRUN_IN_FLIGHT=in_flight)

        indices = [*range(count), *([chance.randrange(count)] if chance.random() < 0.4 else [])]  # two live copies
        chance.shuffle(indices)
        self._copies = [Copy(index, start) for index in indices]
        began = time.monotonic()
        while not all(copy.ended for copy in self._copies):
            now = time.monotonic() - began
            if now > _END:
                self._told.problems.append(f"no end after {_END:g} s")
                return
            self._turn(now, events)
            time.sleep(_TICK)

    def _turn(self, now: float, events: list[tuple[int, Callable[[], None]]]) -> None:
        """Check which attempts have ended, and run the events that are due."""
        for copy in self._copies:
            code = copy.look()
            if code is not None and code not in FINE_CODES:
                self._told.problems.append(f"task {copy.index} ended with {code} in attempt {copy.attempt}")
        self._told.problems += [
            f"task {copy.index} ends with {copy.code} for good"
            for copy in self._copies
            if copy.code and not any(f"task {copy.index} ends" in problem for problem in self._told.problems)
        ]
        for when, task in self._resume_at:
            if now >= when:
                task.send(signal.SIGCONT)
        self._resume_at = [entry for entry in self._resume_at if now < entry[0]]
        if len(self._proxy.asked) > _CALM_AFTER * self._about:
            self._proxy.decide = lambda _: None
            self._proxy.refuse = lambda _: None
            events.clear()
        self._now = now
        while events and len(self._proxy.asked) >= events[0][0]:
            events.pop(0)[1]()

    def _events(self, count: int) -> list[tuple[int, Callable[[], None]]]:
        """Draw the events, each with the number of requests after which it happens."""
        chance = self._chance
        about = self._about = 30 * count + 4 * self._images

        kinds: list[tuple[Callable[[], None], int]] = [
            (self._kill, chance.randint(1, 5)),
            (self._terminate, chance.choice((0, 0, 1))),
            (self._kill_worker, chance.choice((0, 0, 1, 2))),
            (self._stop, chance.choice((0, 0, 1))),
            (self._change_source, chance.choice((0, 2, 4))),
            (self._deny_for_a_while, chance.choice((0, 0, 1))),
        ]
        events = []
        for what, times in kinds:
            # Half of the events come early, while tasks agree on a run and plan it.
            events += [(chance.randint(1, 40 * count if chance.random() < 0.5 else about), what) for _ in range(times)]
        return sorted(events, key=lambda event: event[0])

    def _someone(self) -> Task | None:
        live = [copy for copy in self._copies if not copy.ended and copy.task.process.poll() is None]
        return self._chance.choice(live).task if live else None

    def _kill(self) -> None:
        if task := self._someone():
            task.send(signal.SIGKILL)
            self._told.kills += 1

    def _terminate(self) -> None:
        if task := self._someone():
            with suppress(ProcessLookupError):
                task.process.terminate()
                self._told.faults["SIGTERM"] += 1

    def _stop(self) -> None:
        """Stop a task for longer than the others wait for a planner's beat."""
        if task := self._someone():
            task.send(signal.SIGSTOP)
            self._told.faults["SIGSTOP for 5 s"] += 1
            self._resume_at.append((self._now + 5.0, task))

    def _kill_worker(self) -> None:
        """Kill a decoding process, as a system does that runs out of memory."""
        if (task := self._someone()) and (decoders := decoding_processes(task)):
            with suppress(psutil.NoSuchProcess):
                self._chance.choice(decoders).kill()
                self._decoders_killed += 1
                self._told.kills += 1

    def _change_source(self) -> None:
        number = self._chance.randrange(self._images + 5)
        self._told.faults["source changed"] += 1
        if self._chance.random() < 0.7:
            self._world.replace(number)
        else:
            self._world.delete(number)

    def _deny_for_a_while(self) -> None:
        """Refuse one permission for some requests, like a role that was just granted and is not known everywhere."""
        left = round(3 * self._chance.uniform(0.5, 4.0))
        permission = self._chance.choice(("get", "list", "create"))
        bucket = self._chance.choice((SOURCE, OUTPUT))

        def refuse(asked: Asked) -> str | None:
            nonlocal left
            if not left or (asked.permission, asked.bucket) != (permission, bucket):
                return None
            left -= 1
            return "a role that is not seen yet"

        self._proxy.refuse = refuse


def decoding_processes(task: Task) -> list[psutil.Process]:
    """Return a task's decoding processes: the children of its fork server."""
    try:
        below = psutil.Process(task.process.pid).children(recursive=True)
        return [process for process in below if process.ppid() != task.process.pid]
    except psutil.NoSuchProcess:
        return []
