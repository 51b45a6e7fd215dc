"""Tests of the answers of Cloud Storage and of network failures, each with a small server of the test's own."""

import asyncio
import contextlib
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict

from thumbrun.storage import base
from thumbrun.storage.base import (
    BucketNotFoundError,
    BytesSink,
    Chunk,
    DamagedError,
    DeniedError,
    ExistsError,
    NameRefusedError,
    NobodyListensError,
    NotFoundError,
    ObjectRefusedError,
    StoreError,
    ThrottledError,
    TransientError,
    UnauthenticatedError,
)
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts
from thumbrun.storage.gcs import store as gcs_store
from thumbrun.storage.gcs.dial import Address
from thumbrun.storage.gcs.responses import entry_of
from thumbrun.storage.gcs.store import GcsStore

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A server that answers every request as the test says, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.url = ""
        self.answer: Handler = self._nothing

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.requests.append(request)
        await request.read()
        return await self.answer(request)

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Run a server."""
    made = Server()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def store(server: Server) -> AsyncIterator[GcsStore]:
    """Return a bucket that lies on the server."""
    made = GcsStore("bucket", emulator=server.url, user_project="payer-1")
    yield made
    await made.close()


def status(code: int, text: str = "", headers: Mapping[str, str] | None = None) -> Handler:
    """Return a handler that always gives the same answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)

    return answer


