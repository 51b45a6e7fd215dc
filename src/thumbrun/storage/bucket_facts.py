"""What a store says of a whole bucket, as far as this account may read it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """The settings of a bucket (https://cloud.google.com/storage/docs/json_api/v1/buckets). None: not known.

    Attributes:
        location: Where the bucket is, in capitals, such as `EUROPE-WEST1` or `EU`.
        location_type: `region`, `dual-region` or `multi-region`.
        storage_class: The class of new objects: `STANDARD`, `NEARLINE` …
        autoclass: Whether the store moves each object between classes, by how often it is read.
        soft_delete_seconds: For how long the store keeps and bills what is deleted or replaced; 0: not at all.
        retention_seconds: For how long nobody can delete or replace an object; 0: no such policy.
        event_based_hold: Whether new objects are held until somebody releases them.
        requester_pays: Whether those who send requests pay for them.
        hierarchical_namespace: Whether the bucket has real folders.
        uniform_access: Whether only the bucket's policy grants access, and no list of a single object does.
        trouble: The error that kept thumbrun from knowing; empty if there was none, or the account may not know.
    """

    location: str | None = None
    location_type: str | None = None
    storage_class: str | None = None
    autoclass: bool | None = None
    soft_delete_seconds: int | None = None
    retention_seconds: int | None = None
    event_based_hold: bool | None = None
    requester_pays: bool | None = None
    hierarchical_namespace: bool | None = None
    uniform_access: bool | None = None
    trouble: str = field(default="", compare=False)


UNKNOWN = BucketFacts()
"""Nothing is known: this account may not read the bucket's settings, or the store is a folder."""
