"""The buckets of one schedule: it puts, replaces and deletes pictures, and remembers every version."""

from dataclasses import dataclass, field

from tests.faults.wire.pictures import Identity, draw
from thumbrun.demo.emulator import Emulator

SOURCE, OUTPUT, PREFIX = "source-bucket", "thumbs-bucket", "in/"
STRANGERS = {
    "in/": b"",
    "in/readme.txt": b"no image",
    "inbox/0001.jpg": b"not below the source",
    "in.jpg": b"nor this",
}


@dataclass(slots=True)
class World:
    """Two buckets of an emulator.

    Attributes:
        emulator: The emulator, which is asked directly and not through the proxy.
        generations: The identity of the picture in every generation, by name.
        live: The live generation, by name.
        touched: Names that were replaced or deleted after the first task began.
        first: Names that existed before the first task began.
        strangers: Generations of objects that thumbrun must leave alone, by bucket and name.
    """

    emulator: Emulator
    generations: dict[str, dict[str, Identity]] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    first: frozenset[str] = frozenset()
    strangers: dict[str, str] = field(default_factory=dict)

    def fill(self, count: int) -> None:
        """Create the buckets, and put this many pictures, of which some names collide, and other objects."""
        for bucket in (SOURCE, OUTPUT):
            self.emulator.create_bucket(bucket)
        for number in range(count):
            self.put(number)
        self.first = frozenset(self.live)
        for name, body in STRANGERS.items():
            self.emulator.put(SOURCE, name, body, content_type="text/plain")
        for name in ("index.html", "20200101T0000Z/0001.jpg"):
            self.emulator.put(OUTPUT, name, b"a stranger", content_type="text/html")
        for bucket in (SOURCE, OUTPUT):
            for name, item in self.emulator.objects(bucket).items():
                if name not in self.live:
                    self.strangers[f"{bucket}/{name}"] = item["generation"]

    def put(self, number: int, version: int = 0) -> None:
        """Put a picture, or replace it by its next version."""
        identity = Identity(number, version)
        name = self.name(number)
        types = (None, "application/octet-stream", f"image/{identity.extension.replace('jpg', 'jpeg')}")
        self.put_body(name, draw(identity), types[number % 3])
        self.generations.setdefault(name, {})[self.live[name]] = identity

    def put_body(self, name: str, body: bytes, content_type: str | None = None) -> None:
        """Put an object into the source, and remember its generation."""
        self.emulator.put(SOURCE, name, body, content_type=content_type)
        self.live[name] = self.emulator.objects(SOURCE, name)[name]["generation"]

    def replace(self, number: int) -> None:
        """Replace a picture by another version of it."""
        name = self.name(number)
        self.touched.add(name)
        self.put(number, len(self.generations.get(name, ())) % 8)

    def delete(self, number: int) -> None:
        """Delete a picture, if it is there."""
        name = self.name(number)
        self.touched.add(name)
        if self.live.pop(name, None):
            self.emulator.delete(SOURCE, name)

    @staticmethod
    def name(number: int) -> str:
        """Return the name of a picture; every eighth has the file name of another one in another folder."""
        shares = number % 8 == 3
        folder = "twins/" if shares else f"{number % 5}/" if number % 2 else ""
        return f"{PREFIX}{folder}{number - 3 if shares else number:04d}.{Identity(number, 0).extension}"
