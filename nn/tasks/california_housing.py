"""California Housing: eight numbers of a district in, one price out."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import datasets
from ..datasets import (
    HOUSING_FEATURES,
    HOUSING_UNITS,
    california_housing,
)
from ..layers import Layer, Normalization
from ..losses import MeanSquaredError
from ..metrics import mean_absolute_error, r2_score
from ._task import Settings, Task, classic, plain, standardized

# columns with a long tail to the right: their logarithm is roughly
# symmetric
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
    """Turns the eight raw columns into inputs easier to learn from.

    X (n, 8), as ``california_housing`` returns it. The five columns with
    long tails become log x, the others stay. With ``waves`` the place on
    the map is added as sin and cos of twelve plane waves over latitude and
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
                f"X must have shape (n, 8) for {self}, but has shape "
                f"{X.shape}"
            )
        low = X[:, SKEWED] <= 0
        if low.any():
            row, k = np.argwhere(low)[0]
            raise ValueError(
                f"{HOUSING_FEATURES[SKEWED[k]]} must be above 0 in every "
                f"row, but is {X[row, SKEWED[k]]:g} in row {row}"
            )
        if training:
            self.kept = X
        A = X.copy()
        A[:, SKEWED] = np.log(X[:, SKEWED])
        if not self.waves:
            return A
        angles = self.angles(X)
        return np.hstack([A, np.sin(angles), np.cos(angles)])

    def angles(self, X):
        """The phase of each wave at each row, (n, 12), in radians."""
        return (X[:, 6:] - self.middle) @ self.frequencies

    def backward(self, dA, /):
        X = self.take()
        dX = dA[:, :8].copy()
        dX[:, SKEWED] /= X[:, SKEWED]
        if self.waves:
            n_waves = self.frequencies.shape[1]
            d_sin, d_cos = dA[:, 8 : 8 + n_waves], dA[:, 8 + n_waves :]
            angles = self.angles(X)
            d_angles = d_sin * np.cos(angles) - d_cos * np.sin(angles)
            dX[:, 6:] += d_angles @ self.frequencies.T
        return dX  # (n, 8)

    def __repr__(self):
        return f"HousingFeatures(waves={self.waves})"


def logarithms(X):
    """Logarithms of the columns with long tails, then all standardized."""
    features = HousingFeatures()
    return [features, Normalization.of(features.forward(X))]


def fourier(X):
    """The same, with waves over the map beside the eight columns."""
    features = HousingFeatures(waves=True)
    return [features, Normalization.of(features.forward(X))]


def locate(folder=None):
    """The data ship with the package: verify them, return their folder."""
    california_housing()
    return Path(datasets.__file__).parent


def read_districts(path):
    """Return the rows of a CSV file as float32 (n, 8), raw units.

    The first line names the columns, those of HOUSING_FEATURES in any
    order; others are ignored. ``-`` is standard input. ValueError for a
    missing column, or a cell without a finite number.
    """
    if str(path) == "-":
        return _districts(sys.stdin, "standard input")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return _districts(file, path)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be text in UTF-8: {error}"
        ) from error


def _districts(file, name):
    reader = csv.DictReader(file)
    columns = [c.strip() for c in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [c for c in HOUSING_FEATURES if c not in columns]
    if missing:
        pairs = zip(HOUSING_FEATURES, HOUSING_UNITS, strict=True)
        expected = ", ".join(f"{c} ({unit})" for c, unit in pairs)
        raise ValueError(
            f"{name} must name the columns {expected} in its first line, "
            f"but has no {', '.join(missing)}"
        )
    rows = [
        [
            _number(row[c], c, f"{name}, line {reader.line_num}")
            for c in HOUSING_FEATURES
        ]
        for row in reader
    ]
    if not rows:
        raise ValueError(
            f"{name} must have a row for each district below its first "
            "line, but has none"
        )
    return np.array(rows, np.float32)


def _number(text, column, place):
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(
            f"{place}: {column} must be a finite number, but is {text!r}"
        )
    return value


def describe(path, Z):
    """One line for each row: the price in US dollars of 1990."""
    return [f"${100_000 * z:,.0f}" for z in Z[:, 0]]


def preview(X, y):
    """How each of the eight inputs and the price are distributed."""
    from .. import figures

    fig, axes = figures.subplots(3, 3, figsize=(7.2, 6.0))
    columns = [*zip(HOUSING_FEATURES, HOUSING_UNITS, X.T, strict=True)]
    columns.append(("MedHouseVal", "100,000 USD", y[:, 0]))
    for ax, (name, unit, values) in zip(axes.ravel(), columns, strict=True):
        top = np.quantile(values, 0.995)
        inside = values[values <= top]
        ax.hist(inside, bins=40, color=figures.BLUE)
        ax.set(title=name, xlabel=unit, yticks=[])
    return fig


def demo(model):
    """Eight sliders and a live price, for the first 1,500 test rows.

    The network takes logarithms of the long tails first: HousingFeatures.
    """
    from .. import figures

    _, (X, y) = california_housing()
    return figures.Figure(
        "california",
        alt="Eight sliders for a district of California, the price that "
        "the network gives it, and a map of the test districts.",
        network=figures.network(model.state(), log=SKEWED),
        X=X[:1500],
        y=y[:1500],
        features=list(HOUSING_FEATURES),
        units=list(HOUSING_UNITS),
        start=3,
    )


TUNED = Settings(
    "settings chosen on validation rows",
    logarithms,
    epochs=50,
    l2=3e-4,
    lr=1e-2,
    cosine=True,
    mean_start=True,
)
CALIFORNIA_HOUSING = Task(
    name="california-housing",
    title="California Housing",
    data=california_housing,
    locate=locate,
    sizes=(8, 64, 32, 1),
    loss=MeanSquaredError,
    metrics={"mean_absolute_error": mean_absolute_error},
    scores={"r2": r2_score},
    columns={
        ("train", "loss"): ("train MSE", 3),
        ("test", "loss"): ("test MSE", 3),
        ("test", "mean_absolute_error"): ("test MAE", 3),
        ("test", "r2"): ("test R²", 4),
    },
    settings={
        "classic": classic(standardized, epochs=50),
        "plain": plain(standardized, epochs=50),
        "tuned": TUNED,
        "fourier": replace(
            TUNED, label="the same with waves over the map", inputs=fourier
        ),
    },
    read=read_districts,
    files="a CSV file with a line of column names, or - (standard input)",
    example="districts.csv",
    describe=describe,
    preview=preview,
    demo=demo,
)
