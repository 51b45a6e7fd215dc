"""Tests of whole logs, from the call to the written text: any text, any secret, any stream."""

import errno
import io
import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.unit.logs.clocks import HandClock
from thumbrun.logs.choose import CHILD_SECONDS, LOCAL_TASKS_VARIABLE, Quiet, choose_sink
from thumbrun.logs.events import SEVERITIES, Event, Events, Progress, Sink
from thumbrun.logs.lines import JSON_SECONDS, JsonLines, TextLines, parse, printable
from thumbrun.logs.secrets import REDACTED, redacted, redacted_value
from thumbrun.logs.terminal import Terminal
from thumbrun.outcomes import Reason

ANY_TEXT = st.text(st.characters(codec=None, categories=None))  # includes lone surrogates and control characters
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0x200B]))
LABELS = "logging.googleapis.com/labels"
TOKEN = "ya29.secretsecretsecret"  # noqa: S105


class FakeTerminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class Full(FakeTerminal):
    """A terminal that fails on demand.

    Attributes:
        error: The exception that writing raises, or None.
    """

    error: OSError | None = None

    def write(self, text: str) -> int:
        """Write or fail."""
        if self.error:
            raise self.error
        return super().write(text)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment of a terminal with 120 columns that can move its cursor and shows no colours."""
    for name, text in {"COLUMNS": "120", "LINES": "40", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, text)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


# Any text


@given(ANY_TEXT, ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=4), st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_any_text_is_one_ascii_line_that_reads_back(
    message: str, name: str, fields: dict[str, str], labels: dict[str, str]
) -> None:
    """A hostile name, key or message gives one line of ASCII that ends once and reads back unchanged."""
    stream = io.StringIO()
    JsonLines(stream, HandClock()).event(Event(name, "INFO", message, fields, labels))
    line = stream.getvalue()
    assert line.isascii()
    assert line[:-1].isprintable()
    assert line.endswith("\n")
    found = parse(line)
    assert found is not None
    assert (name, "INFO", message) == (found.name, found.severity, found.message)
    assert {key: text for key, text in labels.items() if key != "event"} == found.labels
    assert len(fields) == len(found.fields)
    assert sorted(fields.values()) == sorted(found.fields.values())


@given(ANY_TEXT, st.integers(0, 10), ANY_TEXT)
def test_what_is_passed_on_stays_the_same(message: str, number: int, text: str) -> None:
    """A line that a parent reads and writes again equals the line of its child."""
    first, second = io.StringIO(), io.StringIO()
    JsonLines(first, HandClock()).event(Event("a", "NOTICE", message, {"n": number, "x": [text]}, {"task": "1"}))
    event = parse(first.getvalue())
    assert event is not None
    Events(JsonLines(second, HandClock()), HandClock(), task="0").repeat(event)
    assert first.getvalue() == second.getvalue()


@given(st.text(st.sampled_from(f"{CONTROLS}{BIDI}ab \u05d0\ud800\U0001f600")))
def test_plain_leaves_nothing_that_moves_or_turns(text: str) -> None:
    """Escaped text has no control character, bidirectional override or invisible mark, and the rest is unchanged."""
    found = printable(text)
    assert not set(found) & {*CONTROLS, *BIDI, "\ud800"}
    assert [c for c in text if c in " \u05d0\U0001f600"] == [c for c in found if c in " \u05d0\U0001f600"]


@pytest.mark.parametrize("character", [*BIDI, *CONTROLS], ids=lambda c: f"U+{ord(c):04X}")
def test_every_dangerous_character_is_spelt_out(character: str) -> None:
    """Each dangerous character becomes an escape that shows which character it was."""
    found = printable(f"a{character}b")
    assert found.isascii()
    assert f"a{character}b" == found.encode("ascii").decode("unicode_escape")


@pytest.mark.parametrize("character", [*BIDI, "\x1b", "\r", "\x9b", "\x07"], ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize("made", [TextLines, Terminal])
def test_no_dangerous_character_reaches_people(character: str, made: type[TextLines] | type[Terminal]) -> None:
    """No dangerous character of a message, a hint or a listing reaches people."""
    stream = io.StringIO()  # the stream is no terminal, so rich sends no escapes of its own
    sink = made(stream, HandClock())
    sink.event(Event("image-failed", "WARNING", f"a{character}b"))
    sink.event(Event("error", "ERROR", f"a{character}b\n{character}", {"hint": character}))
    sink.event(Event("listing", "INFO", f"a{character}b"))
    sink.close()
    assert character not in stream.getvalue()
    assert printable(character) in stream.getvalue()


# Secrets


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_secret_reaches_a_stream(log_format: str, terminal: bool) -> None:
    """No token reaches the written text, whatever holds it and whichever method reports it."""
    stream = FakeTerminal() if terminal else io.StringIO()
    sink = choose_sink(log_format, {"TERM": "xterm"}, stream, HandClock())
    events = Events(sink, HandClock())
    for say in (events.debug, events.info, events.notice, events.warning):
        say("a", f"refused {TOKEN}", text=TOKEN, path=Path("/in") / TOKEN, raw=TOKEN.encode(), deep={TOKEN: [{TOKEN}]})
    events.error(f"refused {TOKEN}", f"unset {TOKEN}")
    events.warning("b", "c", error=ValueError(TOKEN), other=(TOKEN, 1))
    events.close()
    assert "refused" in stream.getvalue()
    assert REDACTED in stream.getvalue()
    assert "secretsecret" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("client_secret=GOCSPX-x&grant_type=a", f"client_secret={REDACTED}&grant_type=a"),
        ("a=b&refresh_token=1%2F%2F0abc", f"a=b&refresh_token={REDACTED}"),
        ("Proxy-Authorization: Basic c2VjcmV0", f"Proxy-Authorization: Basic {REDACTED}"),
        ("AUTHORIZATION: BEARER abcdefgh", f"AUTHORIZATION: BEARER {REDACTED}"),
        ("AIzaSyA-0123456789abcdefghijklmnopqrstu", REDACTED),
        ("https://h/o?upload_id=ABCdef&x=1", f"https://h/o?upload_id={REDACTED}&x=1"),
        ("grant_type=refresh_token&a=b", "grant_type=refresh_token&a=b"),
        ("gs://b/client_secrets/a.jpg", "gs://b/client_secrets/a.jpg"),
    ],
)
def test_requests_that_a_message_quotes(text: str, expected: str) -> None:
    """A request in a library's message stays readable, without its secret."""
    assert expected == redacted(text)
    assert expected == redacted(redacted(text))


