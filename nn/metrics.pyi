from numpy.typing import ArrayLike

__all__ = [
    "accuracy",
    "mean_absolute_error",
    "r2_score",
]

def accuracy(y: ArrayLike, Z: ArrayLike) -> float: ...
def mean_absolute_error(y: ArrayLike, Z: ArrayLike) -> float: ...
def r2_score(y: ArrayLike, Z: ArrayLike) -> float: ...
