"""Events on a terminal: a progress bar with counts, rate and time left, and messages above it.

Below the bar are the progress of each task, if there are several, and the failures so far by reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, ProgressColumn, Task
from rich.progress import Progress as Bar
from rich.progress_bar import ProgressBar
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from thumbrun.clock import Clock
from thumbrun.console import by_count, counted, printable, wrapped
from thumbrun.logs.events import Event, Progress
from thumbrun.logs.lines import marked_message
from thumbrun.logs.pace import Pace, duration_text, rate_text
from thumbrun.logs.stream import ForgivingStream

_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "NOTICE": "bold"}
_SHORTEST_BAR = 8  # characters, including the gap beside the bar
_GAP = "  "
# Columns to the right that stay free. A terminal shows ^C behind the last line, and if that begins another line there,
# the display is drawn again one line too low.
_FREE = 3
_TASK_WIDTH = 39  # characters that the progress of one task takes at least; a wide terminal shows several in a row
_OTHER_LINES = 8  # of the terminal, which the progress of single tasks leaves for the bar, the failures and messages


class _Numbers(ProgressColumn):
    """The numbers beside the bar; a narrow terminal leaves out the least important ones."""

    def __init__(self, console: Console) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._console = console

    def render(self, task: Task) -> Text:
        """Return the numbers that fit."""
        counts, trouble, rate, left = (str(task.fields[name]) for name in ("counts", "trouble", "rate", "left"))
        elapsed = duration_text(task.elapsed or 0.0)
        kept: set[str] = set()
        for part in (counts, trouble, left, rate, elapsed):  # the most important first
            if part and len(_GAP.join([*kept, part])) <= self._console.width - _FREE - _SHORTEST_BAR:
                kept.add(part)
        shown = [
            Text(part, style="yellow" if part is trouble else "")
            for part in (counts, trouble, rate, left, elapsed)
            if part in kept
        ]
        return Text(_GAP).join(shown)


class _Display(Bar):
    """The bar, and below it what it does not tell: each task's own progress, and why images failed.

    Attributes:
        told: The progress that is shown below the bar, None to show nothing there.
    """

    told: Progress | None = None

    def __init__(self, console: Console) -> None:
        """Set up the display; it shows nothing yet."""
        self._shown_on = console  # `Bar` asks for what to show before it has a console
        columns = BarColumn(bar_width=None, table_column=Column(ratio=1)), _Numbers(console)
        super().__init__(*columns, console=console, expand=True)

    def get_renderable(self) -> RenderableType:
        """Return all that is shown."""
        return Constrain(Group(*self.get_renderables()), self._shown_on.width - _FREE)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar and what lies below it."""
        yield from super().get_renderables()
        told = self.told  # another thread draws
        if told is None:
            return
        if len(told.tasks) > 1:
            yield from self._each_task(told.tasks)
        if told.reasons:
            text = wrapped(f"failed: {by_count(told.reasons)}", self.console.width - _FREE, indent=_GAP)
            yield Text(text, style="yellow")

    def _each_task(self, tasks: Sequence[Progress | None]) -> Iterable[RenderableType]:
        """Yield the progress of as many tasks as there is room for; if that is too little, those at work come first."""
        in_a_row = max(1, (self.console.width - _FREE) // _TASK_WIDTH)
        most = in_a_row * max(1, self.console.height - _OTHER_LINES)
        shown = list(enumerate(tasks))
        if len(shown) > most:
            shown = sorted(shown, key=lambda one: one[1] is not None and one[1].finished == one[1].total)[:most]
        grid = Table.grid(padding=(0, len(_GAP)), expand=True)
        for _ in range(in_a_row):
            grid.add_column(no_wrap=True)
            grid.add_column(ratio=1)
            grid.add_column(no_wrap=True, justify="right")
        for at in range(0, len(shown), in_a_row):
            grid.add_row(*(cell for one in shown[at : at + in_a_row] for cell in _cells(*one)))
        yield grid
        if len(shown) < len(tasks):
            yield Text(f"and {counted(len(tasks) - len(shown), 'more task')}")


def _cells(index: int, progress: Progress | None) -> tuple[RenderableType, ...]:
    """Return the name, the bar and the numbers of one task."""
    name = Text(f"task {index}")
    if progress is None:
        return name, ProgressBar(total=1), Text("is starting")
    if not progress.total:
        return name, ProgressBar(total=1, completed=1), Text("has no images")
    numbers = Text(f"{progress.finished:,}/{progress.total:,}")
    return name, ProgressBar(total=progress.total, completed=progress.finished), numbers


class Terminal:
    """A sink that shows a progress bar; the library rich honours NO_COLOR.

    Everything that it shows is a `Text`, never markup, because names are data and can contain `[red]` or `:smile:`.
    """

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        """Set up a sink that writes to `stream`, which is a terminal."""
        self._console = Console(file=cast(TextIO, ForgivingStream(stream)), highlight=False)
        self._clock = clock
        self._pace = Pace()
        self._bar: _Display | None = None
        self._listing: Status | None = None

    def event(self, event: Event) -> None:
        """Show an event above the bar."""
        if event.name == "listing":
            text = Text(printable(event.message))
            if self._listing is None:
                spinner = "dots" if self._console.encoding.startswith("utf") else "line"
                self._listing = self._console.status(text, spinner=spinner)
                self._listing.start()
            self._listing.update(text)
        elif event.severity != "DEBUG":
            self._end_listing()
            message = wrapped(marked_message(event), self._console.width, indent="  ")
            self._console.print(Text(message, style=_STYLES.get(event.severity, "")), soft_wrap=True)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Move the bar."""
        if not progress.total:
            return
        self._end_listing()
        self._pace.note(self._clock.monotonic(), progress.finished)
        bar = self._bar or self._start_bar(progress.total)
        trouble = (f"{n:,} {word}" for n, word in ((progress.skipped, "skipped"), (progress.failed, "failed")) if n)
        rate, left = self._pace.rate, self._pace.left(progress.total)
        unfinished = progress.finished < progress.total
        bar.told = progress
        bar.update(
            bar.tasks[0].id,
            completed=progress.finished,
            total=progress.total,
            counts=f"{progress.finished:,}/{progress.total:,}",
            trouble=", ".join(trouble),
            rate=f"{rate_text(rate)}/s" if rate and unfinished else "",
            left=f"{duration_text(left)} left" if left is not None and unfinished else "",
        )

    def close(self) -> None:
        """Stop the bar and leave it on the screen."""
        self._end_listing()
        if self._bar is not None:
            self._bar.refresh()  # else nobody would see how the tasks of a quick run ended
            self._bar.told = None
            self._bar.stop()
            self._bar = None

    def _start_bar(self, total: int) -> _Display:
        self._bar = _Display(self._console)
        self._bar.add_task("thumbnails", total=total, counts="", trouble="", rate="", left="")
        self._bar.start()
        return self._bar

    def _end_listing(self) -> None:
        if self._listing is not None:
            self._listing.stop()
            self._listing = None