@given(ANY_TEXT)
def test_taking_secrets_out_twice_changes_nothing(text: str) -> None:
    """Redacted text holds no secret, so a parent can redact it again without effect."""
    once = redacted(text)
    assert once == redacted(once)


@given(st.text("ab /.-_\u05d0", max_size=50), st.text("ab /._\u05d0", max_size=50))
def test_a_token_is_found_wherever_it_stands(before: str, after: str) -> None:
    """The text around a token does not hide it, if the token begins a word."""
    found = redacted(f"{before} {TOKEN} {after}")
    assert f"{before} {REDACTED} {after}" == found


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "words", ["a", 1], {"a": {"b": None}}])
def test_what_is_no_secret_keeps_its_type(value: Any) -> None:
    """Numbers, booleans and None keep their type."""
    assert value == redacted_value(value)
    assert type(value) is type(redacted_value(value))


# Which form


CHOICES = list(
    itertools.product(
        ["auto", "text", "json"],
        [{}, {"CLOUD_RUN_JOB": "j"}, {"CLOUD_RUN_EXECUTION": "e"}, {"CLOUD_RUN_JOB": ""}],
        [None, "xterm", "dumb", "unknown"],
        ["terminal", "file", "none"],
    )
)


@pytest.mark.parametrize(("log_format", "cloud_run", "term", "kind"), CHOICES)
def test_every_combination_has_its_form(
    log_format: str, cloud_run: dict[str, str], term: str | None, kind: str
) -> None:
    """Events are JSON on request and on Cloud Run, a bar on a capable terminal, and text otherwise."""
    stream = {"terminal": FakeTerminal(), "file": io.StringIO(), "none": None}[kind]
    environ = cloud_run | ({} if term is None else {"TERM": term})
    expected: type = TextLines
    if log_format == "json" or (log_format == "auto" and any(cloud_run.values()) and kind != "terminal"):
        expected = JsonLines
    elif kind == "terminal" and term not in ("dumb", "unknown"):
        expected = Terminal
    sink = choose_sink(log_format, environ, stream, HandClock())
    assert expected is type(sink)
    sink.event(Event("a", "WARNING", "heard"))
    sink.progress(Progress(2, 1), {})
    sink.close()
    assert stream is None or "heard" in stream.getvalue()


