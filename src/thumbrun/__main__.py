"""`python -m thumbrun` is the command `thumbrun`."""

import sys

from thumbrun.cli import main

if __name__ == "__main__":
    sys.exit(main())
