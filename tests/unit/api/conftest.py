"""Ends the decoding processes that the tests of the library share, because other tests look at all of a process's."""

from collections.abc import Iterator

import pytest

from thumbrun.api import shared_decoders


@pytest.fixture(autouse=True, scope="module")
def decoders_of_the_module() -> Iterator[None]:
    """Let the tests of a module share decoding processes, and end them."""
    yield
    for shared in shared_decoders._shared.values():
        shared.end()
    shared_decoders._shared = {}
