# Written by tools/export.py from notebooks/: change the chapters.
"""Regularizers: a price on weights, and its gradient beside it."""

import numpy as np

__all__ = [
    "L1",
    "L2",
]


# chapter 13: Not learning by heart
def _check_strength(lam):
    if not 0 <= lam < np.inf:
        raise ValueError(f"lam expects a number >= 0, got {lam}")
    return float(lam)


# chapter 13: Not learning by heart
class L1:
    """Penalty lam * sum |w|, which pulls weights to exactly zero."""

    def __init__(self, lam):
        self.lam = _check_strength(lam)

    def __call__(self, W):
        return self.lam * float(np.abs(W).sum())

    def gradient(self, W):
        """Return lam * sign(w), in the shape of W."""
        return self.lam * np.sign(W)  # (13.3)


# chapter 13: Not learning by heart
class L2:
    """Penalty lam * sum w^2, which makes large weights expensive.

    Keras counts the same; PyTorch's weight_decay is 2 lam.
    """

    def __init__(self, lam):
        self.lam = _check_strength(lam)

    def __call__(self, W):
        return self.lam * float(np.vdot(W, W))  # (13.1)

    def gradient(self, W):
        """Return 2 lam w, in the shape of W."""
        return 2 * self.lam * W  # (13.2)
