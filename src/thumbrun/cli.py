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
import sys
from collections.abc import Sequence

from thumbrun.commands.version import print_version
from thumbrun.console import printable
from thumbrun.errors import InterruptedRunError, SettingsError, ThumbrunError
from thumbrun.runs.rounds import MISSING, RETRIABLE
from thumbrun.settings.named_run import VALID_RUN
from thumbrun.settings.options import add_options, flags_of

_COMMANDS = frozenset(("run", "plan", "retry", "verify", "demo"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the process's exit code."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.version:
        return print_version(verbose=parsed.verbose)
    if parsed.command is None:
        parser.print_help()
        return 0
    try:
        return int(parsed.command(parsed))
    except SettingsError as error:
        return _refuse(error)
    except ThumbrunError as error:  # before there were events that could show it
        print(f"thumbrun: {printable('; '.join(part for part in (str(error), error.hint) if part))}", file=sys.stderr)
        return error.exit_code
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
    add_options(run, "run")
    add_options(plan, "plan")
    retry = commands.add_parser(
        "retry",
        help="work again what failed or is missing",
        description="Work again what failed in a run, and what is missing of it, as a new round.",
    )
    retry.add_argument("run", metavar="RUN", help=f"The run; {VALID_RUN}.")
    retry.add_argument(
        "--reason",
        action="append",
        choices=sorted(RETRIABLE),
        help="Work only items of this reason; may be given more than once. "
        f"Default: every failure, and what is {MISSING}.",
    )
    add_options(retry, "retry")
    retry.set_defaults(command=_retry)
    verify = commands.add_parser(
        "verify",
        help="look whether a run is whole",
        description="Look whether every item of a run has its outcome, and every thumbnail is there, whole and of the "
        "right size. Writes nothing.",
    )
    verify.add_argument("run", metavar="RUN", help=f"The run; {VALID_RUN}.")
    verify.add_argument("--json", action="store_true", help="Print what was found as JSON.")
    verify.add_argument("--quick", action="store_true", help="Go by the listing; open no thumbnail.")
    add_options(verify, "verify")
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


def _refuse(error: SettingsError) -> int:
    print("thumbrun: nothing was done, because", file=sys.stderr)
    for problem in error.problems:
        print(f"  - {printable(problem)}", file=sys.stderr)
    return error.exit_code


# Each command imports what it needs when it is called: `thumbrun --help` waits for none of it.


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
