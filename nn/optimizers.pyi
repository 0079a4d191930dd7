from collections.abc import Sequence
from typing import Self, TypeAlias

from .checks import Bounded
from .typing import Array, Arrays, Integer, Number, Rate

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Joint",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "cosine",
]

_Key: TypeAlias = tuple[str, tuple[int, ...]]  # name, shape

class Optimizer:
    lr: Rate
    lr_decay: Bounded[float]
    t: int
    state: dict[_Key, Sequence[Array]]
    changed: Sequence[tuple[str, object]]
    clip: Bounded[float | None]
    def __init__(
        self,
        lr: Rate,
        *,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...
    def __copy__(self) -> Self: ...
    def rate(self) -> float: ...
    def step(self, parameters: Arrays, gradients: Arrays) -> None: ...
    def init_state(self, w: Array) -> Sequence[Array]: ...
    def change(
        self, g: Array, state: Sequence[Array], lr: float
    ) -> Array: ...
    def begin(
        self, parameters: Arrays, gradients: Arrays
    ) -> tuple[list[_Key], float]: ...

class Joint(Optimizer):
    small: int
    block: int
    keys: list[_Key] | None
    places: Sequence[tuple[_Key, slice]]
    large: Sequence[_Key]
    vectors: Sequence[Array]

class SGD(Joint):
    def __init__(
        self,
        lr: Rate = 0.01,
        *,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...

class Momentum(Joint):
    momentum: Bounded[float]
    def __init__(
        self,
        lr: Rate = 0.01,
        *,
        momentum: Number = 0.9,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...

class RMSProp(Joint):
    rho: Bounded[float]
    eps: Bounded[float]
    def __init__(
        self,
        lr: Rate = 1e-3,
        *,
        rho: Number = 0.9,
        eps: Number = 1e-7,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...

class Adam(Joint):
    beta1: Bounded[float]
    beta2: Bounded[float]
    eps: Bounded[float]
    def __init__(
        self,
        lr: Rate = 1e-3,
        *,
        beta1: Number = 0.9,
        beta2: Number = 0.999,
        eps: Number = 1e-7,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...

class AdamW(Adam):
    weight_decay: Bounded[float]
    def __init__(
        self,
        lr: Rate = 1e-3,
        *,
        weight_decay: Number = 0.01,
        beta1: Number = 0.9,
        beta2: Number = 0.999,
        eps: Number = 1e-7,
        lr_decay: Number = 0.0,
        clip: Number | None = None,
    ) -> None: ...

def cosine(lr: Number, t: Number, steps: Integer) -> float: ...
