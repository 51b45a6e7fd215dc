"""The container's entry: one task of the job, with its settings from the environment."""

import sys

from thumbrun.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
