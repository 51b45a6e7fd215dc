"""Renders an image in a process that is not thumbrun's own, and leaves nothing changed there."""

import os
import threading

from thumbrun.imaging import library_options

with library_options.kept():
    from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

_one = threading.Lock()  # rendering changes the options of Pillow, and what Python warns of, for the whole process


def render_here(body: bytes, request: Request) -> Rendered | Refused | NeedsMemory:
    """Make a thumbnail in this process, one at a time. This returns a verdict unless a decoder ends the process.

    Args:
        body: The image's bytes.
        request: What to make of the bytes, and within which limits.
    """
    with _one, library_options.kept():
        library_options.put(library_options.OURS)
        return render(body, request)


def _begin_anew() -> None:
    """Take another lock in a process that was just forked: a thread that is not there might hold this one."""
    global _one
    _one = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)
