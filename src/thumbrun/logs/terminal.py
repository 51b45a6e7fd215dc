"""Events on a terminal: a progress bar with counts, rate and time left, and what goes wrong above it."""

from collections.abc import Mapping
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from thumbrun.logs.events import Event, Progress
from thumbrun.logs.lines import plain, plain_message

_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "NOTICE": "bold"}


class Terminal:
    """A progress bar; NO_COLOR is honoured by the library beneath."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`, which is a terminal."""
        self._console = Console(file=stream, highlight=False)
        self._bar: Bar | None = None
        self._listing = self._console.status("")

    def event(self, event: Event) -> None:
        """Show an event above the bar."""
        if event.name == "listing":
            self._listing.update(plain(event.message))
            self._listing.start()
            return
        self._listing.stop()
        if event.severity == "DEBUG":
            return
        style = _STYLES.get(event.severity, "")
        mark = f"{event.severity.lower()}: " if event.severity in ("WARNING", "ERROR") else ""
        text = escape(f"{mark}{plain_message(event)}")
        self._console.print(f"[{style}]{text}[/]" if style else text, soft_wrap=True)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Move the bar."""
        if not progress.total:
            return
        if self._bar is None:
            self._listing.stop()
            self._bar = Bar(
                TextColumn("Thumbnails"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TextColumn("[yellow]{task.fields[trouble]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar.add_task("thumbnails", total=progress.total, rate="", trouble="")
            self._bar.start()
        task = self._bar.tasks[0]
        trouble = [
            f"{count:,} {word}" for count, word in ((progress.skipped, "skipped"), (progress.failed, "failed")) if count
        ]
        rate = f"{task.speed:,.0f}/s" if task.speed else ""
        self._bar.update(
            task.id, completed=progress.settled, total=progress.total, rate=rate, trouble=", ".join(trouble)
        )

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._listing.stop()
        if self._bar is not None:
            self._bar.stop()
