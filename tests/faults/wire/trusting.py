"""Runs `thumbrun`, which here waits an hour for another process: so no slow machine makes a process seem gone."""

import sys

from thumbrun.api import local_tasks
from thumbrun.cli import main
from thumbrun.ledger import suspects
from thumbrun.task import shard_processor

_HOUR = 3600.0

if __name__ == "__main__":
    suspects.RECENT_SECONDS = shard_processor._PATIENCE = _HOUR
    local_tasks._PROGRAM = (sys.executable, "-m", "tests.faults.wire.trusting")
    sys.exit(main())
