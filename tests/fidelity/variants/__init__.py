"""What changes the meaning of a file's bytes, format by format: one module for each, and `all_variants`.

`docs/pictures.md` is made of these (`python -m tests.fidelity.table`), and so is the sheet to look at
(`python -m tests.fidelity.sheet OUT.png`).
"""

import importlib
import pkgutil
from collections.abc import Iterator

from tests.fidelity.variants.variant import Variant


def all_variants() -> Iterator[Variant]:
    """Yield the variants of every module here that has a function `variants`."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        if make := getattr(importlib.import_module(f"{__name__}.{module}"), "variants", None):
            yield from make()