@pytest.mark.parametrize(("environ", "seconds"), [({}, JSON_SECONDS), ({LOCAL_TASKS_VARIABLE: "1"}, CHILD_SECONDS)])
def test_a_child_tells_its_parent_more_often(environ: dict[str, str], seconds: float) -> None:
    """A parent with a bar gets progress twice a second, and Cloud Logging twice a minute."""
    stream, clock = io.StringIO(), HandClock()
    sink = choose_sink("json", environ, stream, clock)
    for part in (0.0, 0.5, 0.99, 1.0, 1.5, 1.99, 2.0):
        clock.seconds = part * seconds
        sink.progress(Progress(100, int(part * 100)), {})
    events = [parse(line) for line in stream.getvalue().splitlines()]
    assert [0, 100, 200] == [event.fields["done"] for event in events if event]


def test_the_trace_stands_in_every_line() -> None:
    """Events and progress lines hold the trace."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    stream = io.StringIO()
    sink = choose_sink("json", {"TRACEPARENT": parent, "GOOGLE_CLOUD_PROJECT": "p"}, stream, HandClock())
    sink.event(Event("a", "INFO", "x"))
    sink.progress(Progress(1), {"run": "r"})
    traces = {json.loads(line)["logging.googleapis.com/trace"] for line in stream.getvalue().splitlines()}
    assert {"projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"} == traces


# How often


@pytest.mark.parametrize(("made", "seconds"), [(JsonLines, 30.0), (TextLines, 10.0)])
@given(steps=st.lists(st.floats(0, 40), max_size=60))
def test_progress_is_never_told_more_often(
    made: type[JsonLines] | type[TextLines], seconds: float, steps: list[float]
) -> None:
    """Two progress lines keep the least distance in time, and the last state is written exactly once."""
    stream, clock = io.StringIO(), HandClock()
    sink: Sink = made(stream, clock)
    at: list[float] = []
    for number, step in enumerate(steps, 1):
        clock.seconds += step
        before = stream.tell()
        sink.progress(Progress(len(steps), number), {})
        if stream.tell() > before:
            at.append(clock.seconds)
    assert all(later - earlier >= seconds for earlier, later in itertools.pairwise(at))
    sink.close()
    lines = stream.getvalue().splitlines()
    last = f"{len(steps):,} of {len(steps):,} image{'' if len(steps) == 1 else 's'}"
    assert (1 if steps else 0) == sum(last in line for line in lines)
    sink.close()
    assert lines == stream.getvalue().splitlines()


def test_more_may_follow_after_closing() -> None:
    """An event after the end of the work is written at once."""
    for sink, stream in (
        (JsonLines(s := io.StringIO(), HandClock()), s),
        (TextLines(t := io.StringIO(), HandClock()), t),
    ):
        sink.close()
        sink.event(Event("run-done", "NOTICE", "all done"))
        assert "all done" in stream.getvalue()


# On a terminal


def test_a_bar_over_the_whole_width() -> None:
    """The bar and its numbers fill one line of the terminal, and the bar is full at the end."""
    stream, clock = FakeTerminal(), HandClock()
    sink = Terminal(stream, clock)
    for second in range(3):
        clock.seconds = float(second)
        sink.progress(Progress(total=2000, done=1000 * second), {})
    sink.close()
    *_, bar = (line for line in stream.getvalue().splitlines() if "2,000/2,000" in line)
    shown = bar.rpartition("\x1b[2K")[2]
    assert 117 == len(shown)  # what a terminal shows for Ctrl-C has room
    assert "1,000/s" not in shown  # the task tells its rate at its end
    assert " left" not in shown
    assert "\u2501" * 50 in shown


def _frames(progress: Progress, columns: int, monkeypatch: pytest.MonkeyPatch, lines: int = 24) -> list[list[str]]:
    """Return what a terminal of this size shows of some progress: while it lasts, and once it is closed."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    stream = FakeTerminal()
    sink = Terminal(stream, HandClock())
    sink.progress(progress, {})
    sink.close()
    screens = re.split(r"\r|(?:\x1b\[1A)+", stream.getvalue().replace("\x1b[2K", ""))
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).splitlines() for screen in screens if screen.strip()]


