"""Messages between a task and its decoding processes read back as they were sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.decoding import protocol
from thumbrun.imaging.request import Request

NUMBER = st.integers(0, 1 << 40)


@given(st.builds(Request, NUMBER, NUMBER, st.just("jpeg"), NUMBER, NUMBER, NUMBER), st.none() | st.binary(max_size=100))
def test_requests_come_back(request: Request, body: bytes | None) -> None:
    """A request reads back as it was sent, with its body, or with the note that the body is in a file."""
    header, data = protocol.split(b"".join(protocol.ask(request, body)))
    assert (request, body is None) == protocol.asked(header)
    assert (body or b"") == data


@given(st.binary(max_size=100), st.dictionaries(st.text(max_size=9), NUMBER))
def test_missing_bytes_are_counted(data: bytes, header: dict[str, int]) -> None:
    """The count of missing bytes never reaches beyond the end of the message."""
    message = b"".join(protocol.frame(header, data))
    assert all(0 < protocol.missing(message[:at]) <= len(message) - at for at in range(len(message)))
    assert 0 == protocol.missing(message)


def test_announcing_too_much_is_an_error() -> None:
    """The task refuses a message that announces too many bytes, before it waits or makes room for them."""
    with pytest.raises(ValueError, match="the message is too long"):
        protocol.missing(protocol.PREFIX.pack(10, 1 << 31))
