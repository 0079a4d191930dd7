# Written by tools/export.py from notebooks/: change the chapters.
"""Named arrays, written to a safetensors file and read from it."""

import hashlib
import json

import numpy as np

from .checks import check_named
from .files import check_path, write_file

__all__ = [
    "WeightFileError",
    "load_arrays",
    "match_arrays",
    "read_arrays",
    "save_arrays",
]


# chapter 14: Fashion-MNIST
class WeightFileError(ValueError):
    """A file of weights cannot be used, or cannot be written as asked."""


# chapter 14: Fashion-MNIST
def _digest(arrays, about):
    """Return the SHA-256 of all that a file contains, as hex."""
    first = json.dumps(about, sort_keys=True) if about else ""
    digest = hashlib.sha256(first.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


# chapter 14: Fashion-MNIST
_TYPES = {
    "BOOL": "|b1", "F16": "<f2", "F32": "<f4", "F64": "<f8",
    "I8": "|i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "|u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
}  # fmt: skip


# chapter 14: Fashion-MNIST
_LONGEST = 1_000_000  # bytes of the table at the head of a file


# chapter 14: Fashion-MNIST
def save_arrays(path, arrays, *, about=None):
    """Write ``arrays``, a dictionary by name, to the file ``path``.

    ``about`` maps more names to texts. The file contains a SHA-256 of both,
    which is returned. Raises WeightFileError for other types than integers,
    float16 to float64 and bool, and for a NaN or an infinity.
    """
    from safetensors.numpy import save  # only files need it

    check_path(path, WeightFileError)
    check_named("arrays", arrays)
    check_named("about", about or {})
    about, named = dict(about or {}), {}
    try:
        "".join([*arrays, *about, *about.values()]).encode()
    except (TypeError, UnicodeEncodeError) as error:
        raise WeightFileError(
            f"{path} must have texts as names and in about, but {error}"
        ) from error
    if "__metadata__" in arrays or "sha256" in about:
        raise WeightFileError(
            f"{path} must have no array __metadata__ and no sha256 in "
            "about, because the file uses these names; rename them"
        )
    for name, array in arrays.items():
        masked, array = np.ma.is_masked(array), np.asarray(array)
        kind = array.dtype.newbyteorder("<")
        if kind.str not in _TYPES.values() or masked:
            raise WeightFileError(
                f"{path} must hold real numbers of up to 64 bits, none of "
                f"them masked, but {name!r} is {'masked ' * masked}"
                f"{array.dtype}; convert it first"
            )
        named[name] = array.astype(kind, order="C", copy=False)
    _check_finite(path, named)
    digest = _digest(named, about)
    data = save(named, metadata={"sha256": digest} | about)
    _check_table(path, data)
    write_file(path, data)
    return digest


# chapter 14: Fashion-MNIST
def read_arrays(path):
    """Return the arrays in a file of ``save_arrays``, and its ``about``.

    Raises WeightFileError for a file that is damaged, has no digest, or
    cannot be read, and FileNotFoundError if it does not exist.
    """
    from safetensors import SafetensorError, deserialize

    table, data = _read_file(path)
    try:
        found = dict(deserialize(data))
    except SafetensorError as error:
        raise WeightFileError(
            f"{path} must be an intact safetensors file, but cannot be "
            f"read: {str(error)[:200]!r}; save it again"
        ) from error
    others = [
        f"{n!r}: {a['dtype']}"
        for n, a in found.items()
        if a["dtype"] not in _TYPES
    ]
    if others:
        raise WeightFileError(
            f"{path} must hold arrays of NumPy's types, but holds "
            f"{_few(others)}; convert these to float32"
        )
    arrays = {
        name: np.frombuffer(a["data"], _TYPES[a["dtype"]]).reshape(
            a["shape"]
        )
        for name, a in found.items()
    }
    about = json.loads(data[8:table]).get("__metadata__") or {}
    digest = about.pop("sha256", None)
    if digest != _digest(arrays, about):
        wrong = "holds another: it is damaged; get a new copy"
        if digest is None:
            wrong = "has none; write the file with save_arrays"
        raise WeightFileError(
            f"{path} must hold the SHA-256 of its contents, but {wrong}"
        )
    _check_finite(path, arrays)
    return arrays, about


# chapter 14: Fashion-MNIST
def _read_file(path):
    """Return where the table of a file ends, and all of its bytes."""
    check_path(path, WeightFileError)
    try:
        with open(path, "rb") as file:
            end = _check_table(path, file.read(8))
            file.seek(0)
            return end, file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise WeightFileError(
            f"{path} must be a file that may be read, but cannot be "
            f"opened: {error.strerror}"
        ) from error


# chapter 14: Fashion-MNIST
def _check_table(path, data):
    size = int.from_bytes(data[:8], "little")
    if size > _LONGEST:
        raise WeightFileError(
            f"{path} must be an intact safetensors file, with a table of "
            f"up to {_LONGEST:,} bytes, but has one of {size:,}"
        )
    return 8 + size


# chapter 14: Fashion-MNIST
def _check_finite(path, arrays):
    wrong = [repr(k) for k, a in arrays.items() if not np.isfinite(a).all()]
    if wrong:
        raise WeightFileError(
            f"{path} must hold finite numbers, but there is a NaN or an "
            f"infinity in {_few(wrong)}: the training diverged"
        )


# chapter 14: Fashion-MNIST
def _few(texts):
    """Return the first five texts, each cut to 100 characters."""
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return ", ".join(text[:100] for text in texts[:5]) + more


# chapter 14: Fashion-MNIST
def _kinds(arrays):
    """The type and the shape of each array, as text."""
    return {
        name: f"{a.dtype.newbyteorder('=')} {a.shape}"
        for name, a in arrays.items()
    }


# chapter 14: Fashion-MNIST
def match_arrays(path, arrays, into):
    """Raise WeightFileError unless ``arrays`` fit into ``into``.

    The arrays of the file ``path`` must have the names, types and shapes
    of those in ``into``.
    """
    check_named("arrays", arrays, np.ndarray)
    check_named("into", into, np.ndarray)
    ours, theirs, none = _kinds(into), _kinds(arrays), "missing"
    differ = [
        f"{k!r} ({theirs.get(k, none)}, expected {ours.get(k, none)})"
        for k in sorted(ours.keys() | theirs.keys())
        if ours.get(k) != theirs.get(k)
    ]
    if differ:
        raise WeightFileError(
            f"{path} must hold the arrays of this network, but holds "
            f"others: {_few(differ)}; load it into the network that was "
            "saved"
        )
    fixed = [repr(k) for k, a in into.items() if not a.flags.writeable]
    if fixed:
        raise WeightFileError(
            f"{path} must be loaded into arrays that can change, but "
            f"{_few(fixed)} cannot; copy these first"
        )


# chapter 14: Fashion-MNIST
def load_arrays(path, into, *, check=None):
    """Fill the arrays of ``into`` from the file that ``save_arrays`` wrote.

    ``into`` maps names to arrays, and the file must have exactly these
    names, types and shapes. ``check(arrays)`` may raise ValueError for
    impossible numbers. Raises WeightFileError, and changes nothing,
    if anything is wrong.
    """
    check_named("into", into, np.ndarray)
    arrays, _ = read_arrays(path)
    match_arrays(path, arrays, into)
    if check is not None:
        try:
            check(arrays)
        except ValueError as error:
            raise WeightFileError(f"{path}: {error}") from error
    for name, array in arrays.items():
        into[name][...] = array
