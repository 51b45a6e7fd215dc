"""Messages between a task and its decoding processes read back as they were sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.decoding import protocol
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

NUMBER = st.integers(0, 1 << 40)
VERDICTS = st.one_of(
    st.builds(Rendered, st.binary(max_size=100), NUMBER, NUMBER, NUMBER, NUMBER, st.sampled_from(["jpeg", "png"])),
    st.builds(Refused, st.sampled_from(Reason), st.text(max_size=200)),
    st.builds(NeedsMemory, NUMBER),
)


@given(VERDICTS)
def test_verdicts_come_back(verdict: protocol.Verdict) -> None:
    """A verdict reads back as it was sent."""
    assert verdict == protocol.answered(b"".join(protocol.answer(verdict)))


@given(st.builds(Request, NUMBER, NUMBER, st.just("jpeg"), NUMBER, NUMBER, NUMBER), st.none() | st.binary(max_size=100))
def test_requests_come_back(request: Request, body: bytes | None) -> None:
    """A request reads back as it was sent, with its body, or with the note that the body is in a file."""
    header, data = protocol.split(b"".join(protocol.ask(request, body)))
    assert (request, body is None) == protocol.asked(header)
    assert (body or b"") == data


@given(VERDICTS)
def test_missing_bytes_are_counted(verdict: protocol.Verdict) -> None:
    """The count of missing bytes never reaches beyond the end of the message."""
    message = b"".join(protocol.answer(verdict))
    assert all(0 < protocol.missing(message[:at]) <= len(message) - at for at in range(len(message)))
    assert 0 == protocol.missing(message)


@given(st.binary(max_size=200))
def test_garbage_is_an_error(message: bytes) -> None:
    """The task refuses any garbage from a process that an attacker controls, and never runs it."""
    try:
        if not protocol.missing(message):
            protocol.answered(message)
    except (ValueError, KeyError, TypeError):
        pass


def test_announcing_too_much_is_an_error() -> None:
    """The task refuses a message that announces too many bytes, before it waits or makes room for them."""
    with pytest.raises(ValueError, match="the message is too long"):
        protocol.missing(protocol.PREFIX.pack(10, 1 << 31))
