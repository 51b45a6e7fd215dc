"""The error that says that an item can have no thumbnail."""

from thumbrun.outcomes import Reason


class UnfitError(Exception):
    """The item can have no thumbnail because of its own object; this error is its outcome."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.source_bytes = 0
        self.unchecked = False
