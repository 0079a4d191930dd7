"""Read the four files of Fashion-MNIST (format IDX) and verify them."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._text import StrPath, printable

# name: (shape, SHA-256 of the unpacked file); the .gz bytes differ from
# one distributor to the next, what is in them does not
FILES: dict[str, tuple[tuple[int, ...], str]] = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
GZIP = b"\x1f\x8b"


class Missing(FileNotFoundError):
    """A folder does not hold all four files."""


class Damaged(ValueError):
    """A file is there, and it is not the file of Fashion-MNIST."""


def read_folder(folder: StrPath) -> dict[str, NDArray[np.uint8]]:
    """Return {name: array} of the four files in `folder`, verified.

    Each file may be there as `name.gz`, unpacked as `name`, or both; the
    first that is whole is read. Raises Missing or Damaged.
    """
    if not os.path.isdir(folder):
        raise Missing("no such folder")
    absent = [name + ".gz" for name in FILES if not _paths(folder, name)]
    if absent:
        raise Missing("no " + ", ".join(absent))
    return {name: read_either(folder, name) for name in FILES}


def read_either(folder: StrPath, name: str) -> NDArray[np.uint8]:
    """Return the array in `name.gz` or in `name`, the first that is whole.

    Raises Missing if `folder` has neither, Damaged if it has none whole.
    """
    damage = []
    for path in _paths(folder, name):
        try:
            return read_file(path, name)
        except Damaged as error:
            damage.append(str(error))
    if damage:
        raise Damaged("; ".join(damage))
    raise Missing(f"no {name}.gz")


def _paths(folder: StrPath, name: str) -> list[Path]:
    paths = Path(folder, name + ".gz"), Path(folder, name)
    return [path for path in paths if os.path.isfile(path)]


def read_file(
    path: StrPath, name: str, *, origin: object = None
) -> NDArray[np.uint8]:
    """Return the array in the file at `path`, uint8, shape of FILES[name].

    Raises Damaged if it cannot be unpacked, or if its header, its length
    or the SHA-256 of its unpacked content is not that of `name`. The
    message calls the file `origin`, or by its path.
    """
    shape, sha256 = FILES[name]
    origin = printable(path if origin is None else origin)
    header = _header(shape)
    size = len(header) + int(np.prod(shape))
    try:
        content = _unpacked(path, size)
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(
            f"{origin} cannot be unpacked: {printable(error)}"
        ) from error
    start = content[: len(header)]
    if start != header:
        raise Damaged(
            f"{origin} must be {name}, with the IDX header "
            f"{header.hex(' ', 4)} (shape {shape}), but begins with "
            f"{start.hex(' ', 4) or 'nothing: it is an empty file'}"
        )
    if len(content) != size:
        more = "more" if len(content) > size else len(content)
        raise Damaged(
            f"{origin} must have {size} bytes when unpacked, but has {more}"
        )
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise Damaged(
            f"{origin} must have the SHA-256 {sha256} when unpacked, but "
            f"is damaged: it has {found}"
        )
    # a bytearray, so that the caller's array can be written to
    array = np.frombuffer(bytearray(content), np.uint8, offset=len(header))
    return array.reshape(shape)


def _header(shape: tuple[int, ...]) -> bytes:
    """Return the IDX header: two zeros, 8 for uint8, axes, lengths."""
    magic = bytes([0, 0, 8, len(shape)])
    return magic + np.array(shape, dtype=">u4").tobytes()


def _unpacked(path: StrPath, size: int) -> bytes:
    """Return the content of `path`, at most `size` + 1 bytes of it."""
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
    with gzip.open(path) if packed else open(path, "rb") as file:
        return file.read(size + 1)
