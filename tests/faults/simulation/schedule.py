"""The events of one schedule, all drawn from a seed."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.faults.simulation.life import Fate
from tests.faults.simulation.names import expected
from tests.faults.simulation.outputs import ONE_EACH, USUAL_WIDTH, Outputs, draw_outputs
from tests.faults.simulation.pictures import Picture, draw, draw_name, poisonous
from tests.faults.store import Fault

SOURCE_PREFIX = "photos/"
PLACES = ("other bucket", "other bucket", "same bucket", "inside the source")  # places of the output


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that a user makes to the source while thumbrun works.

    Attributes:
        at: The time, in virtual seconds.
        name: The name of the object.
        picture: The picture that the user puts there, or None to delete the object.
    """

    at: float
    name: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of an execution, as its engine starts it.

    Attributes:
        index: The index of the task.
        count: The number of tasks that the engine tells it.
        start: The virtual seconds until it starts.
        fates: The fate of each attempt; later attempts have no faults.
        retried: Whether its engine retries it until it ends well.
        odd: Whether its settings differ from those of the other tasks.
    """

    index: int
    count: int
    start: float
    fates: tuple[Fate, ...]
    retried: bool = True
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """One start of the job.

    Attributes:
        name: The id of the execution if the platform tells it, or an empty string.
        run_id: The run that its settings name, or an empty string.
        tasks: The tasks of all rounds: the first start, and perhaps another with a different count.
    """

    name: str
    run_id: str
    tasks: tuple[TaskPlan, ...]

    @property
    def by_hand(self) -> bool:
        """Whether only the settings tell that its tasks belong together."""
        return not (self.name or self.run_id)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that happens in one world.

    Attributes:
        seed: The seed, which decides everything else.
        pictures: The objects in the source at the beginning, by name.
        edits: The changes that users make meanwhile.
        strangers: The names in the output that a stranger has taken.
        executions: The executions that work.
        rates: The probability of each fault an operation.
        place: `other bucket`, `same bucket` or `inside the source`.
        state_elsewhere: Whether the records lie in a bucket of their own.
        versioning: Whether the source keeps old generations.
        layout: `flat` or `tree`.
        hashed: Whether thumbnails carry a hash of their source's name.
        page_limit: The most entries of a page.
        shards_a_task: The number of shards a task that a plan is cut into.
        denied_for_taken: Whether the store answers 403 for a name that is taken.
        in_flight: The most requests at once.
        seconds: The most seconds that a picture takes.
        slow: The probability that an operation takes seconds.
        listing_seconds: The most seconds that a page of the source's listing takes.
        denied: The names of source objects that may not be read, although others may.
        outputs: The thumbnails that the tasks make of each image.
    """

    seed: int
    pictures: Mapping[str, Picture]
    edits: tuple[Edit, ...]
    strangers: tuple[str, ...]
    executions: tuple[Execution, ...]
    rates: Mapping[Fault, float] = field(default_factory=dict)
    place: str = "other bucket"
    state_elsewhere: bool = False
    versioning: bool = False
    layout: str = "flat"
    hashed: bool = False
    page_limit: int = 1000
    shards_a_task: int = 4
    denied_for_taken: bool = False
    in_flight: int = 8
    seconds: float = 1.0
    slow: float = 0.0
    listing_seconds: float = 0.0
    denied: frozenset[str] = frozenset()
    outputs: Outputs = ONE_EACH


def path_of(name: str) -> str:
    """Return the path below the source of an object."""
    return name.removeprefix(SOURCE_PREFIX)


def chance_of(seed: int, *what: object) -> random.Random:
    """Return a source of randomness for one purpose; one seed gives the same on every machine."""
    return random.Random(":".join(map(str, (seed, *what))))  # noqa: S311


