"""The part of the page that tells where the time went, what was read, and which images took longest. Pure."""

from html import escape

from thumbrun.console import counted
from thumbrun.console import dollars as in_dollars
from thumbrun.reporting import html_text, quantities
from thumbrun.reporting.content import Dollars, Report

# What each part of an image's time is, in the order of the work.
PARTS = (
    ("fetch_ms", "fetch", "Fetch: reading the image"),
    ("decode_ms", "decode", "Decode: decoding and scaling"),
    ("encode_ms", "encode", "Encode: encoding the thumbnails"),
    ("put_ms", "put", "Put: writing the thumbnails"),
    ("waiting_ms", "waiting", "Waiting for memory, a decoding process or the ledger"),
)


def time_section(report: Report) -> str:
    """Return the section; without recorded times it says so."""
    return (
        '<section class="time"><h2>Where the time went</h2>'
        f"{_parts(report)}{_bytes(report)}{_slowest(report)}{_dollars(report.dollars)}</section>"
    )


def _parts(report: Report) -> str:
    whole = sum(report.milliseconds.values())
    if not whole:
        return '<p class="soft">The times of the images are not recorded.</p>'
    left, bars, rows = 0.0, [], []
    sums = [report.milliseconds[key] / 1000 for key, _, _ in PARTS]
    times = zip(quantities.alike(sums), quantities.alike(value / report.timed for value in sums), strict=True)
    for (key, name, words), (together, each) in zip(PARTS, times, strict=True):
        share = report.milliseconds[key] / whole
        bars.append(f'<rect class="{name}" x="{left:.2f}" width="{100 * share:.2f}" height="1"/>')
        left += 100 * share
        rows.append(
            f'<tr><th scope="row" class="key {name}">{words}</th><td>{quantities.percent(share)}</td>'
            f"<td>{together}</td><td>{each}</td></tr>"
        )
    said = ", ".join(f"{name} {quantities.percent(report.milliseconds[key] / whole)}" for key, name, _ in PARTS)
    return (
        f'<p class="soft">Of {counted(report.timed, "image")}. A task works on many images at once, so the sums are '
        "more than its time.</p>"
        f'<svg class="bar parts" role="img" aria-label="{said}" viewBox="0 0 100 1" preserveAspectRatio="none">'
        f"{''.join(bars)}</svg>"
        '<table><thead><tr><th scope="col">what</th><th scope="col">share</th><th scope="col">sum</th>'
        f'<th scope="col">an image</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _bytes(report: Report) -> str:
    tally = report.tally
    read, there, written = (
        " ".join(quantities.size(amount)) for amount in (tally.source_bytes, report.bytes_there, tally.output_bytes)
    )
    share = f" ({quantities.percent(tally.source_bytes / report.bytes_there)})" if report.bytes_there else ""
    return f"<p>thumbrun read {read} of {there} that are there{share}, and wrote {written}.</p>"


def _slowest(report: Report) -> str:
    if not report.slowest:
        return ""
    head = "".join(
        f'<th scope="col">{word}</th>' for word in ("image", "size", "time", *(name for _, name, _ in PARTS))
    )
    columns = [[slow.total / 1000 for slow in report.slowest]]
    columns += [[slow.milliseconds[key] / 1000 for slow in report.slowest] for key, _, _ in PARTS]
    times = zip(*(quantities.alike(column) for column in columns), strict=True)
    rows = "".join(
        f'<tr><th scope="row"><span class="name">{html_text.text(slow.cell.source)}</span></th>'
        f"<td>{' '.join(quantities.size(slow.cell.source_bytes))}</td>"
        f"{''.join(f'<td>{time}</td>' for time in row)}</tr>"
        for slow, row in zip(report.slowest, times, strict=True)
    )
    return (
        "<h3>What took longest, waiting aside</h3>"
        '<div class="scroll" tabindex="0" role="region" aria-label="What took longest">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _dollars(dollars: Dollars | None) -> str:
    if dollars is None:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{html_text.text(what)}</th>'
        f"<td>{'not included' if usd is None else escape(in_dollars(usd))}</td></tr>"
        for what, usd in [*dollars.rows, ("together", dollars.usd)]
    )
    return (
        f'<h3>What it cost</h3><p class="soft">By list prices of {html_text.text(dollars.date)}. '
        f"{html_text.text(dollars.note)}</p><table><tbody>{rows}</tbody></table>"
    )
