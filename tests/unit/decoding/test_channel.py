"""The socket to a decoding process delivers complete messages, and callers that wait learn of its end."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator

import pytest

from tests.virtual import rounds
from thumbrun.decoding import protocol
from thumbrun.decoding.answers import ImproperAnswerError
from thumbrun.decoding.channel import Channel

Pair = tuple[Channel, socket.socket]
MOST = 4 << 20  # bytes of an answer


def message(data: bytes) -> bytes:
    """Return a message with some data."""
    return b"".join(protocol.frame({}, data))


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """Return both ends of a channel."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    channel = Channel(ours, MOST)
    with theirs:
        yield channel, theirs
    channel.close()


@pytest.mark.parametrize("size", [0, 100, 1 << 16, 3 << 20])
async def test_an_answer_arrives_whole(pair: Pair, size: int) -> None:
    """An answer arrives complete in any number of pieces, before or after a caller waits for it."""
    channel, theirs = pair
    sent = message(os.urandom(size))
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(theirs, sent))
    assert sent == await channel.receive()
    await sending
    await channel.send([b"question"], answers=[MOST])
    theirs.send(sent[:5])
    await rounds()
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(theirs, sent[5:]))
    assert sent == await channel.receive()
    await sending
    assert channel.is_open


async def test_several_answers_at_once(pair: Pair) -> None:
    """The channel separates answers that arrive together, and delivers those from before the end."""
    channel, theirs = pair
    one, two, three = message(b"one"), message(b"two" * 1000), message(b"three")
    await channel.send([b"questions"], answers=[MOST] * 3)
    theirs.send(one + two + three[:-2])
    assert [one, two] == [await channel.receive(), await channel.receive()]
    theirs.send(three[-2:] + one)
    theirs.recv(100)
    theirs.close()
    assert [three, one] == [await channel.receive(), await channel.receive()]
    with pytest.raises(EOFError):
        await channel.receive()


async def test_a_question_arrives_whole(pair: Pair) -> None:
    """The channel sends a message that is larger than the socket's buffer piece by piece."""
    channel, theirs = pair
    sent = os.urandom(2 << 20)
    sending = asyncio.ensure_future(channel.send([sent[:100], sent[100:]]))
    received = b""
    while len(received) < len(sent):
        received += await asyncio.get_running_loop().sock_recv(theirs, 1 << 20)
    await sending
    assert sent == received


async def test_a_descriptor_travels_beside_it(pair: Pair) -> None:
    """The other end reads the file that was sent."""
    channel, theirs = pair
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"content")
        await channel.send([b"question"], [file.fileno()])
    said, (received,), _, _ = socket.recv_fds(theirs, 100, 1)
    assert (b"question", b"content") == (said, os.pread(received, 100, 0))
    os.close(received)


async def test_who_waits_learns_of_the_end(pair: Pair) -> None:
    """A caller gets an error if the process dies before or while the caller waits."""
    channel, theirs = pair
    waiting = asyncio.ensure_future(channel.receive())
    await asyncio.sleep(0)
    theirs.close()
    with pytest.raises(EOFError):
        await waiting
    assert not channel.is_open
    with pytest.raises(EOFError):
        await channel.receive()


async def test_a_question_that_was_not_read_is_told_apart(pair: Pair) -> None:
    """A process that dies before it accepts an image resets the connection, so the image gets no blame."""
    channel, theirs = pair
    await channel.send([b"question"])
    theirs.close()
    with pytest.raises(ConnectionResetError):
        await channel.receive()


async def test_closing_wakes_who_waits(pair: Pair) -> None:
    """A caller that waits gets an error when the task closes the socket, and closing it twice is harmless."""
    channel, _ = pair
    waiting = asyncio.ensure_future(channel.receive())
    await asyncio.sleep(0)
    channel.close()
    channel.close()
    with pytest.raises(EOFError):
        await waiting


@pytest.mark.parametrize("said", [message(b"unasked"), b"\xff" * 8, b"x"], ids=["a message", "no message", "a byte"])
async def test_a_process_that_speaks_unasked_is_not_used(pair: Pair, said: bytes) -> None:
    """The channel ends at bytes that nobody asked for, since they might pass for the next image's answer."""
    channel, theirs = pair
    theirs.send(message(b"ready"))
    assert message(b"ready") == await channel.receive()
    assert channel.is_open
    theirs.send(said)
    await rounds()
    assert not channel.is_open
    with pytest.raises(ImproperAnswerError, match="nobody asked for"):
        await channel.receive()


async def test_an_answer_that_is_too_long_is_not_waited_for(pair: Pair) -> None:
    """The channel ends as soon as an answer announces more bytes than it can have, and tells its owner."""
    channel, theirs = pair
    told: list[bool] = []
    channel._misbehaved = lambda: told.append(True)
    theirs.send(protocol.PREFIX.pack(10, MOST))
    with pytest.raises(ImproperAnswerError, match="more than 4,194,304 bytes"):
        await channel.receive()
    assert [True] == told


async def test_a_wait_that_is_given_up_loses_nothing(pair: Pair) -> None:
    """A message that arrives after a cancelled wait goes to the next caller."""
    channel, theirs = pair
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(channel.receive(), 0.01)
    theirs.send(message(b"late"))
    assert message(b"late") == await channel.receive()
