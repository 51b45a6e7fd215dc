"""Grants the roles that the documents ask for, and refuses all other requests."""

from collections.abc import Collection, Mapping

from tests.faults.wire.asked import Asked
from tests.faults.wire.world import OUTPUT, SOURCE

LEAST: Mapping[str, frozenset[str]] = {
    SOURCE: frozenset({"get", "list"}),
    OUTPUT: frozenset({"create", "get", "list"}),
}


class Roles:
    """The permissions of one account."""

    def __init__(self, granted: Mapping[str, Collection[str]] = LEAST) -> None:
        """Set the permissions.

        Args:
            granted: Permissions on objects by bucket, without `storage.objects.`.
        """
        self._granted = granted

    def __call__(self, asked: Asked) -> str | None:
        """Return why a request is refused, or None."""
        if asked.permission in self._granted.get(asked.bucket, ()):
            return None
        return f"the account does not have storage.objects.{asked.permission} access to {asked.bucket}/{asked.name}"

    @classmethod
    def without(cls, bucket: str, permission: str) -> "Roles":
        """Return the least roles without one permission."""
        return cls({**LEAST, bucket: LEAST[bucket] - {permission}})
