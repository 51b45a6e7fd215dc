"""The parts of the bench: what each measures, and the rows and plots that come of it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench import (
    balance,
    cost,
    decode,
    fidelity,
    latency,
    memory,
    planning,
    reading,
    results,
    scaling,
    sizes,
    start,
    task,
)
from bench.pictures import SIZES
from bench.results import Plot, Result, Row
from thumbrun.storage.ramp import WRITES

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        about: What it measures.
        run: Does so, with so many rounds where these count.
    """

    about: str
    run: Callable[[int], Result]


def _decode(rounds: int) -> Result:
    found = decode.measure(rounds)
    rows = []
    for kind in dict.fromkeys(one.kind for one in found):
        rates = {one.who: one.rate for one in found if one.kind == kind}
        ours = rates.pop(decode.OURS)
        best = max(rates.values(), default=0.0)
        goal = 4.0 if kind in _PROGRESSIVE else 1.0
        rows.append(
            Row(
                f"decode and encode alone, {kind}, 2 processors",
                f"{goal:g} times the fastest" if goal > 1 else "the fastest",
                f"{ours:.0f} images/s ({ours / best:.2f} times the fastest)" if best else f"{ours:.0f} images/s",
                {who: f"{rate:.0f}" for who, rate in rates.items()}
                | {who: "absent" for who, command in decode.contenders().items() if command is None},
                ours >= goal * best if best else None,
                _DECODING.get(kind, ""),
            )
        )
    lines = {
        who: [(one.kind, one.rate) for one in found if one.who == who]
        for who in dict.fromkeys(one.who for one in found)
    }
    return Result(rows, [Plot("decoding", "Decode and encode alone", "kind", "images a second", lines)], found)


_PROGRESSIVE = ("camprog", "webprog")
_LANCZOS = (
    "Pillow's thumbnail() reduces to twice the size first: a median of 45 dB against every pixel's Lanczos, ours 55; "
    "the decoder is the same, and handing an image to a process takes a few tenths of a millisecond"
)
_DECODING = {
    "small": _LANCZOS,
    "web": _LANCZOS,
    "cam": _LANCZOS,
    "shot": "Pillow undoes PNG's filters byte by byte, which takes nearly half of the time",
    "webprog": "what is left is memory for all coefficients, reducing, encoding and handing over, not scans",
}


def _task(rounds: int) -> Result:
    found = [task.compare(size, rounds) for size in SIZES]
    goals = dict(zip(SIZES, (40, 30, 12), strict=True))
    rows = []
    for one in found:
        goal = goals[one.size]
        what = f"images of {one.size}, GET 50 and PUT 80 ms away, process start to exit"
        rows.append(
            Row(
                f"one task, {task.IMAGES:,} {what}",
                f"{goal} times the sequential design",
                f"{one.faster:.1f} times ({task.IMAGES / one.ours:.0f} images/s)",
                {"sequential design": f"{task.IMAGES / one.sequential:.1f} images/s", "img2dataset": _rate(one.bulk)},
                one.faster >= goal,
                f"the store's server took {one.server * 1e3:.2f} ms an image of the same two processors",
            )
        )
        rows.append(
            Row(
                f"one task, {task.MANY:,} {what}",
                f"{goal} times the sequential design",
                f"{one.faster_with_many:.1f} times ({task.MANY / one.ours_many:.0f} images/s)",
                {"sequential design": f"{task.MANY / one.sequential_many:.1f} images/s"},
                one.faster_with_many >= goal,
                "starting and ending, which wait for the store alone, are a small part of these",
            )
        )
        large = one.size != "18 kB"
        rows.append(
            Row(
                f"images a second of our processes' processor time, {one.size}, against decoding and encoding alone",
                "85 %" if large else "",
                f"{one.efficiency:.0%}",
                {"sequential design": f"{one.alone / one.theirs:.0%}"},
                one.efficiency >= 0.85 if large else None,
                f"{task.MANY:,} images: {one.alone * 1e3:.2f} ms alone, {one.processor * 1e3:.2f} with all else; "
                "the faster the decoder, the more the rest weighs",
            )
        )
        rows.append(
            Row(
                f"processor time beside decoding, {one.size}",
                "0.8 ms an image",
                f"{one.beside * 1e3:.2f} ms",
                {},
                one.beside <= 0.0008,
                f"{task.MANY:,} images, without the {one.starting:.2f} s of starting; "
                f"{one.own * 1e3:.2f} ms of it in the task itself: requests, and for each megabyte its way from the "
                "network to a decoding process",
            )
        )
    return Result(rows, (), found)


