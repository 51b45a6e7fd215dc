"""`thumbrun demo`: see it work on sample pictures."""

from thumbrun.demo.run import demo as run_demo


def demo(folder: str) -> int:
    """Run the demo and return the exit code.

    Args:
        folder: Where the results go.
    """
    return run_demo(folder, print)
