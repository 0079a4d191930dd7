from numpy.typing import ArrayLike

from .typing import Arrays, History, LossLike, NetworkLike, OptimizerLike

__all__ = [
    "Instruments",
]

class Instruments:
    parts: tuple[NetworkLike, LossLike, OptimizerLike]
    rows: Arrays
    readings: dict[str, dict[str, list[float]]]
    outputs: Arrays
    gradients: Arrays
    def __init__(
        self,
        model: NetworkLike,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: LossLike,
        optimizer: OptimizerLike,
    ) -> None: ...
    def __call__(self, epoch: int, history: History) -> None: ...
