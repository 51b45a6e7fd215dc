"""Tests of the prices: every one says when and where it was read, and a file can replace them."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.pricing.prices import PricesError, list_prices

READ = {"date": "2026-11-28", "source": "an invoice"}


def price_file(*rows: Any) -> str:
    """Return a price file with some rows."""
    return json.dumps({"version": 1, "prices": rows})


def test_each_price_says_when_and_where_it_was_read() -> None:
    """A price that is known has a day and a source; an unknown one has neither."""
    for row in list_prices().to_records():
        assert row["what"]
        assert row["per"]
        if row["usd"] is None:
            assert (None, None) == (row["date"], row["source"])
        else:
            assert date(2026, 1, 1) <= date.fromisoformat(row["date"])
            assert row["source"].startswith("https://")


def test_a_row_replaces_the_price_with_its_id() -> None:
    """The other prices stay, and null makes a price unknown."""
    text = price_file({"id": "run/vcpu", "usd": 1, **READ}, {"id": "run/memory", "usd": None})
    found = list_prices().with_rows(text)
    assert (1.0, None, 0.005) == tuple(map(found.usd, ("run/vcpu", "run/memory", "class-a/region/standard")))
    assert "vCPU-second" == found.row("run/vcpu").per
    assert list_prices().usd("run/vcpu") == 0.000018


def test_the_table_that_is_shown_is_a_price_file() -> None:
    """What `plan --json` shows as prices can be changed, and given back."""
    rows = list_prices().to_records()
    assert rows == list_prices().with_rows(price_file(*rows)).to_records()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it must be JSON"),
        ("[" * 100_000, "it must be JSON, with shorter numbers and fewer lists in each other"),
        ("9" * 5_000, "it must be JSON, with shorter numbers and fewer lists in each other"),
        ("[]", 'it must be an object with "version": 1'),
        ('{"version": 2, "prices": []}', 'it must be an object with "version": 1'),
        (price_file(7), 'row 1: it must be an object with an "id"'),
        (price_file({"id": "run/gpu", "usd": 1, **READ}), "row 1: 'run/gpu' is no id of a price"),
        (price_file({"id": "run/vcpu", **READ}), 'run/vcpu must have "usd"'),
        (price_file({"id": "run/vcpu", "usd": "1", **READ}), 'run/vcpu must have "usd"'),
        (price_file({"id": "run/vcpu", "usd": True, **READ}), 'run/vcpu must have "usd"'),
        (price_file({"id": "run/vcpu", "usd": -1, **READ}), 'run/vcpu must have "usd"'),
        ('{"version": 1, "prices": [{"id": "run/vcpu", "usd": NaN}]}', 'run/vcpu must have "usd"'),
        (price_file({"id": "run/vcpu", "usd": 1, "source": "x"}), 'run/vcpu must have "date"'),
        (price_file({"id": "run/vcpu", "usd": 1, "date": "28.11.2026", "source": "x"}), 'run/vcpu must have "date"'),
        (price_file({"id": "run/vcpu", "usd": 1, "date": "2026-11-28", "source": " "}), 'run/vcpu must have "source"'),
        (price_file({"id": "run/vcpu", "usd": 1, "per": "hour", **READ}), "run/vcpu must be for each 'vCPU-second'"),
        (price_file({"id": "run/vcpu", "usd": 1, "eur": 1, **READ}), "run/vcpu has 'eur'"),
    ],
)
def test_a_wrong_price_file_says_what_would_be_right(text: str, said: str) -> None:
    """Each problem names the row and its price."""
    with pytest.raises(PricesError) as caught:
        list_prices().with_rows(text)
    assert said in caught.value.problems[0]
    assert all(problem.isprintable() for problem in caught.value.problems)


def test_all_problems_of_a_price_file_are_said_at_once() -> None:
    """The first ten problems are named, and the others counted."""
    with pytest.raises(PricesError) as caught:
        list_prices().with_rows(price_file(*[{"id": f"{number}"} for number in range(30)]))
    assert 11 == len(caught.value.problems)
    assert "and 20 more" == caught.value.problems[-1]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "usd", "date", "source"]), inner)
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3))
def test_any_json_is_a_price_file_or_is_refused_in_words(rows: list[Any]) -> None:
    """Whatever a file holds, nothing but PricesError comes of it."""
    with suppress(PricesError):
        list_prices().with_rows(price_file(*rows))
