"""California Housing: 20,640 districts, shipped inside the package."""

import gzip
import io
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ._shipped import read_shipped
from ._split import check_fraction, pairs

HOUSING_FEATURES = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)

HOUSING_UNITS = (
    "10,000 USD",
    "years",
    "rooms per household",
    "bedrooms per household",
    "people",
    "people per household",
    "degrees north",
    "degrees east",
)

# One line of names, then the table of the 1990 census as Pace and Barry
# published it: longitude, latitude, housing_median_age, total_rooms,
# total_bedrooms, population, households, median_income, median_house_value
FILE = Path(__file__).with_name("california_housing.csv.gz")
SHA256 = "4bce8679adfbb1ea776fc931440c9c7fc6348110f75097b893aa47098a3f0d6f"
TRAINING_ROWS = 16512
Pair: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]


@overload
def california_housing() -> tuple[Pair, Pair]: ...


@overload
def california_housing(*, validation: float) -> tuple[Pair, ...]: ...


def california_housing(*, validation: float = 0.0) -> tuple[Pair, ...]:
    """Return (X_train, y_train), (X_test, y_test) of California Housing.

    One row is a district of the 1990 census. X is float32 (n, 8), in the
    units of HOUSING_UNITS, with the columns of HOUSING_FEATURES: median
    income (10,000 USD), median age of the houses (years), rooms and
    bedrooms per household, population, people per household, latitude
    and longitude (degrees). y is float32 (n, 1): the median house value
    in 100,000 USD. Values above 500,000 USD are recorded as 5.00001 (965
    rows).

    The rows are put in the order of
    `np.random.RandomState(42).permutation(20640)`; the first 16,512
    train, the other 4,128 test. NumPy's global generator is not touched.

    `validation=0.1` adds a third pair, (X_val, y_val), after the test
    pair: the last tenth of the training rows, 1,651 of them. The training
    pair then holds the other 14,861.

    Raises ValueError if `validation` is not a fraction in [0, 1), or if
    the shipped file is damaged (its SHA-256 is compared); TypeError if
    `validation` is not a number.

    Source: R. K. Pace and R. Barry (1997), "Sparse Spatial
    Autoregressions", Statistics & Probability Letters 33, 291-297; from
    the 1990 US census, which is in the public domain.
    """
    check_fraction(validation)
    X, y = _features(_raw_table())
    order = np.random.RandomState(42).permutation(len(X))
    train, test = order[:TRAINING_ROWS], order[TRAINING_ROWS:]
    return pairs((X[train], y[train]), (X[test], y[test]), validation)


def _raw_table() -> NDArray[np.float64]:
    """Return the verified table of the census, float64 (20640, 9)."""
    text = gzip.decompress(read_shipped(FILE, SHA256))
    return np.loadtxt(io.BytesIO(text), delimiter=",", skiprows=1)


def _features(table: NDArray[np.float64]) -> Pair:
    """Return X float32 (n, 8) and y float32 (n, 1) of the raw table."""
    (longitude, latitude, age, rooms, bedrooms, people, households,
     income, value) = table.T  # fmt: skip
    X = [
        income,
        age,
        rooms / households,
        bedrooms / households,
        people,
        people / households,
        latitude,
        longitude,
    ]
    y = value[:, None] / 100_000
    return np.stack(X, axis=1).astype(np.float32), y.astype(np.float32)
