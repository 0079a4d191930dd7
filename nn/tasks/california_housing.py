"""California Housing: eight numbers of a district in, one price out."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .. import datasets, figures
from ..checks import as_batch, as_slopes
from ..datasets import (
    HOUSING_FEATURES,
    HOUSING_UNITS,
    california_housing,
)
from ..datasets._text import printable
from ..layers import Layer, Normalization
from ..losses import MeanSquaredError
from ..metrics import mean_absolute_error, r2_score
from ..typing import Array, Floats, StrPath
from ._files import open_file, read_input
from ._task import Settings, Task, classic, plain

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


def check_places(X: Array) -> None:
    """Refuse rows X (n, 8) with latitude and longitude exchanged."""
    exchanged = X[:, 6] < X[:, 7]  # 33 to 42 and -124 to -114 are right
    if exchanged.any():
        row = int(exchanged.argmax())
        raise ValueError(
            "Latitude must be above Longitude in every row, as it is in "
            f"California, but row {row} has {X[row, 6]:g} and "
            f"{X[row, 7]:g}; pass the columns of HOUSING_FEATURES in their "
            "order and in their units"
        )


class Districts(Normalization):
    """``Normalization`` of districts, which refuses exchanged places.

    X (n, 8), as ``california_housing`` returns it. Outside training,
    ValueError for a row with latitude and longitude exchanged.
    """

    def forward(self, X: ArrayLike, training: bool = False) -> Floats:
        X = as_batch(self, X, 8)
        if not training:
            check_places(X)
        return super().forward(X, training)


def standardized(X: Array) -> list[Layer]:
    """Each column gets mean 0 and standard deviation 1 over the rows."""
    return [Districts.of(X)]


class HousingFeatures(Layer):
    """Turns the eight raw columns into inputs easier to learn from.

    X (n, 8), as ``california_housing`` returns it. The five columns with
    long tails become log x, the others stay. With ``waves`` the place on
    the map is added as sin and cos of twelve plane waves over latitude and
    longitude, a small Fourier basis (Rahimi and Recht, 2007): A (n, 8), or
    (n, 32) with waves. ValueError where a logarithm does not exist, and
    outside training for a row with latitude and longitude exchanged.
    """

    def __init__(
        self, *, waves: bool = False, dtype: DTypeLike = np.float32
    ) -> None:
        self.waves: bool = waves
        self.dtype: DTypeLike = dtype
        self.middle: Floats = np.array(MIDDLE, dtype)  # (2,)
        self.frequencies: Floats = (
            np.array(WAVES, dtype).T / SCALE
        )  # (2, 12)

    def forward(self, X: ArrayLike, training: bool = False) -> Floats:
        X = as_batch(self, X, 8, self.dtype)
        low = X[:, SKEWED] <= 0
        if low.any():
            row, k = np.argwhere(low)[0]
            raise ValueError(
                f"{HOUSING_FEATURES[SKEWED[k]]} must be above 0 in every "
                f"row, but is {X[row, SKEWED[k]]:g} in row {row}"
            )
        if training:
            self.kept = X
        else:
            check_places(X)
        A = X.copy()
        A[:, SKEWED] = np.log(X[:, SKEWED])
        if not self.waves:
            return A
        angles = self.angles(X)
        return np.hstack([A, np.sin(angles), np.cos(angles)])

    def angles(self, X: Array) -> Floats:
        """The phase of each wave at each row, (n, 12), in radians."""
        return (X[:, 6:] - self.middle) @ self.frequencies

    def backward(self, dA: ArrayLike, /) -> Floats:
        X = self.take()
        width = 8 + self.waves * 2 * self.frequencies.shape[1]
        dA = as_slopes(self, dA, (len(X), width))
        dX = dA[:, :8].copy()
        dX[:, SKEWED] /= X[:, SKEWED]
        if self.waves:
            n_waves = self.frequencies.shape[1]
            d_sin, d_cos = dA[:, 8 : 8 + n_waves], dA[:, 8 + n_waves :]
            angles = self.angles(X)
            d_angles = d_sin * np.cos(angles) - d_cos * np.sin(angles)
            dX[:, 6:] += d_angles @ self.frequencies.T
        return dX  # (n, 8)

    def __repr__(self) -> str:
        return f"HousingFeatures(waves={self.waves})"


def logarithms(X: Array) -> list[Layer]:
    """Logarithms of the columns with long tails, then all standardized."""
    features = HousingFeatures()
    return [features, Normalization.of(features.forward(X))]


def fourier(X: Array) -> list[Layer]:
    """The same, with waves over the map beside the eight columns."""
    features = HousingFeatures(waves=True)
    return [features, Normalization.of(features.forward(X))]


def locate(folder: StrPath | None = None) -> Path:
    """The data ship with the package: verify them, return their folder."""
    california_housing()
    return Path(datasets.__file__).parent


MAX_BYTES = 10_000_000  # of a CSV file: about 200,000 districts
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.A | re.I)
# the lowest and the highest value of each column in the 20,640 districts,
# rounded outwards: the networks have seen no others
RANGES = (
    (0.49, 15.01),  # the census records higher incomes as 15.0001
    (1, 52),  # and older houses as 52
    (0.8, 142),
    (0.3, 34.1),
    (3, 35_682),
    (0.6, 1244),
    (32.5, 42),  # California
    (-124.4, -114.3),
)


def read_districts(path: StrPath) -> NDArray[np.float32]:
    """Return the rows of a CSV file as float32 (n, 8), raw units.

    The first line names the columns, those of HOUSING_FEATURES in any
    order; others are ignored. ``-`` is standard input. ValueError, with
    the line and the column, for a column that is missing or there twice,
    a row with more or fewer cells than the first line, and a cell that is
    not a number within RANGES. A line without any content is skipped.
    """
    if str(path) == "-":
        return _districts(read_input(MAX_BYTES), "standard input")
    expected = "a file, or - for standard input"
    with open_file(path, MAX_BYTES, expected=expected) as file:
        return _districts(file.read(), printable(path))


def _districts(content: bytes, name: str) -> NDArray[np.float32]:
    """Return the rows in the content of a CSV file called ``name``."""
    lines, rows = _table(content, name)
    columns = [cell.strip() for cell in rows[0]] if rows else []
    missing = [c for c in HOUSING_FEATURES if c not in columns]
    if missing:
        pairs = zip(HOUSING_FEATURES, HOUSING_UNITS, strict=True)
        expected = ", ".join(f"{c} ({unit})" for c, unit in pairs)
        raise ValueError(
            f"{name} must name the columns {expected} in its first line, "
            f"separated by commas, but has no {', '.join(missing)}"
        )
    twice = [c for c in HOUSING_FEATURES if columns.count(c) > 1]
    if twice:
        raise ValueError(
            f"{name} must name each column once in its first line, but "
            f"names {', '.join(twice)} more than once"
        )
    lines, rows = lines[1:], rows[1:]
    if not rows:
        raise ValueError(
            f"{name} must have a row for each district below its first "
            "line, but has none"
        )
    places = [columns.index(c) for c in HOUSING_FEATURES]
    X = np.empty((len(rows), len(places)))
    for i, (line, row) in enumerate(zip(lines, rows, strict=True)):
        if len(row) < len(columns) or any(
            map(str.strip, row[len(columns) :])
        ):
            raise ValueError(
                f"{name}, line {line} must have {len(columns)} cells, one "
                f"for each name in the first line, but has {len(row)}. "
                "Write numbers with a point, and without commas"
            )
        for k, place in enumerate(places):
            if not NUMBER.fullmatch(row[place].strip()):
                raise ValueError(
                    f"{name}, line {line}: {HOUSING_FEATURES[k]} must be a "
                    "finite number, but is "
                    f"{printable(repr(row[place]))}"
                )
            X[i, k] = float(row[place])
    low, high = np.array(RANGES).T
    outside = np.argwhere((X < low) | (X > high))
    if len(outside):
        i, k = outside[0]
        raise ValueError(
            f"{name}, line {lines[i]}: {HOUSING_FEATURES[k]} "
            f"({HOUSING_UNITS[k]}) must lie between {low[k]:,g} and "
            f"{high[k]:,g}, as in all districts of the census, but is "
            f"{X[i, k]:g}. The network has seen no such district"
        )
    return X.astype(np.float32)


def _table(content: bytes, name: str) -> tuple[list[int], list[list[str]]]:
    """Return the lines in which the rows begin, and the rows of cells."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} must be text in UTF-8, but is not: {printable(error)}"
        ) from error
    if "\0" in text:
        raise ValueError(
            f"{name} must be text in UTF-8, but contains NUL: save it as "
            "CSV in UTF-8, not in UTF-16"
        )
    reader = csv.reader(
        io.StringIO(text, newline=""), strict=True, skipinitialspace=True
    )
    lines, rows = [], []
    begin = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                lines.append(begin)
                rows.append(row)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{name}, line {begin} must be a row of a CSV file, but cannot "
            f"be read: {error}. Is a quotation mark missing?"
        ) from error
    return lines, rows


