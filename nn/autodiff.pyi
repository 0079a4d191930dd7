from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import ArrayLike

from .typing import Floats

__all__ = [
    "Tensor",
]

class Tensor(NDArrayOperatorsMixin):
    value: Floats
    number: int
    operation: str
    values: Sequence[Any]
    links: Sequence[tuple[Tensor, Callable[..., Any]]]
    grad: Floats | None
    def __bool__(self) -> NoReturn: ...
    def __init__(self, value: ArrayLike) -> None: ...
    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Tensor: ...
    def __array_function__(
        self, function: Any, types: Any, inputs: Any, options: Any
    ) -> Tensor: ...
    def sum(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
    ) -> Tensor: ...
    def mean(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
    ) -> Tensor: ...
    def tape(self) -> list[Tensor]: ...
    def backward(self) -> None: ...
