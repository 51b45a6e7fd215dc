"""Imported once by the fork server, before its first process: the decoders, ready to be shared by every fork.

A process that replaces another so starts in milliseconds, and the decoders' memory is there once for all of them.
"""

import signal
from collections.abc import Mapping
from multiprocessing import spawn
from typing import Any

from thumbrun.imaging import worker

__all__ = ["worker"]

_prepare = spawn.prepare


def _prepare_without_main(data: Mapping[str, Any]) -> None:
    """Prepare a new process without running the task's main script in it.

    multiprocessing imports that script so that what it defines can be unpickled. Nothing of it is, and the script
    would import the whole task: 25 MiB and 0.3 s for each process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at the first moment; see `worker`
    _prepare({key: value for key, value in data.items() if not key.startswith("init_main_from_")})


spawn.prepare = _prepare_without_main
