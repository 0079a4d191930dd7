# Written by tools/export.py from notebooks/: change the chapters.
"""Arrays by name, to a safetensors file and back: no code in it."""

import os

import numpy as np

__all__ = [
    "load_arrays",
    "save_arrays",
    "write_file",
]


# chapter 14: Fashion-MNIST
def _digest(arrays):
    """Return the SHA-256 of names, types, shapes and contents, as hex."""
    import hashlib  # here and below, so that `import nn` stays quick

    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


# chapter 14: Fashion-MNIST
def write_file(path, data):
    """Write the bytes ``data`` to the file ``path``, whole or not at all.

    They go to a temporary file in the same folder, which is renamed when
    it is complete: a process killed on the way leaves an old file as it
    was.
    """
    import tempfile
    from pathlib import Path

    folder = Path(path).parent
    handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


# chapter 14: Fashion-MNIST
def save_arrays(path, arrays):
    """Write ``arrays``, a dictionary by name, to the file ``path``.

    The file contains a SHA-256 of its contents; see ``write_file``.
    """
    from safetensors.numpy import save

    contiguous = {k: np.ascontiguousarray(a) for k, a in arrays.items()}
    data = save(contiguous, metadata={"sha256": _digest(arrays)})
    write_file(path, data)


# chapter 14: Fashion-MNIST
def load_arrays(path, into):
    """Fill the arrays of ``into`` from the file that ``save_arrays`` wrote.

    ``into`` maps names to arrays, and the file must have exactly these
    names and shapes. Raises ValueError, and changes nothing, if it has
    others, is damaged, or is a file of another kind.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            theirs = {
                k: tuple(file.get_slice(k).get_shape()) for k in names
            }
            ours = {name: array.shape for name, array in into.items()}
            if theirs != ours:
                raise ValueError(
                    f"{path} must hold the arrays {ours}, but holds "
                    f"{theirs}; load it into the network that was saved"
                )
            arrays = {name: file.get_tensor(name) for name in ours}
            digest = (file.metadata() or {}).get("sha256")
    except SafetensorError as error:
        raise ValueError(
            f"{path} must be an intact safetensors file, but cannot be "
            f"read: {error}; save it again"
        ) from error
    if digest != _digest(arrays):
        raise ValueError(
            f"{path} must hold the SHA-256 of its contents, but holds "
            f"{digest}: it is damaged, or not from save_arrays; save it "
            "again, or fetch a new copy"
        )
    for name, array in arrays.items():
        into[name][...] = array
