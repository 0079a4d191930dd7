from numpy.typing import ArrayLike

from .layers import Layer
from .typing import Array, Floats

__all__ = [
    "Identity",
    "ReLU",
    "Softmax",
    "softmax",
]

class ReLU(Layer):
    def forward(self, Z: ArrayLike, training: bool = False) -> Array: ...
    def backward(self, dA: ArrayLike, /) -> Array: ...

class Identity(Layer):
    def forward(self, Z: ArrayLike, training: bool = False) -> Array: ...
    def backward(self, dA: ArrayLike, /) -> Array: ...

def softmax(Z: ArrayLike) -> Floats: ...

class Softmax(Layer):
    def forward(self, Z: ArrayLike, training: bool = False) -> Floats: ...
    def backward(self, dA: ArrayLike, /) -> Floats: ...