def _rate(seconds: float | None) -> str:
    return f"{task.IMAGES / seconds:.0f} images/s" if seconds else "absent"


def _latency(rounds: int) -> Result:
    found = latency.measure(rounds)
    usual = latency.default_in_flight()
    default = {one.latency: one for one in found if one.in_flight == usual}
    raised = {one.latency: one for one in found if one.in_flight == latency.raised(one.latency)}
    base, far = default[0.0], max(raised)
    rows = []
    for what, one in (
        (f"0 to {far * 1e3:.0f} ms a request, 1920 px, in-flight raised to match", raised[far]),
        (f"0 to 100 ms a request, 1920 px, in-flight {usual}, the default", default[0.1]),
    ):
        rows.append(
            Row(
                f"latency {what}, once under way",
                "falls by less than 10 %",
                f"{1 - one.rate / base.rate:.0%} less ({base.rate:.0f} to {one.rate:.0f} images/s)",
                {},
                one.rate > 0.9 * base.rate,
                "the middle half of a run's thumbnails",
            )
        )
        rows.append(
            Row(
                f"latency {what}, {latency.IMAGES:,} images, process start to exit",
                "",
                f"{1 - one.whole / base.whole:.0%} less ({base.whole:.0f} to {one.whole:.0f} images/s)",
                {},
                None,
                "each run's first and last images wait for the store alone",
            )
        )
    lines = {
        f"in-flight {usual}": [(late * 1e3, one.rate) for late, one in default.items()],
        "raised to match": [(late * 1e3, one.rate) for late, one in raised.items()],
    }
    title = "One task under way, 1920 px, two processors"
    plot = Plot("latency", title, "latency of a request, ms", "images a second", lines)
    return Result(rows, [plot], found)


def _sizes(rounds: int) -> Result:
    found = sizes.measure(rounds)
    apart, together = found.apart, found.together
    row = Row(
        f"{' and '.join(sizes.SIZES)} px of {sizes.IMAGES} images of 1920 px in one run",
        "one fetch and one decode",
        f"{together.reads:,.0f} reads, {together.processor * 1e3:.2f} ms of processor time an image, "
        f"{together.seconds:.1f} s",
        {"a run for each": f"{apart.reads:,.0f} reads, {apart.processor * 1e3:.2f} ms, {apart.seconds:.1f} s"},
        together.reads <= found.single.reads,
        f"the larger size alone: {found.single.reads:,.0f} reads, {found.single.processor * 1e3:.2f} ms, "
        f"{found.single.seconds:.1f} s",
    )
    return Result([row], (), [found])


def _reading(rounds: int) -> Result:
    del rounds
    found = reading.measure()
    goals = {"progressive JPEG over 500 kB": 0.2, "animated GIF": 0.15}
    rows = []
    for one in found:
        goal = goals.get(one.kind)
        rows.append(
            Row(
                f"bytes read, {one.kind}",
                f"{goal:.0%}" if goal else _READ_GOALS.get(one.kind, ""),
                f"{one.share:.1%}",
                {"everyone else": "100 %"},
                one.share <= goal if goal else None,
                f"{one.objects} objects, {one.requests} requests, the run's records included",
            )
        )
    lines = {"bytes read": [(one.kind, 100 * one.share) for one in found]}
    plot = Plot("bytes", "Bytes read of the objects' bytes", "kind", "percent", lines)
    return Result(rows, [plot], found)


