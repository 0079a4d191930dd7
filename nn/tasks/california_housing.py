"""California Housing: eight numbers of a district in, one price out."""

from dataclasses import replace

import numpy as np

from ..datasets import HOUSING_FEATURES, california_housing
from ..layers import Layer, Normalization
from ..losses import MeanSquaredError
from ..metrics import mean_absolute_error, r2_score
from ._task import Settings, Task

# columns with a long tail to the right: their logarithm is nearly even
SKEWED = [
    HOUSING_FEATURES.index(name)
    for name in (
        "MedInc",
        "AveRooms",
        "AveBedrms",
        "Population",
        "AveOccup",
    )
]
# a district lies at (u, v): degrees from the middle of the data, halved
MIDDLE, SCALE = (35.6, -119.6), 2.0
# waves over the map in four directions; 1.5 radians for two degrees of
# latitude are 930 km from crest to crest, and k such waves fit in there
WAVES = [
    (1.5 * k * u, 1.5 * k * v)
    for k in (1, 2, 3)
    for u, v in ((1, 0), (0, 1), (1, 1), (1, -1))
]


class HousingFeatures(Layer):
    """The eight raw columns to what a network reads more easily.

    X (n, 8), as ``california_housing`` gives it. The five columns with long
    tails become log x, the others stay. With ``waves`` the place on the map
    is added as sin and cos of twelve plane waves over latitude and
    longitude, a small Fourier basis (Rahimi and Recht, 2007): A (n, 8), or
    (n, 32) with waves. ValueError where a logarithm does not exist.
    """

    def __init__(self, *, waves=False, dtype=np.float32):
        self.waves, self.dtype = waves, dtype
        self.middle = np.array(MIDDLE, dtype)  # (2,)
        self.frequencies = np.array(WAVES, dtype).T / SCALE  # (2, 12)

    def forward(self, X, training=False):
        X = np.array(X, self.dtype)  # (n, 8), a copy
        if X.ndim != 2 or X.shape[1] != 8:
            raise ValueError(
                f"{self} expects X of shape (n, 8), got {X.shape}"
            )
        low = X[:, SKEWED] <= 0
        if low.any():
            row, k = np.argwhere(low)[0]
            raise ValueError(
                f"{HOUSING_FEATURES[SKEWED[k]]} expects numbers above 0, "
                f"got {X[row, SKEWED[k]]:g} in row {row}"
            )
        self.X = X
        A = X.copy()
        A[:, SKEWED] = np.log(X[:, SKEWED])
        if not self.waves:
            return A
        self.angles = (X[:, 6:] - self.middle) @ self.frequencies  # (n, 12)
        return np.hstack([A, np.sin(self.angles), np.cos(self.angles)])

    def backward(self, dA, /):
        dX = dA[:, :8].copy()
        dX[:, SKEWED] /= self.X[:, SKEWED]
        if self.waves:
            n_waves = self.frequencies.shape[1]
            d_sin, d_cos = dA[:, 8 : 8 + n_waves], dA[:, 8 + n_waves :]
            angles = self.angles
            d_angles = d_sin * np.cos(angles) - d_cos * np.sin(angles)
            dX[:, 6:] += d_angles @ self.frequencies.T
        return dX  # (n, 8)

    def __repr__(self):
        return f"HousingFeatures(waves={self.waves})"


def raw(X):
    """Each raw column gets mean 0 and standard deviation 1."""
    return [Normalization.of(X)]


def logs(X):
    """The same, after the logarithm of the long tails."""
    features = HousingFeatures()
    return [features, Normalization.of(features.forward(X))]


def waves(X):
    """The same, with waves over the map beside the eight columns."""
    features = HousingFeatures(waves=True)
    return [features, Normalization.of(features.forward(X))]


BETTER = Settings(
    logs, epochs=50, penalty=3e-4, lr=1e-2, cosine=True, mean_start=True
)
CALIFORNIA_HOUSING = Task(
    name="california-housing",
    data=california_housing,
    sizes=(8, 64, 32, 1),
    loss=MeanSquaredError,
    metrics={"mean_absolute_error": mean_absolute_error},
    scores={"r2": r2_score},
    settings={
        "classic": Settings(
            raw, epochs=50, penalty=5e-4, dropout=0.1, lr_decay=1e-4
        ),
        "he": Settings(raw, epochs=50),
        "better": BETTER,
        "map": replace(BETTER, inputs=waves),
    },
)
