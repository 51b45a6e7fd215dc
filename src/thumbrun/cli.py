"""The commands. The only module that reads arguments, prints, or decides what the process exits with.

| exit code | meaning |
|---|---|
| 0 | every item of the task's shards has its outcome, even where some are failures of single images |
| 1 | the task could not finish, and another attempt may |
| 2 | settings are wrong; nothing was written |
| 3 | with `--strict`: images failed; of `verify`: not everything is as it should be |
| 4 | no image lies under the source |
| 130 | interrupted; what is done is written down, and the run can be resumed |
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from thumbrun.clock import SystemClock
from thumbrun.console import plain
from thumbrun.errors import InterruptedRunError, SettingsError, ThumbrunError
from thumbrun.logs.choose import choose_sink
from thumbrun.logs.events import Events
from thumbrun.runs.rounds import MISSING, RETRIABLE, reasons_of
from thumbrun.settings import resolved
from thumbrun.settings.named_run import FIXED, RIGHT, UNUSED_BY_VERIFY
from thumbrun.settings.resolved import Settings
from thumbrun.version import __version__

_STRICT_FAILURE = 3
_NOT_RIGHT = 3
_COMMANDS = frozenset(("run", "plan", "retry", "verify", "demo"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the process's exit code."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.version:
        return _version(parsed.verbose)
    if parsed.command is None:
        parser.print_help()
        return 0
    try:
        return int(parsed.command(parsed))
    except SettingsError as error:
        return _refuse(error)
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code


def entry(arguments: Sequence[str]) -> int:
    """Run what the container's arguments say: a command, or without one `run` with its settings."""
    return main(arguments if arguments and arguments[0] in _COMMANDS else ["run", *arguments])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="thumbrun",
        description="Thumbnails of every image under a Cloud Storage prefix or a folder, in tasks that lose nothing.",
        epilog=(
            "Exit codes: 0 done; 1 not finished, try again; 2 wrong settings; 3 images failed (with --strict), or "
            "a run is not as it should be (verify); 4 no image under the source; 130 interrupted, resumable."
        ),
    )
    parser.add_argument("--version", action="store_true", help="Print the version and exit.")
    parser.add_argument(
        "--verbose", action="store_true", help="With --version: also of every decoder, and how decoding is confined."
    )
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = commands.add_parser(
        "run", help="make the thumbnails", description="Make thumbnails of every image under SOURCE."
    )
    run.set_defaults(command=_run)
    plan = commands.add_parser(
        "plan", help="say what a run would do", description="Say what a run would do, and write nothing."
    )
    plan.add_argument("--json", action="store_true", help="Print the plan as JSON.")
    plan.set_defaults(command=_plan)
    for command in (run, plan):
        resolved.add_options(command, tasks=True)
    retry = commands.add_parser(
        "retry",
        help="work again what failed or is missing",
        description="Work again what failed in a run, and what is missing of it, as a new round.",
    )
    retry.add_argument("run", metavar="RUN", help=f"The run; {RIGHT}.")
    retry.add_argument(
        "--reason",
        action="append",
        choices=sorted(RETRIABLE),
        help="Work only items of this reason; may be given more than once. "
        f"Default: every failure, and what is {MISSING}.",
    )
    resolved.add_options(retry, tasks=True, without=FIXED)
    retry.set_defaults(command=_retry)
    verify = commands.add_parser(
        "verify",
        help="look whether a run is whole",
        description="Look whether every item of a run has its outcome, and every thumbnail is there, whole and of the "
        "right size. Writes nothing.",
    )
    verify.add_argument("run", metavar="RUN", help=f"The run; {RIGHT}.")
    verify.add_argument("--json", action="store_true", help="Print what was found as JSON.")
    verify.add_argument("--quick", action="store_true", help="Go by the listing; open no thumbnail.")
    resolved.add_options(verify, without=FIXED | UNUSED_BY_VERIFY)
    verify.set_defaults(command=_verify)
    demo = commands.add_parser(
        "demo",
        help="see it work on sample pictures",
        description="Draw sample pictures, run four tasks on them through an embedded Cloud Storage emulator, "
        "and make a contact sheet.",
    )
    demo.add_argument("--folder", metavar="DIR", default="demo", help="Where the results go. Default: demo.")
    demo.set_defaults(command=_demo)
    return parser


def _version(verbose: bool) -> int:
    print(f"thumbrun {__version__}")
    if verbose:
        from thumbrun.decoding.versions import confinement, versions  # Pillow takes a while to import

        print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
        for name, version in versions().items():
            print(f"{name} {version}")
        for measure, holds in confinement().items():
            print(f"{measure}: {'yes' if holds else 'no'}")
    return 0