_READ_GOALS = {
    "multi-page TIFF": "the first page",
    "pyramidal TIFF": "one level",
    "pyramidal TIFF of JPEG": "one level",
    "PNG of 50,000 x 50,000 pixels": "the header",
}


def _fidelity(rounds: int) -> Result:
    del rounds
    found = fidelity.measure()
    rows = [
        Row(
            f"fidelity of what is made of a part, box of {one.box} px, against the full path",
            "45 dB, or it reads on",
            f"worst {one.worst:.1f} dB, median {one.median:.1f}",
            {},
            one.worst >= 45,
            f"{one.parts} of {one.images} progressive JPEG pictures are made of a part and differ; the rest do not",
        )
        for one in found
        if one.parts
    ]
    return Result(rows, (), found)


def _start(rounds: int) -> Result:
    found = start.measure(3 * rounds)
    row = Row(
        "time from process start to the first request",
        "0.5 s",
        f"{found.ours:.2f} s",
        {"sequential design": f"{found.sequential:.2f} s", "google-cloud-storage, imported": f"{found.client:.2f} s"},
        found.ours <= 0.5,
        f"an empty Python takes {found.python:.2f} s; on Cloud Run a token is asked for before",
    )
    return Result([row], (), [found])


def _memory(rounds: int) -> Result:
    del rounds
    found = [memory.measure(workers) for workers in (2, 1)]
    rows = [
        Row(
            f"resident memory with {one.workers} workers, {one.images} images: the corpus and 50 megapixels",
            "450 MiB" if one.workers == 2 else "",
            f"{one.bytes / _MIB:.0f} MiB",
            {},
            one.bytes <= 450 * _MIB if one.workers == 2 else None,
            "proportional set size of the task and all its processes, settings as in a container of 512 MiB",
        )
        for one in found
    ]
    return Result(rows, (), found)


def _planning(rounds: int) -> Result:
    del rounds
    found = planning.measure(10_000_000, 100)
    asked = max(sum(requests.values()) for requests in found.asked)
    rows = [
        Row(
            "planning 10 million objects",
            "one listing, 90 s of processor time, 350 MiB",
            f"{_pages(found.requests):,} pages, {found.cpu:.0f} s, {found.resident / _MIB:.0f} MiB",
            {"sequential design": "every task the whole listing"},
            found.cpu <= 90 and found.resident <= 350 * _MIB,
            f"the synthetic store's {found.store_cpu:.0f} s are left out, and HTTP is not in it",
        ),
        Row(
            "what another of 100 tasks reads of that plan",
            "its own shards only",
            f"{asked} requests for {max(found.own_shards)} shards",
            {"sequential design": "10,000 pages"},
            asked <= 2 * max(found.own_shards),
            f"reading and assigning the plan takes {found.start_cpu:.2f} s",
        ),
    ]
    return Result(rows, (), [found])


def _pages(requests: Mapping[str, int]) -> int:
    return sum(count for operation, count in requests.items() if operation.startswith("page"))


def _balance(rounds: int) -> Result:
    del rounds
    found = balance.balance(1_000_000, 1_000)
    row = Row(
        "balance: longest of 1,000 tasks to the mean, a million items",
        "1.05, or largest item ÷ mean",
        f"{found.estimated:.3f} by the estimates, {found.true:.2f} by what items take",
        {"slices of equal count": f"{found.contiguous:.2f}", "slices of equal cost": f"{found.contiguous_bytes:.2f}"},
        found.true <= max(1.05, found.largest_item),
        "what an image takes differs by a fifth from what its bytes and format tell, and a few heavy ones make a task",
    )
    return Result([row], (), [found])


