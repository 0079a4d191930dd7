# Written by tools/export.py from notebooks/: change the chapters.
"""Regularizers: penalties on weights, each with its gradient."""

import numpy as np

from .checks import Bounded, as_floats

__all__ = [
    "L1",
    "L2",
]


# chapter 13: Learning, not memorizing
class L1:
    """Penalty lam * sum |w|, which can make weights exactly zero."""

    lam = Bounded("lam", least=0)

    def __init__(self, lam):
        self.lam = lam

    def __call__(self, W):
        return self.lam * float(np.abs(as_floats("W", W)).sum())

    def gradient(self, W):
        """Return lam * sign(w), in the shape of W."""
        return self.lam * np.sign(as_floats("W", W))  # (13.3)


# chapter 13: Learning, not memorizing
class L2:
    """Penalty lam * sum w^2, which makes large weights expensive.

    Keras uses the same factor. PyTorch's ``weight_decay`` is 2 lam in
    SGD and Adam; AdamW's shrinks the weights without entering the slope.
    """

    lam = Bounded("lam", least=0)

    def __init__(self, lam):
        self.lam = lam

    def __call__(self, W):
        W = as_floats("W", W)
        return self.lam * float(np.vdot(W, W))  # (13.1)

    def gradient(self, W):
        """Return 2 lam w, in the shape of W."""
        return 2 * self.lam * as_floats("W", W)  # (13.2)
