"""Tests of the events that the parts of a task report, before they take a form."""

import ast
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import thumbrun
from tests.unit.logs.clocks import HandClock
from thumbrun.logs import events as events_module
from thumbrun.logs.events import SEVERITIES, Event, Events, Progress, progress_event
from thumbrun.logs.lines import TextLines
from thumbrun.logs.secrets import REDACTED, redacted, redacted_value
from thumbrun.outcomes import MEANINGS, Reason, refusal
from thumbrun.storage.base import ThrottledError, TransientError
from thumbrun.storage.retry import Retry

PACKAGE = Path(thumbrun.__file__).parent


class Heard:
    """A sink that records its calls.

    Attributes:
        events: The events in order.
        last: The last progress, with its labels.
        closed: The number of times that it was closed.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.last: tuple[Progress, Mapping[str, str]] | None = None
        self.closed = 0

    def event(self, event: Event) -> None:
        """Record an event."""
        self.events.append(event)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Record the progress."""
        self.last = progress, dict(labels)

    def close(self) -> None:
        """Count the call."""
        self.closed += 1


def test_each_severity_has_its_method() -> None:
    """An event has the name, severity, message and fields of its call, and the labels known at that time."""
    heard = Heard()
    events = Events(heard, HandClock(), task="3")
    events.debug("a", "A", x=1)
    events.info("b", "B")
    events.label(run="tonight")
    events.notice("c", "C")
    events.warning("d", "D", name="a field may be called so", message="too")
    events.error("E", "do something")
    assert list(SEVERITIES) == [event.severity for event in heard.events]
    assert Event("a", "DEBUG", "A", {"x": 1}, {"task": "3"}) == heard.events[0]
    assert {"task": "3", "run": "tonight"} == heard.events[2].labels
    assert {"name": "a field may be called so", "message": "too"} == heard.events[3].fields
    assert (
        Event("error", "ERROR", "E\ndo something", {"hint": "do something"}, heard.events[4].labels) == heard.events[4]
    )


def test_the_labels_of_an_event_do_not_change_afterwards() -> None:
    """An event from before the run was known stays without the run."""
    heard = Heard()
    events = Events(heard, HandClock())
    events.info("a", "A")
    events.label(run="tonight")
    assert {} == heard.events[0].labels


def test_the_listing_is_told_every_ten_seconds() -> None:
    """A listing reports every page, and the event appears every ten seconds."""
    heard, clock = Heard(), HandClock()
    events = Events(heard, clock)
    for second in range(31):
        clock.seconds = float(second)
        events.listing(1000 * second)
    assert [10_000, 20_000, 30_000] == [event.fields["found"] for event in heard.events]


def test_outcomes_and_retries() -> None:
    """A failed image is a warning and a skipped one is not; both name the image, the reason and the detail."""
    heard = Heard()
    events = Events(heard, HandClock())
    for reason in (Reason.TRUNCATED, Reason.UNSUPPORTED):
        events.outcome(refusal(1, 2, reason, "only a half"), "gs://b/a.jpg", MEANINGS[reason])
    failed, skipped = heard.events
    assert ("image-failed", "WARNING") == (failed.name, failed.severity)
    assert ("image-skipped", "INFO") == (skipped.name, skipped.severity)
    expected = "gs://b/a.jpg failed (truncated): only a half"
    assert expected == failed.message
    events.outcome(refusal(1, 2, Reason.TRUNCATED, ""), "gs://b/a.jpg", MEANINGS[Reason.TRUNCATED])
    assert heard.events[-1].message.endswith("(truncated): the file ends before the last pixel of the image")
    assert {
        "source": "gs://b/a.jpg",
        "shard": 1,
        "item": 2,
        "reason": "truncated",
        "detail": "only a half",
    } == failed.fields
    events.retry(Retry("read", 2, 1.25, TransientError("503 from the store")))
    assert "503 from the store; thumbrun retries in 1.2 s (attempt 3)" == heard.events[-1].message


def test_many_equal_retries_are_few_lines() -> None:
    """Of a hundred retries of one kind within 10 seconds the first is told, and the others when the events close."""
    heard, clock = Heard(), HandClock()
    events = Events(heard, clock)
    for number in range(100):
        clock.seconds = number / 20
        events.retry(Retry("read", 1, 0.5, ThrottledError(f"gs://b/{number}.jpg: 429")))
        if number == 50:
            events.retry(Retry("page", 1, 0.5, ThrottledError("gs://b/: 429")))
    assert ["gs://b/0.jpg: 429", "gs://b/: 429"] == [event.message.partition(";")[0] for event in heard.events]
    events.close()
    last = heard.events[-1]
    expected = "gs://b/99.jpg: 429; thumbrun retries in 0.5 s (attempt 2); 98 more like it since the last such line"
    assert (expected, 99) == (last.message, last.fields["requests"])
    events.close()
    assert 3 == len(heard.events)
    clock.seconds = 20.0
    events.retry(Retry("read", 1, 0.5, ThrottledError("gs://b/x.jpg: 429")))
    assert "gs://b/x.jpg: 429; thumbrun retries in 0.5 s (attempt 2)" == heard.events[-1].message


def test_nothing_of_before_follows_an_error() -> None:
    """The progress so far is shown before an error, so that the error is the last line."""
    stream = io.StringIO()
    events = Events(TextLines(stream, HandClock()), HandClock())
    events.progress(Progress(total=5, done=2))
    events.error("the store fails", "try again")
    events.close()
    events.progress(Progress(total=5, done=3))
    events.repeat(Event("error", "ERROR", "another task's"))
    events.close()
    expected = ["2 of 5 images", "error: the store fails", "  try again", "3 of 5 images", "error: another task's"]
    assert expected == stream.getvalue().splitlines()


