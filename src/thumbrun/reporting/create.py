"""Creates the report of a run beside its summary, once."""

import json

from thumbrun.clock import Clock
from thumbrun.reporting.page import page
from thumbrun.reporting.read_run import read_report
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import JSON_TYPE
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import ExistsError, Store

HTML_TYPE = "text/html; charset=utf-8"


async def create_report(
    settings: Settings, state: RecordStore, output: Store, run_id: str, round_number: int, clock: Clock
) -> str | None:
    """Create the report of a round, and return the URI of its page, or None if another process was first to begin it.

    A process that dies meanwhile leaves the record that says it has begun. So the report is not tried twice, and what
    killed one task cannot kill every attempt of it.

    Args:
        settings: The settings of the run.
        state: The store of the run's records.
        output: The store of its thumbnails.
        run_id: The id of the run.
        round_number: The number of the round.
        clock: Provides the time and the nonce of this process.

    Raises:
        StoreError: A store fails.
        RecordError: The plan cannot be read.
    """
    names = state.names.run(run_id)
    nonce = clock.nonce()
    begun = {"run": run_id, "round": round_number, "nonce": nonce, "began": clock.now().isoformat()}
    found = await state.create_or_read(names.report("begun", round_number), begun, run_id, likely_free=True)
    if found["nonce"] != nonce:
        return None
    report = await read_report(settings, state, output, run_id, clock, round_number=round_number)
    html, record = page(report).encode(), json.dumps(report.to_record(), indent=1).encode()
    for ending, body, content_type in (("json", record, JSON_TYPE), ("html", html, HTML_TYPE)):
        try:
            await state.create(names.report(ending, round_number), body, content_type, run_id)
        except ExistsError:
            continue  # nobody else makes it, so only the acknowledgement was lost
    return state.store.uri(names.report("html", round_number))
