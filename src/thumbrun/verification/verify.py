"""Check that a run is complete: every item has its outcome, and every thumbnail is whole and of the right size.

The check writes nothing. It lists the run's folder once, reads plan and ledger shard by shard, and decodes each
thumbnail in a process that holds no credentials. If the listing shows something unexpected, the check asks for that
object's record once more before it reports a problem, because tasks might be at work on the run.

The memory is bounded: 17 bytes for each object of the folder (see `inventory`), the items of `_SHARDS_AT_ONCE` shards,
`memory` bytes of thumbnails, and the memory that decoding them takes, which the box bounds.
"""

from contextlib import AsyncExitStack
from dataclasses import replace

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.console import counted
from thumbrun.decoding.pool import DecoderPool, Renderer
from thumbrun.errors import SettingsError
from thumbrun.ledger.reader import Ledger, StrayOutcomeError
from thumbrun.ledger.seals import last_seal, lost_parts
from thumbrun.logs.events import Events, Progress
from thumbrun.outcomes import Outcome, Reason, Status, Tally
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Item, Plan, read_plan, read_shard
from thumbrun.planning.thumbnail_names import Thumbnail, thumbnails_of
from thumbrun.runs.object_metadata import CHECKSUM_MARK, GENERATION_MARK, MARKS, ThumbnailMarks
from thumbrun.runs.records import RecordError
from thumbrun.runs.rounds import MISSING
from thumbrun.runs.summaries import last_summary, wrong_items
from thumbrun.settings.named_run import run_anew, run_arguments
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Entry, NotFoundError
from thumbrun.task.open_stores import Stores
from thumbrun.verification.decode_check import DecodeCheck
from thumbrun.verification.findings import IN_THE_WAY, Finding, FindingKind, Found, Problem, VerifyResult
from thumbrun.verification.inventory import list_folder, take_inventory

_SHARDS_AT_ONCE = 4
_UNREADABLE = (RecordError, NotFoundError)  # of records that are missing, damaged, or not thumbrun's own