OPERATIONS: dict[str, Callable[[GcsStore], Awaitable[Any]]] = {
    "page": lambda store: store.page("in/"),
    "stat": lambda store: store.stat("a.jpg"),
    "read": lambda store: store.read("a.jpg", BytesSink()),
    "create": lambda store: store.create("a.jpg", b"x", content_type="image/jpeg", metadata={"k": "v"}),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (401, "", UnauthenticatedError),
        (403, "", DeniedError),
        (408, "", TransientError),
        (429, "", ThrottledError),
        (500, "", TransientError),
        (502, "", TransientError),
        (503, "", ThrottledError),
        (504, "", TransientError),
        (403, '{"reason": "rateLimitExceeded"}', ThrottledError),
        (404, "The specified bucket does not exist.", BucketNotFoundError),
        (400, "Bucket is a requester pays bucket but no user project provided.", StoreError),
    ],
)
async def test_answers_become_errors(
    server: Server, store: GcsStore, operation: str, code: int, text: str, expected: type[StoreError]
) -> None:
    """Each status is the same error for every operation, in one line and with a hint on what to check."""
    server.answer = status(code, f"{text}\n\x1b[2Jy" + "z" * 5000)
    with pytest.raises(StoreError) as caught:
        await OPERATIONS[operation](store)
    assert expected is type(caught.value)
    assert caught.value.hint
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
    assert 1 == len(server.requests)
    assert "payer-1" == server.requests[0].query["userProject"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", [400, 405, 451])
async def test_an_object_can_be_refused_for_its_own_sake(
    server: Server, store: GcsStore, operation: str, code: int
) -> None:
    """A read or a create that the store refuses can be the object's own affair; a key of its writer's certainly is."""
    server.answer = status(code, "The target object is encrypted by a customer-supplied encryption key.")
    with pytest.raises(StoreError) as caught:
        await OPERATIONS[operation](store)
    assert type(caught.value) is (ObjectRefusedError if operation in ("read", "create") else StoreError)
    assert (operation == "read") == getattr(caught.value, "is_own", False)
    assert "customer-supplied" in str(caught.value)


async def test_a_redirect_is_no_affair_of_an_object(server: Server, store: GcsStore) -> None:
    """A server that redirects a read answers in place of Cloud Storage, so no object gets an outcome because of it."""
    server.answer = status(302, "", {"Location": "http://login.example/"})
    with pytest.raises(StoreError) as caught:
        await store.read("a.jpg", BytesSink())
    assert StoreError is type(caught.value)


async def test_an_error_in_json_is_shown_by_its_sentence(server: Server, store: GcsStore) -> None:
    """A person reads the sentence of an error and no JSON; the advice names the default account of a project."""
    said = "12-compute@developer.gserviceaccount.com does not have storage.objects.list access to the bucket."
    server.answer = status(403, json.dumps({"error": {"code": 403, "message": said, "errors": [{"message": said}]}}))
    with pytest.raises(DeniedError) as caught:
        await store.page("in/")
    assert str(caught.value).endswith(f"HTTP status 403: {said}")
    assert "--service-account" in caught.value.hint


@pytest.mark.parametrize("text", ["{", "[]", '{"error": "no"}', '{"error": {"message": 1}}', "<html>", "[" * 4000])
async def test_any_other_error_is_shown_as_it_is(server: Server, store: GcsStore, text: str) -> None:
    """What is not an error of Cloud Storage, such as the page of a proxy, is shown as far as it fits into a line."""
    server.answer = status(403, text)
    with pytest.raises(DeniedError) as caught:
        await store.page("in/")
    assert text[:300] in str(caught.value)
    assert "--service-account" not in caught.value.hint


@pytest.mark.parametrize(
    ("operation", "code", "text", "expected"),
    [
        ("read", 404, "No such object: my-bucket/the specified bucket does not exist", NotFoundError),
        ("read", 404, "Not Found", NotFoundError),
        ("page", 404, "", BucketNotFoundError),
        ("create", 404, "", BucketNotFoundError),
        ("create", 412, "", ExistsError),
        ("create", 400, "Provided CRC32C does not match", TransientError),
        ("create", 400, "Disallowed unicode characters present in object name", NameRefusedError),
    ],
)
async def test_answers_that_mean_something_for_one_operation(
    server: Server, store: GcsStore, operation: str, code: int, text: str, expected: type[StoreError]
) -> None:
    """A missing object, a taken name and bytes damaged on the way each have their own error."""
    server.answer = status(code, text)
    with pytest.raises(StoreError) as caught:
        await OPERATIONS[operation](store)
    assert expected is type(caught.value)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [("7", 7, 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Fri, 31 Dec 2100 23:59:59 GMT", 10**9, 10**10)],
)
async def test_what_the_store_asks_to_wait(
    server: Server, store: GcsStore, header: str, low: float, high: float
) -> None:
    """Retry-After is a number of seconds or a date."""
    server.answer = status(429, headers={"Retry-After": header})
    with pytest.raises(ThrottledError) as caught:
        await store.page("in/")
    assert caught.value.retry_after is not None
    assert low <= caught.value.retry_after <= high


async def cut_short(request: web.Request) -> web.StreamResponse:
    """Promise more bytes than arrive."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"x" * 10)
    assert request.transport is not None
    request.transport.close()
    return response


async def reset(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent(request: web.Request) -> web.StreamResponse:
    """Begin an answer and send no more."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"x")
    await asyncio.sleep(30)
    return response


async def dripping(request: web.Request) -> web.StreamResponse:
    """Send a byte from time to time, so that the connection is never silent."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b"x")
        await asyncio.sleep(0.05)
    return response


@pytest.mark.parametrize("operation", ["page", "stat", "read"])
@pytest.mark.parametrize("behaviour", [cut_short, reset, silent, dripping])
async def test_what_a_network_does(
    server: Server, store: GcsStore, behaviour: Handler, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut, reset, silent and dripping transfers all end, and are worth another attempt.

    Those that time out ask for fewer requests at once, because all of them might share a slow line.
    """
    monkeypatch.setattr(gcs_store, "_SILENCE_SECONDS", 0.3)
    server.answer = behaviour
    with pytest.raises(TransientError) as caught:
        await asyncio.wait_for(OPERATIONS[operation](store), 60)
    assert type(caught.value) is (ThrottledError if behaviour in (silent, dripping) else TransientError)
    assert ("--in-flight" in caught.value.hint) == (behaviour in (silent, dripping))


async def test_an_upload_that_is_never_answered(
    server: Server, store: GcsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create request ends, too, if it is never answered."""
    monkeypatch.setattr(gcs_store, "_SILENCE_SECONDS", 0.3)
    server.answer = silent
    with pytest.raises(TransientError):
        await asyncio.wait_for(OPERATIONS["create"](store), 60)


async def test_an_end_that_only_the_stored_length_tells(server: Server, store: GcsStore) -> None:
    """The size of the stored object shows that a body without Content-Length ended early."""

    async def unframed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"x-goog-stored-content-length": "1000", "Connection": "close"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        return response

    server.answer = unframed
    with pytest.raises(TransientError, match="10 of 1000 bytes arrived"):
        await store.read("a.jpg", BytesSink())


@pytest.mark.parametrize(
    "text", ["<html>", "[]", '"text"', '{"items": [{"name": "a"}]}', '{"items": [1]}', '{"items": 1}']
)
async def test_answers_that_are_not_cloud_storages(server: Server, store: GcsStore, text: str) -> None:
    """An answer of a proxy or a broken server is worth another attempt, and does not crash the task."""
    server.answer = status(200, text)
    for operation in ("page", "stat", "create"):
        with pytest.raises(TransientError):
            await OPERATIONS[operation](store)


async def test_a_login_page_is_not_taken_for_an_object(server: Server, store: GcsStore) -> None:
    """The store follows no redirect, so a login page never passes for an object."""

    async def astray(request: web.Request) -> web.StreamResponse:
        if request.path == "/login":
            return web.Response(text="<html>")
        raise web.HTTPFound("/login")

    server.answer = astray
    for operation in OPERATIONS:
        with pytest.raises(StoreError):
            await OPERATIONS[operation](store)


async def test_what_a_sink_raises_is_no_fault_of_the_store(server: Server, store: GcsStore) -> None:
    """An error of the caller's own sink comes out unchanged, even one that a network could raise."""

    class Full(BytesSink):
        def write(self, chunk: Chunk) -> None:
            raise OSError(28, "No space left on device")

    server.answer = status(200, "body")
    with pytest.raises(OSError, match="No space left"):
        await store.read("a.jpg", Full())


async def test_what_comes_compressed(server: Server, store: GcsStore) -> None:
    """The store asks for the stored form of an object's bytes only, and never decompresses a record."""
    stored = gzip.compress(json.dumps({"items": []}).encode())

    async def compressed(request: web.Request) -> web.StreamResponse:
        accepts = "gzip" in request.headers.get("Accept-Encoding", "")
        assert accepts == (request.query.get("alt") == "media")
        return web.Response(body=stored, headers={"Content-Encoding": "gzip"})

    server.answer = compressed
    sink = BytesSink()
    await store.read("a", sink)
    assert stored == sink.getvalue()
    with pytest.raises(TransientError):
        await store.page("")


@pytest.mark.parametrize(
    ("settings", "address", "named"),
    [
        ({"emulator": "127.0.0.1:1"}, "127.0.0.1:1", "STORAGE_EMULATOR_HOST"),
        ({"emulator": "http://localhost:1"}, "localhost:1", "STORAGE_EMULATOR_HOST"),
        ({"emulator": "0.0.0.0:1"}, "0.0.0.0:1", "STORAGE_EMULATOR_HOST"),
        ({"endpoint": "http://127.0.0.1:1"}, "127.0.0.1:1", "--endpoint / CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"),
    ],
)
async def test_nobody_listens(
    settings: dict[str, str], address: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this machine refuses the connection, the error names the address, and the hint the setting to correct."""
    monkeypatch.setattr(GcsStore, "_who", nobody)
    store = GcsStore("bucket", **settings)
    with pytest.raises(NobodyListensError, match=re.escape(f"no server listens at {address}")) as caught:
        await store.page("")
    assert f"start the server there, or correct or unset {named}" == caught.value.hint
    await store.close()


async def nobody(_: GcsStore) -> dict[str, str]:
    """Return no header that authenticates."""
    return {}


async def test_another_machine_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere might just start again, so that its refusal gets all attempts of a network that fails."""
    monkeypatch.setattr(Address, "is_here", False)
    store = GcsStore("bucket", emulator="127.0.0.1:1")
    with pytest.raises(TransientError, match="cannot connect") as caught:
        await store.page("")
    assert not isinstance(caught.value, NobodyListensError)
    await store.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("0.0.0.0", True), ("192.0.2.7", False), ("fe80::1%eth0", False)],  # noqa: S104
)
def test_which_addresses_are_here(host: str, *, expected: bool) -> None:
    """The addresses of the loopback, and those that stand for all of a machine's, are here."""
    assert expected is Address(0, (host, 80)).is_here


async def test_another_generation_than_asked_for_is_not_read(server: Server, store: GcsStore) -> None:
    """The header of an answer shows that a server ignored the generation."""
    server.answer = status(200, "body", {"x-goog-generation": "8"})
    with pytest.raises(NotFoundError):
        await store.read("a.jpg", BytesSink(), generation="7")
    assert "7" == server.requests[0].query["generation"]
    assert "gzip" == server.requests[0].headers["Accept-Encoding"]


async def test_a_server_that_ignores_ranges(server: Server, store: GcsStore) -> None:
    """The store leaves out the bytes before and after the range."""
    server.answer = status(200, "0123456789")
    sink = BytesSink()
    await store.read("a.jpg", sink, generation="7", start=3, end=6)
    assert ("bytes=3-5", b"345") == (server.requests[0].headers["Range"], sink.getvalue())


async def test_a_server_that_ignores_ranges_and_never_ends(server: Server, store: GcsStore) -> None:
    """The store hangs up once it has its range."""
    hung_up = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"0123456789" * 1000)
        except ConnectionError:
            hung_up.set()
        return answer

    server.answer = endless
    for generation in ("7", None):
        hung_up.clear()
        sink = BytesSink()
        await store.read("a.jpg", sink, generation=generation, start=3, end=6)
        assert b"345" == sink.getvalue()
        await hung_up.wait()


@pytest.mark.parametrize("told", ["bytes 4-6/10", "bytes 3-4/10", "bytes 3-6/10", "bytes */10", ""])
async def test_another_range_than_asked_for_is_not_read(server: Server, store: GcsStore, told: str) -> None:
    """An answer with another range than the store asked for is an error."""
    server.answer = status(206, "345", {"Content-Range": told})
    with pytest.raises(TransientError):
        await store.read("a.jpg", BytesSink(), generation="7", start=3, end=6)


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ("crc32c=oY9L5w==", True),
        ("crc32c=AAAAAA==,md5=hBotaJrYa9FixEQUAAAAAA==", False),
        ("md5=hBotaJrYa9FixEQUAAAAAA==, crc32c=AAAAAA==", False),
        ("md5=hBotaJrYa9FixEQUAAAAAA==", True),
        ("crc32c=?", True),
        ("", True),
    ],
)
async def test_a_record_that_was_damaged_on_its_way(server: Server, store: GcsStore, header: str, right: bool) -> None:
    """Bytes that do not match the checksum which comes with them are worth another attempt.

    A caller that asks for a generation knows its checksum and checks the bytes itself, so the store does not.
    """
    server.answer = status(200, '{"run": 1}', {"x-goog-hash": header})
    await store.read("a.json", BytesSink(), generation="7")
    with contextlib.nullcontext() if right else pytest.raises(TransientError, match="crc32c"):
        await store.read("a.json", BytesSink())


