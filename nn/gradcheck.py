# Written by tools/export.py from notebooks/: change the chapters.
"""Slopes measured from values alone, to check derived gradients with."""

import warnings

import numpy as np

from .checks import (
    as_floats,
    as_loss,
    as_number,
    check_function,
    check_pairs,
    check_steps,
)

__all__ = [
    "check_gradients",
    "numerical_gradient",
    "relative_error",
]


# chapter 6: Slopes without calculus
def _values(f, x, i, steps):
    """The values of f() after each of the steps from x[i]."""
    old, values = x[i], []
    try:
        for step in steps:
            x[i] = old + step
            values.append(as_loss(f()))
    finally:
        x[i] = old
    return values


# chapter 6: Slopes without calculus
def numerical_gradient(f, x, *, h=1e-5):
    """Slope of f() for each entry of x: (f(x + h) - f(x - h)) / (2 h).

    f takes no argument and returns a scalar that depends on the float64
    array x. Entries of x are changed in place, one at a time, and put
    back. Returns an array of the shape of x. Raises ValueError if x is
    of another type, f() not one finite float64, or h too short.
    """
    check_function("f", f, "lambda: np.sum(x**2)")
    check_steps("x", x, h)
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):  # such as (row, column)
        below, above = _values(f, x, i, (-h, h))
        gradient[i] = (above - below) / (2 * h)  # (6.4)
    return gradient


# chapter 6: Slopes without calculus
def relative_error(a, b, *, least=0.0):
    """Largest |a - b| divided by the largest absolute entry of a or b.

    0 for equal arrays, 2 for opposite ones, infinite if an entry is NaN
    or infinite. The divisor is at least ``least``. Raises ValueError if
    a and b differ in shape or have no entries.
    """
    a, b = as_floats("a", a), as_floats("b", b)
    least = as_number("least", least, least=0)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(
            "a and b must have the same shape and at least one entry, but "
            f"have shapes {a.shape} and {b.shape}"
        )
    if not (np.isfinite(a) & np.isfinite(b)).all():
        return np.inf
    largest = np.max([np.abs(a).max(), np.abs(b).max(), least])  # (6.7)
    return float(np.abs(a - b).max() / largest) if largest != 0 else 0.0


# chapter 6: Slopes without calculus
def _kinks(f, x, a, b, h, noise):
    """Entries whose slopes a and b differ, and where f bends within h."""
    off, largest = np.abs(a - b), np.max([np.abs(a), np.abs(b)])
    steps = [*np.arange(-3, 4) * h / 3, 0]
    kinks = []
    for i in map(tuple, np.argwhere(off > max(1e-6 * largest, noise))):
        *values, again = _values(f, x, i, steps)
        jump = np.abs(np.diff(values, 3)).max() / (h / 3)  # parabola: 0
        if jump > max(1e-4 * off[i], 3 * noise) and again == values[3]:
            kinks.append(i)
    return kinks


# chapter 6: Slopes without calculus
def _warn_of_kinks(name, kinks, h):
    entries = ", ".join(str([*map(int, i)]) for i in kinks[:5])
    entries += ", ..." * (len(kinks) > 5)
    warnings.warn(
        f"f() is not smooth within h = {h:g} of {name} at {entries}: it "
        "has a kink there, or computes in float32. These entries are left "
        "out. Move the arrays a little, and check again.",
        stacklevel=3,
    )


# chapter 6: Slopes without calculus
def check_gradients(f, arrays, gradients, *, h=1e-5):
    """Relative error of each derived gradient, by name.

    f() is the scalar loss with all its terms. ``arrays`` maps names to
    the float64 arrays on which it depends, ``gradients`` maps the same
    names to the derived gradients. A right gradient has an error below
    1e-6. Differences that rounding may cause, 2e-10 max(1, |f()|) or so,
    do not count. An entry at a kink is left out, and a warning names it.
    Raises ValueError if names, shapes or types differ.
    """
    check_function("f", f, "lambda: np.sum(x**2)")
    check_pairs(arrays, gradients, h)
    size = max(1.0, abs(as_loss(f())))
    noise = 10 * np.finfo(np.float64).eps * size / h  # (6.5)
    errors = {}
    for name, x in arrays.items():
        derived = np.array(gradients[name], np.float64)
        measured = numerical_gradient(f, x, h=h)
        kinks = _kinks(f, x, derived, measured, h, noise)
        for i in kinks:
            derived[i] = measured[i]  # no slope to compare with
        if kinks:
            _warn_of_kinks(name, kinks, h)
        errors[name] = relative_error(derived, measured, least=1e6 * noise)
    return errors
