"""`thumbrun.verify`: check that a run is complete and that every thumbnail is right, as `thumbrun verify` does."""

import os
from collections.abc import Callable

from thumbrun.api.event_record import EventRecord
from thumbrun.api.existing_run import settings_of_run
from thumbrun.api.keywords import flags_of, keywords_of, source_text, takes, told_in_keywords
from thumbrun.api.own_loop import blocking
from thumbrun.clock import SystemClock
from thumbrun.logs.events import Events, Progress
from thumbrun.verification.findings import VerifyResult
from thumbrun.verification.verify import verify as verify_run

SETTINGS = keywords_of("verify")
_OWN = ("run", "quick", "progress")


@takes(SETTINGS)
async def verify_async(
    run: str | os.PathLike[str],
    *,
    quick: bool = False,
    progress: Callable[[Progress], object] | None = None,
    **keywords: object,
) -> VerifyResult:
    """Check that every item of a run has its outcome, and that every thumbnail is there, complete and of its size.

    This writes nothing.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        quick: Whether to check the listing only, and to open no thumbnail.
        progress: Is called with the progress as the check goes on. If it raises, the check ends with that error.
        **keywords: The settings, named and meant like the flags of `thumbrun verify`.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails, so the check is not complete.
        ThumbrunError: Anything else that ends the check; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
    flags = flags_of("verify", SETTINGS, keywords, _OWN)
    clock = SystemClock()
    events = Events(EventRecord(progress), clock)
    with told_in_keywords():
        settings, _ = await settings_of_run(source_text(run) or "", {}, flags, events, clock)
        return await verify_run(settings, events, clock, quick=quick)


verify = blocking(verify_async)