def describe(Z: Array) -> Iterator[tuple[str, dict[str, float]]]:
    """The price of each row in US dollars of 1990."""
    for price in (100_000 * Z[:, 0].astype(float)).tolist():
        sign = "-" * (price < 0)
        yield f"{sign}${abs(price):,.0f}", {"price": price}


def preview(X: Array, y: Array) -> Any:
    """How each of the eight inputs and the price are distributed."""
    fig, axes = figures.subplots(3, 3, figsize=(7.2, 6.0))
    columns = [*zip(HOUSING_FEATURES, HOUSING_UNITS, X.T, strict=True)]
    columns.append(("MedHouseVal", "100,000 USD", y[:, 0]))
    for ax, (name, unit, values) in zip(axes.ravel(), columns, strict=True):
        top = np.quantile(values, 0.995)
        inside = values[values <= top]
        ax.hist(inside, bins=40, color=figures.BLUE)
        ax.set(title=name, xlabel=unit, yticks=[])
    return fig


def demo(model: Layer) -> figures.Figure:
    """Eight sliders and a live price, for the first 1,500 test rows.

    The network takes logarithms of the long tails first: HousingFeatures.
    """
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
    files="a CSV file with a line of column names",
    endings=(".csv",),
    example="samples/districts.csv",
    describe=describe,
    preview=preview,
    demo=demo,
)
