# Written by tools/export.py from notebooks/: change the chapters.
"""Metrics: the true values come first; the result is a Python float."""

import math

import numpy as np

from .checks import as_classes, as_targets, check_finite

__all__ = [
    "accuracy",
    "mean_absolute_error",
    "r2_score",
]


# chapter 5: How wrong?
def accuracy(y, Z):
    """Fraction of rows whose largest entry belongs to the true class.

    y (n,) holds the true classes as integers, Z (n, k) logits or
    probabilities.
    """
    Z, y = as_classes(Z, y)
    check_finite("Z", Z)
    return float(np.count_nonzero(Z.argmax(axis=1) == y)) / len(y)


# chapter 5: How wrong?
def _finite(Z, y, value):
    """Return the score ``value``, or say which number spoiled it."""
    if not math.isfinite(value):
        check_finite("Z", Z)
        check_finite("y", y)
    return value


# chapter 5: How wrong?
def mean_absolute_error(y, Z):
    """Mean of |y - z|, in the unit of y. Z and y have the same shape."""
    Z, y = as_targets(Z, y)
    error = np.abs(np.subtract(Z, y, dtype=np.float64))
    return _finite(Z, y, float(error.sum()) / error.size)


# chapter 5: How wrong?
def r2_score(y, Z):
    """Fraction of the variance of y that Z explains: R^2.

    R^2 = 1 - sum (y - z)^2 / sum (y - mean y)^2: 1 is perfect, 0 is no
    better than the mean of y. Z and y have the same shape, (n, n_out);
    the sums run over all outputs together, and each column of y has its
    own mean. Raises ValueError if every column of y is constant.
    """
    Z, y = as_targets(Z, y)
    exact = y.astype(np.float64)
    total = float(np.sum((exact - exact.mean(axis=0)) ** 2))
    if total == 0:
        raise ValueError(
            "y must contain targets that differ within a column, but each "
            "column is constant: R^2 divides by the variance, which is 0. "
            "Measure it on more rows, as evaluate does."
        )
    return _finite(Z, y, 1 - float(np.sum((exact - Z) ** 2)) / total)
