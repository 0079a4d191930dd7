"""Open the files that people give to a task."""

import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..datasets._text import printable
from ..typing import StrPath


def open_file(
    path: StrPath, most: int | None = None, *, expected: str = "a file"
) -> BinaryIO:
    """Return the file at ``path``, opened for reading bytes.

    ValueError at once if it is missing, a folder, a pipe or a device, may
    not be read, or has more than ``most`` bytes; the message calls what
    it must be ``expected``.
    """
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            found = "is a folder"
        elif not stat.S_ISREG(status.st_mode):
            found = "is a pipe or a device"
        elif most is not None and status.st_size > most:
            found = f"has {status.st_size:,} bytes, more than {most:,}"
        else:
            return path.open("rb")
    except OSError as error:
        found = f"cannot be opened: {error.strerror}"
    except ValueError as error:  # a NUL in the name
        found = f"cannot be opened: {error}"
    raise ValueError(f"{printable(path)} must be {expected}, but {found}")


def read_input(most: int) -> bytes:
    """Return the bytes of standard input; ValueError for over ``most``."""
    if sys.stdin is None:
        raise ValueError(
            "standard input must be open for -, but is closed: give a file"
        )
    content = sys.stdin.buffer.read(most + 1)
    if len(content) > most:
        raise ValueError(
            f"standard input must have at most {most:,} bytes, but has more"
        )
    return content


@contextmanager
def decoding(path: StrPath, expected: str) -> Iterator[None]:
    """Turn all that a library raises over a file into one ValueError.

    A library that decodes a damaged file may raise nearly anything:
    Pillow raises SyntaxError, struct.error or OverflowError, NumPy raises
    TokenError. Therefore only calls of the library belong under ``with``.
    What it warns of appears on standard error after the file's name.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
    except Exception as error:
        raise ValueError(
            f"{printable(path)} must be {expected}, but cannot be read: "
            f"{printable(error) or type(error).__name__}"
        ) from error
    for warning in caught:
        note(path, f"read in spite of: {printable(warning.message)}")


def note(path: StrPath, text: str) -> None:
    """Say on standard error what was done with a file."""
    if sys.stderr is not None:
        print(f"{printable(path)}: {text}", file=sys.stderr)
