"""Renders an image in a process that is not thumbrun's own, and leaves nothing changed there."""

import threading

from thumbrun.imaging import library_options

with library_options.kept():
    from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

_ONE = threading.Lock()  # rendering changes the options of Pillow, and what Python warns of, for the whole process


def render_here(body: bytes, request: Request) -> Rendered | Refused | NeedsMemory:
    """Make a thumbnail in this process, one at a time. This returns a verdict unless a decoder ends the process.

    Args:
        body: The image's bytes.
        request: What to make of the bytes, and within which limits.
    """
    with _ONE, library_options.kept():
        library_options.put(library_options.OURS)
        return render(body, request)
