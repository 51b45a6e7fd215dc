"""Reads and creates records on the state store. It never overwrites a record, and it checks every refusal.

Every record that is read has its form (see `record_forms`), and belongs to the run and shard that its name says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from sys import getsizeof
from typing import Any, TypeVar

from thumbrun.runs import records
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.record_forms import Form, form_of, problem_of, problem_of_row
from thumbrun.runs.record_names import StateNames, far_beyond
from thumbrun.runs.records import Body, RecordError, RecordVersionError
from thumbrun.runs.row_decoder import row_decoder
from thumbrun.storage.base import Chunk, DeniedError, ExistsError, NotFoundError, Store, StoreError

T = TypeVar("T")

_TRIES = 3  # how often a create is refused, with nothing there, before the store counts as failing
_READS = 3  # how often a record is read damaged before it counts as damaged on the store
_MOST_KEPT = 1 << 26  # bytes of memory for the rows of a record; 1,000 rows with the longest names take half of it
# Bytes of a row that need not be counted. A number in a list takes two bytes of text or more and 40 of memory, so 4,000
# rows of this length, which is as many as a record can have, take less than `_MOST_KEPT`.
_SHORT = 512
_NUMBER = 32  # bytes of memory that a number in a list takes


class RecordStore:
    """The records of all runs below one state prefix.

    Attributes:
        store: The store that holds the records.
        names: The names of the records.
    """

    def __init__(
        self, store: Store, prefix: str, on_set_aside: Callable[[str, RecordError], None] = lambda *_: None
    ) -> None:
        """Set up the records; nothing is read yet.

        Args:
            store: The store that holds the records.
            prefix: The prefix of the state in its store; it is empty or ends in `/`.
            on_set_aside: Called once with the URI of each damaged record that thumbrun does without.
        """
        self.store = store
        self.names = StateNames(prefix)
        self._on_set_aside = on_set_aside
        self._set_aside: set[str] = set()

    async def read(self, name: str) -> dict[str, Any] | None:
        """Return a JSON record, or None if there is no object with this name.

        Raises:
            RecordError: The object is not a readable record.
        """
        try:
            return await self._read(name, lambda body, uri: self._formed(name, uri, records.from_json(body, uri)))
        except NotFoundError:
            return None

    async def read_spare(self, name: str) -> dict[str, Any] | None:
        """Return a JSON record that thumbrun can do without, or None if there is none or if it is damaged.

        Raises:
            RecordVersionError: Another version of thumbrun wrote it.
        """
        try:
            return await self.read(name)
        except RecordError as error:
            self.set_aside(name, error)
            return None

    def set_aside(self, name: str, error: RecordError) -> None:
        """Do without a damaged record, and say so.

        Raises:
            RecordVersionError: Another version of thumbrun wrote the record, so it is not damaged.
        """
        if isinstance(error, RecordVersionError):
            raise error
        if name not in self._set_aside:
            self._set_aside.add(name)
            self._on_set_aside(self.store.uri(name), error)

    async def read_lines(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the header and the rows of a record of JSON lines.

        Raises:
            NotFoundError: There is no object with this name.
            RecordError: The object is not a readable record.
        """

        def parse(body: Body, uri: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            header, lines = records.open_lines(body, uri)
            self._formed(name, uri, header)
            return header, list(self._rows(name, uri, enumerate(lines)))

        return await self._read(name, parse)

    async def read_some_lines(self, name: str, indices: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return some rows of a record of JSON lines by index, without parsing the others.

        Raises:
            NotFoundError: There is no object with this name.
            RecordError: The object is not a readable record, or has no such row.
        """
        wanted = frozenset(indices)

        def parse(body: Body, uri: str) -> dict[int, dict[str, Any]]:
            header, lines = records.open_lines(body, uri)
            self._formed(name, uri, header)
            chosen = {number: line for number, line in enumerate(lines) if number in wanted}
            if len(chosen) < len(wanted):
                raise RecordError(f"{uri} has no row {min(wanted.difference(chosen))}")
            return dict(zip(chosen, self._rows(name, uri, chosen.items()), strict=True))

        return await self._read(name, parse)

    def _formed(self, name: str, uri: str, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, or the header of one, if it has the form of its name.

        Raises:
            RecordError: It has not.
        """
        form = self._form(name)
        if form and (problem := problem_of(form, name.removeprefix(self.names.prefix), record)):
            raise RecordError(f"{uri} is not the record that its name says: {problem}")
        return record

    def _rows(self, name: str, uri: str, lines: Iterable[tuple[int, bytes]]) -> Iterator[dict[str, Any]]:
        """Yield the rows with the keys of their form; each is checked before the next is parsed, to keep memory small.

        Raises:
            RecordError: A row is not JSON, or has not its form; or the rows take more memory than any that thumbrun
                writes.
        """
        form, kept = self._form(name), 0
        decoded = row_decoder(form) if form else lambda _: None
        for number, line in lines:
            known = decoded(line)
            if known is None:
                known = _row(form, uri, number, line)
            if len(line) > _SHORT:
                kept += getsizeof(known) + sum(map(_memory, known.values()))
            if kept > _MOST_KEPT:
                raise RecordError(f"{uri} is not a record of thumbrun: it holds more than any record of thumbrun")
            yield known

    def _form(self, name: str) -> Form | None:
        return form_of(name.removeprefix(self.names.prefix))

    async def _read(self, name: str, parse: Callable[[Body, str], T]) -> T:
        """Read a record; read it again if it is damaged, because it might have been cut or changed on the way."""
        form, uri = self._form(name), self.store.uri(name)
        read = 1
        while True:
            try:
                sink = _RecordSink(uri, form.most_bytes if form else records.LARGEST)
                await self.store.read(name, sink)
                return parse(sink.getvalue(), uri)
            except RecordError as error:
                if read == _READS:
                    error.hint = error.hint or (form.hint if form else "")
                    raise
                read += 1

    def is_record(self, name: str) -> bool:
        """Return whether a name is that of a record."""
        return form_of(name.removeprefix(self.names.prefix)) is not None

    async def names_of(self, prefix: str, start: str = "") -> list[str]:
        """Return the names of the records below a prefix, at or after `start`, in ascending order.

        Other names are those of objects that file managers and people leave there. Of records whose numbers follow on
        one another, those are set aside whose number is far beyond: nobody wrote the records before them.
        """
        names: list[str] = []
        more = True
        page_start = start
        while more:
            page = await self.store.page(prefix, start=page_start)
            names += (entry.name for entry in page.entries if self.is_record(entry.name))
            page_start, more = page.resume_at, page.more
        beyond = self.far_beyond(names, start)
        for name in beyond:
            self.set_aside(name, self.beyond_error(name))
        return [name for name in names if name not in beyond] if beyond else names

    def far_beyond(self, names: list[str], start: str = "") -> frozenset[str]:
        """Return those of some names of one kind of record whose numbers nobody can have reached."""
        form = self._form(names[0]) if names else None
        return frozenset(far_beyond(names, start)) if form and form.successive else frozenset()

    def beyond_error(self, name: str) -> RecordError:
        """Return the error of a record whose number nobody can have reached."""
        return RecordError(f"{self.store.uri(name)} is not a record of thumbrun: most numbers before its own are free")

    async def last_name(self, prefix: str, start: str = "") -> str:
        """Return the last name that `names_of` returns, or an empty string."""
        names = await self.names_of(prefix, start)
        return names[-1] if names else ""

    async def create_or_read(
        self, name: str, record: Mapping[str, Any], run_id: str, *, likely_free: bool = False
    ) -> dict[str, Any]:
        """Create a record if its name is free, and return the record that then exists: this one or an earlier one.

        Args:
            name: The name of the record.
            record: The record to create.
            run_id: The id of the run that the record belongs to.
            likely_free: Whether to create the record before reading it, because the caller has just seen that the name
                is free, or because few tasks ask for it. Otherwise the record is read first: a store takes about one
                write a second for one name, and thousands of tasks might ask.

        Raises:
            DeniedError: The store refuses to create the record, and there is no record.
        """
        refusal: StoreError | None = None
        for _ in range(_TRIES):
            if not likely_free and (found := await self.read(name)) is not None:
                return found
            likely_free = False  # if it cannot be created, the next try reads it
            try:
                await self.create(name, records.to_json(record), records.JSON_TYPE, run_id)
            except (ExistsError, DeniedError) as error:
                refusal = error
            else:
                return dict(record)
        if isinstance(refusal, DeniedError):
            raise refusal
        raise StoreError(f"thumbrun can neither create nor read {self.store.uri(name)}") from refusal

    async def create_or_read_spare(
        self, name: str, record: Mapping[str, Any], run_id: str, *, likely_free: bool = False
    ) -> dict[str, Any] | None:
        """Do as `create_or_read`, but return None if an earlier record is damaged, which is then set aside."""
        try:
            return await self.create_or_read(name, record, run_id, likely_free=likely_free)
        except RecordError as error:
            self.set_aside(name, error)
            return None

    async def create_once(
        self, name: str, body: bytes, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Create an object whose name no other process uses: if it exists, only the acknowledgement was lost.

        This checks that the object really exists: otherwise a plan might name a shard that was never written.

        Raises:
            DeniedError: The store refuses to create the object, and there is no object.
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
        raise StoreError(f"thumbrun can neither create nor see {self.store.uri(name)}") from refusal

    async def create(
        self, name: str, body: bytes, content_type: str, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Create a record that is marked as the run's.

        Raises:
            ExistsError: The name is taken.
            DeniedError: The store refuses, or the name is taken.
        """
        marks = {RUN_MARK: run_id, **(metadata or {})}
        await self.store.create(name, body, content_type=content_type, metadata=marks)


def _row(form: Form | None, uri: str, number: int, line: bytes) -> dict[str, Any]:
    """Return a row with the keys of its form, or raise RecordError with what is wrong with it."""
    row: dict[str, Any] = records.parse_line(line, uri)
    if not form:
        return row
    if problem := problem_of_row(form, number, row):
        raise RecordError(f"{uri} is not the record that its name says: {problem}")
    return {key: value for key, value in row.items() if key in form.row_checks}


class _RecordSink:
    """A sink that keeps a record in memory, up to the size that such a record can have."""

    def __init__(self, uri: str, most: int) -> None:
        self._uri = uri
        self._most = most
        self._body = bytearray()

    def reset(self) -> None:
        """Forget all bytes written so far."""
        self._body.clear()

    def write(self, chunk: Chunk) -> None:
        """Copy the next bytes.

        Raises:
            RecordError: The bytes are more than those of any record.
        """
        if len(self._body) + len(chunk) > self._most:
            raise RecordError(f"{self._uri} is not a record of thumbrun: it has more than {self._most:,} bytes")
        self._body += chunk

    def getvalue(self) -> bytearray:
        """Return all bytes written since the last reset."""
        return self._body


def _memory(value: Any) -> int:
    """Return about how many bytes of memory a value in a row takes."""
    return getsizeof(value) + (_NUMBER * len(value) if isinstance(value, list) else 0)
