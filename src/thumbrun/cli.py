"""The command line. Only this module reads arguments and chooses the exit code; only it and `commands` print.

| exit code | meaning |
|---|---|
| 0 | every item of the task's shards has its outcome, even if some images failed |
| 1 | the task could not finish; another attempt might. Or a part of a local source could not be listed |
| 2 | settings are wrong; thumbrun has written nothing |
| 3 | with `--strict`: images failed; from `verify`: the run has a problem |
| 4 | there is no image under the source |
| 130 | the task was interrupted; its results so far are recorded, and you can resume the run |
"""

import argparse
import sys
from collections.abc import Sequence

from thumbrun.commands.standard_streams import open_standard_streams
from thumbrun.commands.version import print_version
from thumbrun.console import printable
from thumbrun.errors import InterruptedRunError, ReportedError, SettingsError, ThumbrunError
from thumbrun.logs.secrets import redacted
from thumbrun.runs.rounds import MISSING, RETRIABLE
from thumbrun.settings.named_run import VALID_RUN
from thumbrun.settings.options import add_options, flags_of

_COMMANDS = frozenset(("run", "plan", "retry", "verify", "demo"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the process's exit code."""
    open_standard_streams()
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.command is None and not parsed.version:
        parser.print_help()
        return 0
    try:
        if parsed.version:
            return print_version(verbose=parsed.verbose)
        return int(parsed.command(parsed))
    except SettingsError as error:
        return refuse(error)
    except ReportedError as error:
        return error.exit_code
    except ThumbrunError as error:  # raised before there were events that could show it
        print(f"thumbrun: {printable('; '.join(part for part in (str(error), error.hint) if part))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code


def entry(arguments: Sequence[str]) -> int:
    """Run the command that the container's arguments name, or `run` if they name none."""
    return main(arguments if arguments and arguments[0] in _COMMANDS else ["run", *arguments])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="thumbrun",
        description="Make a thumbnail of every image under a Cloud Storage prefix or in a folder, in parallel tasks "
        "that lose nothing.",
        epilog=(
            "Exit codes: 0: done. 1: not finished; try again. 2: settings are wrong. 3: images failed (with --strict), "
            "or the run has a problem (verify). 4: there is no image under the source. 130: interrupted; you can "
            "resume the run."
        ),
    )
    parser.add_argument("--version", action="store_true", help="Print the version and exit.")
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="With --version: also print the version of every decoder, and how decoding is confined.",
    )
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = commands.add_parser(
        "run", help="make the thumbnails", description="Make a thumbnail of every image under SOURCE."
    )
    run.set_defaults(command=_run)
    plan = commands.add_parser(
        "plan", help="show what a run would do", description="Show what a run would do, and write nothing."
    )
    plan.add_argument("--json", action="store_true", help="Print the plan as JSON.")
    plan.set_defaults(command=_plan)
    add_options(run, "run")
    add_options(plan, "plan")
    retry = commands.add_parser(
        "retry",
        help="retry what failed or is missing",
        description="Retry the images of a run that failed, and those that are missing, as a new round of the run.",
    )
    retry.add_argument("run", metavar="RUN", help=f"The run to retry; {VALID_RUN}.")
    retry.add_argument(
        "--reason",
        action="append",
        choices=sorted(RETRIABLE),
        metavar="REASON",
        help=f"Retry only items with this reason: {', '.join(sorted(RETRIABLE))}. {MISSING} means that the item has no "
        f"outcome, or that its thumbnail is gone. You may repeat the flag. Default: every reason for a failure, and "
        f"{MISSING}.",
    )
    add_options(retry, "retry")
    retry.set_defaults(command=_retry)
    verify = commands.add_parser(
        "verify",
        help="check that a run is complete",
        description="Check that every item of a run has its outcome, and that every thumbnail is there, complete and "
        "of the right size. thumbrun writes nothing.",
    )
    verify.add_argument("run", metavar="RUN", help=f"The run to check; {VALID_RUN}.")
    verify.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    verify.add_argument("--quick", action="store_true", help="Check the listing only, and open no thumbnail.")
    add_options(verify, "verify")
    verify.set_defaults(command=_verify)
    demo = commands.add_parser(
        "demo",
        help="try thumbrun on sample pictures",
        description="Draw sample pictures, run four tasks on them with an embedded Cloud Storage emulator, and make a "
        "contact sheet of the thumbnails.",
    )
    demo.add_argument("--folder", metavar="DIR", default="demo", help="The folder for the results. Default: demo.")
    demo.set_defaults(command=_demo)
    return parser


def refuse(error: SettingsError) -> int:
    """Print what is wrong with the settings, and return the exit code."""
    print("thumbrun did nothing, because:", file=sys.stderr)
    for problem in error.problems:
        print(f"  - {printable(redacted(problem))}", file=sys.stderr)
    return error.exit_code


# Each command imports what it needs when you call it, so that `thumbrun --help` does not wait for these imports.


def _run(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.run import run

    return run(flags_of(parsed))


def _plan(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.plan import plan

    return plan(flags_of(parsed), as_json=parsed.json)


def _retry(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.retry import retry

    return retry(parsed.run, parsed.reason or (), flags_of(parsed))


def _verify(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.verify import verify

    return verify(parsed.run, flags_of(parsed), as_json=parsed.json, quick=parsed.quick)


def _demo(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.demo import demo

    return demo(parsed.folder)
