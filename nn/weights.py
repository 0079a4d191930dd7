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
    """SHA-256 over names, types, shapes and contents, as hex."""
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

    They go to a file beside ``path`` that is moved there when complete: a
    process that dies on the way leaves an old file as it was.
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

    The file holds a SHA-256 of its contents; see ``write_file``.
    """
    from safetensors.numpy import save

    contiguous = {k: np.ascontiguousarray(a) for k, a in arrays.items()}
    data = save(contiguous, metadata={"sha256": _digest(arrays)})
    write_file(path, data)


# chapter 14: Fashion-MNIST
def load_arrays(path, into):
    """Fill the arrays of ``into`` from the file that ``save_arrays`` wrote.

    ``into`` maps names to arrays: no other name and no other shape is
    read. Raises ValueError, and changes nothing, when the file is damaged
    or of another kind or holds other names or shapes.
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
                raise ValueError(f"{path} holds {theirs}, expected {ours}")
            arrays = {name: file.get_tensor(name) for name in ours}
            digest = (file.metadata() or {}).get("sha256")
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not intact safetensors: {error}"
        ) from error
    if digest != _digest(arrays):
        raise ValueError(
            f"{path} is damaged: its contents have another SHA-256 than it "
            "says; save it again, or fetch it again from where it came"
        )
    for name, array in arrays.items():
        into[name][...] = array
