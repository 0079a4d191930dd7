"""The gradient check itself: it measures right and sees what is wrong."""

import numpy as np
import pytest

from nn import check_gradients, numerical_gradient, relative_error


def test_slopes_of_known_functions(rng):
    x = rng.uniform(0.5, 2, (2, 3))
    for f, slope in (
        (lambda: np.sum(x**3), 3 * x**2),
        (lambda: np.sum(np.log(x)), 1 / x),
        (lambda: float(np.prod(x)), np.prod(x) / x),
    ):
        assert numerical_gradient(f, x) == pytest.approx(slope, rel=1e-8)


def test_the_array_is_put_back_even_when_f_fails():
    x = np.array([1.0, 2.0])

    def f():
        raise RuntimeError("in f")

    with pytest.raises(RuntimeError, match="in f"):
        numerical_gradient(f, x)
    assert x.tolist() == [1, 2]
    numerical_gradient(lambda: x.sum(), x)
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize("kind", [np.float32, int])
def test_too_coarse_a_type_is_refused(kind):
    with pytest.raises(ValueError, match="float64"):
        numerical_gradient(lambda: 0.0, np.ones(2, kind))


def test_relative_error_by_hand():
    assert relative_error([1.0, 4], [1.0, 5]) == pytest.approx(0.2)
    assert relative_error([1.0], [-1.0]) == 2
    assert relative_error([0.0, 0], [0.0, 0]) == 0
    with pytest.raises(ValueError, match=r"\(2,\) and \(1,\)"):
        relative_error([1, 2], [1])


def test_a_nan_is_no_agreement():
    assert not relative_error([np.nan, 1], [1.0, 1]) < 1e-6


def test_check_gradients_names_what_is_wrong(rng):
    a, b = rng.random(3), rng.random(2)

    def f():
        return np.sum(a**2) * np.sum(b)

    right = {"a": 2 * a * b.sum(), "b": np.full(2, np.sum(a**2))}
    assert max(check_gradients(f, {"a": a, "b": b}, right).values()) < 1e-6
    wrong = right | {"b": -right["b"]}
    errors = check_gradients(f, {"a": a, "b": b}, wrong)
    assert errors["a"] < 1e-6
    assert errors["b"] == pytest.approx(2)
    with pytest.raises(ValueError, match=r"names of arrays, \['a', 'b'\]"):
        check_gradients(f, {"a": a, "b": b}, {"a": a})