@pytest.mark.parametrize(("columns", "rows"), [(60, 5), (120, 2)])
def test_each_task_has_its_own_progress(columns: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the bar are as many tasks in a row as fit, what each has done, and all failures so far by reason."""
    tasks = [Progress(1000, 250, 0, 2, reasons={"timeout": 2}), Progress(500, 500), None, Progress(), Progress(7, 0, 1)]
    found = _frames(Progress.of_tasks(tasks, 2000), columns, monkeypatch)
    seen = max(found, key=len)
    assert "753/2,000" in seen[0]
    assert 1 + rows + 1 == len(seen)
    for number, text in enumerate(("252/1,000", "500/500", "is starting", "has no images", "1/7")):
        assert re.search(rf"task {number} .*{text}", "\n".join(seen))
    assert "failed: 2 timeout" == seen[-1]
    assert columns >= max(map(len, seen))
    assert ["753/2,000"] == re.findall(r"\S+/\S+", "".join(found[-1])), "the tasks go when the bar ends"


def test_more_tasks_than_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all tasks fit, those at work are shown, and how many are not."""
    tasks = [Progress(10, 10 if index % 2 else 5) for index in range(60)]
    seen = max(_frames(Progress.of_tasks(tasks, 600), 60, monkeypatch, lines=20), key=len)
    assert "and 48 more tasks" == seen[-1]
    assert 14 == len(seen)
    assert 12 == sum(" 5/10" in line for line in seen)


def test_reasons_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many reasons take several lines, the most frequent one first, and none is broken."""
    reasons = {str(reason): number + 1 for number, reason in enumerate(Reason)}
    failed = sum(reasons.values())
    seen = max(_frames(Progress(1000, 0, 0, failed, reasons=reasons), 60, monkeypatch), key=len)
    assert 60 >= max(map(len, seen))
    text = " ".join(line.strip() for line in seen)
    assert f"failed: {len(reasons)} {list(reasons)[-1]}, " in text
    assert all(f"{number} {reason}" in text for reason, number in reasons.items())


def test_a_listing_gives_way_to_what_follows() -> None:
    """The spinner ends when an event or the bar appears, and can return, even beside the bar."""
    stream = FakeTerminal()
    sink = Terminal(stream, HandClock())
    sink.event(Event("listing", "INFO", "Listing: 5 images so far"))
    sink.event(Event("listing", "INFO", "Listing: 9 images so far"))
    sink.event(Event("plan-made", "INFO", "Plan made"))
    sink.progress(Progress(10, 1), {})
    sink.event(Event("listing", "INFO", "Listing: 12 images so far"))
    sink.progress(Progress(10, 10), {})
    sink.close()
    written = stream.getvalue()
    assert written.index("9 images so far") < written.index("Plan made")
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") > 0  # the cursor is shown as often as it is hidden
    assert "10/10" in written.splitlines()[-1] + written.splitlines()[-2]


def test_nothing_is_drawn_of_nothing() -> None:
    """Without items and events the terminal shows nothing, and debug events are never shown."""
    stream = FakeTerminal()
    sink = Terminal(stream, HandClock())
    sink.progress(Progress(), {})
    sink.event(Event("a", "DEBUG", "for the curious"))
    sink.close()
    sink.close()
    assert "" == stream.getvalue()


@given(st.text("[]/:abdelor\\@#=", max_size=30))
def test_markup_is_shown_as_it_stands(name: str) -> None:
    """Nothing in a name becomes a style, a link or a smiley, and a long name is not cut."""
    stream = io.StringIO()
    Terminal(stream, HandClock()).event(Event("a", "INFO", f"in/{name}[bold]:smile:[/]{'x' * 300}"))
    assert f"in/{name}[bold]:smile:[/]{'x' * 300}\n" == stream.getvalue()


def test_colours_only_for_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings are yellow and errors are red; other events have no colour."""
    monkeypatch.delenv("NO_COLOR")
    shown = {}
    for severity in ("INFO", "WARNING", "ERROR"):
        stream = FakeTerminal()
        Terminal(stream, HandClock()).event(Event("a", severity, "words"))
        shown[severity] = stream.getvalue()
    assert "words\n" == shown["INFO"]
    assert shown["WARNING"].startswith("\x1b[33m")
    assert "31m" in shown["ERROR"].partition("words")[0]


def test_a_stream_that_is_no_terminal_gets_no_escapes() -> None:
    """Without a terminal rich writes plain lines, and the tests above rely on that."""
    stream = io.StringIO()
    assert not Console(file=stream).is_terminal
    sink = Terminal(stream, HandClock())
    sink.event(Event("a", "ERROR", "words"))
    assert "error: words\n" == stream.getvalue()


@pytest.mark.parametrize("number", [errno.EIO, errno.EPIPE, errno.EBADF])
def test_a_terminal_that_goes_away_ends_no_task(number: int) -> None:
    """A lost connection loses the output, with bar and spinner, and ends no task."""
    stream = Full()
    sink = choose_sink("auto", {"TERM": "xterm"}, stream, HandClock())
    assert Terminal is type(sink)
    sink.progress(Progress(10, 1), {})
    stream.error = OSError(number, os.strerror(number))
    sink.event(Event("a", "WARNING", "not heard"))
    sink.event(Event("listing", "INFO", "not heard"))
    sink.progress(Progress(10, 2), {})
    sink.close()
    assert "not heard" not in stream.getvalue()


def test_a_terminal_that_is_full_for_a_moment() -> None:
    """A terminal that is full for a moment loses that line and shows the next."""
    stream = Full()
    sink = Terminal(stream, HandClock())
    stream.error = BlockingIOError(errno.EAGAIN, "full")
    sink.event(Event("a", "INFO", "lost"))
    stream.error = None
    sink.event(Event("a", "INFO", "shown"))
    assert "shown\n" == stream.getvalue()


def test_a_quiet_sink_shows_what_went_wrong() -> None:
    """In front of any sink, a quiet one passes on warnings and errors, and no progress."""
    stream = io.StringIO()
    sink = Quiet(TextLines(stream, HandClock()))
    for severity in SEVERITIES:
        sink.event(Event("any", severity, severity.lower()))
    sink.progress(Progress(total=2, done=1), {})
    sink.close()
    assert ["warning: warning", "error: error"] == stream.getvalue().splitlines()
