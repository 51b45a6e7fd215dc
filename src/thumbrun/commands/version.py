"""`thumbrun --version`: print the version, and on request the decoders' versions and how decoding is confined."""

import platform

from thumbrun.version import __version__


def print_version(*, verbose: bool) -> int:
    """Print the version and return the exit code.

    Args:
        verbose: Whether to print the decoders and the confinement as well.
    """
    print(f"thumbrun {__version__}")
    if verbose:
        from thumbrun.decoding.versions import confinement, versions  # Pillow takes a while to import

        print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
        for name, version in versions().items():
            print(f"{name} {version}")
        for measure, holds in confinement().items():
            print(f"{measure}: {'yes' if holds else 'no'}")
    return 0
