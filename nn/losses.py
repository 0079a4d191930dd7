# Written by tools/export.py from notebooks/: change the chapters.
"""Losses: ``forward`` gives the mean over a batch, as a Python float."""

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
            "expected scores of shape (n, k), one row for each sample and "
            f"one column for each class, got {Z.shape}"
        )
    if y.shape != Z.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError(
            f"y expects {len(Z)} class numbers, integers of shape "
            f"({len(Z)},), got {y.dtype} of shape {y.shape}"
        )
    if y.min() < 0 or y.max() >= Z.shape[1]:
        raise ValueError(
            f"y expects classes from 0 to {Z.shape[1] - 1}, one for each "
            f"column of Z, got {y.min()} to {y.max()}"
        )
    return Z, y


# chapters 5, 9
class CategoricalCrossEntropy:
    """Cross-entropy of probabilities: L = mean of -log p_y.

    P (n, k) holds probabilities, y (n,) the true classes as integers,
    p_y is the entry of P at the true class. A p_y of 0 gives infinity.
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
            f"y expects the shape of the predictions, {Z.shape}, got "
            f"{y.shape}; y.reshape(-1, 1) makes a column of one target each"
        )
    if y.size == 0 or y.dtype.kind not in "fiu":
        raise ValueError(
            f"y expects numbers, one or more, got {y.size} of {y.dtype}"
        )
    return Z if Z.dtype.char in "fd" else Z.astype(float), y


# chapters 5, 9
class MeanSquaredError:
    """L = mean of (z - y)^2 over the batch and the outputs.

    Z and y have the same shape (n, m): nothing is broadcast.
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