def draw_schedule(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    chance = chance_of(seed, "schedule")
    folders = chance.choice((2, 4, 6))
    names = {SOURCE_PREFIX + draw_name(chance, folders) for _ in range(chance.choice((1, 4, 6, 8, 10, 12, 16, 24, 48)))}
    pictures = {name: draw(chance, name) for name in sorted(names)}
    executions = _draw_executions(chance)
    # A chance of its own, so that what else happens is the same with several thumbnails as with one.
    own_chance = chance_of(seed, "outputs")
    outputs = draw_outputs(own_chance)
    if outputs != ONE_EACH:
        executions = tuple(_killed_at_thumbnails(own_chance, execution) for execution in executions)
    if all(execution.name for execution in executions) and chance.random() < 0.08:
        pictures[f"{SOURCE_PREFIX}poison.jpg"] = poisonous()  # only an engine's dead attempts are known at once
    named = [execution.run_id for execution in executions if execution.run_id]
    layout = chance.choice(("flat", "flat", "tree"))

    def taken(path: str) -> str:
        return own_chance.choice(expected(outputs, layout, path, USUAL_WIDTH)).name

    # The planner's beats can lie inside the source: pages must be large and fast enough for the listing to pass them.
    listing_seconds = chance.choice((0.0,) * 7 + (20.0,))
    rates = {} if listing_seconds and chance.random() < 0.5 else _draw_rates(chance)
    return Schedule(
        seed=seed,
        pictures=pictures,
        edits=_draw_edits(chance, sorted(names), folders),
        strangers=_draw_strangers(chance, named, sorted(names), taken),
        executions=executions,
        rates=rates,
        place=chance.choice(PLACES if len(executions) == 1 else PLACES[-2:]),
        state_elsewhere=chance.random() < 0.25,
        versioning=chance.random() < 0.3,
        layout=layout,
        hashed=chance.random() < 0.2,
        page_limit=chance.choice((5, 7)) if listing_seconds else chance.choice((2, 3, 5, 7, 20)),
        shards_a_task=chance.choice((1, 1, 2, 4, 20)),
        denied_for_taken=chance.random() < 0.2,
        in_flight=16 if listing_seconds else chance.choice((1, 4, 8)),
        seconds=chance.choice((0.0, 0.5, 4.0)),
        slow=0.0 if listing_seconds else chance.choice((0.0, 0.0, 0.03)),
        listing_seconds=listing_seconds,
        denied=frozenset(name for name in sorted(names) if chance.random() < 0.1)
        if chance.random() < 0.1
        else frozenset(),
        outputs=outputs,
    )


def _draw_executions(chance: random.Random) -> tuple[Execution, ...]:
    kind = chance.choice(("execution", "execution", "execution", "by hand", "named", "named execution"))
    one = _draw_execution(chance, kind, 1)
    if kind == "execution" and chance.random() < 0.25:
        return (one, _draw_execution(chance, kind, 2))  # two executions in one minute
    return (one,)


def _draw_execution(chance: random.Random, kind: str, number: int) -> Execution:
    count = chance.choice((1, 1, 2, 2, 3, 4, 5))
    spread = chance.choice((0.0, 1.0, 30.0, 90.0))
    death = chance.choice((0.0, 0.3, 0.6, 0.9))
    copies = chance.choice((0.0, 0.1, 0.5))
    tasks: list[TaskPlan] = []
    # If a task by hand starts again after its run is finished, it begins another run, as it should.
    rounds = [(count, True)]
    if kind != "by hand" and chance.random() < 0.2:
        rounds = [(count, False), (chance.choice((1, 2, 3, 4, 5)), True)]
    for number_of_round, (tasks_now, retried) in enumerate(rounds):
        for index in range(tasks_now):
            for copy in range(2 if chance.random() < copies else 1):
                fates = tuple(_draw_fate(chance, death) for _ in range(chance.choice((0, 1, 1, 2, 3))))
                start = number_of_round * chance.choice((0.0, 40.0, 400.0)) + chance.uniform(0, spread)
                tasks.append(TaskPlan(index, tasks_now, start, fates, retried=retried and copy == 0))
    if kind in ("execution", "named execution") and chance.random() < 0.05:
        late = chance.choice((0.0, 30.0, 300.0))
        tasks.append(TaskPlan(chance.randrange(count), count, late, (Fate(),), retried=False, odd=True))
    return Execution(
        f"execution-{number}" if "execution" in kind else "", "named-run" if "named" in kind else "", tuple(tasks)
    )


def _killed_at_thumbnails(chance: random.Random, execution: Execution) -> Execution:
    """Return an execution in which some attempts die at one of their first thumbnails instead of meeting their fate."""

    def fate(usual: Fate) -> Fate:
        if chance.random() < 0.7:
            return usual
        return Fate(killed_at_thumbnail=chance.randint(1, 12), applied=chance.random() < 0.5)

    tasks = [replace(task, fates=tuple(map(fate, task.fates))) for task in execution.tasks]
    return replace(execution, tasks=tuple(tasks))


def _draw_fate(chance: random.Random, death: float) -> Fate:
    """Return the fate of one attempt; deaths crowd at early operations, because tasks agree during these."""
    operation = chance.choice((chance.randint(1, 12), chance.randint(1, 40), chance.randint(1, 200)))
    if chance.random() < death:
        if chance.random() < 0.2:
            return Fate(killed_after=chance.choice((chance.uniform(0, 5), chance.uniform(0, 60))))
        return Fate(killed_at=operation, applied=chance.random() < 0.5)
    if chance.random() < 0.15:
        return Fate(paused_at=operation, pause=chance.choice((5.0, 30.0, 70.0, 150.0)))
    if chance.random() < 0.08:
        return Fate(told_after=chance.uniform(0, 40))
    return Fate()


def _draw_edits(chance: random.Random, names: list[str], folders: int) -> tuple[Edit, ...]:
    edits = []
    for _ in range(chance.choice((0, 2, 6, 12, 25))):
        name = SOURCE_PREFIX + draw_name(chance, folders) if chance.random() < 0.4 else chance.choice(names)
        picture = None if chance.random() < 0.5 else draw(chance, name)
        at = chance.choice((chance.uniform(0, 3), chance.uniform(0, 20), chance.uniform(0, 120)))
        edits.append(Edit(at, name, picture))
    return tuple(sorted(edits, key=lambda edit: edit.at))


def _draw_strangers(
    chance: random.Random, runs: list[str], names: list[str], taken: Callable[[str], str]
) -> tuple[str, ...]:
    """Return names in a run's folder that a stranger took before; only a named run's folder is known in advance.

    Args:
        chance: The source of randomness.
        runs: The named runs.
        names: The names of the source objects.
        taken: Returns the name of one of an image's thumbnails, given its path below the source.
    """
    found: set[str] = set()
    for run in runs:
        for name in names:
            if chance.random() < 0.04:
                found.add(f"{run}/{taken(path_of(name))}")
    return tuple(sorted(found))


def _draw_rates(chance: random.Random) -> dict[Fault, float]:
    """Return the probability of each fault: no faults, a little of all, or much of two."""
    kind = chance.random()
    if kind < 0.15:
        return {}
    if kind < 0.7:
        rate = chance.choice((0.002, 0.005, 0.01))
        return {fault: rate / 4 if fault in (Fault.REFUSING, Fault.DAMAGED_KEPT) else rate for fault in Fault}
    return {fault: 0.005 if fault is Fault.REFUSING else 0.08 for fault in chance.sample(sorted(Fault), 2)}
