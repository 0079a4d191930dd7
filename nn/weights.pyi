from collections.abc import Callable, Mapping

from numpy.typing import ArrayLike

from .typing import Array, Arrays, StrPath

__all__ = [
    "WeightFileError",
    "load_arrays",
    "match_arrays",
    "read_arrays",
    "save_arrays",
]

class WeightFileError(ValueError): ...

def _digest(
    arrays: Mapping[str, Array], about: Mapping[str, str]
) -> str: ...
def save_arrays(
    path: StrPath,
    arrays: Mapping[str, ArrayLike],
    *,
    about: Mapping[str, str] | None = None,
) -> str: ...
def read_arrays(path: StrPath) -> tuple[Arrays, dict[str, str]]: ...
def match_arrays(
    path: StrPath, arrays: Mapping[str, Array], into: Mapping[str, Array]
) -> None: ...
def load_arrays(
    path: StrPath,
    into: Mapping[str, Array],
    *,
    check: Callable[[Arrays], object] | None = None,
) -> None: ...