@pytest.mark.parametrize("hashes", [("crc32c=AAAAAQ==", "md5=hBotaA=="), ("md5=hBotaA==", "crc32c=AAAAAQ==")])
async def test_a_checksum_in_a_header_that_comes_twice(
    server: Server, store: GcsStore, hashes: tuple[str, str]
) -> None:
    """Cloud Storage sends crc32c and md5 as two headers of one name; a read tells the crc32c, in either order."""
    server.answer = status(200, "x", CIMultiDict(("x-goog-hash", value) for value in hashes))
    assert 1 == await store.read("a.jpg", BytesSink(), generation="7")
    with pytest.raises(TransientError, match="crc32c"):
        await store.read("a.jpg", BytesSink())


async def test_bytes_that_the_store_did_not_get(server: Server, store: GcsStore) -> None:
    """An acknowledgement with another checksum is an error, and the request declared the right one."""
    server.answer = status(200, json.dumps({"name": "a.jpg", "size": "1", "generation": "1", "crc32c": "AAAAAA=="}))
    with pytest.raises(DamagedError):
        await store.create("a.jpg", b"x", content_type="image/jpeg", metadata={"k": "v"})
    assert "0" == server.requests[0].query["ifGenerationMatch"]
    assert b'"crc32c"' in await server.requests[0].read()


