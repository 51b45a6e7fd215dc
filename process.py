"""The container's entry: one task of the job, with its settings from the environment."""

import sys

from thumbrun.cli import entry

if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
