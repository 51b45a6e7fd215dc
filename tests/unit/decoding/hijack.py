"""Decoders that are taken over: an image that ends with `EVIL:<name>;` runs a payload in its confined process.

Only the tests have this. They replace the rendering in the fork server; the product has no way to do so.
"""

import contextlib
import json
import mmap
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Any

from thumbrun.decoding import answers, child, launcher, protocol
from thumbrun.imaging.request import Rendered, Request, Took
from thumbrun.outcomes import Reason

_SERVE = "fork_server.main("
_HTML = b"<html><script>alert(1)</script></html>"
_CHANNEL = 3


def evil(content: bytes, name: str) -> bytes:
    """Return an image that takes its decoder over, and runs the payload of this name."""
    return content + f"EVIL:{name};".encode()


def command() -> str:
    """Return the command of a fork server whose processes can be taken over; a test gives it to the launcher."""
    before, main, after = launcher._COMMAND.partition(_SERVE)
    assert main
    return f"{before}from tests.unit.decoding import hijack; hijack.install(); {main}{after}"


def unconfined() -> str:
    """Return the command of a fork server on a system that refuses the filter."""
    before, main, after = launcher._COMMAND.partition(_SERVE)
    assert main
    return f"{before}from thumbrun.decoding import confine; confine.limit_system_calls = lambda: False; {main}{after}"


def install() -> None:
    """Make the processes that this one will fork run payloads."""
    render: Callable[[IO[bytes], Request], protocol.Verdict] = vars(child)["render"]

    def hijacked(source: IO[bytes], request: Request) -> protocol.Verdict:
        content = source.read()
        source.seek(0)
        if content.endswith(b";") and (at := content.rfind(b"EVIL:")) >= 0:
            return (PAYLOADS | FLOODS | LIES)[content[at + 5 : -1].decode()](lambda: render(source, request), request)
        return render(source, request)

    vars(child)["render"] = hijacked


Honest = Callable[[], protocol.Verdict]
Payload = Callable[[Honest, Request], protocol.Verdict]


def _says(header: bytes, data: bytes = b"") -> Payload:
    """Send an answer of these bytes instead of its own."""

    def payload(honest: Honest, request: Request) -> protocol.Verdict:
        del honest, request
        _send(protocol.PREFIX.pack(len(header), len(data)) + header + data)
        return _wait()

    return payload


def _raw(content: bytes) -> Payload:
    def payload(honest: Honest, request: Request) -> protocol.Verdict:
        del honest, request
        _send(content)
        return _wait()

    return payload


def _send(content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(_CHANNEL, view) :]


def _wait() -> protocol.Verdict:
    while True:
        time.sleep(60)


def _returns(change: Callable[[Rendered], Any]) -> Payload:
    """Answer with its own verdict, but changed."""

    def payload(honest: Honest, request: Request) -> protocol.Verdict:
        del request
        verdict = honest()
        assert isinstance(verdict, Rendered)
        changed: protocol.Verdict = change(verdict)
        return changed

    return payload


def _dies_of(number: int) -> Payload:
    def payload(honest: Honest, request: Request) -> protocol.Verdict:
        del honest, request
        os.kill(os.getpid(), number)
        return _wait()

    return payload


def _writes_to_files(honest: Honest, request: Request) -> protocol.Verdict:
    """Change every file that is open, by every call that could, and then break a rule."""
    del honest, request
    deeds: tuple[Callable[[int], object], ...] = (
        lambda file: os.pwrite(file, b"taken over", 0),
        lambda file: os.ftruncate(file, 0),
        lambda file: os.fchmod(file, 0o777),
        lambda file: os.fchown(file, os.getuid(), 0),
        lambda file: os.utime(file, (0, 0)),
        lambda file: os.setxattr(file, "user.thumbrun", b"{}"),
        lambda file: mmap.mmap(file, 10).write(b"taken over"),
        lambda file: os.open(f"/proc/self/fd/{file}", os.O_RDWR),
    )
    for file in range(_CHANNEL + 1, 20):
        for deed in deeds:
            with contextlib.suppress(OSError, ValueError):
                deed(file)
    _send(b"no answer" * 100)
    return _wait()


def _closes(honest: Honest, request: Request) -> protocol.Verdict:
    del honest, request
    os.close(_CHANNEL)
    return _wait()


def _floods(honest: Honest, request: Request) -> protocol.Verdict:
    """Answer properly, and then go on talking."""
    del request
    _send(b"".join(answers.write(honest())) + b"x" * (64 << 20))
    return _wait()


def _floods_behind_a_prefix(honest: Honest, request: Request) -> protocol.Verdict:
    del request
    _send(b"".join(answers.write(honest())))
    _send(protocol.PREFIX.pack(1 << 15, 1 << 27) + b"x" * (64 << 20))
    return _wait()


