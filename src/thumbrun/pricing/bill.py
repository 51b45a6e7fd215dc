"""Turns what a run uses, or has used, into dollars, line by line. Pure.

A price that is unknown leaves its line without dollars, and the sum says what it does not include.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thumbrun.pricing.prices import Prices
from thumbrun.pricing.requests import Requests
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts

GIB = 1 << 30
HOURS_A_MONTH = 730  # 365 days of 24 hours, divided by 12
# Names of storage classes from before there was Standard (https://cloud.google.com/storage/docs/storage-classes).
_OLD_CLASSES = {"REGIONAL": "standard", "MULTI_REGIONAL": "standard"}
_CONTINENTS = {"us": "america", "northamerica": "america"}  # by the beginning of a region's name; else the beginning


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run works.

    Attributes:
        on_cloud_run: Whether its tasks are billed as those of Cloud Run.
        bucket_source: Whether the source is a bucket.
        bucket_output: Whether thumbnails and records go to a bucket.
        source: What is known of the source's bucket.
        output: What is known of the output's bucket.
        region: The region of the tasks, such as `europe-west1`; None if it is not known.
    """

    on_cloud_run: bool = True
    bucket_source: bool = True
    bucket_output: bool = True
    source: BucketFacts = UNKNOWN
    output: BucketFacts = UNKNOWN
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What a run uses.

    Attributes:
        vcpu_seconds: The seconds of all tasks, times their vCPUs.
        gib_seconds: The seconds of all tasks, times their memory in GiB.
        requests: Its requests.
        read_bytes: The bytes read of images, by storage class.
        thumbnail_bytes: The bytes of all thumbnails.
    """

    vcpu_seconds: float
    gib_seconds: float
    requests: Requests
    read_bytes: Mapping[str, int] = field(default_factory=dict)
    thumbnail_bytes: float = 0.0

    @classmethod
    def of_counts(cls, *, vcpu_seconds: float, gib_seconds: float, class_a: int, class_b: int, pages: int = 0) -> "Use":
        """Return what a run has used that happened, as far as it was counted.

        Args:
            vcpu_seconds: The seconds of all tasks, times their vCPUs.
            gib_seconds: The seconds of all tasks, times their memory in GiB.
            class_a: The requests that created objects or listed records.
            class_b: The requests that read.
            pages: The pages of the listing of the source.
        """
        return cls(vcpu_seconds, gib_seconds, Requests({"STANDARD": class_b}, class_a, listing=pages))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Attributes:
        what: What it is for: `writes`, `reads` …
        amount: How much of it.
        unit: The unit of the amount.
        price: The id of its price.
        usd: Its US dollars; None if the price is unknown.
    """

    what: str
    amount: float
    unit: str
    price: str
    usd: float | None

    def to_record(self) -> dict[str, Any]:
        """Return the line as JSON holds it."""
        return {
            "what": self.what,
            "amount": round(self.amount, 3),
            "unit": self.unit,
            "price": self.price,
            "usd": None if self.usd is None else round(self.usd, 6),
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """The dollars of a run.

    Attributes:
        lines: What the run itself costs, what decides first.
        monthly: What its thumbnails cost each month as long as they are kept.
    """

    lines: tuple[Line, ...]
    monthly: tuple[Line, ...] = ()

    @property
    def usd(self) -> float:
        """The sum of all lines of the run whose price is known, in US dollars."""
        return sum(line.usd or 0.0 for line in self.lines)

    @property
    def not_included(self) -> tuple[Line, ...]:
        """The lines of the run whose price is unknown."""
        return tuple(line for line in self.lines if line.usd is None)


def bill_of(use: Use, prices: Prices, places: Places | None = None) -> Bill:
    """Return the dollars of what a run uses.

    Args:
        use: What it uses.
        prices: The prices.
        places: Where it works; None: on Cloud Run, in one region, with buckets of which nothing else is known.
    """
    places = places or Places()
    requests = use.requests
    lines: list[Line] = []
    if places.bucket_output:
        created = _operations("a", places.output, None)
        lines += [
            _line("writes", requests.writes, "requests", created, 1000, prices),
            _line("further sizes", requests.further, "requests", created, 1000, prices),
        ]
    if places.bucket_source:
        lines += [
            _line("reads", reads, "requests", _operations("b", places.source, storage_class), 1000, prices)
            for storage_class, reads in requests.reads.items()
        ]
    if places.on_cloud_run:
        lines += [
            _line("processor", use.vcpu_seconds, "vCPU-seconds", "run/vcpu", 1, prices),
            _line("memory", use.gib_seconds, "GiB-seconds", "run/memory", 1, prices),
        ]
    if places.bucket_source:
        lines.append(
            _line("listing", requests.listing, "requests", _operations("a", places.source, None), 1000, prices)
        )
    if places.bucket_output:
        lines += [
            _line("records, written", requests.record_writes, "requests", created, 1000, prices),
            _line(
                "records, read", requests.record_reads, "requests", _operations("b", places.output, None), 1000, prices
            ),
        ]
    if places.bucket_source:
        lines += _retrieval(use, prices, places.source)
    lines += _transfer(use, prices, places)
    monthly: list[Line] = []
    if places.bucket_output:
        kept = use.thumbnail_bytes / GIB * HOURS_A_MONTH
        storage = f"storage/{_location_type(places.output)}/{_class_of(places.output, None)}"
        monthly.append(_line("storage", kept, "GiB-hours", storage, 1, prices))
    used = tuple(line for line in lines if line.amount)
    return Bill(used, tuple(line for line in monthly if line.amount))


def _line(what: str, amount: float, unit: str, price: str, per: float, prices: Prices) -> Line:
    usd = prices.usd(price)
    return Line(what, amount, unit, price, None if usd is None else amount / per * usd)


def _operations(letter: str, facts: BucketFacts, storage_class: str | None) -> str:
    """Return the id of the price of operations of class A or B on a bucket, or on its objects of a storage class."""
    if facts.hierarchical_namespace:
        return f"class-{letter}/hierarchical"
    return f"class-{letter}/{_location_type(facts)}/{_class_of(facts, storage_class)}"


def _location_type(facts: BucketFacts) -> str:
    return facts.location_type or "region"


def _class_of(facts: BucketFacts, storage_class: str | None) -> str:
    """Return the class by which operations are billed; with Autoclass it is Standard, whatever class an object has."""
    if facts.autoclass:
        return "standard"
    name = storage_class or facts.storage_class or "STANDARD"
    return _OLD_CLASSES.get(name, name.lower())


def _retrieval(use: Use, prices: Prices, source: BucketFacts) -> list[Line]:
    """Return the fees for reading from cold classes, which a bucket with Autoclass does not have."""
    if source.autoclass:
        return []
    return [
        _line(f"retrieval from {name.capitalize()}", size / GIB, "GiB", f"retrieval/{name.lower()}", 1, prices)
        for name, size in use.read_bytes.items()
        if prices.has(f"retrieval/{name.lower()}")
    ]


def _transfer(use: Use, prices: Prices, places: Places) -> list[Line]:
    """Return what it costs to move bytes between the regions of tasks and buckets, as far as these are known."""
    read = _line_of_transfer("images, from", places.source, places.region, sum(use.read_bytes.values()), prices)
    written = _line_of_transfer("thumbnails, to", places.output, places.region, use.thumbnail_bytes, prices)
    return [line for line in (read, written) if line is not None]


def _line_of_transfer(what: str, facts: BucketFacts, region: str | None, size: float, prices: Prices) -> Line | None:
    location = (facts.location or "").lower()
    if not location or not region or location == region.lower():
        return None
    if facts.location_type != "region":
        price = "transfer/multi-region"
    else:
        price = "transfer/continent" if _continent(location) == _continent(region) else "transfer/world"
    return _line(f"transfer of {what} {facts.location}", size / GIB, "GiB", price, 1, prices)


def _continent(region: str) -> str:
    beginning = region.lower().partition("-")[0]
    return _CONTINENTS.get(beginning, beginning)
