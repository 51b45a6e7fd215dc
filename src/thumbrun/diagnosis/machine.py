"""Checks processors, memory and open files against the settings."""

from collections.abc import Iterator, Mapping

from thumbrun.console import counted
from thumbrun.diagnosis.findings import HERE, Check, Finding, Level
from thumbrun.diagnosis.subject import Subject
from thumbrun.settings.declared import IN_FLIGHT, MEMORY, WORKERS
from thumbrun.settings.resolved import LEAST_MEMORY, files_needed
from thumbrun.task.admission import memory_of_task

_MIB = 1 << 20
_LEAST_IN_FLIGHT = 4  # requests at once, with fewer of which a task mostly waits


def machine_findings(subject: Subject, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what there is to say of this machine."""
    for slip in subject.settings.slips:
        yield Finding(Check.VARIABLES, HERE, Level.WARNING, *slip.split("; ", 1))
    yield _processors(subject)
    yield _memory(subject, environ)
    yield _open_files(subject)


def _processors(subject: Subject) -> Finding:
    here, workers = subject.machine.processors, subject.settings.workers
    has = f"{counted(here, 'processor')}, {counted(workers, 'worker')}"
    if workers <= here:
        return Finding(Check.PROCESSORS, HERE, Level.OK, has)
    return Finding(
        Check.PROCESSORS,
        HERE,
        Level.WARNING,
        f"{has}: more workers than processors take more memory, and decode no faster",
        f"set {WORKERS.label} to {here}, or leave it out",
    )


def _memory(subject: Subject, environ: Mapping[str, str]) -> Finding:
    """Return what there is to say of memory.

    | memory that this process can use | level |
    |---|---|
    | less than the processes and the least setting take | error |
    | less than the processes and the setting take | warning |
    | as much or more | ok |
    """
    here, settings = subject.machine.memory, subject.settings
    needed = memory_of_task(settings.memory, settings.workers)
    least = memory_of_task(LEAST_MEMORY, settings.workers)
    whose = "This container" if subject.machine.is_limited else "This machine"
    has = f"{whose} has {_mib(here)} of memory; a task takes up to {_mib(needed)} ({_mib(settings.memory)} for images)"
    if needed <= here:
        return Finding(Check.MEMORY, HERE, Level.OK, has)
    # Enough for the present setting, and for the default one: that takes five eighths, so the rest must hold the
    # processes themselves.
    enough = -(-max(needed, memory_of_task(0, settings.workers) * 8 // 3) // (64 * _MIB)) * 64
    job = environ.get("CLOUD_RUN_JOB")
    more = f"give the container {enough} MiB" if subject.machine.is_limited else "use a machine with more memory"
    command = f"gcloud run jobs update {job} --memory={enough}Mi --region=REGION" if job else ""
    if least > here:
        return Finding(Check.MEMORY, HERE, Level.ERROR, f"{has}: it is killed (exit code 137)", more, command)
    lower = (here - needed + settings.memory) // _MIB
    return Finding(
        Check.MEMORY,
        HERE,
        Level.WARNING,
        f"{has}: large images can have it killed (exit code 137)",
        f"set {MEMORY.label} to {lower}MiB, or {more}",
        command,
    )


def _open_files(subject: Subject) -> Finding:
    here, settings, asked = subject.machine.open_files, subject.settings, subject.in_flight
    files = counted(here, "open file")
    if settings.in_flight >= asked:
        return Finding(Check.OPEN_FILES, HERE, Level.OK, f"{files}, {counted(asked, 'request')} at once")
    needed = files_needed(asked, settings.workers)
    return Finding(
        Check.OPEN_FILES,
        HERE,
        Level.ERROR if settings.in_flight < _LEAST_IN_FLIGHT else Level.WARNING,
        f"{files} leave room for {counted(settings.in_flight, 'request')} at once instead of {asked:,} "
        f"({IN_FLIGHT.label})",
        f"raise the limit, which root can do, or start the container with --ulimit nofile={needed}:{needed}",
        f"ulimit -n {needed}",
    )


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
