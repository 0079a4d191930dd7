from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from .model import Sequential
from .typing import Array, Floats, History, Integer, Number

__all__ = [
    "NeuralNetClassifier",
    "NeuralNetRegressor",
]

class _NeuralNet(BaseEstimator):
    hidden_layer_sizes: Sequence[int]
    l2: Number
    dropout: Number
    learning_rate_init: Number
    batch_size: Integer
    max_iter: Integer
    early_stopping: bool
    validation_fraction: Number
    n_iter_no_change: Integer
    tol: Number
    warm_start: bool
    random_state: Integer | np.random.RandomState | None
    model_: Sequential
    history_: History
    n_iter_: int
    set_fit_request: Any  # scikit-learn writes these three
    set_partial_fit_request: Any
    set_score_request: Any
    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100,),
        *,
        l2: Number = 0.0,
        dropout: Number = 0.0,
        learning_rate_init: Number = 1e-3,
        batch_size: Integer = 128,
        max_iter: Integer = 200,
        early_stopping: bool = False,
        validation_fraction: Number = 0.1,
        n_iter_no_change: Integer = 10,
        tol: Number = 1e-4,
        warm_start: bool = False,
        random_state: Integer | np.random.RandomState | None = None,
    ) -> None: ...

class NeuralNetClassifier(ClassifierMixin, _NeuralNet):
    classes_: Array
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self: ...
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self: ...
    def predict_proba(self, X: ArrayLike) -> Floats: ...
    def predict(self, X: ArrayLike) -> Array: ...

class NeuralNetRegressor(RegressorMixin, _NeuralNet):
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self: ...
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self: ...
    def predict(self, X: ArrayLike) -> Floats: ...
