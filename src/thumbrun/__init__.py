"""Makes a thumbnail of every image under a Cloud Storage prefix, in parallel tasks that lose nothing when they die.

`docs/library.md` shows how to use it from Python. Nothing is loaded before it is used.
"""

from thumbrun.version import __version__ as __version__

_HOMES = {
    "thumbrun.api.thumbnail": ("ImageError", "Thumbnail", "thumbnail", "thumbnail_async"),
    "thumbrun.api.plan": ("PlanResult", "plan", "plan_async"),
    "thumbrun.api.report": ("ReportResult", "report", "report_async"),
    "thumbrun.api.retry": ("retry", "retry_async"),
    "thumbrun.api.run": ("RunResult", "run", "run_async"),
    "thumbrun.api.verify": ("verify", "verify_async"),
    "thumbrun.api.event_record": ("Failure",),
    "thumbrun.verification.findings": ("Finding", "VerifyResult"),
    "thumbrun.outcomes": ("OutcomeCounts", "Reason"),
    "thumbrun.logs.events": ("Progress",),
    "thumbrun.planning.planner": ("PlanRefusedError",),
    "thumbrun.errors": ("NothingToDoError", "SettingsError", "ThumbrunError", "TooLateError"),
    "thumbrun.storage.base": ("BucketNotFoundError", "DeniedError", "StoreError", "UnauthenticatedError"),
    "thumbrun.runs.records": ("RecordError",),
    "thumbrun.decoding.pool": ("DecoderPoolError",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(["__version__", *_MODULES])


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'thumbrun' has no attribute {name!r}")
    from importlib import import_module  # a command does not need it

    globals()[name] = value = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
