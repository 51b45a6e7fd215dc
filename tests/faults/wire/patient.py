"""Runs `thumbrun` with an hour to wait for an answer, so that it repeats no request that the proxy holds."""

import sys

from thumbrun.cli import main
from thumbrun.storage.gcs import store

if __name__ == "__main__":
    store._SILENCE_SECONDS = 3600.0
    sys.exit(main())
