# Written by tools/export.py from notebooks/: change the chapters.
"""Activations: layers without parameters."""

import numpy as np

from .checks import as_numbers, as_scores, as_slopes
from .layers import Layer

__all__ = [
    "Identity",
    "ReLU",
    "Softmax",
    "softmax",
]


# chapters 3, 7
class ReLU(Layer):
    """Rectifier: A = max(0, Z), entry by entry. Z and A (n, m).

    The slope is 1 where Z > 0 and 0 elsewhere (at Z = 0, by convention).
    """

    # chapter 7
    def forward(self, Z, training=False):
        A = np.maximum(as_numbers("Z", Z), 0)  # (n, m)
        if training:
            self.kept = A
        return A

    # chapter 7
    def backward(self, dA, /):
        A = self.take()
        return as_slopes(self, dA, A.shape) * (A > 0)  # (7.5)  (n, m)


# chapters 3, 7
class Identity(Layer):
    """A = Z, for the output of a network that predicts any number."""

    # chapter 7
    def forward(self, Z, training=False):
        return as_numbers("Z", Z)

    # chapter 7
    def backward(self, dA, /):
        return as_numbers("grad", dA)  # (7.6)


# chapter 4: Scores to probabilities
def softmax(Z):
    """Probabilities P of the logits Z: p_c = exp(z_c) / sum_j exp(z_j).

    Z and P have the shape (n, k), one sample per row, or (k,) for one
    sample. The largest logit of each row is subtracted first, so that
    exp cannot overflow. Bridle (1990) named the function.
    """
    Z = as_scores("Z", Z)  # (n, k)
    E = np.exp(Z - np.max(Z, axis=-1, keepdims=True))  # (n, k), in [0, 1]
    return E / E.sum(axis=-1, keepdims=True)  # (4.5)  (n, k)


# chapters 4, 9
class Softmax(Layer):
    """Rows of logits Z (n, k) to rows of probabilities A (n, k).

    The Jacobian of a row is diag(a) - a a^T.
    """

    # chapter 9
    def forward(self, Z, training=False):
        A = softmax(Z)  # (n, k)
        if training:
            self.kept = A
        return A

    # chapter 9
    def backward(self, dA, /):
        A = self.take()
        dA = as_slopes(self, dA, A.shape)
        inner = (dA * A).sum(axis=1, keepdims=True)  # (n, 1)
        return A * (dA - inner)  # (9.3)  (n, k)
