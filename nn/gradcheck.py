# Written by tools/export.py from notebooks/: change the chapters.
"""Slopes measured from values alone, to check derived gradients with."""

import numpy as np

__all__ = [
    "check_gradients",
    "numerical_gradient",
    "relative_error",
]


# chapter 6: Slopes without calculus
def numerical_gradient(f, x, *, h=1e-5):
    """Slope of f() for each entry of x: (f(x + h) - f(x - h)) / (2 h).

    f takes no argument and returns a scalar that depends on the float64
    array x. Entries of x are changed in place, one at a time, and put
    back. Returns an array of the shape of x. Raises ValueError if x has
    another dtype.
    """
    if x.dtype != np.float64:
        raise ValueError(
            f"x must have dtype float64, but has {x.dtype}, in which "
            "rounding spoils a measured slope. Let f depend on an array "
            "of dtype float64, and pass that array as x."
        )
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):  # such as (row, column)
        old = x[i]
        try:
            x[i] = old + h
            above = f()
            x[i] = old - h
            below = f()
        finally:
            x[i] = old
        gradient[i] = (above - below) / (2 * h)  # (6.4)
    return gradient


# chapter 6: Slopes without calculus
def relative_error(a, b):
    """Largest |a - b| divided by the largest absolute entry of a or b.

    0 for equal arrays, 2 for opposite ones. Raises ValueError if a and b
    differ in shape.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(
            "a and b must have the same shape, but have shapes "
            f"{a.shape} and {b.shape}"
        )
    largest = np.max([np.abs(a).max(), np.abs(b).max()])  # (6.7)
    return float(np.abs(a - b).max() / largest) if largest != 0 else 0.0


# chapter 6: Slopes without calculus
def check_gradients(f, arrays, gradients):
    """Relative error of each derived gradient, by name.

    f() is the scalar loss with all its terms. ``arrays`` maps names to
    the float64 arrays on which it depends, ``gradients`` maps the same
    names to the derived gradients. A right gradient has an error below
    1e-6, away from kinks. Raises ValueError if the names differ.
    """
    if arrays.keys() != gradients.keys():
        raise ValueError(
            f"gradients must have the names of arrays, {sorted(arrays)}, "
            f"but has {sorted(gradients)}"
        )
    return {
        name: relative_error(gradients[name], numerical_gradient(f, x))
        for name, x in arrays.items()
    }
