"""Runs `thumbrun` with less time for a request to make progress: `python -m tests.e2e.short_window 3 run …`.

Everything else is the same.
"""

import sys

from thumbrun.cli import main
from thumbrun.storage.gcs import store

if __name__ == "__main__":
    store._SILENCE_SECONDS = float(sys.argv.pop(1))
    sys.exit(main())
