"""Calls a coroutine function from code without `await`: in a thread of its own, with an event loop of its own.

So a call works where a loop runs already, as in a notebook, and off the main thread. And asyncio touches no signal
handler, which it would do in the main thread.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import uvloop

P = ParamSpec("P")
T = TypeVar("T")


def blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return a function that calls a coroutine function and waits for its end; its name loses `_async`."""

    @functools.wraps(function)
    def called(*arguments: P.args, **keywords: P.kwargs) -> T:
        result: T = _Call(function(*arguments, **keywords)).result()
        return result

    called.__name__ = function.__name__.removesuffix("_async")
    called.__qualname__ = called.__name__
    return called


class _Call:
    """A coroutine that runs in a thread of its own."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._begun = threading.Event()
        # Until 3.13, a thread whose `join` was interrupted counts as ended while it still runs.
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="thumbrun")

    def result(self) -> Any:
        """Run the coroutine; return its result, or raise its error.

        What interrupts the wait, such as Ctrl-C, cancels the coroutine, and is raised once that has ended.
        """
        try:
            self._thread.start()
            self._ended.wait()
            self._thread.join()
        except BaseException:
            self._end()
            raise
        if self._error is not None:
            raise self._error
        return self._result

    def _end(self) -> None:
        """Cancel the coroutine, and wait until it has stopped; another interrupt makes it stop at once."""
        if self._thread.ident is None:  # the system gave no thread
            self._coroutine.close()
            return
        while not self._ended.is_set():
            with contextlib.suppress(KeyboardInterrupt):
                self._begun.wait()
                if self._task is not None:
                    with contextlib.suppress(RuntimeError):  # the loop is closed: the end is near
                        self._task.get_loop().call_soon_threadsafe(self._task.cancel)
                self._ended.wait()
        self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                self._result = runner.run(self._noted())
        except BaseException as error:  # noqa: BLE001  (the caller raises it)
            self._error = error
        finally:
            self._begun.set()
            self._ended.set()

    async def _noted(self) -> Any:
        self._task = asyncio.current_task()
        self._begun.set()
        return await self._coroutine
