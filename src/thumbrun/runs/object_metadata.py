"""The metadata of a thumbnail: marks that name its run, its source and its recipe, and what it keeps of the source's.

Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from thumbrun.console import as_unicode

RUN_MARK = "thumbrun-run"  # every object that thumbrun wrote has this mark
SOURCE_MARK = "thumbrun-source"
GENERATION_MARK = "thumbrun-source-generation"
RECIPE_MARK = "thumbrun-recipe"
CHECKSUM_MARK = "thumbrun-crc32c"  # the checksum of the bytes that were sent, to check later that all are there
MOST_METADATA = 8 << 10  # bytes of all keys and values of an object (https://cloud.google.com/storage/quotas#objects)
# Keys that a thumbnail does not take over: those of thumbrun's marks, and those in which tools keep the time and the
# rights of the file that they copied (https://cloud.google.com/sdk/gcloud/reference/storage/rsync).
_NOT_KEPT = ("thumbrun-", "goog-reserved-")
OwnMetadata = tuple[tuple[str, str], ...]  # keys and values that the owner of an object gave it, sorted
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


def own_metadata(metadata: Mapping[str, str]) -> OwnMetadata:
    """Return the metadata of a source that its thumbnails can keep; what is not Unicode becomes question marks."""
    kept = {key: value for key, value in metadata.items() if not key.lower().startswith(_NOT_KEPT)}
    return tuple(sorted({_unicode(key): _unicode(value) for key, value in kept.items()}.items()))


def fitting(own: OwnMetadata, marks: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata that fit into an object beside its marks: in their order, each key that has room."""
    left = MOST_METADATA - sum(map(_size, marks.items()))
    found = {}
    for pair in own:
        if _size(pair) <= left:
            left -= _size(pair)
            found[pair[0]] = pair[1]
    return found


def _size(pair: tuple[str, str]) -> int:
    return sum(len(text.encode()) for text in pair)


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
