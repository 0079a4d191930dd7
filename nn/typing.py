"""The types of arguments and results, for annotations in your own code.

A class of your own needs no base to be a loss, an optimizer, a regularizer
or a model: the methods of the protocol below are enough. A layer inherits
from ``Layer``.
"""

from collections.abc import Callable
from os import PathLike
from typing import Any, Protocol, TypeAlias, Union

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "Array",
    "ArrayLike",
    "Arrays",
    "DTypeLike",
    "Floats",
    "History",
    "Init",
    "Integer",
    "LossLike",
    "Metric",
    "ModelLike",
    "NetworkLike",
    "Number",
    "OnEpoch",
    "OptimizerLike",
    "Rate",
    "RegularizerLike",
    "Seed",
    "StrPath",
]

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = dict[str, Array]  # by name
Floats: TypeAlias = NDArray[np.floating[Any]]
Integer: TypeAlias = int | np.integer[Any]
Number: TypeAlias = float | np.floating[Any] | np.integer[Any]
StrPath: TypeAlias = str | PathLike[str]

# its name as text: np.random is loaded when it is used
Seed: TypeAlias = Union[Integer, "np.random.Generator", None]
Rate: TypeAlias = Number | Callable[[int], Number]  # lr, or lr(t)
Init: TypeAlias = Callable[[int, int, "np.random.Generator"], ArrayLike]
Metric: TypeAlias = Callable[[Any, Any], Number]  # of (y, Z)
History: TypeAlias = dict[str, list[float]]
OnEpoch: TypeAlias = Callable[[int, History], object]


class ModelLike(Protocol):
    """What ``predict`` and ``evaluate`` need."""

    def forward(self, X: Any, /) -> Array:
        """Return the outputs Z (n, n_out) for the rows X."""

    def parameters(self) -> Any:
        """Return the arrays that training changes, by name."""


class NetworkLike(Protocol):
    """What ``fit`` and ``train_step`` need, such as a Sequential."""

    def forward(self, X: Any, /, training: bool = False) -> Array:
        """Return Z; in training, keep what ``backward`` will need."""

    def backward(self, grad: Any, /, *, input_gradient: bool) -> Any:
        """Compute the gradients, given dL/dZ; return dL/dX if asked."""

    def parameters(self) -> Arrays:
        """Return the arrays that training changes, by name."""

    def gradients(self) -> Arrays:
        """Return dL/d(parameter) by the names of the parameters."""

    def penalty(self) -> float:
        """Return what the network adds to the loss."""


class LossLike(Protocol):
    """A loss, such as MeanSquaredError()."""

    def forward(self, Z: Any, y: Any, /) -> float:
        """Return the mean over a batch."""

    def backward(self) -> Array:
        """Return dL/dZ, after ``forward``."""


class OptimizerLike(Protocol):
    """An optimizer, such as Adam()."""

    def step(self, parameters: Any, gradients: Any, /) -> None:
        """Change every parameter in place."""


class RegularizerLike(Protocol):
    """A penalty on weights, such as L2(1e-4)."""

    def __call__(self, W: Any, /) -> float:
        """Return the penalty of the weights W."""

    def gradient(self, W: Any, /) -> Array:
        """Return its slope, in the shape of W."""
