"""Reports which versions of the decoders are linked, and how far this system confines them.

Wheels bundle their own libraries: libjpeg or libtiff of the system's package manager are not those that decode here.
"""

import json
import os
import socket
from collections.abc import Callable

import pi_heif
from PIL import features

from thumbrun.decoding.confine import close_all_but, confine

_CHANNEL = 3  # the number of the descriptor that the confined process keeps
_LIBRARIES = {  # Pillow's name: the authors' name
    "libjpeg_turbo": "libjpeg-turbo",
    "jpg": "libjpeg API",
    "jpg_2000": "OpenJPEG",
    "zlib": "zlib",
    "zlib_ng": "zlib-ng",
    "libtiff": "libtiff",
    "webp": "libwebp",
    "avif": "libavif",
    "littlecms2": "Little CMS",
}


def versions() -> dict[str, str]:
    """Return the version of every library that sees an image's bytes, as the library itself states it."""
    found = {"Pillow": str(features.version("pil"))}
    for name, title in _LIBRARIES.items():
        if features.check(name):
            found[title] = str(features.version(name))
    found |= {"pi-heif": pi_heif.__version__, "libheif": pi_heif.libheif_version()}
    for decoder, version in pi_heif.libheif_info()["decoders"].items():
        found[decoder] = version.rpartition(" ")[2]
    return found


def confinement() -> dict[str, bool]:
    """Return which measures hold here that not every system offers.

    A process gives up what a decoding process gives up, confines itself, and then tries to get out.
    """
    reading, writing = os.pipe()
    parent, child = os.getpid(), os.fork()
    if not child:
        try:
            close_all_but(writing, _CHANNEL)
            found = confine(parent)
            held = found.system_calls and not any(_gets_out(attempt) for attempt in _ATTEMPTS)
            os.write(_CHANNEL, json.dumps([found.no_new_privileges, held]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    privileges, calls = json.loads(text or b"[false, false]")
    return {"decoding cannot gain privileges": privileges, "decoding cannot reach files, network or programs": calls}


def _fork() -> None:
    if not os.fork():
        os._exit(0)


# Each needs a system call that decoding does not need.
_ATTEMPTS: tuple[Callable[[], object], ...] = (
    lambda: os.open("/", os.O_RDONLY),
    lambda: socket.socket(socket.AF_INET),
    _fork,
    lambda: os.kill(os.getppid(), 0),
)


def _gets_out(attempt: Callable[[], object]) -> bool:
    """Return whether an attempt works, or fails for another reason than the sandbox."""
    try:
        attempt()
    except PermissionError:
        return False
    except OSError:
        return True
    return True
