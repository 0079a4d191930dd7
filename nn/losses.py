# Written by tools/export.py from notebooks/: change the chapters.
"""Losses: ``forward`` returns the mean over a batch as a Python float."""

import numpy as np

from .checks import (
    as_classes,
    as_row_weights,
    as_targets,
    check_probabilities,
    kept_by,
)

__all__ = [
    "CategoricalCrossEntropy",
    "MeanSquaredError",
    "SoftmaxCrossEntropy",
]


# chapters 5, 9, 18
class CategoricalCrossEntropy:
    """Cross-entropy of probabilities: L = mean of -log p_y.

    P (n, k) holds probabilities and y (n,) the true classes as integers.
    p_y is the entry of P for the true class; if it is 0, L is infinite.
    With ``weights`` (n,), at least 0, the mean over the rows is weighted.
    """

    # chapter 18
    def forward(self, P, y, *, weights=None):
        P, y = as_classes(P, y, "P")
        check_probabilities(P)
        rows = np.arange(len(y))  # P[rows, y] picks one entry per row
        logs = np.log(P[rows, y])  # (n,)
        if weights is not None:
            weights = _relative(weights, len(P), P.dtype)  # (n,)
            logs = weights * logs  # (18.2)
        self.kept = P, rows, y, weights
        return -float(np.mean(logs))

    # chapter 18
    def backward(self):
        P, rows, y, weights = kept_by(self)
        dP, p = np.zeros_like(P), P[rows, y]  # (n, k), (n,)
        dP[rows, y] = -1 / (len(p) * p)  # (9.4)
        return dP if weights is None else weights[:, None] * dP  # (18.3)


# chapters 5, 9, 18
class SoftmaxCrossEntropy:
    """Softmax and cross-entropy combined: L = mean of -log softmax(z)_y.

    Z (n, k) holds logits and y (n,) the true classes as integers. With m
    the largest logit of a row, -log p_y = log sum exp(z - m) - (z_y - m),
    where the sum is between 1 and k: it can neither overflow nor round to
    0. dL/dZ = (P - Y) / n, with the classes as one-hot rows Y. With
    ``weights`` (n,), at least 0, the mean over the rows is weighted.
    """

    # chapter 18
    def forward(self, Z, y, *, weights=None):
        Z, y = as_classes(Z, y)
        Z = Z - Z.max(axis=1, keepdims=True)  # (n, k)
        E, rows = np.exp(Z), np.arange(len(y))  # (n, k), (n,)
        total = E.sum(axis=1)  # (n,)
        costs = np.log(total) - Z[rows, y]  # (5.4)  (n,)
        if weights is not None:
            weights = _relative(weights, len(Z), Z.dtype)  # (n,)
            costs = weights * costs  # (18.2)
        self.kept = E / total[:, None], rows, y, weights
        return float(np.mean(costs))

    # chapter 18
    def backward(self):
        P, rows, y, weights = kept_by(self)
        dZ = P.copy()  # (n, k)
        dZ[rows, y] -= 1  # P - Y
        dZ = dZ / len(dZ)  # (9.5)
        return dZ if weights is None else weights[:, None] * dZ  # (18.3)


# chapters 5, 9, 18
class MeanSquaredError:
    """L = mean of (z - y)^2 over the batch and the outputs.

    Z and y must have the same shape, (n, n_out): nothing is broadcast.
    With ``weights`` (n,), at least 0, the mean over the rows is weighted.
    """

    # chapter 18
    def forward(self, Z, y, *, weights=None):
        Z, y = as_targets(Z, y)
        error = weighted = np.subtract(Z, y, dtype=Z.dtype)  # (n, m)
        if weights is not None:
            weights = _relative(weights, len(Z), Z.dtype)  # (n,)
            weighted = weights[:, None] * error  # (18.3)  (n, m)
        self.kept = weighted
        return float(np.vdot(weighted, error)) / error.size  # (18.2)

    # chapter 9
    def backward(self):
        error = kept_by(self)
        return (2 / error.size) * error  # (9.7)  (n, m)


# chapter 18: At home in scikit-learn
def _relative(weights, n, dtype):
    """Return the weights of n rows divided by their mean, (n,)."""
    weights = as_row_weights("weights", weights, n)
    weights = weights / weights.max()  # so that no sum can overflow
    return (weights / weights.mean()).astype(dtype)  # (18.2)
