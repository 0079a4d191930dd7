from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .typing import Number

__all__ = [
    "check_gradients",
    "numerical_gradient",
    "relative_error",
]

def numerical_gradient(
    f: Callable[[], Number], x: NDArray[np.float64], *, h: Number = 1e-5
) -> NDArray[np.float64]: ...
def relative_error(
    a: ArrayLike, b: ArrayLike, *, least: Number = 0.0
) -> float: ...
def check_gradients(
    f: Callable[[], Number],
    arrays: Mapping[str, NDArray[np.float64]],
    gradients: Mapping[str, ArrayLike],
    *,
    h: Number = 1e-5,
) -> dict[str, float]: ...
