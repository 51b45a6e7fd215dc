"""Write docs/reference.md from the code, and the example in docs/design.md from a real run. `make docs` runs this."""

import sys
from pathlib import Path

from thumbrun import cli, formats
from thumbrun.commands.list_runs import VERSION as LIST_VERSION
from thumbrun.diagnosis.diagnose import DECODING_SECONDS
from thumbrun.diagnosis.findings import HERE, Level
from thumbrun.diagnosis.findings import MEANINGS as CHECKS
from thumbrun.diagnosis.findings import VERSION as DOCTOR_VERSION
from thumbrun.diagnosis.in_time import SECONDS
from thumbrun.environment import task_identity
from thumbrun.ledger.status import VERSION as STATUS_VERSION
from thumbrun.ledger.status import State
from thumbrun.logs import events
from thumbrun.outcomes import MEANINGS, SKIPS
from thumbrun.reporting.content import VERSION as REPORT_VERSION
from thumbrun.reporting.table import COLUMNS
from thumbrun.runs import record_names
from thumbrun.runs.records import VERSION
from thumbrun.settings.reference import reference as settings_table
from thumbrun.task import stopwatch
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
    """Return the text of docs/reference.md."""
    checks = "\n".join(f"| `{check}` | {meaning} |" for check, meaning in CHECKS.items())
    levels = ", ".join(f"`{level}`" for level in Level)
    states = ", ".join(f"`{state}`" for state in State)
    reasons = "\n".join(
        f"| `{reason}` | {'skipped' if reason in SKIPS else 'failed'} | {meaning} |"
        for reason, meaning in MEANINGS.items()
    )
    read = "\n".join(
        f"| {format_.name} | {', '.join(f'`{suffix}`' for suffix in format_.suffixes)} | "
        f"{', '.join(f'`{media_type}`' for media_type in format_.media_types)} | {format_.output} |"
        for format_ in formats.READ
    )
    columns = ", ".join(f"`{column}`" for column in COLUMNS)
    kinds = "\n".join(f"| `{kind}` | {meaning} |" for kind, meaning in findings.MEANINGS.items())
    return f"""# Reference

`make docs` writes this page from the code. Everything on this page is a promise: [a new
version](../CONTRIBUTING.md#versions-and-promises) changes it only as announced.

## Settings

A flag overrides the environment, and the environment overrides the default. If settings are wrong, thumbrun reports
all of them together, names valid values, and exits with 2 before it writes anything. If an unknown variable that
begins with `THUMBRUN_` has a name much like a setting's, thumbrun warns, and names that setting.

{settings_table()}
`thumbrun run`, `plan` and `retry` also take `--tasks N`: `run` and `retry` start N tasks on this machine, and `plan`
plans for N tasks. [The bill](plan.md) describes what `plan` prints, and its `--json`.

thumbrun finds Google's default credentials in the usual order: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's login,
workload identity federation, impersonation, the metadata server. [On Cloud Run](cloud-run.md) shows how a job gets its
variables and its account.

thumbrun reaches Cloud Storage, and the servers that give tokens, through the proxy that `HTTPS_PROXY` names, such as
`http://user:password@proxy.example:3128`; `NO_PROXY` lists hosts that need none. The proxy must begin with http:// and
pass TLS on unread (CONNECT), so it sees neither tokens nor images. thumbrun never uses a proxy for an emulator, for the
metadata server and for this machine, and ignores `HTTP_PROXY`. It shows the user and the password nowhere.

## Before a run

`thumbrun doctor [SOURCE] [--output PLACE]` checks that a run can work here. It needs neither a source nor an output:
without them it checks only this machine, the decoders and the credentials. It goes on after each problem. A request to
a store takes at most {SECONDS:.0f} s, and any other check {DECODING_SECONDS:.0f} s. A wrong setting ends it with 2, as
any command. Otherwise it exits with 3 if a finding is an error, and with 0 if not.

| check | what it looks at |
|---|---|
{checks}

It tries each permission in two ways: it asks Cloud Storage (`testIamPermissions`), and sends a request that needs the
permission: a listing of one object, and a read of one byte of it. Where reading costs a fee or would move the object
to another class, it reads only the object's record. It writes nothing, so it knows of `storage.objects.create` only
what Cloud Storage says. With `--write` it creates one object in each bucket or folder that a run writes to, and shows
its name: `doctor/<time>-<random>.txt` in the folder of records, which is `_thumbrun` below the output. If `--state`
puts the records into another bucket, the output gets one in such a folder as well. The objects stay, because thumbrun
deletes nothing, and no run takes them for images.

With `--json` it prints one document: `version` (now {DOCTOR_VERSION}), `counts` of the findings by level, and
`findings`. Each has `check`, `about` (the URI of a bucket or a folder, or `{HERE}`), `level` ({levels}), `what`, and if
they apply `mend` (what to do, in words) and `command` (the exact command that does it).

## Commands on a run

`thumbrun list [PLACE]` lists the runs whose folders lie in a bucket, a prefix or a folder, the latest first: id, when
the run began, its state (`planning`, `refused`, `unfinished`, `complete`, `unreadable`), images, bytes, source.
`--json` prints `version` (now {LIST_VERSION}), `place` and `runs`. A run is `refused` if its source holds more images,
or costs more, than `--max-images` or `--max-cost` allowed. The same command with a higher limit goes on with it.

`thumbrun status RUN` shows how far a run is, from any machine, while others are working on it: the images that have an
outcome, failures by reason, the speed of the last minutes, when the end is expected, and the tasks that nobody has
heard of for a while. It reads the claim and the plan and lists the ledger, whatever the run's size. `--watch` looks
every 5 seconds until the run is complete. `--json` prints `version` (now {STATUS_VERSION}), `run`, `source`, `state`
({states}), `began`, `at`, `items`, the outcomes as in `run-done`, `shards`, `complete_shards` in the latest `round`,
`rate` (images a second), `expected_end`, and `tasks`: each with `task`, `tasks`, `attempt`, `items` (the outcomes that
this attempt wrote), `last_seen` and `silent_seconds`. While a shard is not complete, an item that two processes worked
counts twice.

`thumbrun report RUN` makes the page of a run as a local file, `report.html` or what `--out` names. `--open` opens it in
a browser. `--json` prints what the page tells, in the form of [report.schema.json](report.schema.json) (`version` now
{REPORT_VERSION}). `--csv` prints a table with the columns {columns}. [The report](report.md) says more.

`thumbrun retry RUN` retries, as a new round, the images that failed in a run and those that are missing. `--reason`
limits it to one of the reasons below or to `missing` (items without an outcome, and deleted thumbnails); you can give
it more than once. `thumbrun run --resume RUN` continues a run that was interrupted. If the run is finished, the command
only reports the result. Both commands take the settings from the run's own records and need no others. The records do
not hold limits, workers and the project that pays: give these again if you need them.

`thumbrun verify RUN` reads the plan, the ledger and the run's folder, and decodes every thumbnail. It writes nothing.
It exits with 0 if the run is complete and right, and with 3 if not. `--quick` checks only the listing and opens no
thumbnail. `verify` counts the problems of each kind below, and names the first {MOST_NAMED:,} of each kind.

| kind | meaning |
|---|---|
{kinds}

With `--json` it prints one document with these fields: `version` (now {VERSION}), `run`, `source`, `folder` and
`records` (URIs), `right`, `opened` (whether it decoded the thumbnails), `items` and `shards` of the plan, `outcomes`
(as in `run-done`), `objects` in the folder, `counts` by kind, `findings` (each with its `kind`, and with `source`,
`object` and `detail` if they apply), and `advice` (commands and sentences that say what to do). While a run is at work,
the items that it has not done yet are `open`.

RUN is `gs://bucket/prefix/<run id>`, or a run's folder, or a run id together with `--output` / `OUTPUT_BUCKET`. The
container's entry also takes these commands as arguments: `python process.py retry gs://bucket/<run id>`.

## Which task a process is

{table(task_identity.__doc__)}

{paragraphs(task_identity.__doc__, "AWS Batch")}

## Exit codes

{table(cli.__doc__)}

## Formats

| format | file names | content types | thumbnail, unless `format` says otherwise |
|---|---|---|---|
{read}

A content type that says nothing, such as `application/octet-stream` or `image/*`, does not count: then the extension
decides. So it is with `text/plain` if the extension is that of an image.

The bytes of an image decide which decoder reads it. Its file name and content type alone decide the name and the format
of the thumbnail. thumbrun never opens an image of another format; such an image is skipped with the reason
`unsupported`.

## Outcomes

Every item has exactly one outcome: `done`, or one of these.

| reason | outcome | meaning |
|---|---|---|
{reasons}

## Events

With `json` as the log format, each line is one JSON object, with the fields of its event.

{table(events.__doc__)}

{paragraphs(events.__doc__, "In `progress`")}

## What lies on the store

```
{indented(record_names.__doc__, "<output>")}
```

Records are JSON, or JSON lines compressed with gzip. [The design](design.md#one-run-as-an-example) shows one of each.

- Each record begins with a `version`, now {VERSION}. In JSON lines the first line is a header, which holds the version.
- Plain JSON ends with `crc32c`, the checksum of the rest as compact JSON with sorted keys. gzip has its own checksum.
- Each line of a ledger part is one outcome. It holds `item`, `source`, `generation`, `output` and `status`, and if they
  apply `reason`, `detail`, `source_bytes` (bytes that were read), `output_bytes`, `each` (the bytes of each of several
  thumbnails), `width`, `height`, `source_width`, `source_height`, `colour`, `placeholder` (see [sizes, colours and
  placeholders](placeholders.md); version 0.1.0 recorded none of these four), `retry_round`, `made_of` (the generation
  that the thumbnail shows, if that is not the planned one, `generation`) and `unchecked` (true if thumbrun did not
  check the source's checksum, because it read only a part or because there is no checksum). An image that is done has
  a `detail` if there is something to remark, such as a broken colour profile.
- A line also says when the work on the image began (`began`), and [what its time went into](#the-times-of-an-image):
  `fetch_ms`, `decode_ms`, `encode_ms`, `put_ms` and `waiting_ms`; those that are 0 are left out. Version 0.1.0 did not
  record them, and an image that was not worked has none: one whose thumbnail was found, or that is poison.
- The header of a ledger part says which task wrote the part, and when. `opening` (ranges of `item`, first and last)
  says which items this task can open before its next part, `at_once` how many of them at once, and `alone` whether it
  opens nothing else meanwhile. `started` is when the task began, `processors` how many it can use, and `machine` a
  name that tasks have in common if they share these processors. Version 0.1.0 wrote none of the three.
- Each part has as metadata `thumbrun-task`: the task, the number of tasks, the attempt and the time, as in
  `3/10/0 2026-11-23T17:48:05+00:00`; and `thumbrun-rows`: the counts of its own rows. Version 0.1.0 wrote neither.
- The part that completes a shard has the counts of the shard as metadata `thumbrun-tally`, its number as
  `thumbrun-shard`, and `thumbrun-parts`: the number of the shard's parts that these counts cover. If the shard has more
  parts, read them too. In a later round the part also has `thumbrun-round`. In the same way, `parts` in a summary is
  the number of parts that it covers.
- A reader checks the keys of a record that are shown here and in the design, and ignores others. It refuses a record
  that does not belong to the run, shard or round that its name says. thumbrun does without ledger parts, later rounds
  and summaries that are damaged (`record-set-aside`). To have such a run right again, move away the damaged records
  that `verify` names, and run the command that it advises.
- `seen` in a plan counts the objects of the listing by kind and type. `formats` counts the images to decode by format
  and storage class, with their bytes, estimated milliseconds (`cost_ms`), how many are stored compressed (`gzip`), and
  how many a task peeks at always (`peeked`) or as long as that saves something (`large`).
- `seen` in a plan has `unlisted` if parts of a local source could not be listed: how many, and the first 100 with the
  reason. It has `hidden` if images have a name in their path that begins with a dot: how many.
  `links` is the number of symbolic links in a local source, which thumbrun does not follow.
- A local file holds its metadata in the extended attribute `user.thumbrun`: JSON with `metadata`, `content_type`, and
  the `identity` of the file (inode, size and time of modification). They stay with a file that you rename or move on
  its file system. A copy has none, because its identity is another one: thumbrun takes copied thumbnails for images,
  so keep copies out of the source, or `--exclude` them. On macOS, and on file systems without such attributes, the
  metadata are in a file of `_thumbrun/local/marks`, by the same identity. Version 0.1.0 put all of them there.
- With `--metadata keep` thumbnails also have the metadata that the source's owner gave it, as the listing shows them.
  thumbrun's marks go first: keys that begin with `thumbrun-` are not kept, nor those in which tools keep the times and
  rights of a file (`goog-reserved-`). Cloud Storage has room for 8 KiB of metadata an object, so keys that do not fit
  beside the marks are left out, and the `detail` of the image says how many. What they hold can name the source, so
  they do not go together with `--source-metadata hash`. In a plan they are the `metadata` of an item.
- Every object that thumbrun writes has the metadata `thumbrun-run`. Thumbnails also have `thumbrun-source`,
  `thumbrun-source-generation`, `thumbrun-recipe` and `thumbrun-crc32c` (the checksum of the bytes that were sent).

### The times of an image

{table(stopwatch.__doc__)}

They count one thing at a time, so they add up to the time from `began` to the outcome. Each is the difference of two
moments that are cut to milliseconds. So sums over many images are right, even if an image is encoded in less than one.

{paragraphs(stopwatch.__doc__, "An item begins")}
"""


if __name__ == "__main__":
    TARGET.write_text(reference(), "utf-8")
    sys.stdout.write(f"{TARGET} is written\n")
    import worked_example

    worked_example.main()
