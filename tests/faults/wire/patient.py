"""`thumbrun` that waits for an answer for an hour: what the proxy holds is not asked for again."""

import sys

from thumbrun.cli import main
from thumbrun.storage.gcs import store

if __name__ == "__main__":
    store._SILENCE_SECONDS = store._TOTAL_SECONDS = 3600.0
    sys.exit(main())
