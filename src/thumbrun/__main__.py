"""The command `thumbrun`, which is also `python -m thumbrun`."""

import sys
from collections.abc import Sequence

_INTERRUPTED = 130


def main() -> int:
    """Run the command that the arguments name, and return the exit code."""
    return _interruptibly(None)


def entry(arguments: Sequence[str]) -> int:
    """Run the command that a container's arguments name, or `run` if they name none, and return the exit code."""
    return _interruptibly(arguments)


def _interruptibly(arguments: Sequence[str] | None) -> int:
    """Import the command line and run it; Ctrl-C meanwhile ends the process without a word, as it does later on."""
    try:
        from thumbrun import cli
    except KeyboardInterrupt:
        return _INTERRUPTED
    return cli.main() if arguments is None else cli.entry(arguments)


if __name__ == "__main__":
    sys.exit(main())