def test_progress_goes_through_events_and_back() -> None:
    """A progress event reads back with the same numbers, and the progress of several tasks adds up."""
    one = Progress(10, 1, 2, 3, 400, 50, {"timeout": 1, "truncated": 2}, 40)
    other = Progress(20, 2, 0, 1, 100, 10, {"timeout": 1}, 40)
    assert one == Progress.from_event(progress_event(one, {}))
    together = Progress.of_tasks([one, None, other], 40)
    assert Progress(40, 3, 2, 4, 500, 60, {"truncated": 2, "timeout": 2}, 40, (one, None, other)) == together
    assert None is Progress.from_event(Event("task-done", "INFO", ""))
    for wrong in ({"total": "many"}, {"reasons": ["timeout"]}, {"reasons": {"timeout": "1"}}, {"reasons": {"\x1b": 1}}):
        assert None is Progress.from_event(Event("progress", "INFO", "", wrong))


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        (Progress(10, 1, 2, 3), "6 of 10 images, 2 skipped, 3 failed"),
        (
            Progress(10, 1, 0, 3, reasons={"timeout": 1, "truncated": 2}),
            "4 of 10 images, 3 failed (2 truncated, 1 timeout)",
        ),
        (Progress(10, 1, run_total=10), "1 of 10 images"),
        (Progress(1, 1, run_total=2000), "1 of 1 image of this task (the run has 2,000)"),
        (Progress(40, 1, run_total=40, tasks=(None, Progress(10, 1))), "1 of 40 images"),
    ],
)
def test_a_task_says_its_own_share_and_the_runs(progress: Progress, message: str) -> None:
    """A line of progress tells the images of the task, of how many in the run, and the failures by reason."""
    event = progress_event(progress, {})
    assert message == event.message
    assert (progress.total, progress.run_total) == (event.fields["total"], event.fields["run_total"])
    assert "tasks" not in event.fields


SECRETS = {
    "Authorization: Bearer ya29.a0AfH6SMBx_secret": f"Authorization: Bearer {REDACTED}",
    "{'Authorization': 'Basic dXNlcjpzZWNyZXQ='}": f"{{'Authorization': 'Basic {REDACTED}'}}",
    "authorization=secret-token-1234 x": f"authorization={REDACTED} x",
    "Bearer abcdef0123456789secret": f"Bearer {REDACTED}",
    "token ya29.c.b0Aaekm1K-secret was refused": f"token {REDACTED} was refused",
    "1//0gsecretsecretsecretsecret": REDACTED,
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2VjcmV0": REDACTED,
    "https://x/b/o?X-Goog-Signature=0123secret&alt=media": f"https://x/b/o?X-Goog-Signature={REDACTED}&alt=media",
    '{"private_key": "secret\\n\\"more", "a": 1}': f'{{"private_key": "{REDACTED}", "a": 1}}',
    "-----BEGIN PRIVATE KEY-----\nsecret\nsecret\n-----END PRIVATE KEY-----\nafter": f"{REDACTED}\nafter",
    "-----BEGIN RSA PRIVATE KEY-----\nsecret, and cut": REDACTED,
}
HARMLESS = [
    "gs://bucket/in/bearer of news.jpg failed, truncated",
    "gs://bucket/in/basic shapes/circle.png",
    "gs://bucket/in/bearer documents/page.jpg",
    "gs://bucket/in1//folder with two slashes.jpg",
    "gs://bucket/in/googlecampaignpictures.jpg",
    "the key of the map.png?key",
    "no authorization to read gs://bucket/in/a.jpg",
    "20251203T1530Z",
]


@pytest.mark.parametrize(("text", "expected"), SECRETS.items())
def test_secrets_are_taken_out(text: str, expected: str) -> None:
    """Tokens, keys and signatures do not reach a log, and the text around them does."""
    assert expected == redacted(text)
    assert "secret" not in redacted(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_names_stay_as_they_are(text: str) -> None:
    """A name that only resembles a secret stays unchanged."""
    assert text == redacted(text)


def test_no_part_of_an_event_carries_a_secret() -> None:
    """Secrets are removed from messages, from fields, and from values within fields."""
    heard = Heard()
    token = "ya29.secretsecret"  # noqa: S105
    Events(heard, HandClock()).warning("a", f"no {token}", x=token, y={"z": [token, 1]}, e=ValueError(token))
    assert "secret" not in repr(heard.events)
    assert {"y": [REDACTED, 1.5, None]} == redacted_value({"y": (token, 1.5, None)})


def called_names() -> Iterator[tuple[str, str]]:
    """Yield the name and severity of each event in the package's code, if they are constants."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                speaker = ast.unparse(node.func.value)
                name: Any = node.args[0]
                known = speaker in ("events", "self._events", "self") and isinstance(name, ast.Constant)
                if known and node.func.attr in ("debug", "info", "notice", "warning"):
                    yield name.value, node.func.attr.upper()


def test_every_event_stands_in_the_table() -> None:
    """The documentation lists every name and severity in the code, because they are a promise."""
    rows = re.findall(r"^\| ([a-z, -]+) \| ([A-Z, ]+) \|", events_module.__doc__ or "", re.MULTILINE)
    listed = {name: severities for names, severities in rows for name in names.split(", ")}
    found = dict(called_names())
    assert {"task-retried", "run-done", "run-agreed", "listing"} <= found.keys()
    for name, severity in found.items():
        assert severity in listed.get(name, ""), f"{name} is not in the table of thumbrun.logs.events as {severity}"
