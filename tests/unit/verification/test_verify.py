"""Tests of the report of `thumbrun verify`, for machines and for people: it is bounded and harmless."""

import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from tests.virtual import VirtualClock, run
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.shape import Shape
from thumbrun.outcomes import Outcome, Status
from thumbrun.runs.recent import recent_runs_text
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.memory import MemoryStore
from thumbrun.verification.decode_check import DecodeCheck
from thumbrun.verification.findings import (
    IN_THE_WAY,
    MEANINGS,
    MOST_NAMED,
    Finding,
    FindingKind,
    Found,
    verified_text,
)


def verified() -> Found:
    """Return what a check has found of a run without a problem."""
    return Found("r", "gs://s/in/", "gs://o/r/", "gs://o/_thumbrun/runs/r/", opened=True, items=3, shards=1)


def test_every_kind_has_a_meaning() -> None:
    """The set of kinds is closed, and each kind has a meaning."""
    assert set(FindingKind) == set(MEANINGS)
    assert set(FindingKind) > IN_THE_WAY


def test_all_are_counted_and_the_first_are_named() -> None:
    """The report counts all findings but names only the first, so a bucket full of damage gives no endless document."""
    found = verified()
    for number in range(MOST_NAMED + 5):
        found.add(Finding(FindingKind.MISSING, f"gs://s/in/{number}"))
    found.add(Finding(FindingKind.OPEN, "gs://s/in/x"))
    record = json.loads(json.dumps(found.result().to_record()))
    assert {"open": 1, "missing": MOST_NAMED + 5} == record["counts"]
    assert {"kind": "open", "source": "gs://s/in/x"} == record["findings"][0]
    assert 1 + MOST_NAMED == len(record["findings"])
    assert not record["right"]
    text = verified_text(found.result(), "1 done")
    assert f"… and {MOST_NAMED + 5 - 20:,} more" in text


def test_names_move_no_cursor() -> None:
    """People see one line for a name, whatever the name contains."""
    found = verified()
    found.add(Finding(FindingKind.UNEXPLAINED, object="gs://o/r/a\x1b[2J\nb\u202e", detail="\r\x07"))
    found.advice.append("thumbrun retry 'a\nb'")
    text = verified_text(found.result(), "3 done")
    assert text.replace("\n", "").isprintable()
    assert r"a\x1b[2J\nb\u202e" in text


def test_a_long_text_of_a_stranger_is_shortened_for_people() -> None:
    """People see the beginning and the end of a long detail, and the document holds all of it."""
    found = verified()
    found.add(Finding(FindingKind.NOT_LISTED, "gs://s/in/a", detail="why" + "x" * 60_000 + "end"))
    text = verified_text(found.result(), "3 done")
    assert len(text) < 2_000
    assert "gs://s/in/a: why" in text
    assert "xend\n" in f"{text}\n"
    assert "x" * 60_000 in json.dumps(found.result().to_record())


def test_what_is_right_says_how_far_it_looked() -> None:
    """The report says that thumbnails are whole only if they were opened."""
    found = verified()
    assert verified_text(found.result(), "3 done").endswith("thumbnail is there, complete and of the right size.")
    found.tally.failed["unreadable"] += 2
    text = verified_text(found.result(), "3 done, 2 failed")
    assert text.endswith("thumbnail of the items that are done is there, complete and of the right size.")
    found.tally.failed["name-taken"] += 1
    text = verified_text(found.result(), "3 done, 3 failed")
    assert "1 item failed because another object has the name of a thumbnail (name-taken); thumbrun did not" in text
    found.opened = False
    assert "thumbrun opened none" in verified_text(found.result(), "3 done")


