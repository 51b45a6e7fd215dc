"""Keeps objects that are slow to make in .pytest_cache, for every process of a test run and for the next run."""

import fcntl
import pickle
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".pytest_cache/kept"
_LIBRARIES = ("pillow", "numpy", "pillow-heif", "pi-heif")


@cache
def _state_of(files: tuple[Path, ...]) -> bytes:
    whole = sha256(" ".join(map(version, _LIBRARIES)).encode())
    for path in sorted(files):
        whole.update(path.read_bytes())
    return whole.digest()


def kept(name: str, make: Callable[[], T], made_by: Iterable[Path]) -> T:
    """Return an object from the cache, or make it now; only one of several processes makes it.

    Args:
        name: The name of the object, which no other object of the same files has.
        make: Makes the object, the same each time.
        made_by: The files whose code makes the object. If one of them or a library changes, the object is made again.
    """
    path = FOLDER / sha256(f"{name}\0".encode() + _state_of(tuple(made_by))).hexdigest()
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if content := file.read():
                found: T = pickle.loads(content)  # noqa: S301  (nobody else writes there)
                return found
            made = make()
            file.write(pickle.dumps(made))
            return made
    except (OSError, pickle.UnpicklingError, EOFError):  # the folder cannot be written, or the file was cut short
        path.unlink(missing_ok=True)
        return make()
