"""Tests of the bill: known counts become dollars, and what has no price is not hidden."""

import pytest

from thumbrun.pricing.bill import Places, Use, bill_of
from thumbrun.pricing.prices import list_prices
from thumbrun.pricing.requests import Requests
from thumbrun.storage.bucket_facts import BucketFacts

MILLION = Requests({"STANDARD": 1_000_000}, 1_000_000, 0, 1_000, 4_000, 1_000)
GIB = 1 << 30


def lines(use: Use, places: Places | None = None) -> dict[str, float | None]:
    """Return the dollars of each line, rounded to cents."""
    bill = bill_of(use, list_prices(), places)
    return {line.what: None if line.usd is None else round(line.usd, 2) for line in bill.lines}


def test_what_a_million_standard_images_cost() -> None:
    """Writes decide, as the documents say: $5.00, with $0.40 of reads; the processor is a few cents."""
    use = Use(25_000, 13_000, MILLION, {"STANDARD": 10**11})
    assert {
        "writes": 5.0,
        "reads": 0.4,
        "processor": 0.45,
        "memory": 0.03,
        "listing": 0.01,
        "records, written": 0.02,
        "records, read": 0.0,
    } == lines(use)
    assert 5.90 == pytest.approx(bill_of(use, list_prices()).usd, abs=0.01)


def test_each_further_size_costs_as_much_as_the_first() -> None:
    """A further size of a million images adds a million writes, $5."""
    assert 10.0 == lines(Use(0, 0, Requests({}, 1_000_000, 2_000_000)))["further sizes"]


def test_what_a_run_has_used() -> None:
    """Counts of a run that happened become dollars, without its bytes."""
    used = Use.of_counts(vcpu_seconds=3600, gib_seconds=1800, class_a=2000, class_b=10_000, pages=1000)
    bill = bill_of(used, list_prices())
    assert 3600 * 0.000018 + 1800 * 0.000002 + 3 * 0.005 + 10 * 0.0004 == pytest.approx(bill.usd)
    assert () == bill.not_included
    assert () == bill.monthly


@pytest.mark.parametrize(
    ("places", "missing"),
    [
        (Places(output=BucketFacts("EU", "multi-region")), {"writes", "records, written", "records, read"}),
        (Places(source=BucketFacts("EU", "multi-region")), {"reads", "listing"}),
        (Places(output=BucketFacts(hierarchical_namespace=True)), {"writes", "records, written", "records, read"}),
        (Places(output=BucketFacts(storage_class="NEARLINE")), {"writes", "records, written", "records, read"}),
        (Places(output=BucketFacts(storage_class="NEARLINE", autoclass=True)), set()),
        (Places(source=BucketFacts(storage_class="NEARLINE")), {"listing"}),
        (Places(), set()),
    ],
)
def test_an_unknown_price_is_not_included(places: Places, missing: set[str]) -> None:
    """Lines whose price nobody has read have no dollars, and the sum is that of the others."""
    use = Use(1, 1, MILLION)
    assert missing == {what for what, usd in lines(use, places).items() if usd is None}
    bill = bill_of(use, list_prices(), places)
    assert missing == {line.what for line in bill.not_included}


def test_cold_images_cost_a_retrieval_fee_and_unknown_operations() -> None:
    """Nearline costs $0.01 a GiB to read; what its operations cost is not known. Autoclass has neither."""
    use = Use(0, 0, Requests({"NEARLINE": 5}), {"NEARLINE": 100 * GIB, "STANDARD": GIB})
    assert {"reads": None, "retrieval from Nearline": 1.0} == lines(use)
    assert {"reads": 0.0} == lines(use, Places(source=BucketFacts(autoclass=True)))


@pytest.mark.parametrize(
    ("location", "location_type", "region", "dollars"),
    [
        ("EUROPE-WEST1", "region", "europe-west1", ()),
        ("EUROPE-WEST1", "region", "europe-west4", (2.0,)),
        ("US-EAST1", "region", "northamerica-northeast1", (2.0,)),
        ("US-EAST1", "region", "europe-west4", (None,)),
        ("EU", "multi-region", "europe-west4", (None,)),
        ("EUROPE-WEST1", "region", None, ()),
        (None, None, "europe-west4", ()),
    ],
)
def test_transfer_where_regions_differ(
    location: str | None, location_type: str | None, region: str | None, dollars: tuple[float | None, ...]
) -> None:
    """100 GiB cost $2 between regions of a continent; without both regions there is no line."""
    places = Places(source=BucketFacts(location, location_type), region=region)
    found = lines(Use(0, 0, Requests(), {"STANDARD": 100 * GIB}), places)
    assert dollars == tuple(found.values())
    assert all(what == f"transfer of images, from {location}" for what in found)


def test_folders_cost_nothing() -> None:
    """A run from a folder into another has no bill, and one into a bucket pays for what it writes."""
    use = Use(100, 50, MILLION, {"STANDARD": GIB}, GIB)
    here = Places(on_cloud_run=False, bucket_source=False, bucket_output=False)
    assert {} == lines(use, here)
    assert () == bill_of(use, list_prices(), here).monthly
    up = Places(on_cloud_run=False, bucket_source=False)
    assert {"writes": 5.0, "records, written": 0.02, "records, read": 0.0} == lines(use, up)


def test_what_thumbnails_cost_each_month() -> None:
    """A GiB in Standard costs $0.02 a month, which is no part of the run's dollars."""
    bill = bill_of(Use(0, 0, Requests(), thumbnail_bytes=GIB), list_prices())
    assert [0.02] == [round(line.usd or 0, 3) for line in bill.monthly]
    assert 0 == bill.usd