def encoded(width: int, height: int, format_: str = "PNG") -> bytes:
    """Return a picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format_)
    return file.getvalue()


WHOLE = encoded(100, 75)


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize(
    ("body", "outcome", "expected"),
    [
        (WHOLE, {}, None),
        (WHOLE, {"width": 100, "height": 75}, None),
        (WHOLE, {"width": 75, "height": 100}, FindingKind.WRONG_SIZE),
        (WHOLE, {"output_bytes": len(WHOLE) + 1}, FindingKind.WRONG_LENGTH),
        (WHOLE, {"output_bytes": len(WHOLE) - 1}, FindingKind.WRONG_LENGTH),
        (None, {}, FindingKind.MISSING),
        (encoded(101, 1), {}, FindingKind.WRONG_SIZE),
        (encoded(300, 300), {}, FindingKind.WRONG_SIZE),
        (encoded(100, 75, "JPEG"), {}, FindingKind.WRONG_FORMAT),
        (WHOLE[:-30], {}, FindingKind.UNREADABLE),
        (b"no image", {}, FindingKind.UNREADABLE),
        (encoded(100, 75, "GIF").ljust(70_000, b"\0"), {}, FindingKind.WRONG_FORMAT),  # sent in a file
    ],
)
async def test_what_opening_a_thumbnail_shows(
    body: bytes | None, outcome: dict[str, int], expected: FindingKind | None
) -> None:
    """Each way in which a thumbnail can be wrong has its kind."""
    store = MemoryStore()
    if body is not None:
        store.put_as_user("r/a.png", body)
    told = replace(Outcome(0, 0, Status.DONE, output_bytes=len(body or b"x")), **outcome)  # type: ignore[arg-type]
    pool = DecoderPool(1, timeout=60, memory=64 << 20)
    await pool.start()
    try:
        wrong = await DecodeCheck(store, pool, Recipe(100, 100), 64 << 20).wrong("r/a.png", "png", told)
    finally:
        await pool.close()
    assert expected == (wrong.kind if wrong else None), wrong


async def test_each_shape_has_its_sizes() -> None:
    """A thumbnail is right if its shape can have its size, and wrong if no picture becomes of that size."""
    store, pool = MemoryStore(), DecoderPool(1, timeout=60, memory=64 << 20)
    await pool.start()
    try:
        for recipe, right, wrong in (
            (Recipe(100, 0), (100, 300), (101, 5)),
            (Recipe(100, 50, shape=Shape("cover")), (60, 30), (60, 40)),
            (Recipe(100, 50, shape=Shape("contain")), (100, 50), (60, 30)),
            (Recipe(100, 50, shape=Shape("fill", enlarge=True)), (100, 50), (100, 49)),
            (Recipe(100, 50, shape=Shape("outside")), (100, 300), (101, 51)),
        ):
            for size, expected in ((right, None), (wrong, FindingKind.WRONG_SIZE)):
                body = encoded(*size)
                store.put_as_user("r/a.png", body)
                told = Outcome(0, 0, Status.DONE, output_bytes=len(body))
                found = await DecodeCheck(store, pool, recipe, 64 << 20).wrong("r/a.png", "png", told)
                assert expected == (found.kind if found else None), (recipe, size)
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], "there are no runs there"),
        (["20250101T0000Z", "20240101T0000Z"], "there are runs there: 20240101T0000Z, 20250101T0000Z"),
        (["20250101T0000Z", "20251220T0000Z"], "there is a run there: 20251220T0000Z"),
        (
            ["20251220T0000Z", "20260102T1200Z", "20260102T1200Z-2"],
            "there are runs there: 20260102T1200Z, 20260102T1200Z-2",
        ),
        ([f"x{n}" for n in range(9)], "there are runs there: x4, x5, x6, x7, x8"),
    ],
)
def test_which_runs_are_there(runs: list[str], expected: str) -> None:
    """The report names the latest few runs, whatever else lies among their records."""

    async def scenario() -> str:
        store = MemoryStore()
        for run_id in runs:
            for name in ("run.json", "plan.json", "ledger/0000000/a-0000000.jsonl.gz"):
                store.put_as_user(f"_thumbrun/runs/{run_id}/{name}", b"")
        store.put_as_user("_thumbrun/zoo", b"")
        return await recent_runs_text(RecordStore(store, "_thumbrun/"), VirtualClock())

    assert expected == run(scenario())