async def test_a_page_that_is_empty_is_not_the_end(server: Server, store: GcsStore) -> None:
    """A listing goes on through pages without objects as long as the store names a next page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "pageToken" not in request.query:
            return web.json_response({"nextPageToken": "more"})
        return web.json_response({"items": [{"name": "a", "size": "1", "generation": "1"}]})

    server.answer = answer
    page = await store.page("")
    assert ["a"] == [entry.name for entry in page.entries]
    assert not page.more


async def test_pages_go_on_behind_the_last_name(server: Server, store: GcsStore) -> None:
    """The store asks for the next page by name and not by token, so that the end of the range can change.

    It asks for the last name again, one entry more than before, and leaves it out: no request has an offset with NUL.
    """
    server.answer = status(200, json.dumps({"items": [{"name": "a", "generation": "1"}], "nextPageToken": "t"}))
    page = await store.page("", end="z", limit=1)
    both = [{"name": "a", "generation": "1"}, {"name": "b", "generation": "2"}]
    server.answer = status(200, json.dumps({"items": both}))
    page = await store.page("", start=page.resume_at, end="m", limit=1)
    assert (["b"], False) == ([entry.name for entry in page.entries], page.more)
    query = server.requests[1].query
    assert ("a", "m", "2") == (query["startOffset"], query["endOffset"], query["maxResults"])
    assert "pageToken" not in query


async def test_the_name_before_a_page_was_deleted(server: Server, store: GcsStore) -> None:
    """A page has no more entries than asked for, and leaves none out, if the name at which it begins is gone."""
    items = [{"name": name, "generation": "1"} for name in ("b", "c")]
    server.answer = status(200, json.dumps({"items": items}))
    page = await store.page("", start="a\0", limit=1)
    assert (["b"], "b\0") == ([entry.name for entry in page.entries], page.resume_at)


async def test_a_page_of_the_one_name_that_is_left_out(server: Server, store: GcsStore) -> None:
    """A page that has only the name to leave out is no end of the listing if the store names another page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "pageToken" in request.query:
            return web.json_response({"items": [{"name": "b", "generation": "1"}]})
        return web.json_response({"items": [{"name": "a", "generation": "1"}], "nextPageToken": "t"})

    server.answer = answer
    page = await store.page("", start="a\0")
    assert (["b"], False) == ([entry.name for entry in page.entries], page.more)


