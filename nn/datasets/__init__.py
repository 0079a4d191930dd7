"""The two data sets of the book, verified each time they are loaded.

`california_housing()` reads a file that ships with the package.
`fashion_mnist()` finds or downloads 30 MB; `fashion_mnist_sample()` is
200 of its images, shipped with the package. `fetch_fashion_mnist()` is
what `python -m nn data` runs.

Sources and licences are in the docstrings of the functions.
"""

from ._california import (
    HOUSING_FEATURES,
    HOUSING_UNITS,
    california_housing,
)
from ._fashion import (
    FASHION_CLASSES,
    fashion_mnist,
    fashion_mnist_sample,
    fetch_fashion_mnist,
)

__all__ = [
    "FASHION_CLASSES",
    "HOUSING_FEATURES",
    "HOUSING_UNITS",
    "california_housing",
    "fashion_mnist",
    "fashion_mnist_sample",
    "fetch_fashion_mnist",
]
