"""Finds the run of a task: all tasks and retries of an execution find the same run id without talking to each other.

A task uses the first of these that exists:

1. the run id that the user set;
2. the anchor of its execution;
3. the anchor of the fingerprint, so that tasks that are started by hand meet, even if they start in different minutes.

A task first claims a run id and then anchors it. So an anchor never names a run that somebody else owns.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thumbrun.clock import Clock
from thumbrun.concurrency import both
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import Store

_EXECUTION, _FINGERPRINT = "execution", "fingerprint"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The settings that decide which run to work on.

    Attributes:
        fingerprint: The fingerprint of the settings; two commands with the same one ask for the same run.
        run_id: The run id that the user set, or None.
        resume: The id of a run that must exist and can be finished, or None.
        new: Whether to begin another run, even if the task could join one.
        join_within: How many seconds old an unfinished run can be so that a task started by hand still joins it.
        description: The settings that the claim of the run records, such as source, output and recipe.
    """

    fingerprint: str
    run_id: str | None
    resume: str | None
    new: bool
    join_within: float
    description: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AgreedRun:
    """The run that the tasks agreed on.

    Attributes:
        run_id: The id of the run, which names the output folder.
        began: The time when the id was claimed, in UTC.
        how: The reason for this run, in plain words.
        resumed: Whether the run is continued, so that perhaps no task has worked on it for a long time.
        is_new: Whether the run began just now, so that it has most likely no plan yet.
    """

    run_id: str
    began: datetime
    how: str
    resumed: bool = False
    is_new: bool = False


