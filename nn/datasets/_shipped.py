"""Files that ship with the package."""

import hashlib
from pathlib import Path


def read_shipped(path: Path, sha256: str) -> bytes:
    """Return the bytes of a file in this folder, verified.

    Nothing is unpacked before the SHA-256 is the stated one. ValueError
    if the file is missing, cannot be read, or has another SHA-256.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"{path} must ship with the package, but cannot be read: "
            f"{error.strerror}. Install from-one-neuron again"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} must have the SHA-256 {sha256}, but is damaged or "
            f"changed: it has {found}. Install from-one-neuron again"
        )
    return content
