"""The command-line tools vipsthumbnail and ImageMagick, in two processes that each get a part of the files."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SUFFIXES = {"jpeg": "jpg", "png": "png", "webp": "webp"}
_PARTS = 2


def command(tool: str, files: list[str], target: str, format_: str) -> list[str]:
    """Return the command that makes thumbnails of files."""
    suffix = _SUFFIXES[format_]
    if tool == "vipsthumbnail":
        quality = "" if suffix == "png" else "[Q=80]"
        return [tool, *files, "--size", "100x100>", "-o", f"{target}/%s.{suffix}{quality}"]
    # This option lets the JPEG decoder scale, as ImageMagick's documentation of -thumbnail advises.
    return [
        tool,
        "-define",
        "jpeg:size=200x200",
        *files,
        "-thumbnail",
        "100x100>",
        "-quality",
        "80",
        f"{target}/%d.{suffix}",
    ]


def main() -> None:
    """Make a thumbnail of each file of a folder, and print seconds, processor seconds and their number as JSON.

    The command-line arguments are the tool, the folder, and the format of the thumbnails.
    """
    tool, folder, format_ = sys.argv[1:]
    files = sorted(str(path) for path in Path(folder).iterdir())
    environment = {**os.environ, "VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1"}
    with tempfile.TemporaryDirectory() as root:
        targets = [Path(root, str(part)) for part in range(_PARTS)]
        began = time.perf_counter()
        running = []
        for part, target in enumerate(targets):
            target.mkdir()
            running.append(subprocess.Popen(command(tool, files[part::_PARTS], str(target), format_), env=environment))
        codes = [one.wait() for one in running]
        seconds = time.perf_counter() - began
        made = sum(len(list(target.iterdir())) for target in targets)
    if any(codes):
        sys.exit(f"{tool} ended with {codes}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(json.dumps([seconds, used.ru_utime + used.ru_stime, made]))


if __name__ == "__main__":
    main()