class Verifier:
    """Checks one run."""

    def __init__(self, settings: Settings, stores: Stores, events: Events, renderer: Renderer | None) -> None:
        """Set up the check; nothing is read yet.

        Args:
            settings: The settings of the run; `resume` names the run.
            stores: The open stores of the run.
            events: Shows the progress of the check.
            renderer: Decodes the thumbnails, and is started; None: no thumbnail is opened.
        """
        run_id = settings.resume or ""
        self._settings = settings
        self._stores = stores
        self._events = events
        self._decode_check = (
            DecodeCheck(stores.output, renderer, settings.recipe, settings.memory) if renderer else None
        )
        self._run = stores.state.names.run(run_id)
        self._ledger = Ledger(stores.state, run_id, self._bad_part)
        self._folder = run_folder(settings, run_id)
        self._thumbnail_marks = ThumbnailMarks(run_id, settings.recipe.digest(), settings.source_metadata == "hash")
        self._seen = 0
        # Whether some items are open in shards that are not sealed, and whether some are open in sealed shards.
        self._waiting = self._lost = False
        # Whether a record is bad that the run needs, and whether one is that it can do without.
        self._lacking = self._damaged = False
        self._rounds: set[int] = set()  # of the ledger
        self._verified = Found(
            run=run_id,
            source=settings.source.uri(),
            folder=stores.output.uri(self._folder),
            records=stores.state.store.uri(self._run.prefix),
            opened=renderer is not None,
        )

    async def run(self) -> VerifyResult:
        """Check everything and return the result.

        Raises:
            SettingsError: A version of thumbrun that makes different thumbnails began the run.
            StoreError: A store fails, so the check is not complete.
        """
        await self._check_version()
        try:
            plan = await read_plan(self._stores.state, self._run)
        except _UNREADABLE as error:
            plan = None
            self._bad_record(error, "thumbrun checked nothing of the run")
        else:
            where = self._stores.state.store.uri(self._run.plan)
            if plan is None and (await self._stores.state.store.page(self._run.ledger, limit=1)).entries:
                self._bad_record(RecordError(f"{where} is missing"), "the run has outcomes of a plan")
            elif plan is None:
                self._add(FindingKind.NO_PLAN, object_=where)
        if plan is not None:
            await self._check_plan(plan)
        self._verified.advice += self._advice()
        return self._verified.result()

    async def _check_plan(self, plan: Plan) -> None:
        verified = self._verified
        verified.items, verified.shards = plan.items, len(plan.shards)
        if unlisted := plan.seen.get("unlisted"):
            for part in unlisted["named"]:
                self._add(FindingKind.NOT_LISTED, self._stores.source.uri(part["name"]), detail=part["detail"])
            verified.counts[FindingKind.NOT_LISTED] = unlisted["parts"]
        self._inventory = await take_inventory(self._stores.output, self._folder, MARKS, self._events.listing)
        verified.objects = self._inventory.objects
        async with BoundedGroup(_SHARDS_AT_ONCE) as group:
            for number in range(len(plan.shards)):
                await group.start(self._shard(plan, number))
        if not self._lacking:
            await self._name_unexplained()
        await self._check_spare_records(plan)
        if not (verified.counts[FindingKind.BAD_RECORD] or verified.counts[FindingKind.OPEN]):
            await self._check_summary()

    async def _check_spare_records(self, plan: Plan) -> None:
        """Read the records that thumbrun can do without: claims of planners, later rounds and summaries."""
        state, run = self._stores.state, self._run
        names = {run.summary(), *(run.round(number) for number in self._rounds if number)}
        beyond: set[str] = set()
        for prefix in (run.planner_claims, run.rounds, run.summaries):
            found = [entry.name async for entries in pages(state.store, prefix) for entry in entries]
            records = list(filter(state.is_record, found))
            beyond |= state.far_beyond(records)
            names.update(records)
        for name in sorted(filter(state.is_record, names)):
            try:
                record = await state.read(name)
                if name in beyond:
                    raise state.beyond_error(name)
            except RecordError as error:
                self._bad_spare(name, error)
                continue
            if record is None and name.startswith(run.rounds):
                self._bad_spare(name, RecordError("it is missing, but the ledger has outcomes of this round"))
            is_summary = name.startswith((run.summary(), run.summaries))
            if record and is_summary and (wrong := wrong_items(state.store.uri(name), record, plan.items)):
                self._bad_spare(name, wrong)

    async def _check_version(self) -> None:
        claim = await self._stores.state.read(self._run.claim)
        if claim is None:
            where = self._stores.state.store.uri(self._run.claim)
            self._bad_record(RecordError(f"{where} is missing"), "thumbrun cannot continue the run")
        elif claim["fingerprint"] != self._settings.fingerprint():
            problem = (
                f"RUN is {self._verified.run}, which a thumbrun began that makes different thumbnails; use that "
                "version of thumbrun to verify it"
            )
            raise SettingsError([problem])

    async def _shard(self, plan: Plan, number: int) -> None:
        try:
            items = await read_shard(self._stores.state, self._run, plan, number, self._settings.recipe.thumbnails)
            parts = await self._ledger.parts(number)
            outcomes, headers = await self._ledger.read(number, parts, items)
        except _UNREADABLE as error:
            items_of_shard = f"{counted(plan.shards[number].items, 'item')} of shard {number}"
            self._bad_record(error, f"thumbrun did not check {items_of_shard}")
            return
        self._rounds.update(header["round"] for header in headers.values())
        if lost := lost_parts(parts):
            problem = f"{counted(lost, 'part')} of shard {number} or more were deleted"
            where = self._stores.state.store.uri(self._run.shard_ledger(number))
            self._add(FindingKind.BAD_RECORD, object_=where, detail=problem)
            self._waiting = True
        self._verified.tally.merge(Tally.of(outcomes.values()))
        if len(outcomes) < len(items):
            sealed = last_seal(parts) >= 0
            self._waiting, self._lost = self._waiting or not sealed, self._lost or sealed
        async with BoundedGroup(self._settings.in_flight) as group:
            for index, item in enumerate(items):
                await group.start(self._item(item, outcomes.get(index)))

    async def _item(self, item: Item, outcome: Outcome | None) -> None:
        thumbnails, formats = thumbnails_of(self._settings.recipe, item), len(self._settings.recipe.formats)
        signature = [self._inventory.find(one.name) for one in thumbnails]  # from now on the item explains all of them
        source = self._stores.source.uri(item.source)
        uris = [self._stores.output.uri(self._folder + one.name) for one in thumbnails]
        if outcome is None:
            self._add(FindingKind.OPEN, source, uris[0])
        elif outcome.status is Status.DONE and len(thumbnails) > 1 and len(outcome.each) != len(thumbnails):
            told_of = counted(len(outcome.each), "thumbnail")
            detail = f"the outcome has {told_of}, but the run makes {len(thumbnails)} of each image"
            self._add(FindingKind.MISSING, source, uris[0], detail)
        else:
            for number, thumbnail in enumerate(thumbnails):
                told = outcome if len(thumbnails) == 1 else _of_thumbnail(outcome, number, formats)
                if wrong := await self._wrong(item, told, thumbnail, signature[number]):
                    self._verified.add(Finding(wrong.kind, source, uris[number], wrong.detail, thumbnail.label))
        self._seen += 1  # a finding is no image that failed, and one image can have several
        self._events.progress(Progress(total=self._verified.items, done=self._seen))

    async def _wrong(
        self, item: Item, outcome: Outcome, thumbnail: Thumbnail, signature: bytes | None
    ) -> Problem | None:
        if outcome.status is not Status.DONE:
            if signature is None or outcome.reason is Reason.NAME_TAKEN or await self._is_beside(item, thumbnail.name):
                return None
            return Problem(FindingKind.UNEXPLAINED, f"the outcome of the item is {outcome.status}: {outcome.reason}")
        if wrong := await self._wrong_by_listing(item, outcome, thumbnail.name, signature):
            return wrong
        if self._decode_check is None:
            return None
        return await self._decode_check.wrong(self._folder + thumbnail.name, thumbnail.format, outcome, thumbnail.box)

    async def _is_beside(self, item: Item, name: str) -> bool:
        """Return whether this is one of several thumbnails that was made completely before another one failed."""
        if not (self._settings.recipe.smaller or self._settings.recipe.further):
            return False
        entry = await self._entry(name)
        if entry is None:
            return True
        made_of = entry.metadata.get(GENERATION_MARK, "")
        marks = self._thumbnail_marks.of(self._stores.source.uri(item.source), made_of)
        sent = entry.metadata.get(CHECKSUM_MARK)
        whole = entry.crc32c is None or sent == f"{entry.crc32c:08x}"
        return whole and all(entry.metadata.get(key) == value for key, value in marks.items())

    async def _wrong_by_listing(
        self, item: Item, outcome: Outcome, name: str, signature: bytes | None
    ) -> Problem | None:
        marks = self._thumbnail_marks.of(self._stores.source.uri(item.source), outcome.made_of or item.generation)
        if signature == self._inventory.signature(outcome.output_bytes, marks):
            return None
        entry = await self._entry(name)
        if entry is None:
            return Problem(FindingKind.MISSING)
        if differing := [key for key in MARKS if entry.metadata.get(key) != marks[key]]:
            told = (f"{key} is {entry.metadata.get(key, 'not set')}; it should be {marks[key]}" for key in differing)
            bare = not any(key in entry.metadata for key in MARKS)
            return Problem(FindingKind.NOT_ITS_OWN, "it has no mark of thumbrun" if bare else "; ".join(told))
        if entry.size != outcome.output_bytes:
            detail = f"it has {counted(entry.size, 'byte')} instead of {outcome.output_bytes:,}"
            return Problem(FindingKind.WRONG_LENGTH, detail)
        return None

    async def _entry(self, name: str) -> Entry | None:
        try:
            return await self._stores.output.stat(self._folder + name)
        except UnicodeEncodeError:  # a plan can hold a name that is not UTF-8, and only a local destination has such
            return None

    async def _name_unexplained(self) -> None:
        """List the folder again to name the unexplained objects, because the inventory keeps only hashes of names."""
        left = self._inventory.unexplained
        if left:
            async for entry in list_folder(self._stores.output, self._folder):
                if self._inventory.is_unexplained(entry.name.removeprefix(self._folder)):
                    self._add(
                        FindingKind.UNEXPLAINED,
                        object_=self._stores.output.uri(entry.name),
                        detail="it is not the thumbnail of any item",
                    )
                    left -= 1
                    if not left:
                        return

    async def _check_summary(self) -> None:
        record = await last_summary(self._stores.state, self._verified.run)
        if record is None:
            return
        told, found = Tally.from_record(record), self._verified.tally
        if (told.done, +told.skipped, +told.failed) != (found.done, found.skipped, found.failed):
            in_summary = f"{counted(told.items, 'item')}, {told.done:,} done"
            in_ledger = f"{counted(found.items, 'item')}, {found.done:,} done"
            detail = f"the summary counts {in_summary}; the ledger has {in_ledger}"
            self._add(FindingKind.WRONG_SUMMARY, detail=detail)

    def _advice(self) -> list[str]:
        """Return what the user should do about the findings: commands and sentences."""
        counts = self._verified.counts
        settings = self._settings
        named = run_arguments(self._verified.run, settings.output, settings.state)
        anew = run_anew(settings.source, settings.output)
        in_the_way = [kind.value for kind in FindingKind if kind in IN_THE_WAY and counts[kind]]
        advice = []
        if self._lacking:
            advice.append(f"Restore the records from a copy, or begin another run, with your other flags: {anew}")
        elif self._damaged:
            advice.append(
                "Move the damaged records away that are named above; the run goes on without them, and works again "
                "what they held."
            )
        if counts[FindingKind.NOT_LISTED]:
            advice.append(
                "Let thumbrun read what is named under not-listed, and begin another run, with your other flags: "
                f"{anew}"
            )
        if in_the_way:
            kinds = ", ".join(in_the_way)
            advice.append(f"Delete the objects named under {kinds}, because thumbrun overwrites and deletes nothing.")
        if counts[FindingKind.NO_PLAN] or self._waiting:
            advice.append(f"thumbrun run --resume {named}")
        if counts[FindingKind.MISSING] or in_the_way or self._lost:
            advice.append(f"thumbrun retry {named} --reason {MISSING}")
        if counts[FindingKind.UNEXPLAINED]:
            advice.append("Unexplained objects do not harm the run. You can delete them if nobody needs them.")
        return advice

    def _bad_record(self, error: Exception, consequence: str) -> None:
        self._lacking = True
        self._add(FindingKind.BAD_RECORD, detail=f"{error}; {consequence}")

    def _bad_part(self, name: str, error: RecordError) -> None:
        if isinstance(error, StrayOutcomeError):
            self._bad_spare(name, error, FindingKind.STRAY_OUTCOME)
        else:
            self._bad_spare(name, error)
        self._waiting = True  # without the part, its shard is not complete

    def _bad_spare(self, name: str, error: RecordError, kind: FindingKind = FindingKind.BAD_RECORD) -> None:
        self._damaged = True
        where = self._stores.state.store.uri(name)
        self._add(kind, object_=where, detail=str(error).removeprefix(f"{where} "))

    def _add(self, kind: FindingKind, source: str = "", object_: str = "", detail: str = "") -> None:
        self._verified.add(Finding(kind, source, object_, detail))


def _of_thumbnail(outcome: Outcome, number: int, formats: int) -> Outcome:
    """Return the outcome for one of an item's thumbnails; it has a width and a height only for the largest box."""
    size = outcome.each[number] if outcome.each else 0
    if number < formats:
        return replace(outcome, output_bytes=size)
    return replace(outcome, output_bytes=size, width=0, height=0)


async def verify(settings: Settings, events: Events, clock: Clock, *, quick: bool) -> VerifyResult:
    """Check a run and return the result.

    Args:
        settings: The settings of the run; `resume` names the run.
        events: Shows the progress of the check.
        clock: The source of time and chance, for waits.
        quick: Whether to open no thumbnail.

    Raises:
        SettingsError: A version of thumbrun that makes different thumbnails began the run.
        StoreError, DecoderPoolError: The check is not complete.
    """
    async with Stores(settings, events, clock) as stores, AsyncExitStack() as stack:
        pool = None
        if not quick:
            pool = DecoderPool(settings.workers, timeout=settings.image_timeout, memory=settings.memory)
            stack.push_async_callback(pool.close)
            await pool.start()
        return await Verifier(settings, stores, events, pool).run()
