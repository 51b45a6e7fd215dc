"""The command line. Only this module reads arguments and chooses the exit code; only it and `commands` print.

| exit code | meaning |
|---|---|
| 0 | every item of the task's shards has its outcome, even if some images failed |
| 1 | the task could not finish; another attempt might. Or a part of a local source could not be listed |
| 2 | settings are wrong; thumbrun has written nothing |
| 3 | with `--strict`: images failed; from `verify`: the run has a problem; from `doctor`: something is wrong here |
| 4 | there is no image under the source |
| 130 | the task was interrupted; its results so far are recorded, and you can resume the run |
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from thumbrun.commands.parser import Parser
from thumbrun.commands.standard_streams import open_standard_streams
from thumbrun.commands.unexpected import unexpected
from thumbrun.commands.version import print_version
from thumbrun.console import did_you_mean, printable, quoted, width_of, wrapped
from thumbrun.environment.machine import raise_open_files
from thumbrun.errors import InterruptedRunError, ReportedError, SettingsError, ThumbrunError
from thumbrun.formats import suffix_of
from thumbrun.logs.secrets import redacted
from thumbrun.runs.rounds import MISSING, RETRIABLE
from thumbrun.settings.declared import IN_FLIGHT, MEMORY, REQUIRE_SANDBOX, SOURCE, WORKERS
from thumbrun.settings.named_run import PLACE_SETTINGS, VALID_RUN
from thumbrun.settings.options import add_options, flags_of

_Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001  (it has no public name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the process's exit code."""
    open_standard_streams()
    raise_open_files()
    try:
        parsed = _parsed(list(sys.argv[1:] if arguments is None else arguments))
        if parsed.version:
            return print_version(verbose=parsed.verbose)
        return int(parsed.command(parsed))
    except SettingsError as error:
        return refuse(error)
    except ReportedError as error:
        return error.exit_code
    except ThumbrunError as error:  # raised before there were events that could show it
        return _report(error)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return _report(unexpected(error))
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code


def entry(arguments: Sequence[str]) -> int:
    """Run the command that the container's arguments name, or `run` if they name none.

    A first argument that is neither a place nor a command, but much like one, is a slip.
    """
    first = arguments[0] if arguments else ""
    if first in ("help", "version") and not Path(first).exists():
        return main(arguments)
    slip = first.isalpha() and did_you_mean(first, _COMMANDS) and not Path(first).exists()
    return main(arguments if first in _COMMANDS or slip else ["run", *arguments])


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """Return the arguments of a command.

    Raises:
        SettingsError: There is no such command, or it does not take these arguments.
    """
    parser, commands = _parser()
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    if named == "help" and arguments[0] == named:
        commands.get(arguments[1] if len(arguments) > 1 else "", parser).print_help()
        raise ReportedError(0)
    if named is not None and named not in commands:
        raise SettingsError([_no_command(arguments, named)], hint="thumbrun --help shows the commands")
    parsed, rest = parser.parse_known_args(arguments)
    if rest:
        commands.get(named or "", parser).refuse(rest, arguments)
    if parsed.command is None and not parsed.version:
        parser.print_help()
        raise ReportedError(0)
    return parsed


def _no_command(arguments: Sequence[str], named: str) -> str:
    if arguments[0] != named:
        return (
            f"{quoted(arguments[0])} comes before a command; flags come after it, as in thumbrun run SOURCE --size 200"
        )
    if named == "version":
        return "there is no command 'version'; did you mean thumbrun --version?"
    if "/" in named or suffix_of(named) or Path(named).exists():
        return f"{quoted(named)} is no command; did you mean 'thumbrun run {printable(named)}'?"
    return f"there is no command {quoted(named)}{did_you_mean(named, _COMMANDS)}"


