# Written by tools/export.py from notebooks/: change the chapters.
"""Losses: ``forward`` returns the mean over a batch as a Python float."""

import numpy as np

__all__ = [
    "CategoricalCrossEntropy",
    "MeanSquaredError",
    "SoftmaxCrossEntropy",
]


# chapter 5: How wrong?
def _check_classes(Z, y):
    Z, y = np.asarray(Z), np.asarray(y)
    if Z.ndim != 2 or Z.size == 0:
        raise ValueError(
            "the predictions must be a non-empty array of shape (n, k), "
            "one row per sample and one column per class, but have shape "
            f"{Z.shape}"
        )
    if y.shape != Z.shape[:1] or y.dtype.kind not in "iu":  # integers
        raise ValueError(
            f"y must hold {len(Z)} class numbers, integers of shape "
            f"({len(Z)},), but has dtype {y.dtype} and shape {y.shape}"
        )
    if y.min() < 0 or y.max() >= Z.shape[1]:
        raise ValueError(
            "the classes in y must be column numbers of the predictions, "
            f"from 0 to {Z.shape[1] - 1}, but range from {y.min()} to "
            f"{y.max()}"
        )
    return Z, y


# chapters 5, 9
class CategoricalCrossEntropy:
    """Cross-entropy of probabilities: L = mean of -log p_y.

    P (n, k) holds probabilities and y (n,) the true classes as integers.
    p_y is the entry of P for the true class; if it is 0, L is infinite.
    """

    # chapter 9
    def forward(self, P, y):
        P, y = _check_classes(P, y)
        rows = np.arange(len(y))  # P[rows, y] picks one entry per row
        self.kept = P, rows, y
        return -float(np.mean(np.log(P[rows, y])))  # (5.3)

    # chapter 9
    def backward(self):
        P, rows, y = self.kept
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
        Z, y = _check_classes(Z, y)
        Z = Z - Z.max(axis=1, keepdims=True)  # (n, k)
        E, rows = np.exp(Z), np.arange(len(y))  # (n, k), (n,)
        total = E.sum(axis=1)  # (n,)
        self.kept = E / total[:, None], rows, y  # P, rows, y
        return float(np.mean(np.log(total) - Z[rows, y]))  # (5.4)

    # chapter 9
    def backward(self):
        P, rows, y = self.kept
        dZ = P.copy()  # (n, k)
        dZ[rows, y] -= 1  # P - Y
        return dZ / len(dZ)  # (9.5)  the mean over the batch


# chapter 5: How wrong?
def _check_targets(Z, y):
    Z, y = np.asarray(Z), np.asarray(y)
    if y.shape != Z.shape:
        raise ValueError(
            f"y must have the shape of the predictions, {Z.shape}, but has "
            f"shape {y.shape}. For one target per row, pass "
            "y.reshape(-1, 1)."
        )
    if y.size == 0 or y.dtype.kind not in "fiu":  # floats or integers
        raise ValueError(
            "y must be a non-empty array of numbers, but has size "
            f"{y.size} and dtype {y.dtype}"
        )
    # float32 and float64 stay; in float16, a sum of squares may overflow
    return [a if a.dtype.char in "fd" else a.astype(float) for a in (Z, y)]


# chapters 5, 9
class MeanSquaredError:
    """L = mean of (z - y)^2 over the batch and the outputs.

    Z and y must have the same shape, (n, n_out): nothing is broadcast.
    """

    # chapter 9
    def forward(self, Z, y):
        Z, y = _check_targets(Z, y)
        self.kept = error = np.subtract(Z, y, dtype=Z.dtype)  # (n, m)
        # vdot(error, error) is the sum of the squares
        return float(np.vdot(error, error)) / error.size  # (9.6)

    # chapter 9
    def backward(self):
        error = self.kept
        return (2 / error.size) * error  # (9.7)  (n, m)
