"""`thumbrun demo`: try thumbrun on sample pictures."""

from thumbrun.demo.run import demo as run_demo


def demo(folder: str) -> int:
    """Run the demo and return the exit code.

    Args:
        folder: The folder for the results.
    """
    return run_demo(folder, print)
