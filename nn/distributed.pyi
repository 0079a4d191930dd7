from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import TypeAlias

from numpy.typing import ArrayLike

from .typing import (
    History,
    Integer,
    LossLike,
    Metric,
    NetworkLike,
    OnEpoch,
    OptimizerLike,
    Seed,
    StrPath,
)

__all__ = [
    "fit_shards",
    "npy_shards",
    "processes",
]

_Shard: TypeAlias = Callable[[], Sequence[ArrayLike]]  # returns X, y

def npy_shards(X: StrPath, y: StrPath, count: Integer) -> list[_Shard]: ...
def fit_shards(
    model: NetworkLike,
    shards: Sequence[_Shard],
    *,
    executor: Executor,
    loss: LossLike,
    optimizer: OptimizerLike,
    epochs: Integer,
    batch_size: Integer = 128,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    rng: Seed = None,
    on_epoch: OnEpoch | None = None,
    history: Mapping[str, Sequence[float]] | None = None,
) -> History: ...
def processes(count: Integer) -> ProcessPoolExecutor: ...
