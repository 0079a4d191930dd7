from typing import Any

from numpy.typing import ArrayLike

from .typing import Floats

__all__ = [
    "CategoricalCrossEntropy",
    "MeanSquaredError",
    "SoftmaxCrossEntropy",
]

class CategoricalCrossEntropy:
    kept: Any
    def forward(
        self,
        P: ArrayLike,
        y: ArrayLike,
        *,
        weights: ArrayLike | None = None,
    ) -> float: ...
    def backward(self) -> Floats: ...

class SoftmaxCrossEntropy:
    kept: Any
    def forward(
        self,
        Z: ArrayLike,
        y: ArrayLike,
        *,
        weights: ArrayLike | None = None,
    ) -> float: ...
    def backward(self) -> Floats: ...

class MeanSquaredError:
    kept: Any
    def forward(
        self,
        Z: ArrayLike,
        y: ArrayLike,
        *,
        weights: ArrayLike | None = None,
    ) -> float: ...
    def backward(self) -> Floats: ...