def _parser() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the command line, and those of the commands by their names."""
    parser = Parser(
        prog="thumbrun",
        takes="COMMAND ...",
        description=(
            "Make a thumbnail of every image under a Cloud Storage prefix or in a folder, in parallel tasks that lose "
            "nothing."
        ),
        examples=(
            "thumbrun plan ~/Pictures",
            "thumbrun run ~/Pictures --output thumbs",
            "thumbrun run gs://bucket/photos --tasks 4",
            "thumbrun verify thumbs/20261123T1748Z",
        ),
        lists={
            "Commands": (
                "run     Make the thumbnails.",
                "plan    Show what a run would do.",
                "retry   Retry what failed or is missing.",
                "status  Show how far a run is.",
                "list    List the runs of a place.",
                "verify  Check that a run is complete.",
                "doctor  Check credentials, buckets and this machine.",
                "report  Make the page of a run.",
                "demo    Try thumbrun on sample pictures.",
            )
        },
        epilog=(
            "Exit codes: 0: done. 1: not finished; try again. 2: settings are wrong. 3: images failed (with --strict), "
            "the run has a problem (verify), or something is wrong here (doctor). 4: there is no image under the "
            "source. 130: interrupted; you can resume the run."
        ),
    )
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(prog=parser.prog, help=argparse.SUPPRESS)
    flags = parser.add_argument_group("Flags")
    flags.add_argument("--version", action="store_true", help="Print the version and exit.")
    flags.add_argument(
        "--verbose",
        action="store_true",
        help="With --version: also print the version of every decoder, and how decoding is confined.",
    )
    parser.add_help_flag(flags)
    made = {name: add(commands) for name, add in _COMMANDS.items()}
    for command in made.values():
        command.add_help_flag(command.add_argument_group("Help"))
    return parser, made


def _add_run(commands: _Commands) -> Parser:
    run = commands.add_parser(
        "run",
        description="Make a thumbnail of every image under SOURCE.",
        takes="SOURCE [FLAGS]",
        examples=(
            "thumbrun run ~/Pictures --output thumbs",
            "thumbrun run photo.jpg --size 400,100 --format webp",
            "thumbrun run gs://bucket/photos --exclude drafts --tasks 4",
            "thumbrun run --resume gs://bucket/20261123T1748Z",
        ),
    )
    run.set_defaults(command=_run)
    add_options(run, "run")
    return run


def _add_plan(commands: _Commands) -> Parser:
    plan = commands.add_parser(
        "plan",
        description="Show what a run would do, and write nothing.",
        takes="SOURCE [FLAGS]",
        examples=("thumbrun plan ~/Pictures", "thumbrun plan gs://bucket/photos --tasks 10 --json"),
    )
    plan.set_defaults(command=_plan)
    plan.add_argument_group("This command").add_argument("--json", action="store_true", help="Print the plan as JSON.")
    add_options(plan, "plan")
    return plan


def _add_retry(commands: _Commands) -> Parser:
    retry = commands.add_parser(
        "retry",
        description="Retry the images of a run that failed, and those that are missing, as a new round of the run.",
        takes="RUN [FLAGS]",
        examples=(
            "thumbrun retry gs://bucket/20261123T1748Z",
            "thumbrun retry thumbs/20261123T1748Z --reason timeout --image-timeout 60",
        ),
    )
    own = retry.add_argument_group("This command")
    own.add_argument("run", metavar="RUN", help=f"The run to retry; {VALID_RUN}.")
    own.add_argument(
        "--reason",
        action="append",
        metavar="REASON",
        help=f"Retry only items with this reason: {', '.join(sorted(RETRIABLE))}. {MISSING} means that the item has no "
        f"outcome, or that its thumbnail is gone. You may repeat the flag. Default: every reason for a failure, and "
        f"{MISSING}.",
    )
    retry.set_defaults(command=_retry)
    add_options(retry, "retry")
    return retry


def _add_verify(commands: _Commands) -> Parser:
    verify = commands.add_parser(
        "verify",
        description="Check that every item of a run has its outcome, and that every thumbnail is there, complete and "
        "of the right size. thumbrun writes nothing.",
        takes="RUN [FLAGS]",
        examples=("thumbrun verify gs://bucket/20261123T1748Z", "thumbrun verify thumbs/20261123T1748Z --quick --json"),
    )
    own = verify.add_argument_group("This command")
    own.add_argument("run", metavar="RUN", help=f"The run to check; {VALID_RUN}.")
    own.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    own.add_argument("--quick", action="store_true", help="Check the listing only, and open no thumbnail.")
    verify.set_defaults(command=_verify)
    add_options(verify, "verify")
    return verify


def _add_status(commands: _Commands) -> Parser:
    status = commands.add_parser(
        "status",
        description="Show how far a run is, from anywhere, while others are working on it. thumbrun writes nothing.",
        takes="RUN [FLAGS]",
        examples=("thumbrun status gs://bucket/20261123T1748Z", "thumbrun status thumbs/20261123T1748Z --watch"),
    )
    own = status.add_argument_group("This command")
    own.add_argument("run", metavar="RUN", help=f"The run; {VALID_RUN}.")
    own.add_argument("--watch", action="store_true", help="Go on until the run is complete, and look every 5 seconds.")
    own.add_argument("--json", action="store_true", help="Print the status as JSON; with --watch, one line each time.")
    status.set_defaults(command=_status)
    add_options(status, "status", PLACE_SETTINGS)
    return status


def _add_list(commands: _Commands) -> Parser:
    list_ = commands.add_parser(
        "list",
        description="List the runs of a place: when they began, of which source, their state and size. thumbrun writes "
        "nothing.",
        takes="[PLACE] [FLAGS]",
        examples=("thumbrun list gs://bucket", "thumbrun list thumbs --json"),
    )
    own = list_.add_argument_group("This command")
    own.add_argument(
        "place",
        metavar="PLACE",
        nargs="?",
        help="The bucket, prefix or folder that holds the runs' folders. Default: --output, else the current folder.",
    )
    own.add_argument("--json", action="store_true", help="Print the runs as JSON.")
    list_.set_defaults(command=_list)
    add_options(list_, "list", PLACE_SETTINGS)
    return list_


def _add_doctor(commands: _Commands) -> Parser:
    doctor = commands.add_parser(
        "doctor",
        description="Check that a run can work here: this machine, the decoders, the credentials, and the buckets or "
        "folders. thumbrun shows what mends each problem. It mends nothing itself, and writes nothing unless you give "
        "--write.",
        takes="[SOURCE] [FLAGS]",
        examples=(
            "thumbrun doctor",
            "thumbrun doctor gs://bucket/photos --output gs://thumbnails",
            "thumbrun doctor ~/Pictures --output thumbs --write",
        ),
    )
    own = doctor.add_argument_group("This command")
    own.add_argument(
        SOURCE.name,
        metavar=SOURCE.metavar,
        nargs="?",
        help="The source of a run. If you give neither this nor --output, thumbrun checks no bucket and no folder. "
        f"[{SOURCE.variable}]",
    )
    own.add_argument(
        "--write",
        action="store_true",
        help="Also create an object in each bucket or folder that a run writes to, below _thumbrun/doctor/. It stays "
        "there, because thumbrun deletes nothing.",
    )
    own.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    doctor.set_defaults(command=_doctor)
    add_options(doctor, "doctor", (*PLACE_SETTINGS, WORKERS, MEMORY, IN_FLIGHT, REQUIRE_SANDBOX))
    return doctor


def _add_report(commands: _Commands) -> Parser:
    report = commands.add_parser(
        "report",
        description="Make the page of a run, finished or not, as a local file: the verdict, failures and what to do, "
        "the pictures, what the tasks did, and where the time went.",
        takes="RUN [FLAGS]",
        examples=(
            "thumbrun report thumbs/20261123T1748Z --open",
            "thumbrun report gs://bucket/20261123T1748Z --out run.html",
            "thumbrun report gs://bucket/20261123T1748Z --csv > run.csv",
        ),
    )
    own = report.add_argument_group("This command")
    own.add_argument("run", metavar="RUN", help=f"The run; {VALID_RUN}.")
    own.add_argument("--out", metavar="FILE", help="The file for the page. Default: report.html.")
    own.add_argument("--open", action="store_true", help="Open the page in a browser.")
    own.add_argument("--json", action="store_true", help="Print what the page tells as JSON, and make no page.")
    own.add_argument(
        "--csv",
        action="store_true",
        help="Print a table with a row for each image that has an outcome, and make no page.",
    )
    report.set_defaults(command=_report_run)
    add_options(report, "report", PLACE_SETTINGS)
    return report


def _add_demo(commands: _Commands) -> Parser:
    demo = commands.add_parser(
        "demo",
        description="Draw sample pictures, run four tasks on them with an embedded Cloud Storage emulator, and make "
        "the page of the run.",
        takes="[FLAGS]",
        examples=("thumbrun demo", "thumbrun demo --folder /tmp/demo"),
    )
    demo.add_argument_group("This command").add_argument(
        "--folder", metavar="DIR", default="demo", help="The folder for the results. Default: demo."
    )
    demo.set_defaults(command=_demo)
    return demo


_COMMANDS = {
    "run": _add_run,
    "plan": _add_plan,
    "retry": _add_retry,
    "status": _add_status,
    "list": _add_list,
    "verify": _add_verify,
    "doctor": _add_doctor,
    "report": _add_report,
    "demo": _add_demo,
}


def _report(error: ThumbrunError) -> int:
    """Print an error in the form that events have, with the advice on a line of its own, and return the exit code."""
    width = width_of(sys.stderr)
    print(wrapped(f"error: {printable(redacted(str(error)))}", width, indent="  "), file=sys.stderr)
    if error.hint:
        print(wrapped(f"  {printable(redacted(error.hint))}", width), file=sys.stderr)
    return error.exit_code


def refuse(error: SettingsError) -> int:
    """Print what is wrong with the settings, and return the exit code."""
    width = width_of(sys.stderr)
    print(f"{error.consequence}, because:", file=sys.stderr)
    for problem in error.problems:
        print(wrapped(f"  - {printable(redacted(problem))}", width, indent="  "), file=sys.stderr)
    if error.hint:
        print(wrapped(printable(error.hint), width), file=sys.stderr)
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


def _status(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.status import status

    return status(parsed.run, flags_of(parsed), as_json=parsed.json, watch=parsed.watch)


def _list(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.list_runs import list_runs

    return list_runs(parsed.place, flags_of(parsed), as_json=parsed.json)


def _verify(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.verify import verify

    return verify(parsed.run, flags_of(parsed), as_json=parsed.json, quick=parsed.quick)


def _doctor(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.doctor import doctor

    return doctor(flags_of(parsed), as_json=parsed.json, write=parsed.write)


def _report_run(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.report import report

    return report(
        parsed.run, flags_of(parsed), out=parsed.out, opened=parsed.open, as_json=parsed.json, as_csv=parsed.csv
    )


def _demo(parsed: argparse.Namespace) -> int:
    from thumbrun.commands.demo import demo

    return demo(parsed.folder)