class RunFinder:
    """Finds the run of one task."""

    def __init__(
        self,
        state: RecordStore,
        output: Store,
        output_prefix: str,
        request: RunRequest,
        task: Task,
        clock: Clock,
        *,
        before_new: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Set up the search; nothing is read yet.

        Args:
            state: The store of the records.
            output: The store of the thumbnails.
            output_prefix: The prefix of all run folders.
            request: The settings that decide which run to work on.
            task: The task that asks for its run.
            clock: The source of time and chance.
            before_new: Awaited before a run is begun; nothing is written if it raises.
        """
        self._state = state
        self._output = output
        self._output_prefix = output_prefix
        self._request = request
        self._task = task
        self._clock = clock
        self._before_new = before_new

    async def run(self) -> AgreedRun:
        """Return the run to work on.

        Raises:
            SettingsError: The run began with other settings, or it is finished and belongs to another execution, or the
                user wants to resume it and it does not exist.
            StoreError: The state cannot be read or written.
        """
        if self._request.resume:
            return await self._resumed(self._request.resume)
        if self._request.run_id:
            return await self._named(self._request.run_id)
        if self._task.execution:
            return await self._of_execution(self._task.execution)
        return await self._of_fingerprint()

    async def _resumed(self, run_id: str) -> AgreedRun:
        claim = await self._state.read(self._state.names.run(run_id).claim)
        if claim is None:
            where = self._state.store.uri(self._state.names.run(run_id).claim)
            problem = f"--resume / THUMBRUN_RESUME is {run_id}, but there is no such run: {where} does not exist"
            raise SettingsError([problem])
        return self._agreed(claim, "resumed", resumed=True)

    async def _named(self, run_id: str) -> AgreedRun:
        execution = self._task.execution
        owner = f"{_EXECUTION}:{execution}" if execution else "user"
        claim = await self._state.read(self._state.names.run(run_id).claim)
        if claim is None:
            await self._check_new()
            claim = await self._claim(run_id, owner, likely_free=True)
        if execution and claim["owner"] != owner and await self._finished(run_id):
            problem = (
                f"--run-id / THUMBRUN_RUN_ID is {run_id}, but that run of {claim['owner']} is finished; "
                f"choose another id, or continue the run with --resume {run_id} / THUMBRUN_RESUME"
            )
            raise SettingsError([problem])
        how = "its id is given"
        return self._agreed(claim, how, resumed=not execution or claim["owner"] != owner)

    async def _of_execution(self, execution: str) -> AgreedRun:
        name = self._state.names.anchor(_EXECUTION, execution, 1)
        anchor = await self._state.read(name)
        owner = f"{_EXECUTION}:{execution}"
        if anchor is not None:
            if anchor["owner"] != owner:
                problem = f"{self._state.store.uri(name)} is the anchor of {anchor['owner']}, not of this execution"
                raise RecordError(problem, hint="delete this record, and start the job again")
            return self._agreed(await self._claim_of(anchor["run"]), f"joined: execution {execution} works on it")
        return await self._anchor(name, owner)

    async def _of_fingerprint(self) -> AgreedRun:
        number, anchor = await self._last_anchor()
        while True:
            if anchor is not None and not self._request.new:
                claim = await self._state.read(self._state.names.run(anchor["run"]).claim)
                if claim is not None and await self._joinable(claim):
                    return self._agreed(claim, "joined: it is unfinished and has the same settings")
            number += 1
            name = self._state.names.anchor(_FINGERPRINT, self._request.fingerprint, number)
            owner = f"{_FINGERPRINT}:{self._request.fingerprint}/{number}"
            if self._request.new:
                owner += f"/{self._clock.nonce()}"
            agreed = await self._anchor(name, owner)
            if not self._request.new or agreed.is_new:
                return agreed

    async def _last_anchor(self) -> tuple[int, dict[str, Any] | None]:
        prefix = self._state.names.anchors(_FINGERPRINT, self._request.fingerprint)
        last = await self._state.last_name(prefix)
        return (int(last.removeprefix(prefix)), await self._state.read_spare(last)) if last else (0, None)

    async def _joinable(self, claim: Mapping[str, Any]) -> bool:
        age = (self._clock.now() - datetime.fromisoformat(claim["began"])).total_seconds()
        return age < self._request.join_within and not await self._finished(claim["run"])

    async def _finished(self, run_id: str) -> bool:
        return await self._state.store.stat(self._state.names.run(run_id).summary()) is not None

    async def _anchor(self, name: str, owner: str) -> AgreedRun:
        """Claim a run id for an owner, then anchor it under a name that was free a moment ago.

        Returns:
            The run that is anchored, by this task or by another one.
        """
        claim = await self._name_run(owner)
        anchor = await self._state.create_or_read(
            name, {"run": claim["run"], "owner": owner}, claim["run"], likely_free=True
        )
        if anchor["run"] == claim["run"]:
            return self._agreed(claim, "new", is_new=True)
        return self._agreed(await self._claim_of(anchor["run"]), "joined: another task began it a moment earlier")

    async def _name_run(self, owner: str) -> dict[str, Any]:
        """Claim the current minute for an owner: `<minute>`, or `<minute>-2`, `-3` … if others have claimed it."""
        await self._check_new()
        minute = self._clock.now().strftime("%Y%m%dT%H%MZ")
        number = 1
        while True:
            run_id = minute if number == 1 else f"{minute}-{number}"
            number += 1
            claim, in_use = await both(self._state.read(self._state.names.run(run_id).claim), self._in_use(run_id))
            if claim is None and in_use:
                continue
            if claim is None:
                claim = await self._claim(run_id, owner, likely_free=True)
            if claim["owner"] == owner:
                return claim

    async def _check_new(self) -> None:
        if self._before_new is not None:
            await self._before_new()

    async def _in_use(self, run_id: str) -> bool:
        """Return whether the run's folder holds an object; without a claim, somebody deleted an earlier run's state."""
        page = await self._output.page(f"{self._output_prefix}{run_id}/", limit=1)
        return bool(page.entries)

    async def _claim(self, run_id: str, owner: str, *, likely_free: bool = False) -> dict[str, Any]:
        claim = {
            "run": run_id,
            "owner": owner,
            "fingerprint": self._request.fingerprint,
            "began": self._clock.now().isoformat(),
            **self._request.description,
        }
        return await self._state.create_or_read(
            self._state.names.run(run_id).claim, claim, run_id, likely_free=likely_free
        )

    async def _claim_of(self, run_id: str) -> dict[str, Any]:
        name = self._state.names.run(run_id).claim
        claim = await self._state.read(name)
        if claim is None:
            where = self._state.store.uri(name)
            problem = f"this task belongs to run {run_id}, but {where} was deleted; start the job again for another run"
            raise SettingsError([problem])
        return claim

    def _agreed(self, claim: Mapping[str, Any], how: str, *, resumed: bool = False, is_new: bool = False) -> AgreedRun:
        if claim["fingerprint"] != self._request.fingerprint:
            differing = [
                f"{key} was {claim.get(key)!r} and is now {value!r}"
                for key, value in self._request.description.items()
                if claim.get(key) != value
            ]
            differences = "; ".join(differing) or "its recipe is of another version of thumbrun"
            if self._request.resume:
                another = "begin another run without --resume / THUMBRUN_RESUME"
            elif self._request.run_id:
                another = "choose another id with --run-id / THUMBRUN_RUN_ID"
            else:
                another = "begin another run with --new / THUMBRUN_NEW"
            problem = f"run {claim['run']} began with other settings ({differences}); use the same ones, or {another}"
            raise SettingsError([problem])
        return AgreedRun(claim["run"], datetime.fromisoformat(claim["began"]), how, resumed, is_new)
