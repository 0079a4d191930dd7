from numpy.typing import ArrayLike

from .checks import Bounded
from .typing import Array, Number

__all__ = [
    "L1",
    "L2",
]

class L1:
    lam: Bounded[float]
    def __init__(self, lam: Number) -> None: ...
    def __call__(self, W: ArrayLike) -> float: ...
    def gradient(self, W: ArrayLike) -> Array: ...

class L2:
    lam: Bounded[float]
    def __init__(self, lam: Number) -> None: ...
    def __call__(self, W: ArrayLike) -> float: ...
    def gradient(self, W: ArrayLike) -> Array: ...
