"""A proxy between tasks and the emulator: it injects faults as it is told, and records all requests.

It runs in a thread of its own, so that the test that starts tasks can block.
"""

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from tests.faults.wire.asked import Asked, understand
from tests.faults.wire.faults import BEFORE, Decide, Fault, no_fault

_NOT_PASSED_ON = {"host", "connection", "transfer-encoding", "content-length", "keep-alive"}
_STATUSES = {
    Fault.UNAVAILABLE: (503, "Backend unavailable"),
    Fault.THROTTLED: (429, "rateLimitExceeded"),
    Fault.BROKEN: (500, "Internal error"),
    Fault.DENIED: (403, "Permission denied on resource (or it may not exist)."),
    Fault.TAKEN: (412, "At least one of the pre-conditions you specified did not hold."),
    Fault.DAMAGED: (400, "Provided CRC32C does not match calculated CRC32C."),
    Fault.LOST_UNAVAILABLE: (503, "Backend unavailable"),
}
_DRIPS = 20  # pieces of a body that drips


class _Broken(Exception):  # noqa: N818  (it is no error of the proxy)
    """The proxy must cut the connection here."""


class Proxy:
    """A running proxy.

    Attributes:
        url: The address of the proxy, in the form of `STORAGE_EMULATOR_HOST`.
        asked: All requests, in the order in which they came.
        faults: How often each kind was injected; all faults on later pages of a listing count as one kind of their own.
        decide: Returns the fault that a request suffers; you can change it at any time.
        refuse: Returns why a request is refused with 403, whatever `decide` says, or None; you can change it too.
        stall: Seconds that a stalled request is held before its connection is cut.
        drip: Seconds between two pieces of a body that drips.
        page_limit: The most objects in a page of a listing; the emulator itself never ends a page early.
        latency: Seconds that are added to every request, so that requests overlap.
        hold: Returns whether a request waits until `release`; you can change it at any time.
        held: Set while requests are held.
    """

    def __init__(self, upstream: str, decide: Decide = no_fault) -> None:
        """Set up the proxy; `start` makes it listen.

        Args:
            upstream: The emulator's address.
            decide: Returns the fault that a request suffers.
        """
        self._upstream = upstream
        self.url = ""
        self.asked: list[Asked] = []
        self.faults: Counter[str] = Counter()
        self.decide = decide
        self.refuse: Callable[[Asked], str | None] = lambda _: None
        self.hold: Callable[[Asked], bool] = lambda _: False
        self.held = threading.Event()
        self.stall = 1.0
        self.drip = 0.0125
        self.latency = 0.0
        self.page_limit = 1000
        self._times: Counter[tuple[str, str, str, str]] = Counter()
        self._released = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def start(self) -> None:
        """Start the thread, and wait until the proxy listens."""
        self._thread.start()
        if not self._ready.wait(60):
            raise AssertionError("the proxy does not start")

    def stop(self) -> None:
        """Cut all connections, and end the thread."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def release(self) -> None:
        """Pass on all held requests, and hold none until `hold` is set again."""
        self.hold = lambda _: False
        self.held.clear()
        self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as self._session:
            app = web.Application(client_max_size=1 << 30)
            app.router.add_route("*", "/{path:(?s:.*)}", self._handle)  # names can hold line breaks
            runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._ready.set()
            await self._end.wait()
            await runner.cleanup()
            stalled = asyncio.all_tasks() - {asyncio.current_task()}
            for task in stalled:
                task.cancel()
            await asyncio.gather(*stalled, return_exceptions=True)

    def reads(self, bucket: str) -> int:
        """Return how many requests read an object of a bucket."""
        return sum(asked.operation == "read" and asked.bucket == bucket for asked in self.asked)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = understand(request.method, request.raw_path, body)
        key = (asked.operation, asked.bucket, asked.name, asked.from_name)
        self._times[key] += 1
        asked.time = self._times[key]
        self.asked.append(asked)
        await asyncio.sleep(self.latency)
        if why := self.refuse(asked):
            self.faults["403 for a while"] += 1
            return _answer(asked, 403, why)
        fault = self.decide(asked)
        try:
            if fault in BEFORE:
                return await self._before(asked, fault)
            if self.hold(asked):
                self.held.set()
                await self._released.wait()
            return await self._forward(request, asked, body, fault)
        except _Broken:
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPServiceUnavailable from None  # nobody gets this answer

    def _suffered(self, asked: Asked, fault: Fault) -> None:
        asked.fault = fault.value
        self.faults["listing broken off between pages" if asked.from_name else fault.value] += 1

    async def _before(self, asked: Asked, fault: Fault) -> web.StreamResponse:
        """Answer without passing the request on."""
        self._suffered(asked, fault)
        if fault is Fault.STALL:
            await asyncio.sleep(self.stall)
        if fault in (Fault.STALL, Fault.RESET):
            raise _Broken
        return _answer(asked, *_STATUSES[fault])

    async def _forward(
        self, request: web.Request, asked: Asked, body: bytes, fault: Fault | None
    ) -> web.StreamResponse:
        """Pass the request on, and its answer back, as far as the fault allows."""
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _NOT_PASSED_ON}
        url = URL(self._upstream + self._raw_path(request, asked), encoded=True)
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            asked.status, asked.applied = answer.status, answer.status < 400
            passed = {key: value for key, value in answer.headers.items() if key.lower() not in _NOT_PASSED_ON}
        if fault is None:
            return web.Response(status=asked.status, body=content, headers=passed)
        return await self._after(request, asked, fault, web.Response(status=asked.status, body=content, headers=passed))

    async def _after(
        self, request: web.Request, asked: Asked, fault: Fault, answer: web.Response
    ) -> web.StreamResponse:
        """Spoil the answer of a request that the emulator has applied."""
        body = answer.body
        assert isinstance(body, bytes)
        if fault is Fault.DENIED_TAKEN:
            if asked.status != 412:
                return answer
            self._suffered(asked, fault)
            return _answer(asked, *_STATUSES[Fault.DENIED])
        if fault in (Fault.CUT, Fault.FLIP) and (asked.status >= 300 or not body):
            return answer  # nothing to damage
        self._suffered(asked, fault)
        if fault is Fault.LOST_UNAVAILABLE:
            return _answer(asked, *_STATUSES[fault])
        if fault is Fault.FLIP:
            place = sum(body) % len(body)
            answer.body = body[:place] + bytes([body[place] ^ 0x20]) + body[place + 1 :]
            return answer
        if fault is Fault.LOST_STALL:
            await asyncio.sleep(self.stall)
        if fault in (Fault.LOST_RESET, Fault.LOST_STALL):
            asked.status = 0
            raise _Broken
        return await self._slowly(request, answer, body, cut=fault is Fault.CUT)

    async def _slowly(
        self, request: web.Request, answer: web.Response, body: bytes, *, cut: bool
    ) -> web.StreamResponse:
        """Send a body in pieces with pauses between them, or send half of it and cut the connection."""
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(body)
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            if cut:
                await response.write(body[: len(body) // 2])
                await asyncio.sleep(0.01)  # so that what was sent arrives before the reset
                raise _Broken
            step = max(1, len(body) // _DRIPS)
            for start in range(0, len(body), step):
                await response.write(body[start : start + step])
                await asyncio.sleep(self.drip)
            await response.write_eof()
        return response

    def _raw_path(self, request: web.Request, asked: Asked) -> str:
        if asked.operation != "page":
            return request.raw_path
        limit = min(int(asked.query.get("maxResults", "1000")), self.page_limit)
        return str(URL(request.raw_path, encoded=True).update_query(maxResults=limit))


def _answer(asked: Asked, status: int, why: str) -> web.Response:
    """Return an error in the words of Cloud Storage; if it can be retried, it asks for no wait."""
    asked.status = status
    error = {"error": {"code": status, "message": why, "errors": [{"message": why, "domain": "global"}]}}
    headers = {"Retry-After": "0"} if status in (429, 503) else {}
    return web.Response(status=status, text=json.dumps(error), content_type="application/json", headers=headers)


@contextmanager
def running_proxy(upstream: str, decide: Decide = no_fault) -> Iterator[Proxy]:
    """Run a proxy in front of an emulator until the block ends."""
    proxy = Proxy(upstream, decide)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
