"""A proxy between tasks and the emulator: it breaks what it is told to break, and keeps what was asked.

It runs in a thread of its own, so that whoever starts tasks may block.
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
_DRIPS = 20  # pieces in which a body drips where `drip` says so


class _Broken(Exception):  # noqa: N818  (it is no error of the proxy)
    """The connection is to be cut off here."""


class Proxy:
    """A running proxy.

    Attributes:
        url: Its address, as `STORAGE_EMULATOR_HOST` wants it.
        asked: Every request, in the order in which they came.
        faults: How often each kind was injected; whatever strikes a later page of a listing is a kind of its own.
        decide: Says which fault a request suffers; may be changed at any time.
        refuse: Says why a request is refused with 403 whatever `decide` says, or None; may be changed at any time.
        stall: Seconds that a stalled request is held before its connection is cut.
        drip: Seconds between two pieces of a body that drips.
        page_limit: Objects in a page of a listing, at most; the emulator itself never ends a page on its own.
        latency: Seconds that every request takes longer, so that things happen while others are under way.
        hold: Says whether a request is to wait until `release`; may be changed at any time.
        held: Set while requests are held.
    """

    def __init__(self, upstream: str, decide: Decide = no_fault) -> None:
        """Prepare.

        Args:
            upstream: The emulator's address.
            decide: Says which fault a request suffers.
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
        """Listen."""
        self._thread.start()
        if not self._ready.wait(60):
            raise AssertionError("the proxy does not start")

    def stop(self) -> None:
        """Cut all connections."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def release(self) -> None:
        """Let go what was held, and hold nothing more, until `hold` is set anew."""
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
            app.router.add_route("*", "/{path:(?s:.*)}", self._handle)  # names may hold line breaks
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
        """Return how often an object of a bucket was asked for."""
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
            raise web.HTTPServiceUnavailable from None  # which nobody hears

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
        """Pass the request on, and its answer back, as far as the fault lets it."""
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
        """Answer wrongly what was done rightly."""
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
        """Send a body in pieces with pauses between them, or half of it and no more."""
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
    """Answer as Cloud Storage words it, with no wait asked for where it may be tried again."""
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
