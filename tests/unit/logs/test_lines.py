"""Tests of events as lines, for Cloud Logging, for a pipe and for a terminal."""

import io
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.logs.clocks import HandClock
from tests.unit.logs.test_events import Heard
from thumbrun.console import printable, quoted, shortened
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE, choose_sink, trace_of
from thumbrun.logs.events import Event, Events, Progress, Sink
from thumbrun.logs.lines import JsonLines, TextLines, parse
from thumbrun.logs.terminal import Terminal
from thumbrun.outcomes import Reason, refusal
from thumbrun.version import __version__

LABELS = "logging.googleapis.com/labels"
HOSTILE = "in/[red]:smile:\x1b[2J\x1b]0;x\x07\r\n\u2028\u202egpj.\udcff\x9b31m\\"
ANY_TEXT = st.text(st.characters(codec=None, categories=None))  # includes lone surrogates and control characters
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def json_text(event: Event, **options: Any) -> str:
    """Return the JSON that is written for an event."""
    stream = io.StringIO()
    JsonLines(stream, HandClock(), **options).event(event)
    return stream.getvalue()


def test_a_json_line() -> None:
    """The keys are those that Cloud Logging knows, labels are texts, and the fields stand beside them."""
    event = Event("plan-made", "INFO", "Plan made", {"items": 3}, {"run": "r", "task": "0", "attempt": "1"})
    assert {
        "severity": "INFO",
        "message": "Plan made",
        "time": "2026-01-02T15:30:40.000Z",
        "event": "plan-made",
        LABELS: {"run": "r", "task": "0", "attempt": "1", "event": "plan-made"},
        "logging.googleapis.com/trace": "projects/p/traces/t",
        "items": 3,
    } == json.loads(json_text(event, trace="projects/p/traces/t"))


def test_an_error_is_one_for_error_reporting() -> None:
    """An error has the type and the service that Error Reporting asks for; no other event has, and it reads back."""
    error = Event("error", "ERROR", "It fails", {"hint": "Try again"})
    found = json.loads(json_text(error))
    assert found["@type"].endswith("clouderrorreporting.v1beta1.ReportedErrorEvent")
    assert {"service": "thumbrun", "version": __version__} == found["serviceContext"]
    assert error == parse(json_text(error))
    assert "@type" not in json_text(Event("image-failed", "WARNING", "It fails"))


def test_the_metric_counts_images_by_outcome_and_reason() -> None:
    """The log-based metric counts the events of images without a thumbnail; its labels are fields with few values."""
    metric = (Path(__file__).parents[3] / "deploy/metric-images.yaml").read_text("utf-8")
    counted = re.findall(r'"(image-[a-z]+)"', metric)
    told = list[dict[str, Any]]()
    for reason in Reason:
        heard = Heard()
        Events(heard, HandClock()).outcome(refusal(0, 1, reason, "why"), "in/name.jpg", "meaning")
        told += [json.loads(json_text(event)) for event in heard.events]
    assert set(counted) == {line["event"] for line in told}
    labels = dict(re.findall(r"^  ([a-z]+): EXTRACT\(jsonPayload\.([a-z]+)\)$", metric, re.MULTILINE))
    assert {"outcome": "event", "reason": "reason"} == labels
    assert list(labels) == re.findall(r"- key: ([a-z]+)", metric)
    assert {str(reason) for reason in Reason} == {line[labels["reason"]] for line in told}


@given(ANY_TEXT, st.dictionaries(st.from_regex("[a-z_]{1,8}x", fullmatch=True), JSON_VALUES, max_size=4))
def test_any_event_is_one_line_that_reads_back(message: str, fields: dict[str, Any]) -> None:
    """Any event is one line of ASCII, and a parent reads the same event back."""
    event = Event("a-name", "WARNING", message, fields, {"task": message})
    text = json_text(event)
    assert text.isascii()
    assert 1 == len(text.splitlines())
    assert text.endswith("}\n")
    assert event == parse(text)


def test_what_json_has_no_form_for() -> None:
    """Numbers without a value, objects and bytes become text, because logging must never fail."""
    fields = {"a": math.nan, "b": -math.inf, "c": Path("/x"), "d": {1: {2}}, "e": b"\xff", "f": ValueError("no")}
    found = parse(json_text(Event("a", "INFO", "", fields)))
    assert found is not None
    assert {"a": "nan", "b": "-inf", "c": "/x", "d": {"1": [2]}, "e": "b'\\xff'", "f": "no"} == found.fields


def test_fields_with_the_names_of_cloud_logging() -> None:
    """A field never replaces the severity or the time."""
    record = json.loads(json_text(Event("a", "INFO", "m", {"severity": "x", "timestamp": 1, LABELS: {}})))
    assert "INFO" == record["severity"]
    assert {"event": "a"} == record[LABELS]
    assert ("x", 1, {}) == (record["field_severity"], record["field_timestamp"], record[f"field_{LABELS}"])


