"""Carve validation rows from the training rows."""

from numbers import Real
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ._text import printable

Pair: TypeAlias = tuple[NDArray[Any], NDArray[Any]]  # X, y


def check_fraction(validation: float) -> None:
    """Raise an error unless `validation` is a number in [0, 1).

    TypeError if it is not a number, ValueError for any other number.
    """
    number = isinstance(validation, Real) and not isinstance(
        validation, bool
    )
    if not number or not 0 <= validation < 1:
        raise (ValueError if number else TypeError)(
            "validation must be the fraction of the training rows to set "
            "aside, at least 0 and below 1, such as 0.1, but is "
            f"{printable(repr(validation))}"
        )


def pairs(train: Pair, test: Pair, validation: float) -> tuple[Pair, ...]:
    """Return (train, test), or (train, test, validation pair).

    `train` and `test` are pairs (X, y). The validation pair holds the
    last round(n * validation) of the n training rows; what is left stays
    the training pair. The arrays are views: nothing is copied.

    Raises ValueError when one of the two parts would be empty.
    """
    if validation == 0:
        return train, test
    X, y = train
    n = len(X)
    left = n - round(n * validation)
    if not 0 < left < n:
        raise ValueError(
            "validation must leave at least one row in both parts, but "
            f"validation={validation!r} of {n} training rows leaves {left} "
            f"rows to train on and {n - left} to validate on"
        )
    return (X[:left], y[:left]), test, (X[left:], y[left:])
