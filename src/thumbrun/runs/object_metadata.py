"""The marks of a thumbnail: metadata that name its run, its source and its recipe. Pure."""

import hashlib
from dataclasses import dataclass

from thumbrun.console import as_unicode

RUN_MARK = "thumbrun-run"  # every object that thumbrun wrote has this mark
SOURCE_MARK = "thumbrun-source"
GENERATION_MARK = "thumbrun-source-generation"
RECIPE_MARK = "thumbrun-recipe"
CHECKSUM_MARK = "thumbrun-crc32c"  # the checksum of the bytes that were sent, to check later that all are there
MARKS = (RUN_MARK, SOURCE_MARK, GENERATION_MARK, RECIPE_MARK)


@dataclass(frozen=True, slots=True)
class ThumbnailMarks:
    """The marks that a run gives to its thumbnails.

    Attributes:
        run_id: The id of the run.
        recipe: The digest of the run's recipe.
        hash_source: Whether the marks hold a hash of the source instead of its URI.
    """

    run_id: str
    recipe: str
    hash_source: bool

    def of(self, source: str, generation: str) -> dict[str, str]:
        """Return the marks of the thumbnail of a source, by its URI and generation."""
        if self.hash_source:
            source = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()
        # The metadata of a bucket is Unicode, so the bytes of a file name that are not Unicode are escaped.
        return {
            RUN_MARK: self.run_id,
            SOURCE_MARK: as_unicode(source),
            GENERATION_MARK: generation,
            RECIPE_MARK: self.recipe,
        }