@pytest.mark.parametrize(
    "items",
    [
        [{"name": None, "generation": "1"}],
        [{"name": "", "generation": "1"}],
        [{"name": ["in/a"], "generation": "1"}],
        [{"name": "in/a"}],
        [{"name": "in/a", "generation": None}],
        [{"name": "in/a", "generation": 7}],
        [{"name": "in/a", "generation": "1", "size": None}],
        [{"name": "in/a", "generation": "1", "size": {}}],
        [{"name": "in/a", "generation": "1", "crc32c": 5}],
        [{"name": "in/a", "generation": "1", "contentType": ["image/jpeg"]}],
        [{"name": "in/a", "generation": "1", "metadata": ["a"]}],
        [{"name": "in/a", "generation": "1", "metadata": {"a": None}}],
        [{"name": "in/b", "generation": "1"}, {"name": "in/a", "generation": "1"}],
        [{"name": "in/a", "generation": "1"}, {"name": "in/a", "generation": "1"}],
        [{"name": "elsewhere", "generation": "1"}],
        ["in/a"],
        [None],
        "in/a",
        5,
    ],
)
async def test_a_listing_that_is_none(server: Server, store: GcsStore, items: object) -> None:
    """What no listing of Cloud Storage holds is an error that says what to check, and never reaches a plan."""
    server.answer = status(200, json.dumps({"items": items}))
    with pytest.raises(TransientError, match="not from Cloud Storage") as caught:
        await store.page("in/")
    assert "proxy" in caught.value.hint


@pytest.mark.parametrize("body", ["[" * 200_000, '{"items": ' + "[" * 200_000, '{"a": ' * 100_000, "[]", "null", '"x"'])
async def test_json_of_any_depth_and_kind(server: Server, store: GcsStore, body: str) -> None:
    """JSON that nests without end, and JSON that is no record, are errors of the store."""
    server.answer = status(200, body)
    for request in (store.page("in/"), store.stat("a"), store.create("a", b"x", content_type="a/b", metadata={})):
        with pytest.raises(TransientError, match="not from Cloud Storage"):
            await request


