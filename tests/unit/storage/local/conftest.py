"""Where the metadata of local files are kept: in an extended attribute of the file, or in a sidecar."""

import pytest

from thumbrun.storage.local import file_metadata


@pytest.fixture
def no_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system have no extended attributes, so that metadata are kept in sidecars."""
    monkeypatch.setattr(file_metadata, "_IS_SUPPORTED", False)


@pytest.fixture(params=["attribute", "sidecar"])
def either(request: pytest.FixtureRequest) -> str:
    """Let metadata be kept in attributes, and then in sidecars."""
    if request.param == "sidecar":
        request.getfixturevalue("no_attributes")
    return str(request.param)
