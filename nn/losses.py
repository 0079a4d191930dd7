# Written by tools/export.py from notebooks/: change the chapters.
"""Losses: ``forward`` returns the mean over a batch as a Python float."""

import numpy as np

from .checks import as_classes, as_targets, check_probabilities, kept_by

__all__ = [
    "CategoricalCrossEntropy",
    "MeanSquaredError",
    "SoftmaxCrossEntropy",
]


# chapters 5, 9
class CategoricalCrossEntropy:
    """Cross-entropy of probabilities: L = mean of -log p_y.

    P (n, k) holds probabilities and y (n,) the true classes as integers.
    p_y is the entry of P for the true class; if it is 0, L is infinite.
    """

    # chapter 9
    def forward(self, P, y):
        P, y = as_classes(P, y, "P")
        check_probabilities(P)
        rows = np.arange(len(y))  # P[rows, y] picks one entry per row
        self.kept = P, rows, y
        return -float(np.mean(np.log(P[rows, y])))  # (5.3)

    # chapter 9
    def backward(self):
        P, rows, y = kept_by(self)
        dP, p = np.zeros_like(P), P[rows, y]  # (n, k), (n,)
        dP[rows, y] = -1 / (len(p) * p)  # (9.4)
        return dP


# chapters 5, 9
class SoftmaxCrossEntropy:
    """Softmax and cross-entropy combined: L = mean of -log softmax(z)_y.

    Z (n, k) holds logits and y (n,) the true classes as integers. With m
    the largest logit of a row, -log p_y = log sum exp(z - m) - (z_y - m),
    where the sum is between 1 and k: it can neither overflow nor round to
    0. dL/dZ = (P - Y) / n, with the classes as one-hot rows Y.
    """

    # chapter 9
    def forward(self, Z, y):
        Z, y = as_classes(Z, y)
        Z = Z - Z.max(axis=1, keepdims=True)  # (n, k)
        E, rows = np.exp(Z), np.arange(len(y))  # (n, k), (n,)
        total = E.sum(axis=1)  # (n,)
        self.kept = E / total[:, None], rows, y  # P, rows, y
        return float(np.mean(np.log(total) - Z[rows, y]))  # (5.4)

    # chapter 9
    def backward(self):
        P, rows, y = kept_by(self)
        dZ = P.copy()  # (n, k)
        dZ[rows, y] -= 1  # P - Y
        return dZ / len(dZ)  # (9.5)  the mean over the batch


# chapters 5, 9
class MeanSquaredError:
    """L = mean of (z - y)^2 over the batch and the outputs.

    Z and y must have the same shape, (n, n_out): nothing is broadcast.
    """

    # chapter 9
    def forward(self, Z, y):
        Z, y = as_targets(Z, y)
        self.kept = error = np.subtract(Z, y, dtype=Z.dtype)  # (n, m)
        return float((error * error).sum()) / error.size  # (9.6)

    # chapter 9
    def backward(self):
        error = kept_by(self)
        return (2 / error.size) * error  # (9.7)  (n, m)
