"""Write docs/reference.md from the code, so that what is promised is what is done. `make docs` runs this."""

import sys
from pathlib import Path

from thumbrun import cli, formats
from thumbrun.environment import task_identity
from thumbrun.logs import events
from thumbrun.outcomes import MEANINGS, SKIPS
from thumbrun.runs import names
from thumbrun.runs.records import VERSION
from thumbrun.settings.reference import reference as settings_table
from thumbrun.verification import findings
from thumbrun.verification.findings import MOST_NAMED

TARGET = Path(__file__).parent / "reference.md"


def indented(text: str | None, beginning: str) -> str:
    """Return the indented block of a docstring that begins with a word."""
    lines = (text or "").splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith(beginning))
    block = []
    for line in lines[start:]:
        if not line.strip():
            break
        block.append(line.removeprefix("    "))
    return "\n".join(block)


def paragraphs(text: str | None, beginning: str) -> str:
    """Return a docstring from the line that begins with some words to its end."""
    whole = text or ""
    return whole[whole.index(f"\n{beginning}") :].strip()


def table(text: str | None, number: int = 0) -> str:
    """Return a table of a docstring."""
    tables: list[list[str]] = [[]]
    for line in (text or "").splitlines():
        if line.strip().startswith("|"):
            tables[-1].append(line.strip())
        elif tables[-1]:
            tables.append([])
    return "\n".join(tables[number])


def reference() -> str:
    """Return the reference."""
    reasons = "\n".join(
        f"| `{reason}` | {'skipped' if reason in SKIPS else 'failed'} | {meaning} |"
        for reason, meaning in MEANINGS.items()
    )
    read = "\n".join(
        f"| {format_.name} | {', '.join(f'`{suffix}`' for suffix in format_.suffixes)} | "
        f"{', '.join(f'`{media_type}`' for media_type in format_.media_types)} | {format_.output} |"
        for format_ in formats.READ
    )
    kinds = "\n".join(f"| `{kind}` | {meaning} |" for kind, meaning in findings.MEANINGS.items())
    return f"""# Reference

Made from the code by `make docs`. What stands here is a promise: it changes with a new version only.

## Settings

Flags go before the environment, the environment before defaults. All wrong settings are reported together, with what
would be right; the exit code is then 2, and nothing was written. An unknown variable that begins with `THUMBRUN_` is a
wrong setting.

{settings_table()}
`thumbrun run`, `plan` and `retry` take `--tasks N` as well: so many tasks on this machine, or a plan for so many.
Google's default credentials are used in their usual order: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's login, workload
identity federation, impersonation, the metadata server.

## Commands on a run

`thumbrun retry RUN` works again, as a new round, what failed in a run and what is missing of it; `--reason` limits it
to one of the reasons below or to `missing` (items without an outcome, thumbnails that are gone), and may be given more
than once. `thumbrun run --resume RUN` goes on with a run that was interrupted; a finished one is only reported. Both
take what was begun from the run's own records and need no other setting; limits, workers and who pays are as given.

`thumbrun verify RUN` reads plan, ledger and the run's folder, decodes every thumbnail, and writes nothing. It exits
with 0 if everything is as it should be, and with 3 if not; `--quick` goes by the listing and opens no thumbnail. What
it finds is of one of these kinds; all are counted, and the first {MOST_NAMED:,} of each are named.

| kind | meaning |
|---|---|
{kinds}

With `--json` it prints one document: `version` (now {VERSION}), `run`, `source`, `folder` and `records` (URIs),
`right`, `opened` (whether thumbnails were decoded), `items` and `shards` of the plan, `outcomes` (as in `run-done`),
`objects` in the folder, `counts` by kind, `findings` (`kind`, and where they apply `source`, `object` and `detail`),
and `advice`: what to do, commands and sentences. Of a run that is at work, what it has not done yet is `open`.

RUN is `gs://bucket/prefix/<run id>`, a run's folder, or a run id beside `--output` / `OUTPUT_BUCKET`. The container's
entry takes these commands as arguments too: `python process.py retry gs://bucket/<run id>`.

## Which task a process is

{table(task_identity.__doc__)}

{paragraphs(task_identity.__doc__, "AWS Batch")}

## Exit codes

{table(cli.__doc__)}

## Formats

| format | file names | content types | thumbnail, unless `format` says otherwise |
|---|---|---|---|
{read}

What the bytes really are decides which decoder reads them; the thumbnail's name and format follow from name and
content type alone. Other image formats are `skipped: unsupported` and never opened.

## Outcomes

Every item has exactly one: `done`, or one of these.

| reason | outcome | meaning |
|---|---|---|
{reasons}

## Events

One JSON object a line, with `severity`, `message`, `time`, `event`, `logging.googleapis.com/labels` (run, task,
attempt) and the fields of the event.

{table(events.__doc__)}

## What lies on the store

```
{indented(names.__doc__, "<output>")}
```

Records are JSON, or JSON lines under gzip whose first line is a header; both begin with a `version`, now 1. Plain JSON
ends with `crc32c`, over the rest as compact JSON with sorted keys; gzip has a checksum of its own. Lines of a ledger
part hold `item`, `source`, `generation`, `output`, `status`, and where they apply `reason`, `detail`, `source_bytes`
(that were read), `output_bytes`, `width`, `height`, `retry_round` and `unchecked` (true where what was read was not
checked against the source's checksum: it was read in part, or has none). A part's header says who wrote it and when,
and as `opening` (ranges of `item`, first and last), `at_once` and `alone` what its writer may open before its next
part. The part that completes a shard has the shard's counts as metadata `thumbrun-tally`, `thumbrun-parts` (how many of
the shard's parts these cover: where there are more, read them), and the `thumbrun-round` of a later round. So the
summary says in `parts` how many it covers. Every object that thumbrun writes carries the metadata `thumbrun-run`;
thumbnails carry `thumbrun-source`, `thumbrun-source-generation`, `thumbrun-recipe` and `thumbrun-crc32c` (of the bytes
that were sent) as well.
"""


if __name__ == "__main__":
    TARGET.write_text(reference(), "utf-8")
    sys.stdout.write(f"{TARGET} is written\n")
