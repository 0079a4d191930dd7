from collections.abc import Mapping
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .checks import Bounded
from .typing import (
    Array,
    Arrays,
    Floats,
    Init,
    Integer,
    Number,
    RegularizerLike,
    Seed,
)

__all__ = [
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Layer",
    "Normalization",
    "glorot_uniform",
    "he_normal",
    "normal",
]

class Layer:
    kept: Any
    needs_batch: str | None
    def forward(self, X: Any, training: bool = False) -> Array: ...
    def parameters(self) -> Arrays: ...
    def backward(self, grad: Any, /) -> Array: ...
    def take(self) -> Any: ...
    def forget(self) -> None: ...
    def gradients(self) -> Arrays: ...
    def state(self) -> Arrays: ...
    def penalty(self) -> float: ...
    def check_state(self, state: Mapping[str, Array]) -> None: ...

def he_normal(
    n_in: Integer, n_out: Integer, rng: Seed
) -> NDArray[np.float64]: ...

class Dense(Layer):
    W: Floats
    b: Floats
    dW: Floats
    db: Floats
    regularizer: RegularizerLike | None
    def __init__(
        self,
        n_in: Integer,
        n_out: Integer,
        *,
        init: Init = ...,
        regularizer: RegularizerLike | None = None,
        rng: Seed = None,
        dtype: DTypeLike = ...,
    ) -> None: ...
    def forward(self, X: ArrayLike, training: bool = False) -> Floats: ...
    @overload
    def backward(
        self, dZ: ArrayLike, /, *, input_gradient: Literal[True] = True
    ) -> Floats: ...
    @overload
    def backward(
        self, dZ: ArrayLike, /, *, input_gradient: bool
    ) -> Floats | None: ...

def glorot_uniform(
    n_in: Integer, n_out: Integer, rng: Seed
) -> NDArray[np.float64]: ...
def normal(
    n_in: Integer, n_out: Integer, rng: Seed
) -> NDArray[np.float64]: ...

class Normalization(Layer):
    mean: Floats
    std: Floats
    def __init__(
        self, mean: ArrayLike, std: ArrayLike, *, dtype: DTypeLike = ...
    ) -> None: ...
    @classmethod
    def of(cls, X: ArrayLike, *, dtype: DTypeLike = ...) -> Self: ...
    def forward(self, X: ArrayLike, training: bool = False) -> Floats: ...
    def backward(self, dA: ArrayLike, /) -> Floats: ...

class Dropout(Layer):
    rate: Bounded[float]
    rng: Generator
    def __init__(self, rate: Number, *, rng: Seed = None) -> None: ...
    def forward(self, X: ArrayLike, training: bool = False) -> Array: ...
    def backward(self, dA: ArrayLike, /) -> Floats: ...

class BatchNormalization(Layer):
    gamma: Floats
    beta: Floats
    running_mean: Floats
    running_var: Floats
    dgamma: Floats
    dbeta: Floats
    momentum: Bounded[float]
    eps: Bounded[float]
    def __init__(
        self,
        n_in: Integer,
        *,
        momentum: Number = 0.9,
        eps: Number = 1e-5,
        dtype: DTypeLike = ...,
    ) -> None: ...
    def forward(self, X: ArrayLike, training: bool = False) -> Floats: ...
    def backward(self, dA: ArrayLike, /) -> Floats: ...