def test_a_line_fits_an_entry() -> None:
    """Long texts of any characters are shortened, so that a line fits into the 256 KiB of Cloud Logging."""
    long = "\U0001f600" * 1_000_000
    assert len(json_text(Event("a", "INFO", long, {"source": long, "detail": long}))) < 256 * 1024


@pytest.mark.parametrize(
    "line",
    [
        "",
        "words",
        "[]",
        "1",
        "{}",
        '{"severity": "INFO"}',
        json.dumps({"severity": 1, "message": "m", "time": "t", "event": "a", LABELS: {}}),
        json.dumps({"severity": "INFO", "message": "m", "time": "t", "event": 1, LABELS: {}}),
        json.dumps({"severity": "INFO", "message": "m", "time": "t", "event": "a", LABELS: []}),
        json.dumps({"severity": "INFO", "message": "m", "time": "t", LABELS: {}}),
        "[" * 100_000,
    ],
)
def test_other_lines_are_no_events(line: str) -> None:
    """A line that a library prints in between is not an event, and does no harm."""
    assert None is parse(line)


@given(ANY_TEXT)
def test_no_line_breaks_the_parser(line: str) -> None:
    """Any line is an event or None."""
    parse(line)


def counted(sink: Sink, clock: HandClock, seconds: int) -> None:
    """Finish one item a second."""
    for second in range(seconds):
        clock.seconds = float(second)
        sink.progress(Progress(total=100, done=second), {"task": "0"})


@pytest.mark.parametrize(("seconds", "expected"), [(30.0, [0, 30, 60]), (20.0, [0, 20, 40, 60])])
def test_progress_as_json_comes_now_and_then(seconds: float, expected: list[int]) -> None:
    """JSON has a progress line every 30 seconds at most, and the last one once at the end."""
    stream, clock = io.StringIO(), HandClock()
    sink = JsonLines(stream, clock, seconds=seconds)
    counted(sink, clock, 62)
    sink.close()
    sink.close()
    found = [parse(line) for line in stream.getvalue().splitlines()]
    assert [*expected, 61] == [event.fields["done"] for event in found if event]


def test_the_last_progress_has_no_rate() -> None:
    """When all is done, the task's own last message tells the rate, and the progress does not tell another one."""
    stream, clock = io.StringIO(), HandClock()
    sink = TextLines(stream, clock)
    counted(sink, clock, 101)
    sink.close()
    assert "100 of 100 images" == stream.getvalue().splitlines()[-1]


def test_progress_as_text_comes_now_and_then() -> None:
    """Text has a progress line with rate and time left every 10 seconds at most, and the last one once at the end."""
    stream, clock = io.StringIO(), HandClock()
    sink = TextLines(stream, clock)
    counted(sink, clock, 25)
    sink.close()
    sink.close()
    assert [
        "10 of 100 images, 1.0 a second, 1 min 30 s left",
        "20 of 100 images, 1.0 a second, 1 min 20 s left",
        "24 of 100 images, 1.0 a second, 1 min 16 s left",
    ] == stream.getvalue().splitlines()


def test_text_lines_say_how_severe_it_is_where_that_matters() -> None:
    """A line marks warnings and errors, a hint has its own line, and debug events are left out."""
    stream = io.StringIO()
    sink = TextLines(stream, HandClock())
    for severity in ("DEBUG", "INFO", "NOTICE", "WARNING"):
        sink.event(Event("a", severity, severity.title()))
    sink.event(Event("error", "ERROR", "It fails\nTry again", {"hint": "Try again"}))
    expected = "Info\nNotice\nwarning: Warning\nerror: It fails\n  Try again\n"
    assert expected == stream.getvalue()


@given(ANY_TEXT)
def test_text_from_outside_moves_no_cursor(text: str) -> None:
    """Escaped text is printable and on one line, and harmless text stays unchanged."""
    assert printable(text).isprintable()
    assert not text.isprintable() or text == printable(text)
    assert quoted(text).isprintable()
    assert len(shortened(text, 10)) <= 10


@pytest.mark.parametrize("sink", [TextLines, Terminal])
@given(message=ANY_TEXT, hint=ANY_TEXT)
def test_no_sink_for_people_lets_control_characters_through(sink: type[Terminal], message: str, hint: str) -> None:
    """In messages, hints and listings, only the end of a line moves the cursor."""
    stream = io.StringIO()  # the stream is no terminal, so rich adds no escapes of its own
    made = sink(stream, HandClock())
    made.event(Event("a-name", "WARNING", message))
    made.event(Event("error", "ERROR", f"{message}\n{hint}", {"hint": hint}))
    assert stream.getvalue().replace("\n", "").isprintable()


def test_names_are_no_markup() -> None:
    """Text that rich would take for a style, a smiley or an escape is shown unchanged."""
    stream = io.StringIO()
    Terminal(stream, HandClock()).event(Event("a-name", "WARNING", HOSTILE))
    assert f"warning: {printable(HOSTILE)}\n" == stream.getvalue()


class FakeTerminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar stays on the screen with its counts, and messages stand above it."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = FakeTerminal(), HandClock()
    sink = Terminal(stream, clock)
    sink.progress(Progress(), {})
    sink.event(Event("listing", "INFO", "Listing: 5 images so far"))
    for second in range(5):
        clock.seconds = float(second)
        sink.progress(Progress(total=1000, done=100 * second, failed=2, skipped=1), {})
    sink.event(Event("image-failed", "WARNING", "one failed"))
    sink.close()
    sink.event(Event("run-done", "NOTICE", "all done"))
    text = stream.getvalue()
    assert "Listing: 5 images so far" in text
    bar = text.rpartition("all done")[0].splitlines()[-2]
    for words in ("403/1,000", "1 skipped, 2 failed", "100/s", "6 s left"):
        assert words in bar
    assert text.index("one failed") < text.rindex("403/1,000") < text.index("all done")


@pytest.mark.parametrize(("width", "expected"), [(100, "100/s  6 s left"), (40, "6 s left"), (20, "403/1,000")])
def test_a_narrow_terminal_shows_what_matters_most(width: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow terminal leaves out whole numbers, and cuts none in two."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = FakeTerminal(), HandClock()
    sink = Terminal(stream, clock)
    for second in range(5):
        clock.seconds = float(second)
        sink.progress(Progress(total=1000, done=100 * second, failed=3), {})
    sink.close()
    assert expected in stream.getvalue()
    assert "…" not in stream.getvalue()


@pytest.mark.parametrize("width", [40, 60, 120])
def test_the_terminal_has_room_for_ctrl_c(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line below the messages reaches the last columns, where a terminal shows ^C: it must begin no new line."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = FakeTerminal(), HandClock()
    sink = Terminal(stream, clock)
    reasons = {"source-missing": 100, "truncated": 50, "unreadable": 20, "crashed": 3}
    told = (Progress(total=500, done=50), None, Progress(total=500, done=250), Progress())
    sink.progress(Progress(total=1000, done=300, failed=3, reasons=reasons, tasks=told), {})
    sink.close()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    lines = [line for line in re.split(r"[\r\n]", shown) if line]
    assert any("task 2" in line for line in lines)
    assert any("truncated" in line for line in lines)
    assert width - 3 == max(len(line) for line in lines)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR, the terminal shows no colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = FakeTerminal()
    Terminal(stream, HandClock()).event(Event("a", "WARNING", "careful"))
    assert "careful" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()


ON_CLOUD_RUN = {"CLOUD_RUN_EXECUTION": "e"}
CHOICES = [
    ("auto", {}, False, TextLines),
    ("auto", {}, True, Terminal),
    ("auto", ON_CLOUD_RUN, False, JsonLines),
    ("auto", {"CLOUD_RUN_JOB": "j"}, False, JsonLines),
    ("auto", ON_CLOUD_RUN, True, Terminal),
    ("auto", {"TERM": "dumb"}, True, TextLines),
    ("text", ON_CLOUD_RUN, False, TextLines),
    ("text", {}, True, Terminal),
    ("json", {}, True, JsonLines),
    ("json", {LOCAL_TASKS_VARIABLE: "1"}, False, JsonLines),
]


@pytest.mark.parametrize(("log_format", "environ", "terminal", "expected"), CHOICES)
def test_the_form_follows_setting_platform_and_stream(
    log_format: str, environ: dict[str, str], terminal: bool, expected: type
) -> None:
    """The sink is the one in the documentation's table, for each row of it."""
    stream: TextIO = FakeTerminal() if terminal else io.StringIO()
    assert expected is type(choose_sink(log_format, environ, stream, HandClock()))


def test_the_trace_that_was_handed_on() -> None:
    """The trace has a name if both its id and the project are known."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    expected = "projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"
    assert expected == trace_of({"TRACEPARENT": parent, "GOOGLE_CLOUD_PROJECT": "p"})
    assert "" == trace_of({"TRACEPARENT": parent})
    assert "" == trace_of({"TRACEPARENT": f"00-{'0' * 32}-00f067aa0ba902b7-01", "GOOGLE_CLOUD_PROJECT": "p"})
    assert "" == trace_of({"TRACEPARENT": "words", "GOOGLE_CLOUD_PROJECT": "p"})


def test_a_stream_that_cannot_spell_a_name(tmp_path: Path) -> None:
    """A stream that takes only ASCII gets other characters escaped, and nothing fails."""
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        choose_sink("text", {}, stream, HandClock()).event(Event("a", "INFO", "sm\xf8rrebr\xf8d"))
    assert b"sm\\xf8rrebr\\xf8d\n" == (tmp_path / "log").read_bytes()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_reader_that_goes_away_ends_no_task(log_format: str) -> None:
    """A closed pipe loses the log and ends no task, and closing the stream does not fail either."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        sink = choose_sink(log_format, {}, stream, HandClock())
        sink.event(Event("a", "INFO", "heard"))
        assert b"heard" in os.read(reader, 1000)
        os.close(reader)
        for _ in range(3):
            sink.event(Event("a", "INFO", "not heard"))


def test_rich_is_not_imported_without_a_terminal() -> None:
    """A task in a container does not import rich, which would slow its start."""
    code = "import sys, thumbrun.cli; sys.exit('rich' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