_JPEG = {"took": [0, 0], "source": [10, 10, "jpeg"], "pictures": [[10, 10, len(_HTML)]]}
PAYLOADS: dict[str, Payload] = {
    "took no time to say": _says(b'{"needs": 1099511627777}'),
    "took less than nothing": _says(b'{"took": [-1, 0], "needs": 1099511627777}'),
    "took ages": _says(b'{"took": [0, 1%s], "needs": 1099511627777}' % (b"0" * 20)),
    "took a fraction": _says(b'{"took": [0.5, 0], "needs": 1099511627777}'),
    "took a truth": _says(b'{"took": [true, 0], "needs": 1099511627777}'),
    "took three times": _says(b'{"took": [0, 0, 0], "needs": 1099511627777}'),
    "took a list": _says(b'{"took": [[0], 0], "needs": 1099511627777}'),
    "needs nothing": _says(b'{"took": [0, 0], "needs": 0}'),
    "needs less": _says(b'{"took": [0, 0], "needs": -5}'),
    "needs infinity": _says(b'{"took": [0, 0], "needs": Infinity}'),
    "needs no number": _says(b'{"took": [0, 0], "needs": NaN}'),
    "needs a fraction": _says(b'{"took": [0, 0], "needs": 1e300}'),
    "needs a truth": _says(b'{"took": [0, 0], "needs": true}'),
    "needs a text": _says(b'{"took": [0, 0], "needs": "1"}'),
    "needs too much": _says(b'{"took": [0, 0], "needs": 1%s}' % (b"0" * 4000)),
    "needs and more": _says(b'{"took": [0, 0], "needs": 1099511627777, "x": 1}'),
    "needs with data": _says(b'{"took": [0, 0], "needs": 1099511627777}', b"x"),
    "brackets": _says(b"[" * 60_000),
    "few brackets": _says(b"[" * 4_000),
    "deep": _says(b'{"took": [0, 0], "needs": ' + b"[" * 1_500 + b"]" * 1_500 + b"}"),
    "deep objects": _says(b'{"a":' * 600 + b"1" + b"}" * 600),
    "a name twice": _says(b'{"took": [0, 0], "needs": 1, "needs": 1099511627777}'),
    "no text": _says(b"\xff\xfe"),
    "nothing": _says(b""),
    "null": _says(b"null"),
    "an empty object": _says(b"{}"),
    "ready again": _says(b'{"ready": true, "confined": true}'),
    "a long answer": _raw(protocol.PREFIX.pack(10, 1 << 28) + b"x" * (8 << 20)),
    "an endless answer": _raw(b"\xff" * (8 << 20)),
    **{
        f"reason {reason}": _says(json.dumps({"took": [0, 0], "reason": reason, "detail": "x"}).encode())
        for reason in [*(one.value for one in Reason), "x"]
        if reason not in ("unreadable", "truncated", "too-many-pixels", "out-of-memory")
    },
    "a reason that is a list": _says(b'{"took": [0, 0], "reason": [], "detail": "x"}'),
    "a detail of lines": _says(b'{"took": [0, 0], "reason": "unreadable", "detail": "a\\u001b[31m"}'),
    "a long detail": _says(json.dumps({"took": [0, 0], "reason": "unreadable", "detail": "x" * 3000}).encode()),
    "HTML": _says(json.dumps(_JPEG).encode(), _HTML),
    "HTML of the right size": _returns(lambda own: replace(own, data=_HTML)),
    "negative width": _returns(lambda own: replace(own, width=-5)),
    "negative source": _returns(lambda own: replace(own, source_width=-own.source_width)),
    "no source": _returns(lambda own: replace(own, source_width=0, source_height=0)),
    "another source": _returns(lambda own: replace(own, source_width=own.source_width * 2)),
    "another size": _returns(lambda own: replace(own, width=own.width + 1)),
    "too many pixels": _returns(lambda own: replace(own, source_width=1 << 30, source_height=1 << 30)),
    "another's format": _returns(lambda own: replace(own, source_format="svg")),
    "another format": _returns(lambda own: replace(own, data=b"\x89PNG\r\n\x1a\n" + own.data)),
    "header of another size": _returns(lambda own: replace(own, data=_other_size(own.data))),
    "only a beginning": _returns(lambda own: replace(own, data=own.data[:20])),
    "268 MB": _returns(lambda own: replace(own, data=own.data + bytes((1 << 28) - len(own.data)))),
    "too large": _returns(lambda own: replace(own, data=own.data + bytes(140_000))),
    "two thumbnails": _returns(lambda own: replace(own, others=(own.pictures[0],))),
    "signal 35": _dies_of(35),
    "SIGTERM": _dies_of(signal.SIGTERM),
    "SIGKILL": _dies_of(signal.SIGKILL),
    "SIGSEGV": _dies_of(signal.SIGSEGV),
    "exit": lambda honest, request: os._exit(7),
    "hang up": _closes,
    "writes to files": _writes_to_files,
}
# After these the image has its own thumbnail, and the process is gone.
FLOODS: dict[str, Payload] = {"a flood": _floods, "a flood behind a prefix": _floods_behind_a_prefix}


# After this the image has its own thumbnail, and times that cannot be true.
LIES: dict[str, Payload] = {"days": lambda honest, _: replace(honest(), took=Took(1e6, 1e6))}


def _other_size(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + b"\x20\x00\x20\x00" + data[at + 9 :]
