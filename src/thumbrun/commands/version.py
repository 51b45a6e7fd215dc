"""`thumbrun --version`: print the version, and on request the decoders' versions and how decoding is confined."""

import platform

from thumbrun.commands.standard_streams import show_result
from thumbrun.version import __version__


def print_version(*, verbose: bool) -> int:
    """Print the version and return the exit code.

    Args:
        verbose: Whether to print the decoders and the confinement as well.
    """
    lines = [f"thumbrun {__version__}"]
    if verbose:
        from thumbrun.decoding.versions import confinement, versions  # Pillow takes a while to import

        lines.append(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
        lines += [f"{name} {version}" for name, version in versions().items()]
        lines += [f"{measure}: {'yes' if holds else 'no'}" for measure, holds in confinement().items()]
    show_result("\n".join(lines))
    return 0
