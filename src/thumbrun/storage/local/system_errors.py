"""Turns the operating system's errors into the store's errors, and says what to check."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from thumbrun.storage.base import (
    DeniedError,
    LostError,
    NameRefusedError,
    NotFoundError,
    StoreError,
    TransientError,
)

_PASSES = (errno.EINTR, errno.EAGAIN, errno.ESTALE, errno.EMFILE, errno.ENFILE)
_NO_SUCH_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)


def link_error(path: str) -> DeniedError:
    """Return the error for a link in place of a folder."""
    return DeniedError(
        f"{path} is a symbolic link, which thumbrun does not follow", hint="replace the link with a folder"
    )


@contextmanager
def system_errors(uri: str) -> Iterator[None]:
    """Turn errors of the operating system into errors of the store.

    Args:
        uri: The URI of the file or folder that the block is about.

    Raises:
        StoreError: The block raised an OSError.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"{uri} does not exist") from error
    except PermissionError as error:
        where = error.filename2 or error.filename or uri
        raise DeniedError(
            f"{where}: permission denied", hint="check the owner and the mode of this file or folder"
        ) from error
    except OSError as error:
        if error.errno == errno.ELOOP and error.filename:
            raise link_error(str(error.filename)) from error
        message = f"{uri}: {os.strerror(error.errno or 0)}"
        if error.errno in _NO_SUCH_NAME:
            raise NameRefusedError(message) from error
        if error.errno == errno.EIO:
            raise LostError(message, hint="check the disk") from error
        if error.errno in _PASSES:
            raise TransientError(message, hint="check the disk, and the limit on open files (ulimit -n)") from error
        raise StoreError(message, hint="check the free space and the file system of this disk") from error
