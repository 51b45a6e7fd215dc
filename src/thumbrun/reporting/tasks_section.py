"""The part of the page that holds the tasks against a single job: what was measured, as charts and as tables. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from thumbrun.console import counted
from thumbrun.reporting import html_text, quantities
from thumbrun.reporting.content import Report
from thumbrun.reporting.work import Attempt, Work

_MOST_ROWS = 100  # tasks of the timeline
_X = "\N{MULTIPLICATION SIGN}"
_WIDE = 1000  # units of a bar


def tasks_section(report: Report) -> str:
    """Return the section, or an empty text if the ledger does not tell what the tasks did."""
    work = report.work
    if work is None:
        return ""
    several = work.tasks > 1
    title = "Tasks against a single job" if several else "The task"
    return (
        f'<section class="work"><h2>{title}</h2><p class="soft">{_whose(report)}{_sentence(work)}</p>'
        f'<div class="pair"><div>{_summary(work)}</div>{_curve(work) if several else ""}</div>'
        f"{_timeline(report.attempts)}{_batch(work)}</section>"
    )


def _whose(report: Report) -> str:
    """Return which round the tasks belong to, if the run has several."""
    if not report.round:
        return ""
    return f"In round {report.tasks_round}: " if report.tasks_round else "In the run itself, before any retry: "


def _sentence(work: Work) -> str:
    if work.tasks == 1:
        text = f"One task took {quantities.spoken(work.wall_seconds)} for {counted(work.images, 'image')}."
        return text + (f" It was started again {_times(work.retries)}." if work.retries else "")
    shared = (
        f" They shared {counted(work.processors or 0, 'processor')} on {counted(work.machines or 0, 'machine')}: they "
        f"cannot be more than {work.ideal:g} times as fast, and the ideal line ends there."
        if work.shares_processors
        else ""
    )
    unknown = " The machines are not recorded." if work.machines is None else ""
    return (
        f"{work.tasks:,} tasks took {quantities.spoken(work.wall_seconds)}. A single job that does their work "
        f"one after the other takes {quantities.spoken(work.single_seconds)}. So the tasks were "
        f"{work.speedup:.1f} times as fast, of {work.ideal:g} at best.{shared}{unknown}"
    )


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


_OF_SEVERAL = ("Speed-up", "Efficiency", "Tasks that were done waited for the last one")  # rows that need two tasks


def _summary(work: Work) -> str:
    times = work.wall_seconds, work.single_seconds, work.busy_seconds, work.idle_seconds
    wall, single, busy, idle = quantities.alike(times)
    rows = [
        ("Wall clock, while a task was at work", wall),
        ("Single job: the work one after the other", single),
        ("Busy time of all tasks", busy),
        ("Speed-up", f"{work.speedup:.2f} of {work.ideal:g}"),
        ("Efficiency", quantities.percent(work.efficiency)),
        ("Tasks that were done waited for the last one", idle),
        ("Attempts after the first", f"{work.retries:,}"),
        ("Machines", "not recorded" if work.machines is None else f"{work.machines:,}"),
        ("Processors", "not recorded" if work.processors is None else f"{work.processors:,}"),
        ("Images", f"{work.images:,}"),
    ]
    if work.tasks == 1:
        rows = [row for row in rows if row[0] not in _OF_SEVERAL]
    cells = "".join(f'<tr><th scope="row">{word}</th><td>{value}</td></tr>' for word, value in rows)
    return f"<table><tbody>{cells}</tbody></table>"


def _curve(work: Work) -> str:
    """Return the speed-up against the ideal line, which grows with the tasks and ends at the processors."""
    left, right, bottom, top = 34, 372, 176, 14
    most = max(float(work.tasks), 2.0)
    high = max(work.ideal, work.speedup) * 1.08

    def across(tasks: float) -> float:
        return left + (right - left) * (tasks - 1) / (most - 1)

    def up(speedup: float) -> float:
        return bottom - (bottom - top) * speedup / high

    bend = min(work.ideal, most)
    line = (
        f"M{across(1):.1f} {up(1):.1f}L{across(bend):.1f} {up(work.ideal):.1f}L{across(most):.1f} {up(work.ideal):.1f}"
    )
    x, y = across(work.tasks), up(work.speedup)
    label = f"{work.speedup:.1f}{_X} with {work.tasks:,} tasks; at best {work.ideal:g}{_X}"
    marks = "".join(
        f'<text x="{left - 6}" y="{up(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        f'<path class="grid" d="M{left} {up(value):.1f}H{right}"/>'
        for value in sorted({1.0, work.ideal})
    )
    return (
        f'<figure class="curve"><svg viewBox="0 0 400 210" role="img" aria-label="Speed-up: {label}">'
        f'{marks}<path class="ideal" d="{line}"/>'
        f'<path class="real" d="M{across(1):.1f} {up(1):.1f}L{x:.1f} {y:.1f}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        f'<text class="value" x="{x:.1f}" y="{min(y + 24, bottom - 4):.1f}" text-anchor="end">'
        f"{work.speedup:.1f}{_X}</text>"
        f'<text x="{left}" y="196" text-anchor="middle">1</text>'
        f'<text x="{right}" y="196" text-anchor="middle">{work.tasks:,}</text>'
        f'<text x="{(left + right) / 2:.0f}" y="207" text-anchor="middle">tasks</text></svg>'
        "<figcaption>Times as fast as one task: measured, and the ideal line (dashed).</figcaption></figure>"
    )


def _timeline(attempts: Sequence[Attempt]) -> str:
    """Return what each task did when: waiting to begin, at work, done and waiting for the last one."""
    tasks: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        tasks[attempt.task].append(attempt)
    start = min(attempt.started or attempt.first for attempt in attempts)
    end = max(attempt.last for attempt in attempts)
    whole = max((end - start).total_seconds(), 0.001)
    shown = _some(tasks, _MOST_ROWS)
    busy = quantities.alike(sum(attempt.busy_seconds for attempt in tasks[task]) for task in shown)
    bars = "".join(_bar(task, tasks[task], start, whole, said) for task, said in zip(shown, busy, strict=True))
    rows = "".join(_rows([attempt for task in shown for attempt in tasks[task]], start))
    note = (
        f'<p class="soft">{len(shown):,} of {len(tasks):,} tasks, the last one to end among them.</p>'
        if len(shown) < len(tasks)
        else ""
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in _COLUMNS)
    return (
        f'<h3>Who worked when</h3>{note}<ul class="legend"><li class="wait">started, and nothing to do yet</li>'
        '<li class="busy">at work</li><li class="again">at work, a later attempt</li>'
        '<li class="idle">done, while others worked</li></ul>'
        f'<ol class="timeline">{bars}</ol><p class="axis"><span>0 s</span><span>{quantities.spoken(whole)}</span></p>'
        '<details class="numbers"><summary>The timeline as a table</summary>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Timeline as a table">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


_COLUMNS = ("task", "attempt", "machine", "began at", "ended at", "at work", "images")


def _some(tasks: Mapping[int, Sequence[Attempt]], most: int) -> list[int]:
    """Return the indices of at most so many tasks, evenly over all, the last one to end among them."""
    every = sorted(tasks)
    if len(every) <= most:
        return every
    last = max(every, key=lambda task: max(attempt.last for attempt in tasks[task]))
    chosen = {every[place * len(every) // (most - 1)] for place in range(most - 1)}
    return sorted({*chosen, last})


def _bar(task: int, attempts: Sequence[Attempt], start: datetime, whole: float, busy: str) -> str:
    def place(at: datetime) -> float:
        return _WIDE * (at - start).total_seconds() / whole

    parts = []
    for attempt in attempts:
        if attempt.started and attempt.started < attempt.first:
            parts.append(_rect("wait", place(attempt.started), place(attempt.first)))
        parts.append(_rect("again" if attempt.attempt else "busy", place(attempt.first), place(attempt.last)))
    ended = max(place(attempt.last) for attempt in attempts)
    if ended < _WIDE:
        parts.append(_rect("idle", ended, _WIDE))
    images = sum(attempt.images for attempt in attempts)
    said = f"Task {task}: {busy} at work, {counted(images, 'image')}"
    return (
        f'<li><span>task {task:,}</span><svg role="img" aria-label="{said}" viewBox="0 0 {_WIDE} 10" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg><span>{busy}</span></li>'
    )


def _rect(kind: str, begin: float, end: float) -> str:
    return f'<rect class="{kind}" x="{begin:.1f}" width="{max(end - begin, 2):.1f}" height="10"/>'


def _rows(attempts: Sequence[Attempt], start: datetime) -> Iterator[str]:
    began = quantities.alike((attempt.first - start).total_seconds() for attempt in attempts)
    ended = quantities.alike((attempt.last - start).total_seconds() for attempt in attempts)
    busy = quantities.alike(attempt.busy_seconds for attempt in attempts)
    for attempt, *times in zip(attempts, began, ended, busy, strict=True):
        values = (
            f"{attempt.task:,}",
            f"{attempt.attempt + 1:,}",
            "not recorded" if attempt.machine is None else html_text.text(attempt.machine),
            *times,
            f"{attempt.images:,}",
        )
        yield f"<tr>{''.join(f'<td>{value}</td>' for value in values)}</tr>"


def _batch(work: Work) -> str:
    """Return what the README's first example takes with this run's own time an image."""
    batch = work.batch()
    rows = [
        ("One job", batch["single_seconds"], 1.0),
        (
            f"{batch['tasks']:,} tasks, each on a machine of its own, without any waiting",
            batch["ideal_seconds"],
            batch["tasks"],
        ),
    ]
    if work.tasks > 1 and batch["seconds"]:
        words = f"{batch['tasks']:,} tasks with this run's efficiency, {quantities.percent(work.efficiency)}"
        rows.append((words, batch["seconds"], batch["single_seconds"] / batch["seconds"]))
    times = quantities.alike(seconds for _, seconds, _ in rows)
    cells = "".join(
        f'<tr><th scope="row">{who}</th><td>{time}</td><td>{fast:.1f}</td></tr>'
        for (who, _, fast), time in zip(rows, times, strict=True)
    )
    return (
        f"<h3>{batch['images']:,} images in {batch['tasks']} tasks</h3>"
        f'<p class="soft">Computed with {quantities.spoken(work.image_seconds)} an image, which this run measured.</p>'
        '<table><thead><tr><th scope="col">who</th><th scope="col">time</th><th scope="col">times as fast</th></tr>'
        f"</thead><tbody>{cells}</tbody></table>"
    )
