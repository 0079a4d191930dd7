from collections.abc import Mapping
from typing import Literal, Self, overload

from numpy.typing import ArrayLike

from .layers import Layer
from .typing import Array, StrPath

__all__ = [
    "Sequential",
]

class Sequential(Layer):
    layers: tuple[Layer, ...]
    def __init__(self, *layers: Layer) -> None: ...
    def forward(self, X: ArrayLike, training: bool = False) -> Array: ...
    @overload
    def backward(
        self, grad: ArrayLike, /, *, input_gradient: Literal[True] = True
    ) -> Array: ...
    @overload
    def backward(
        self, grad: ArrayLike, /, *, input_gradient: bool
    ) -> Array | None: ...
    def load_state(self, state: Mapping[str, Array]) -> Self: ...
    def save(
        self, path: StrPath, *, about: Mapping[str, str] | None = None
    ) -> str: ...
    def load(self, path: StrPath) -> Self: ...
