# Written by tools/export.py from notebooks/: change the chapters.
"""Metrics: ``metric(y, Z)`` of the truth y and the outputs Z, a float."""

import numpy as np

from .losses import _check_classes, _check_targets

__all__ = [
    "accuracy",
    "mean_absolute_error",
    "r2_score",
]


# chapter 5: How wrong?
def accuracy(y, Z):
    """Fraction of rows whose largest entry is that of the true class.

    y (n,) holds classes as integers, Z (n, k) logits or probabilities.
    """
    Z, y = _check_classes(Z, y)
    return float(np.count_nonzero(Z.argmax(axis=1) == y)) / len(y)


# chapter 5: How wrong?
def mean_absolute_error(y, Z):
    """Mean of |y - z|, in the targets' unit. y and Z have one shape."""
    Z, y = _check_targets(Z, y)
    return float(np.abs(y - Z).sum()) / Z.size


# chapter 5: How wrong?
def r2_score(y, Z):
    """Fraction of the targets' variance that Z explains: R^2.

    1 - sum (y - z)^2 / sum (y - mean y)^2: 1 is perfect, 0 is as good as
    the mean of y. y and Z have one shape; equal targets have no R^2.
    """
    Z, y = _check_targets(Z, y)
    total = np.sum((y - y.mean(axis=0)) ** 2)
    if total == 0:
        raise ValueError(
            "r2_score expects targets that differ from each other"
        )
    return float(1 - np.sum((y - Z) ** 2) / total)  # (5.10)
