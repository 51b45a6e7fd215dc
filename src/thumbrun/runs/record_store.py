"""Read and create records on the state store: never overwriting, and always looking at what is there."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from thumbrun.runs import records
from thumbrun.runs.names import StateNames
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import DeniedError, ExistsError, NotFoundError, Store, StoreError, read_bytes

T = TypeVar("T")

_TRIES = 3  # create, look, and nothing there: how often before it counts as a failing store
_READS = 3  # of a record that comes damaged, until it counts as damaged where it lies


class RecordStore:
    """The records of all runs below one state prefix.

    Attributes:
        store: Where they lie.
        names: What they are called.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self.store = store
        self.names = StateNames(prefix)

    async def read(self, name: str) -> dict[str, Any] | None:
        """Return a JSON record, or None if there is none.

        Raises:
            RecordError: What is there cannot be read.
        """
        try:
            return await self._read(name, records.from_json)
        except NotFoundError:
            return None

    async def read_lines(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return header and rows of a record of JSON lines.

        Raises:
            NotFoundError: There is none.
            RecordError: What is there cannot be read.
        """
        return await self._read(name, records.from_lines)

    async def open_lines(self, name: str) -> list[bytes]:
        """Return the rows of a record of JSON lines as they are, for who needs few of them.

        Raises:
            NotFoundError: There is none.
            RecordError: What is there cannot be read.
        """
        _, lines = await self._read(name, records.open_lines)
        return lines

    async def _read(self, name: str, parse: Callable[[bytes, str], T]) -> T:
        """Read a record, and again where its bytes make none: they may have been cut or changed on the way."""
        read = 1
        while True:
            body = await read_bytes(self.store, name)
            try:
                return parse(body, self.store.uri(name))
            except RecordError:
                if read == _READS:
                    raise
                read += 1

    async def last_name(self, prefix: str, start: str = "") -> str:
        """Return the last name below a prefix, at or after `start`, or an empty string."""
        last, more = "", True
        while more:
            page = await self.store.page(prefix, start=start)
            last = page.entries[-1].name if page.entries else last
            start, more = page.resume_at, page.more
        return last

    async def create_or_read(
        self, name: str, record: Mapping[str, Any], run_id: str, *, likely_free: bool = False
    ) -> dict[str, Any]:
        """Create a record if its name is free, and return what then stands there: this one, or who came first.

        Args:
            name: Of the record.
            record: To create.
            run_id: The run that it belongs to.
            likely_free: Whether it is created before anything is read: the caller has just seen that nothing is there,
                or hardly anybody else asks. Otherwise it is read first, since one name takes about one write a second
                while thousands may ask.

        Raises:
            DeniedError: Creating it is refused, and nothing is there.
        """
        refusal: StoreError | None = None
        for _ in range(_TRIES):
            if not likely_free and (found := await self.read(name)) is not None:
                return found
            likely_free = False  # if it cannot be created, what is there is looked at
            try:
                await self.create(name, records.to_json(record), records.JSON_TYPE, run_id)
            except (ExistsError, DeniedError) as error:
                refusal = error
            else:
                return dict(record)
        if isinstance(refusal, DeniedError):
            raise refusal
        raise StoreError(f"{self.store.uri(name)} can be neither created nor read") from refusal

    async def create_once(
        self, name: str, body: bytes, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Create an object whose name no other process uses: that it exists means that an acknowledgement was lost.

        That it exists is looked at, not believed: a plan would name a shard for ever that is not there.

        Raises:
            DeniedError: Creating it is refused, and nothing is there.
        """
        refusal: StoreError | None = None
        for _ in range(_TRIES):
            try:
                return await self.create(name, body, records.LINES_TYPE, run_id, metadata=metadata)
            except (ExistsError, DeniedError) as error:
                refusal = error
            if await self.store.stat(name) is not None:
                return None
        if isinstance(refusal, DeniedError):
            raise refusal
        raise StoreError(f"{self.store.uri(name)} can be neither created nor seen") from refusal

    async def create(
        self, name: str, body: bytes, content_type: str, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Create a record, marked as the run's.

        Raises:
            ExistsError: The name is taken.
            DeniedError: Refused, or taken.
        """
        marks = {RUN_MARK: run_id, **(metadata or {})}
        await self.store.create(name, body, content_type=content_type, metadata=marks)
