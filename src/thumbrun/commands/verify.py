"""`thumbrun verify`: check that a run is complete and that every thumbnail is right."""

import json
import sys
from collections.abc import Mapping

from thumbrun.clock import SystemClock
from thumbrun.commands.session import run_session, settings_of
from thumbrun.commands.standard_streams import show_result
from thumbrun.commands.summary import tally_text
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.verification.findings import VerifyResult, verified_text
from thumbrun.verification.verify import verify as verify_run

_NOT_RIGHT = 3


def verify(run: str, flags: Mapping[str, str | None], *, as_json: bool, quick: bool) -> int:
    """Check a run, print the findings and return the exit code.

    Args:
        run: The name of the run, as the user gave it.
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
        quick: Whether to check the listing only, and open no thumbnail.
    """
    settings, _ = settings_of(run, flags)

    async def command(events: Events) -> VerifyResult:
        return await verify_run(settings, events, SystemClock(), quick=quick)

    found = run_session(settings, command, stream=sys.stderr)  # only the findings go to the standard output
    if settings.quiet and found.right and not as_json:
        return 0
    outcomes = tally_text(Tally.from_record(found.outcomes.to_record()))
    show_result(json.dumps(found.to_record(), indent=1) if as_json else verified_text(found, outcomes))
    return 0 if found.right else _NOT_RIGHT