def _settings(parsed: argparse.Namespace) -> Settings:
    return resolved.resolve(os.environ, resolved.flags_of(parsed, tasks=True))


def _refuse(error: SettingsError) -> int:
    print("thumbrun: nothing was done, because", file=sys.stderr)
    for problem in error.problems:
        print(f"  - {plain(problem)}", file=sys.stderr)
    return error.exit_code


def _events(settings: Settings, stream: TextIO | None = None) -> Events:
    clock = SystemClock()
    sink = choose_sink(settings.log_format, os.environ, stream or sys.stdout, clock)
    return Events(sink, clock, task=str(settings.task.index), attempt=str(settings.task.attempt))


def _run(parsed: argparse.Namespace) -> int:
    flags = resolved.flags_of(parsed, tasks=True)
    named = flags["resume"] or os.environ.get("THUMBRUN_RESUME") or ""
    if not named or ("/" not in named and (flags["source"] or os.environ.get("INPUT_FOLDER"))):
        return _work(_settings(parsed), resolved.flags_of(parsed))
    return _reopened(named, flags, None)


def _retry(parsed: argparse.Namespace) -> int:
    return _reopened(parsed.run, resolved.flags_of(parsed, tasks=True), reasons_of(parsed.reason or ()))


def _reopened(run: str, flags: Mapping[str, str | None], retry: frozenset[str] | None) -> int:
    from thumbrun.commands.resume import reopen

    try:
        settings, merged = asyncio.run(reopen(run, os.environ, flags, SystemClock(), retry=retry))
    except SettingsError:
        raise
    except ThumbrunError as error:
        return _unreadable(error)
    return _work(settings, merged)


def _unreadable(error: ThumbrunError) -> int:
    print(f"thumbrun: {plain('; '.join(part for part in (str(error), error.hint) if part))}", file=sys.stderr)
    return error.exit_code


def _work(settings: Settings, flags: Mapping[str, str | None]) -> int:
    import uvloop  # 10 ms, which the other commands do without

    events = _events(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_task(settings, events) if settings.tasks is None else _tasks(settings, flags, events))
    except SettingsError:
        raise
    except ThumbrunError as error:
        events.error(str(error), error.hint)
        return error.exit_code
    finally:
        events.close()


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; a second one has its usual effect."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped)
    return stop


async def _task(settings: Settings, events: Events) -> int:
    from thumbrun.task.runner import Job  # what a run needs, the other commands do without

    job = Job(settings, events, SystemClock())
    try:
        report = await job.run(_stop_signal())
    except ThumbrunError as error:
        if error.exit_code == 1:
            error.hint = "; ".join(part for part in (error.hint, job.resume_hint()) if part)
        raise
    from thumbrun.commands.summary import say_report

    events.close()
    say_report(report, events)
    return _STRICT_FAILURE if settings.strict and report.own.failed else 0


async def _tasks(settings: Settings, flags: Mapping[str, str | None], events: Events) -> int:
    from thumbrun.commands.local_tasks import run_fleet
    from thumbrun.commands.summary import say_run

    code, report = await run_fleet(settings, flags, events, _stop_signal(), SystemClock())
    events.close()
    if report is not None and report.run is not None:
        say_run(report.run, report.folder, events)
    return code


def _plan(parsed: argparse.Namespace) -> int:
    settings = _settings(parsed)
    events = _events(settings)
    from thumbrun.commands.plan import preview, preview_text

    try:
        found = asyncio.run(preview(settings, events, SystemClock()))
    except SettingsError:
        raise
    except ThumbrunError as error:
        events.error(str(error), error.hint)
        return error.exit_code
    finally:
        events.close()
    print(json.dumps(found, indent=1) if parsed.json else preview_text(found))
    return 0


def _verify(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.resume import reopen
    from thumbrun.commands.summary import tally_text
    from thumbrun.verification.findings import verified_text
    from thumbrun.verification.verify import verify

    try:
        settings, _ = asyncio.run(reopen(parsed.run, os.environ, resolved.flags_of(parsed), SystemClock()))
    except SettingsError:
        raise
    except ThumbrunError as error:
        return _unreadable(error)
    events = _events(settings, sys.stderr)  # what was found alone goes to the standard output
    try:
        found = asyncio.run(verify(settings, events, SystemClock(), quick=parsed.quick))
    except SettingsError:
        raise
    except ThumbrunError as error:
        events.error(str(error), error.hint)
        return error.exit_code
    finally:
        events.close()
    print(json.dumps(found.to_record(), indent=1) if parsed.json else verified_text(found, tally_text(found.tally)))
    return 0 if found.right else _NOT_RIGHT


def _demo(parsed: argparse.Namespace) -> int:
    from thumbrun.demo.run import demo

    return demo(parsed.folder, print)
