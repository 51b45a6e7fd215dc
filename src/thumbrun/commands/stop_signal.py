"""Turns what tells a process to stop into an event."""

import asyncio
import os
import signal

from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE

_STANDARD_INPUT = 0


def stop_signal() -> asyncio.Event:
    """Return an event that the first signal to stop sets; a second signal has its usual effect.

    A closed terminal sends SIGHUP, which nohup ignores. The process that started a local task tells it to stop by
    closing the task's standard input, because that happens however the process ends.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    local = bool(os.environ.get(LOCAL_TASKS_VARIABLE))

    def stopped() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)
        if local:
            loop.remove_reader(_STANDARD_INPUT)

    for number in numbers:
        loop.add_signal_handler(number, stopped)
    if local:
        loop.add_reader(_STANDARD_INPUT, stopped)
    return stop