def _scaling(rounds: int) -> Result:
    del rounds
    checked = list(scaling.check())
    planned = [scaling.plan_virtually(*one) for one in scaling.PLANNED]
    limits = [scaling.limit(scaling.IN_EARNEST, images) for images in scaling.MODELLED_IMAGES]
    modelled = [
        scaling.predict(scaling.IN_EARNEST, tasks, images)
        for images in scaling.MODELLED_IMAGES
        for tasks in scaling.MODELLED_TASKS
    ]
    real = [one for one in checked if one.how == "processes"]
    rows = [
        Row(
            f"scaling: {one.tasks} tasks, 100 ms away, {one.images:,} images",
            "efficiency 0.95",
            f"{one.efficiency:.2f} (model {one.predicted_efficiency:.2f})",
            {},
            one.efficiency >= 0.95,
            "",
        )
        for one in real
        if one.tasks > 1
    ]
    rows += [
        Row(
            f"planning in virtual time, 100 ms away, {one.images:,} images for {one.tasks} tasks",
            "",
            f"{one.seconds:.1f} s (model {one.predicted:.1f} s)",
            {},
            None,
            f"{one.shards:,} shards",
        )
        for one in planned
    ]
    rows += [
        Row(
            f"scaling, modelled: {one.images:,} images",
            "efficiency 0.95 until the bucket's request rate binds",
            f"up to {one.tasks:,} tasks; then {one.binds} binds",
            {},
            one.binds in ("nothing", "the bucket's request rate"),
            f"{scaling.IN_EARNEST.image * 1e3:g} ms of processor time an image, "
            f"Cloud Storage's ramp from {WRITES:,} writes a second",
        )
        for one in limits
    ]
    lines: dict[str, list[tuple[float | str, float]]] = {
        "measured, processes": [(one.tasks, one.efficiency) for one in real],
        "in virtual time": [(one.tasks, one.efficiency) for one in checked if one.how != "processes"],
    }
    for images in scaling.MODELLED_IMAGES:
        lines[f"model, {images:,} images"] = [(one.tasks, one.efficiency) for one in modelled if one.images == images]
    plot = Plot("scaling", "Efficiency, measured and modelled", "tasks", "efficiency", lines, logarithmic=True)
    return Result(rows, [plot], [*checked, *planned, *limits, *modelled])


def _cost(rounds: int) -> Result:
    del rounds
    kinds = _kinds(results.read().get("task", {}).get("figures", ())) or cost.KINDS
    found = cost.compare(kinds=kinds)
    rows = []
    for mine, theirs in zip(found[::2], found[1::2], strict=True):
        rows.append(
            Row(
                f"a million thumbnails, {mine.images}, {mine.tasks} tasks",
                "",
                _priced(mine),
                {"sequential design": _priced(theirs)},
                None,
                "list prices of Cloud Run and Cloud Storage; modelled from processor time an image",
            )
        )
    return Result(rows, (), found)


def _kinds(figures: Iterable[Mapping[str, Any]]) -> tuple[cost.Kind, ...]:
    """Return what an image takes as the part `task` has measured it, or nothing."""
    return tuple(cost.Kind(one["size"], one["processor"], one["theirs"]) for one in figures)


def _priced(one: cost.Cost) -> str:
    operations = f"{one.class_a / 1e6:.2f} M class A, {one.class_b / 1e6:.2f} M class B"
    return f"{one.vcpu_hours:.1f} vCPU-hours, {operations}, ${one.dollars:.2f}"


PARTS: dict[str, Part] = {
    "decode": Part("decoding and encoding alone, against what users would pick", _decode),
    "task": Part("one task on a distant store, against the sequential design", _task),
    "latency": Part("throughput against latency", _latency),
    "sizes": Part("two sizes in one run, against a run for each", _sizes),
    "bytes": Part("bytes read of the objects' bytes", _reading),
    "fidelity": Part("thumbnails made of a part against those of the whole", _fidelity),
    "start": Part("time to the first request", _start),
    "memory": Part("resident memory", _memory),
    "planning": Part("planning 10 million objects", _planning),
    "balance": Part("the longest task against the mean", _balance),
    "scaling": Part("efficiency of many tasks, measured and modelled", _scaling),
    "cost": Part("a million thumbnails in vCPU-hours, requests and dollars", _cost),
}


def run(name: str, rounds: int) -> float:
    """Run a part, keep what it found, and return the seconds that it took."""
    began = time.perf_counter()
    results.keep(name, PARTS[name].run(rounds))
    return time.perf_counter() - began
