"""A synthetic bucket of any size, which makes each page when it is listed, and a store that keeps records on disk.

A rule makes each name from its rank, in several layouts that real buckets have. The bucket makes pages as the JSON with
which Cloud Storage answers, so the planner pays for parsing them. The bench measures the processor time of the
synthetic store apart.
"""

import base64
import random
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import overload

from thumbrun.storage.base import PAGE_LIMIT, Entry, ExistsError, NotFoundError, Page, Sink
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts
from thumbrun.storage.gcs.responses import page_of

_DAYS = 3_650
_ALBUM = 200  # images of each user
_SPREAD = 4_096  # the number of different sizes and checksums
_GENERATION = "1700000000000000"
_LAYOUTS = ("camera/", "products/", "uploads/", "users/")  # each has a quarter of the objects, in this order
_BY_SUFFIX = {".jpg": "image/jpeg", ".JPG": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


class Names(Sequence[str]):
    """A number of names in the order of a listing; each is made when it is asked for, so memory holds none of them."""

    def __init__(self, count: int, *, colliding: float = 0.02) -> None:
        """Set up the rule.

        Args:
            count: The number of names.
            colliding: The share of names whose last part occurs in other folders, too; at most 0.25.
        """
        self._count = count
        self._quarter = max(1, -(-count // 4))
        self._colliding = int(min(colliding, 0.25) * 4 * _ALBUM)
        first = date(2016, 1, 1)
        days = [first + timedelta(days=day) for day in range(_DAYS)]
        self._days = [f"camera/{day:%Y/%m/%d}/IMG_{day:%Y%m%d}_" for day in days]
        self._a_day = max(1, -(-self._quarter // _DAYS))
        self._step = max(1, 2**32 // self._quarter)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, rank: int) -> str: ...
    @overload
    def __getitem__(self, rank: slice) -> list[str]: ...
    def __getitem__(self, rank: int | slice) -> str | list[str]:
        """Return the name of a rank, which is always the same."""
        if isinstance(rank, slice):
            return [self[number] for number in range(*rank.indices(self._count))]
        if not 0 <= rank < self._count:
            raise IndexError(rank)
        quarter, at = divmod(rank, self._quarter)
        if quarter == 0:
            day, number = divmod(at, self._a_day)
            return f"{self._days[day]}{number:06d}{'.mp4' if number % 50 == 7 else '.jpg'}"
        if quarter == 1:
            key = at * self._step
            return f"products/{key >> 24:02x}/{key:08x}{rank * 2654435761 % 2**32:08x}/front-{key:08x}.webp"
        if quarter == 2:
            mixed = rank * 11400714819323198485 % 2**64
            key = at * self._step
            return f"uploads/{key:08x}-{mixed >> 48:04x}-4{mixed >> 36 & 4095:03x}-8{mixed >> 24 & 4095:03x}-{at:012x}"
        user, number = divmod(at, _ALBUM)
        if number < self._colliding:
            return f"users/{user:07d}/DCIM/DSC_{number:05d}.JPG"
        return f"users/{user:07d}/edited/{user:07d}-{number:05d}.png"


class Meter:
    """A counter of requests and of the processor time that answers them.

    Attributes:
        requests: The number of requests by operation and store, such as `page of the source`.
        seconds: The processor time, in seconds.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.seconds = 0.0

    @contextmanager
    def request(self, operation: str) -> Iterator[None]:
        """Count one request and the processor time of the block."""
        self.requests[operation] += 1
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds += time.process_time() - began


class Listed:
    """A store whose objects can only be listed."""

    def __init__(self, names: Sequence[str], meter: Meter) -> None:
        self._names = names
        self._meter = meter
        chance = random.Random(11)  # noqa: S311
        self._sizes = [max(1, int(chance.lognormvariate(13.0, 1.2))) for _ in range(_SPREAD)]
        self._checksums = [base64.b64encode(chance.randbytes(4)).decode() for _ in range(_SPREAD)]

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"gs://synthetic/{name}"

    def name_problem(self, name: str) -> str | None:
        """Take any name."""
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """Make a page as JSON, and parse it as a page of Cloud Storage."""
        with self._meter.request("page of the source"):
            first = bisect_left(self._names, max(prefix, start))
            bound = bisect_left(self._names, end) if end else len(self._names)
            last = min(first + limit, bound)
            body = self._body(first, last, more=last < bound)
        entries, token = page_of(body)
        return Page(entries, f"{entries[-1].name}\0" if token else "")

    def _body(self, first: int, last: int, *, more: bool) -> bytes:
        items = []
        for rank in range(first, last):
            name = self._names[rank]
            dot = name[-4:] if name[-4] == "." else name[-5:]
            kind = _BY_SUFFIX.get(dot, "video/mp4" if dot == ".mp4" else "image/jpeg")
            at = rank * 2654435761 >> 8 & _SPREAD - 1
            items.append(
                f'{{"name":"{name}","size":"{self._sizes[at]}","generation":"{_GENERATION}","contentType":"{kind}",'
                f'"crc32c":"{self._checksums[at]}","storageClass":"STANDARD"}}'
            )
        token = '"nextPageToken":"Cg5waG90b3MvMDAwMS5qcGc=",' if more else ""
        return f'{{{token}"items":[{",".join(items)}]}}'.encode()

    async def stat(self, name: str) -> Entry | None:
        """Refuse, because planning does not stat objects."""
        raise NotImplementedError

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Refuse, because planning does not read objects."""
        raise NotImplementedError

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Refuse, because nothing writes to the source."""
        raise NotImplementedError

    async def bucket_facts(self) -> BucketFacts:
        """Return that nothing is known."""
        return UNKNOWN

    async def close(self) -> None:
        """Do nothing."""


class Kept:
    """A store for records, which keeps their bytes in one file on disk."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed with the store)
        self._at: dict[str, tuple[int, int]] = {}
        self._end = 0

    @property
    def bytes_kept(self) -> int:
        """The size of all records, in bytes."""
        return self._end

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"gs://records/{name}"

    def name_problem(self, name: str) -> str | None:
        """Take any name."""
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List records."""
        with self._meter.request("page of records"):
            found = sorted(n for n in self._at if n.startswith(prefix) and n >= start and not (end and n >= end))
            entries = tuple(Entry(name, self._at[name][1], "1") for name in found[:limit])
            return Page(entries, found[limit] if len(found) > limit else "")

    async def stat(self, name: str) -> Entry | None:
        """Return the entry of a record, or None."""
        with self._meter.request("stat of records"):
            return Entry(name, self._at[name][1], "1") if name in self._at else None

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read a record."""
        with self._meter.request("read of records"):
            if name not in self._at:
                raise NotFoundError(name)
            at, size = self._at[name]
            self._file.seek(at)
            body = self._file.read(size)
        sink.reset()
        sink.write(body)

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Write a record."""
        with self._meter.request("create of records"):
            if name in self._at:
                raise ExistsError(name)
            self._file.seek(self._end)
            self._file.write(body)
            self._at[name] = (self._end, len(body))
            self._end += len(body)
        return Entry(name, len(body), "1")

    async def bucket_facts(self) -> BucketFacts:
        """Return that nothing is known."""
        return UNKNOWN

    async def close(self) -> None:
        """Delete all records."""
        self._file.close()