@pytest.mark.parametrize("token", ["the same", "", None, 5])
async def test_empty_pages_that_never_end(server: Server, store: GcsStore, token: object) -> None:
    """A listing that names a next page for ever, and never shows an object, ends with an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"nextPageToken": token if token != "" else f"t{len(server.requests)}"})

    server.answer = answer
    with pytest.raises(TransientError):
        await store.page("in/")


async def test_a_record_that_never_ends(server: Server, store: GcsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record longer than any that thumbrun writes ends the read with an error."""
    monkeypatch.setattr(base, "_LARGEST_RECORD", 1000)
    server.answer = status(200, "x" * 1001)
    with pytest.raises(StoreError, match="more than 1,000 bytes"):
        await store.read("a.json", BytesSink())


@pytest.mark.parametrize("name", ["a\nb", "a\rb", ".", "..", ".well-known/acme-challenge/x", "", "é" * 513, "\udcff"])
def test_names_that_the_service_does_not_take(name: str) -> None:
    """The store refuses names that Cloud Storage's documentation rules out, and sends no request for them."""
    assert GcsStore("bucket").name_problem(name)


@pytest.mark.parametrize("name", ["a", "/a", "a//b", "a/../b", "#?%20", "é 🎉", "x" * 1024])
def test_names_that_the_service_takes(name: str) -> None:
    """The store accepts all other names."""
    assert GcsStore("bucket").name_problem(name) is None


@pytest.mark.parametrize(
    ("told", "encoding"),
    [("gzip", "gzip"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("br", "br"), ("", None), (None, None)],
)
def test_the_names_of_encodings(told: str | None, encoding: str | None) -> None:
    """All names of gzip are one, as HTTP has it; any other encoding keeps its name."""
    assert encoding == entry_of({"name": "a", "generation": "1", "contentEncoding": told}).content_encoding


RECORD = {
    "location": "europe-west1",
    "locationType": "region",
    "storageClass": "NEARLINE",
    "autoclass": {"enabled": True},
    "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    "retentionPolicy": {"retentionPeriod": "86400"},
    "defaultEventBasedHold": True,
    "billing": {"requesterPays": True},
    "hierarchicalNamespace": {"enabled": True},
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
}


async def test_the_settings_of_a_bucket(server: Server, store: GcsStore) -> None:
    """The bucket's record is asked for by its fields, and numbers come as texts."""
    server.answer = status(200, json.dumps(RECORD))
    expected = BucketFacts("EUROPE-WEST1", "region", "NEARLINE", True, 604800, 86400, True, True, True, True)
    assert expected == await store.bucket_facts()
    asked = server.requests[0]
    assert ("/storage/v1/b/bucket", "payer-1") == (asked.path, asked.query["userProject"])
    assert all(field in asked.query["fields"] for field in RECORD)


async def test_settings_of_a_bucket_that_are_switched_off(server: Server, store: GcsStore) -> None:
    """What a bucket's record leaves out is switched off, but a soft delete that it leaves out is not known."""
    server.answer = status(200, json.dumps({"location": "EU", "locationType": "multi-region"}))
    expected = BucketFacts("EU", "multi-region", None, False, None, 0, False, False, False, False)
    assert expected == await store.bucket_facts()


async def test_settings_of_a_bucket_that_nobody_may_read(server: Server, store: GcsStore) -> None:
    """Without storage.buckets.get, which a run does not need, the settings are unknown, and that is no error."""
    server.answer = status(403, "payer does not have storage.buckets.get access")
    assert UNKNOWN == await store.bucket_facts()


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (404, "Not Found", BucketNotFoundError),
        (401, "", UnauthenticatedError),
        (403, '{"reason": "rateLimitExceeded"}', ThrottledError),
        (200, "[]", TransientError),
        (200, '{"location": 7}', TransientError),
        (200, '{"autoclass": true}', TransientError),
        (200, '{"retentionPolicy": {"retentionPeriod": "long"}}', TransientError),
    ],
)
async def test_settings_of_a_bucket_that_cannot_be_read(
    server: Server, store: GcsStore, code: int, text: str, expected: type[StoreError]
) -> None:
    """A missing bucket, refused credentials, a store under load and an answer of somebody else are errors."""
    server.answer = status(code, text)
    with pytest.raises(StoreError) as caught:
        await store.bucket_facts()
    assert expected is type(caught.value)
