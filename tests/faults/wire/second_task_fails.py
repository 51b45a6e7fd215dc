"""Runs thumbrun on a machine that cannot start a second process of a run."""

import asyncio
import errno
import os
import sys
from asyncio.subprocess import Process
from itertools import count

from thumbrun.cli import main

_start = asyncio.create_subprocess_exec
_number = count()


async def _starting(*command: str, **options: object) -> Process:
    if next(_number) == 1:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return await _start(*command, **options)  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.create_subprocess_exec = _starting  # type: ignore[assignment]
    sys.exit(main())
