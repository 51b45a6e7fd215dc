"""The container's entry: one task of the job, with its settings from the environment."""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("thumbrun") is None:
    # A container that installs requirements.txt and copies the tree, as Google's buildpacks make it, has the source and
    # no package. Decoding processes inherit this path. An installed package comes first, so that tests of the wheel
    # never run this source.
    sys.path.append(str(Path(__file__).resolve().parent / "src"))

from thumbrun.__main__ import entry

if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
