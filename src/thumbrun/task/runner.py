"""Runs one task from start to end: agrees on the run, finds or makes the plan, works its shards, records outcomes."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from thumbrun.clock import Clock
from thumbrun.decoding.launcher import Launcher
from thumbrun.decoding.pool import DecoderPool, Renderer
from thumbrun.errors import InterruptedRunError, NothingToDoError, SettingsError, TooLateError
from thumbrun.ledger.status import has_work, tally_so_far
from thumbrun.ledger.writer import LedgerWriter
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.planning.plan import Plan, read_plan
from thumbrun.planning.planner import Planner
from thumbrun.planning.shards import assign
from thumbrun.planning.survey import count_of_unlisted, describe
from thumbrun.runs.find_round import agree_on_round
from thumbrun.runs.find_run import AgreedRun
from thumbrun.runs.rounds import FIRST, Round, reasons_of
from thumbrun.settings.named_run import run_anew, run_arguments
from thumbrun.settings.planning_inputs import (
    naming_rule,
    nothing_hint,
    run_folder,
    source_to_list,
)
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Store
from thumbrun.storage.bucket_facts import UNKNOWN
from thumbrun.storage.location import Location
from thumbrun.storage.ramp import JITTER_A_TASK, MOST_JITTER
from thumbrun.task.admission import Admission, share
from thumbrun.task.finish import make_report, summarise, unchanged
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.join_run import join_run
from thumbrun.task.local_folders import prepare_local_folders
from thumbrun.task.nearness import requests_at_once
from thumbrun.task.open_stores import Stores, check_credentials
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.say_plan import say_plan, say_plan_awaited
from thumbrun.task.shard_processor import ShardProcessor
from thumbrun.task.task_result import TaskResult
from thumbrun.task.work_queue import WorkQueue

GRACE_SECONDS = 5.0  # for the items in progress when the task is told to stop
WRITE_DOWN_SECONDS = 2.5  # for the ledger, after that
_STOP_SECONDS = GRACE_SECONDS + WRITE_DOWN_SECONDS


class TaskRunner:
    """Runs one task of a run."""

    def __init__(
        self,
        settings: Settings,
        events: Events,
        clock: Clock,
        *,
        opener: Callable[[Location], Store] | None = None,
        renderer: Renderer | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        """Set up the task; `run` starts it.

        Args:
            settings: The settings of the task.
            events: Receives an event for everything that happens.
            clock: Provides time and randomness.
            opener: Opens each store, instead of `storage.open`.
            renderer: Makes the thumbnails, instead of decoding processes.
            launcher: Starts the decoding processes; its fork server can be running already.
        """
        self._settings = settings
        self._task = settings.task
        self._events = events
        self._clock = clock
        self._opener = opener
        self._renderer = renderer or DecoderPool(
            settings.workers,
            timeout=settings.image_timeout,
            memory=settings.memory,
            share=share(settings.memory, settings.workers),
            launcher=launcher,
        )
        self._renderer_started = False
        self._processor: ShardProcessor | None = None
        self._run_id = settings.resume or settings.run_id or ""

    async def run(self, stop: asyncio.Event) -> TaskResult:
        """Work until the task's shards are complete, or until `stop` is set.

        Raises:
            InterruptedRunError: The task was told to stop; it has recorded the outcomes so far.
            TooLateError: The task has worked for as long as it may; it has recorded the outcomes so far.
            NothingToDoError: The source holds no image.
            SettingsError: The settings do not fit the run, or the run's folder would hold the source.
            StoreError: A store fails; another attempt might succeed.
        """
        work = asyncio.ensure_future(self._work())
        told = asyncio.ensure_future(stop.wait())
        limit = self._settings.max_duration
        try:
            await asyncio.wait({work, told}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            late = not told.done()
            if not late:
                self._events.notice(
                    "stopping",
                    f"Stopping: this task records what it has done, which takes at most {_STOP_SECONDS:.0f} s",
                )
            if self._processor is not None:
                self._processor.stop()
                await asyncio.wait({work}, timeout=GRACE_SECONDS)
            work.cancel()
            await asyncio.wait({work}, timeout=WRITE_DOWN_SECONDS)
            if work.done() and not work.cancelled():
                result = work.result()  # if a store has failed, its error says more than "stopped"
                if self._processor is None or self._processor.finished:
                    return result
            if late:
                raise TooLateError(
                    f"stopped after {limit:g} seconds, the limit of --max-duration / THUMBRUN_MAX_DURATION; the "
                    "outcomes so far are recorded"
                )
            message = "stopped before the end; the outcomes so far are recorded"
            raise InterruptedRunError(message, hint=self.resume_hint())
        finally:
            work.cancel()
            told.cancel()
            await asyncio.gather(work, told, return_exceptions=True)

    def resume_hint(self) -> str:
        """Return the advice on how to continue the run."""
        if not self._run_id:
            return "start the task again"
        settings = self._settings
        return f"continue with: thumbrun run --resume {run_arguments(self._run_id, settings.output, settings.state)}"

    async def _work(self) -> TaskResult:
        began, started = self._clock.monotonic(), self._clock.now()
        settings = self._settings
        if settings.require_sandbox:
            await self._require_sandbox()
        if self._opener is None:
            check_credentials(settings)
        prepare_local_folders(settings)
        await self._clock.sleep(self._clock.uniform(0, min(MOST_JITTER, JITTER_A_TASK * (self._task.count - 1))))
        async with Stores(settings, self._events, self._clock, self._opener) as stores, AsyncExitStack() as stack:
            stack.push_async_callback(self._renderer.close)
            starting = asyncio.ensure_future(self._start_renderer())
            try:
                agreed = await self._agree(stores)
                this_round = await self._round(stores, agreed.run_id)
                if this_round is None:
                    return await unchanged(settings, stores, agreed, self._clock.monotonic() - began)
                planner, plan = await self._plan(stores, agreed)
                await starting
            finally:
                starting.cancel()
            ledger = LedgerWriter(
                stores.state,
                agreed.run_id,
                self._task,
                self._clock.nonce(),
                self._clock,
                this_round,
                machine=settings.machine,
                started=started,
            )
            own = await self._work_shards(stores, agreed, plan, ledger) if plan.items else Tally()
            whole, is_new = await summarise(stores.state, agreed, plan, ledger, self._clock)
            report = ""
            if is_new and plan.items and settings.report:
                await self._renderer.close()  # its memory is free for the report then
                report = await make_report(settings, stores, agreed.run_id, this_round, self._events, self._clock)
            unlisted = count_of_unlisted(plan.seen)
            if not plan.items and not settings.allow_empty and not unlisted:
                raise NothingToDoError(
                    describe(settings.source.uri(), plan.seen),
                    hint=nothing_hint(settings, plan.seen),
                )
            folder = stores.output.uri(run_folder(settings, agreed.run_id))
            seconds = self._clock.monotonic() - began
            worked = self._processor.worked if self._processor else Tally()
            named = run_arguments(agreed.run_id, settings.output, settings.state)
            anew = run_anew(self._settings.source, self._settings.output)
            so_far = None
            if whole is None and ledger.listed and this_round is FIRST:  # in a later round every item has an outcome
                so_far = tally_so_far(ledger.listed.values())
            return TaskResult(
                agreed.run_id,
                folder,
                own,
                whole,
                seconds,
                planner.listed,
                named,
                worked,
                unlisted,
                agreed.began,
                anew,
                plan.items,
                so_far,
                report,
            )

    async def _require_sandbox(self) -> None:
        """Start the renderer before anything is written, and refuse to work if nothing confines it.

        Raises:
            SettingsError: This system cannot confine what decodes.
        """
        await self._start_renderer()
        if not self._renderer.is_confined:
            await self._renderer.close()
            problem = (
                "--require-sandbox / THUMBRUN_REQUIRE_SANDBOX is set, but this system cannot confine the decoding "
                "processes; thumbrun --version --verbose tells which measures hold"
            )
            raise SettingsError([problem])

    async def _start_renderer(self) -> None:
        if self._renderer_started:
            return
        await self._renderer.start()
        self._renderer_started = True
        if not self._renderer.is_confined and self._task.index == 0 and not self._settings.require_sandbox:
            self._events.warning(
                "not-confined",
                "This system does not confine the decoding processes: a hostile image that takes one over can reach "
                "files and the network",
            )

    async def _agree(self, stores: Stores) -> AgreedRun:
        agreed = await join_run(self._settings, stores, self._clock)
        self._run_id = agreed.run_id
        self._events.label(run=agreed.run_id)
        self._events.info("run-agreed", f"Run {agreed.run_id} ({agreed.how})", began=agreed.began.isoformat())
        return agreed

    async def _round(self, stores: Stores, run_id: str) -> Round | None:
        """Return the round to work on, or None if a retry finds nothing to do."""
        settings = self._settings
        if settings.retry is None:
            return FIRST
        plan = await read_plan(stores.state, stores.state.names.run(run_id))
        if plan is None:
            raise SettingsError([f"RUN is {run_id}, a run without a plan; continue it with thumbrun run --resume"])
        this_round = await agree_on_round(
            stores.state,
            run_id,
            settings.retry,
            self._task,
            self._clock,
            join_within=settings.join_within,
            has_work=partial(has_work, stores.state, plan, Round(reasons=settings.retry)),
        )
        if this_round is None:
            if self._task.index == 0:  # it speaks for all
                reasons = " or ".join(sorted(settings.retry))
                self._events.notice(
                    "nothing-to-retry", f"No image of this run has the reason {reasons}, so there is nothing to retry"
                )
            return None
        everything = this_round.reasons == reasons_of(())
        reasons = "everything that failed or is missing" if everything else ", ".join(sorted(this_round.reasons))
        self._events.info("round-agreed", f"Round {this_round.number} retries: {reasons}", round=this_round.number)
        return this_round

    async def _plan(self, stores: Stores, agreed: AgreedRun) -> tuple[Planner, Plan]:
        settings, run_id = self._settings, agreed.run_id
        source = source_to_list(settings, stores.source)
        planner = Planner(
            stores.state,
            source,
            run_id,
            naming_rule(settings, run_id),
            self._task,
            self._clock,
            check=await self._guard(stores),
        )
        plan = await planner.plan(self._events.listing, partial(say_plan_awaited, self._events), is_new=agreed.is_new)
        say_plan(self._events, settings, plan, source.selection.unmatched, listed=planner.listed)
        return planner, plan

    async def _guard(self, stores: Stores) -> Callable[[int, Mapping[str, Any]], None] | None:
        """Return what refuses a plan, if there is a limit; only a limit on the cost needs to know the buckets."""
        settings = self._settings
        if settings.max_images is None and settings.max_cost is None:
            return None
        from thumbrun.settings.pricing_inputs import PlanGuard  # most runs have no limit, and start sooner without it

        facts = (UNKNOWN, UNKNOWN) if settings.max_cost is None else await stores.bucket_facts()
        return PlanGuard(settings, *facts).check

    async def _work_shards(self, stores: Stores, agreed: AgreedRun, plan: Plan, ledger: LedgerWriter) -> Tally:
        settings = self._settings
        resumed = agreed.resumed or settings.retry is not None
        # A bucket without requests falls back to its first rate, so a resumed run starts the ramp again.
        stores.ramp(self._clock.now() if resumed else agreed.began)
        shares = assign([shard.cost for shard in plan.shards], self._task.count, contiguous=settings.balance == "count")
        pipeline = Pipeline(
            stores.source,
            stores.output,
            self._renderer,
            Admission(settings.memory, settings.workers),
            ItemRules(
                run_id=agreed.run_id,
                folder=run_folder(settings, agreed.run_id),
                recipe=settings.recipe,
                max_pixels=settings.max_pixels,
                max_bytes=settings.max_bytes,
                cache_control=settings.cache_control,
                hash_source=settings.source_metadata == "hash",
                keeps_metadata=settings.metadata == "keep",
                placeholder=settings.placeholder,
                live=settings.retry is not None,
            ),
            self._clock,
            items_at_once=requests_at_once(stores.source, stores.output, settings.in_flight) + 2 * settings.workers,
        )
        shards = shares[self._task.index]
        joined = not agreed.is_new and (resumed or self._task.execution is None)
        queue = WorkQueue(
            stores.state, plan, shards, ledger, pipeline, self._task, self._clock, resumed=resumed, joined=joined
        )
        items = sum(plan.shards[number].items for number in shards)
        self._processor = ShardProcessor(
            items,
            queue,
            pipeline,
            self._events,
            self._clock,
            ledger_beside_output=settings.state.lies_below(settings.output),
            run_items=plan.items,
        )
        return await self._processor.run()
