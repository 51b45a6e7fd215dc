"""The marks of a thumbnail: metadata that tell whose it is, and what it was made of. Pure."""

import hashlib
from dataclasses import dataclass

RUN_MARK = "thumbrun-run"  # every object carries it that thumbrun wrote
SOURCE_MARK = "thumbrun-source"
GENERATION_MARK = "thumbrun-source-generation"
RECIPE_MARK = "thumbrun-recipe"
CHECKSUM_MARK = "thumbrun-crc32c"  # of the bytes that were sent, so that whoever finds a thumbnail sees it is whole
MARKS = (RUN_MARK, SOURCE_MARK, GENERATION_MARK, RECIPE_MARK)


@dataclass(frozen=True, slots=True)
class ThumbnailMarks:
    """How a run marks its thumbnails.

    Attributes:
        run_id: The run.
        recipe: The digest of its recipe.
        hash_source: Whether a hash stands instead of the source's name.
    """

    run_id: str
    recipe: str
    hash_source: bool

    def of(self, source: str, generation: str) -> dict[str, str]:
        """Return the marks of the thumbnail of a source, by its URI and generation."""
        if self.hash_source:
            source = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()
        # A bucket's metadata is Unicode; bytes of a file's name that are none are spelt out.
        source = source.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return {
            RUN_MARK: self.run_id,
            SOURCE_MARK: source,
            GENERATION_MARK: generation,
            RECIPE_MARK: self.recipe,
        }
