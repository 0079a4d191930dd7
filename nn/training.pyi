from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from numpy.typing import ArrayLike

from .typing import (
    Array,
    History,
    Integer,
    LossLike,
    Metric,
    ModelLike,
    NetworkLike,
    OnEpoch,
    OptimizerLike,
    Seed,
)

__all__ = [
    "batches",
    "evaluate",
    "fit",
    "predict",
    "range_test",
    "train_step",
]

@overload
def batches(
    X: ArrayLike,
    y: ArrayLike,
    batch_size: Integer,
    *,
    weights: None = None,
    rng: Seed = None,
) -> Iterator[tuple[Array, Array]]: ...
@overload
def batches(
    X: ArrayLike,
    y: ArrayLike,
    batch_size: Integer,
    *,
    weights: ArrayLike,
    rng: Seed = None,
) -> Iterator[tuple[Array, Array, Array]]: ...
def train_step(
    model: NetworkLike,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    loss: LossLike,
    optimizer: OptimizerLike,
) -> tuple[float, Array]: ...
def fit(
    model: NetworkLike,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: LossLike,
    optimizer: OptimizerLike,
    epochs: Integer,
    batch_size: Integer = 128,
    validation: tuple[ArrayLike, ArrayLike]
    | tuple[ArrayLike, ArrayLike, ArrayLike]
    | None = None,
    metrics: Mapping[str, Metric] | None = None,
    weights: ArrayLike | None = None,
    rng: Seed = None,
    on_epoch: OnEpoch | None = None,
    history: Mapping[str, Sequence[float]] | None = None,
) -> History: ...
def range_test(
    model: NetworkLike,
    X: ArrayLike,
    y: ArrayLike,
    rates: ArrayLike,
    *,
    loss: LossLike,
    optimizer: OptimizerLike,
    batch_size: Integer = 128,
    rng: Seed = None,
) -> list[float]: ...
def predict(
    model: ModelLike, X: ArrayLike, *, batch_size: Integer = 1024
) -> Array: ...
def evaluate(
    model: ModelLike,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    loss: LossLike,
    metrics: Mapping[str, Metric] | None = None,
) -> dict[str, float]: ...
