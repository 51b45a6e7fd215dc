"""Tests of the records' format: a record reads back as it was written, and a change on the way is noticed."""

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.runs.records import RecordError, from_json, from_lines, to_json, to_lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(st.text(max_size=6).filter(lambda key: key not in ("version", "crc32c")), VALUES, max_size=4)
RECORD = {"run": "20260102T1530Z", "items": 1234, "seen": {"é": 1.5}}


@given(RECORDS, st.lists(RECORDS, max_size=4))
def test_what_is_written_reads_back(record: dict[str, object], rows: list[dict[str, object]]) -> None:
    """A record holds the content that it was given, and its version."""
    assert {"version": 1, **record} == from_json(to_json(record), "a")
    header, read = from_lines(to_lines(record, rows), "a")
    assert ({"version": 1, **record}, rows) == (header, read)


def test_every_bit_that_flips_in_json_is_noticed() -> None:
    """A JSON record with any changed bit is refused, or has the same content as before."""
    body = to_json(RECORD)
    for position in range(8 * len(body)):
        changed = bytearray(body)
        changed[position // 8] ^= 1 << position % 8
        try:
            assert {"version": 1, **RECORD} == from_json(bytes(changed), "a")
        except RecordError:
            continue


def test_every_bit_that_flips_in_lines_is_noticed() -> None:
    """Compressed lines with any changed bit are refused, or have the same content as before."""
    body = to_lines(RECORD, [{"item": number, "status": "done"} for number in range(5)])
    for position in range(8 * len(body)):
        changed = bytearray(body)
        changed[position // 8] ^= 1 << position % 8
        try:
            assert from_lines(body, "a") == from_lines(bytes(changed), "a")
        except RecordError:
            continue


@pytest.mark.parametrize("keep", [0, 1, 9, 20, 40])
def test_what_was_cut_is_refused(keep: int) -> None:
    """A record that ends early is refused."""
    for body, parse in ((to_json(RECORD), from_json), (to_lines(RECORD, [{"item": 0}]), from_lines)):
        with pytest.raises(RecordError):
            parse(body[:keep], "a")


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_another_version_is_refused(version: object) -> None:
    """A record of an unknown version is refused."""
    body = json.dumps({"version": version, "run": "x"}).encode()
    with pytest.raises(RecordError, match="version"):
        from_json(body, "a")
    with pytest.raises(RecordError, match="version"):
        from_lines(gzip.compress(body), "a")


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"version":1}\n' + bytes(1 << 26), 1),
        gzip.compress(b'{"version":1}\n' + b"{}\n" * 4_001),
        gzip.compress(b'{"version":1}\n"' + b"a" * (1 << 18) + b'"\n{}\n'),
        gzip.compress(b'{"version":1}\n' + (b'"' + b"a" * 30_000 + b'"\n') * 3_000, 1),
        gzip.compress(b'{"version":1}\n') + b"more",
        gzip.compress(b'{"version":1}\n') * 2,
        gzip.compress(b'{"version":1}\n' + b"[" * 100_000),
        gzip.compress(b""),
        b"",
    ],
    ids=["bomb", "rows", "row", "text", "followed", "twice", "deep", "no-header", "empty"],
)
def test_lines_that_nobody_wrote_are_refused(body: bytes) -> None:
    """Compressed lines that are endless, deeply nested, empty or followed by something are no record."""
    with pytest.raises(RecordError, match="is not a record"):
        from_lines(body, "a")


def test_deep_json_is_refused() -> None:
    """JSON of any depth gives an error that names the record."""
    with pytest.raises(RecordError, match="a is not JSON"):
        from_json(b"[" * 9_000, "a")


def test_a_small_record_that_becomes_huge_takes_little_memory() -> None:
    """Reading stops at the first limit that a record breaks, so 50 MiB of rows in 50 kB take less than 4 MiB."""
    body = gzip.compress(b'{"version":1}\n' + b"{}\n" * ((50 << 20) // 3))
    tracemalloc.start()
    with pytest.raises(RecordError, match="more than any record"):
        from_lines(body, "a")
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("value", [b"[]", b"{}", b"1", b'""'])
def test_json_that_holds_more_values_than_any_plan_is_refused(value: bytes) -> None:
    """JSON with far more values than a plan of its length is refused before it is parsed."""
    body = b'{"version":1,"x":[' + b",".join([value] * 300_000) + b"]}"
    tracemalloc.start()
    with pytest.raises(RecordError, match="more values"):
        from_json(body, "a")
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("text", ["[", ",", "{", '"', "\\", '\\"[,'])
def test_text_of_strangers_does_not_make_a_plan_look_dense(text: str) -> None:
    """A plan holds content types and names of the source, so whatever they hold, it is read."""
    plan = {"seen": {"kinds": {"unsupported": {"types": {text * 60_000 + str(number): 1 for number in range(9)}}}}}
    assert {"version": 1, **plan} == from_json(to_json(plan), "a")


@pytest.mark.parametrize("body", [b'"\\' * 10**6, b'"\\"' * 10**6 + b"," * 10**6, b"," * 10**6 + b'"' * 10**6])
def test_quotes_without_an_end_are_passed_over_once(body: bytes) -> None:
    """Text that opens and never closes costs no more time than its length."""
    with pytest.raises(RecordError):
        from_json(b"," * 10**6 + body, "a")


def test_the_largest_records_read_back() -> None:
    """A shard of 1,000 rows with the longest paths is read, and so is a plan of 100,000 shards."""
    rows = [{"source": "\udcff" * 4096, "output": "\udcfe" * 4096} for _ in range(1_000)]
    assert rows == from_lines(to_lines({}, rows), "a")[1]
    plan = {"shards": [[f"00000-{number:07d}", 1, 9, 1.5, False] for number in range(100_000)]}
    assert plan["shards"] == from_json(to_json(plan), "a")["shards"]
