"""Tells the user what a task has found out about its run's plan."""

from collections.abc import Sequence

from thumbrun.console import counted
from thumbrun.logs.events import Events
from thumbrun.planning.plan import Plan
from thumbrun.planning.planner import DEAD_SECONDS
from thumbrun.planning.survey import count_of_unlisted, describe_left_out, describe_unlisted, left_out
from thumbrun.settings.named_run import run_anew
from thumbrun.settings.planning_inputs import describe_unmatched, names_shared
from thumbrun.settings.resolved import Settings


def say_plan_awaited(events: Events) -> None:
    """Say that another process makes the plan."""
    events.info(
        "plan-awaited",
        "Another process lists the source for this run. This task waits for its plan, and lists the source itself if "
        f"that process shows no sign of life for {DEAD_SECONDS:.0f} s",
    )


def say_plan(events: Events, settings: Settings, plan: Plan, unmatched: Sequence[str], *, listed: bool) -> None:
    """Say what the plan holds, what it leaves out, and what costs money.

    Args:
        events: Receives the events.
        settings: The settings of the task.
        plan: The plan of the run.
        unmatched: The patterns that have selected nothing; they mean something only if the task has listed.
        listed: Whether this task has made the plan.
    """
    verb = "made" if listed else "read"
    events.info(
        f"plan-{verb}",
        f"Plan {verb}: {counted(plan.items, 'image')}, {counted(plan.size, 'byte')}, "
        f"{counted(len(plan.shards), 'shard')}",
        items=plan.items,
        bytes=plan.size,
        shards=len(plan.shards),
    )
    if listed:
        _say_what_was_listed(events, settings, plan, unmatched)
    # The first task says it for all of them, whoever has listed: its exit code tells of it too.
    if (unlisted := count_of_unlisted(plan.seen)) and settings.task.index == 0:
        anew = run_anew(settings.source, settings.output)
        events.warning(
            "not-listed",
            f"{describe_unlisted(plan.seen, now=listed)}. To make that too, let thumbrun read it, and begin another "
            f"run, with your other flags: {anew}",
            parts=unlisted,
        )


def _say_what_was_listed(events: Events, settings: Settings, plan: Plan, unmatched: Sequence[str]) -> None:
    if plan.items and (out := left_out(plan.seen)):  # else the error says it
        events.info("left-out", describe_left_out(plan.seen), objects=sum(out.values()), kinds=out)
    whole = settings.limit is None  # a limit ends the listing early
    if plan.items and whole and (described := describe_unmatched(unmatched)):
        events.info("pattern-unmatched", described)
    if shared := names_shared(settings, plan):
        events.info("names-shared", shared)
    if cold := plan.seen["cold_bytes"]:
        classes = ", ".join(f"{counted(size, 'byte')} in {name}" for name, size in cold.items())
        message = f"Cloud Storage charges a retrieval fee for reading {classes}"
        events.warning("cold-storage", message, **cold)
