"""The gradient check itself: it measures right and sees what is wrong."""

import numpy as np
import pytest
from checks import model_errors

from nn import (
    Dense,
    Dropout,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    check_gradients,
    numerical_gradient,
    relative_error,
)


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


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(2, np.float32), "x .*float64, but is float32"),
        (np.ones(2, int), "x .*float64, but is int64"),
        ([1.0, 2.0], "x .*array .*but is list"),
        (1.0, "x .*array .*but is float"),
        (np.float64(1), "x .*array .*but is float64"),
        (np.array([1.0, np.nan]), "x must be finite, but row 1 is nan"),
        (np.ones((3, 0)), r"x must have at least one entry.*\(3, 0\)"),
    ],
)
def test_an_x_that_cannot_be_moved_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        numerical_gradient(lambda: 0.0, x)
    if np.shape(x):
        with pytest.raises(ValueError, match=message.replace("x", "W", 1)):
            check_gradients(lambda: 0.0, {"W": x}, {"W": x})


@pytest.mark.parametrize("h", [0, -1e-5, np.nan, np.inf, 1e-20])
def test_a_step_that_measures_nothing_is_refused(h):
    x = np.array([0.0, 1])
    with pytest.raises(ValueError, match=rf"h must be .*{h}"):
        numerical_gradient(x.sum, x, h=h)
    with pytest.raises(ValueError, match=rf"h must be .*{h}"):
        check_gradients(x.sum, {"x": x}, {"x": np.ones(2)}, h=h)


@pytest.mark.parametrize("h", ["1e-5", None, np.ones(2)])
def test_a_step_that_is_no_number_is_refused(h):
    with pytest.raises(TypeError, match="h must be a finite number"):
        numerical_gradient(lambda: 0.0, np.ones(2), h=h)


def test_an_entry_that_no_step_of_h_changes_is_refused():
    x = np.array([1.0, 1e13])
    with pytest.raises(ValueError, match="each entry of x"):
        numerical_gradient(x.sum, x)


@pytest.mark.parametrize(
    "value",
    [np.nan, np.inf, None, "1", [1.0], np.ones((1, 1)), np.float32(1), 1j],
)
def test_an_f_that_is_no_exact_number_is_refused(value):
    x = np.ones(2)
    with pytest.raises(
        ValueError, match=r"f\(\) must be one finite number"
    ):
        numerical_gradient(lambda: value, x)
    assert x.tolist() == [1, 1]


def test_relative_error_by_hand():
    assert relative_error([1.0, 4], [1.0, 5]) == pytest.approx(0.2)
    assert relative_error([1.0], [-1.0]) == 2
    assert relative_error([0.0, 0], [0.0, 0]) == 0
    assert relative_error([1e-9], [3e-9], least=1e-3) == pytest.approx(2e-6)
    assert relative_error([1.0], [3.0], least=1e-3) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"\(2,\) and \(1,\)"):
        relative_error([1, 2], [1])
    with pytest.raises(ValueError, match=r"\(0,\) and \(0,\)"):
        relative_error([], [])


def test_a_nan_is_no_agreement():
    for a in (np.nan, np.inf, -np.inf):
        assert relative_error([a, 1], [1.0, 1]) == np.inf
        assert relative_error([1.0, 1], [1, a]) == np.inf
        assert relative_error([a], [a]) == np.inf
    x = np.ones(2)
    gradients = {"a": np.ones(2), "b": np.array([np.nan, 1])}
    errors = check_gradients(x.sum, {"a": x, "b": x}, gradients)
    assert max(errors.values()) == np.inf


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
    for bad in (["a", "b"], None):
        with pytest.raises(TypeError, match="dictionary"):
            check_gradients(f, {"a": a, "b": b}, bad)
        with pytest.raises(TypeError, match="dictionary"):
            check_gradients(f, bad, right)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 1)), r"of b .*\(2,\).*\(2, 1\)"),
        (1.0, r"of b .*\(2,\).*\(\)"),
        (None, "of b .*object"),
        (np.ones(2, np.float32), "of b .*float32.*np.float64"),
        (np.array(["1", "2"]), "of b .*<U1"),
    ],
)
def test_a_gradient_that_cannot_be_compared_is_refused(bad, message):
    a, b = np.ones(2), np.ones(2)
    with pytest.raises(ValueError, match=message):
        check_gradients(
            lambda: a.sum() * b.sum(),
            {"a": a, "b": b},
            {"a": 2 * np.ones(2), "b": bad},
        )


def test_a_network_in_float32_is_named(rng):
    model, X = Sequential(Dense(3, 2, rng=0)), rng.standard_normal((4, 3))
    with pytest.raises(ValueError, match=r"X .*float32.*dtype=np.float64"):
        model_errors(
            model, SoftmaxCrossEntropy(), X, np.array([0, 1, 1, 0])
        )


def test_slopes_too_small_to_be_measured_raise_no_alarm(rng):
    x = rng.standard_normal(4)
    errors = check_gradients(
        lambda: 1 + 1e-11 * np.sum(x**2), {"x": x}, {"x": 2e-11 * x}
    )
    assert errors["x"] < 1e-6
    numerical = numerical_gradient(lambda: 1 + 1e-11 * np.sum(x**2), x)
    assert relative_error(numerical, 2e-11 * x) > 1e-6


@pytest.mark.parametrize("scale", [1e-3, 1, 1e6])
def test_a_small_fault_is_noticed_at_each_scale(rng, scale):
    x = scale * rng.standard_normal(4)
    wrong = {"x": 2 * x * np.array([1, 1, 1, 1 + 1e-3])}
    errors = check_gradients(lambda: np.sum(x**2), {"x": x}, wrong)
    assert errors["x"] > 1e-6


def rectified(x):
    return lambda: np.sum(np.maximum(x, 0))


def test_a_kink_is_named():
    x = np.array([[1.0, 0, -2], [3, 4e-6, 5]])
    right, wrong = 1.0 * (x > 0), 1.0 * (x > 0) - 2 * (x == 3)
    with pytest.warns(
        UserWarning, match=r"x at \[0, 1\], \[1, 1\]: .*kink"
    ):
        errors = check_gradients(rectified(x), {"x": x}, {"x": right})
    assert errors["x"] < 1e-6
    with pytest.warns(UserWarning, match="kink"):
        errors = check_gradients(rectified(x), {"x": x}, {"x": wrong})
    assert errors["x"] == pytest.approx(2)


def test_many_kinks_are_named_shortly():
    x = np.zeros(700)
    with pytest.warns(UserWarning, match=r"at \[0\], .*\[4\], \.\.\.: "):
        check_gradients(rectified(x), {"x": x}, {"x": 0 * x})


@pytest.mark.filterwarnings("error")
def test_what_is_no_kink_is_not_excused(rng):
    x = rng.standard_normal(5)
    for f in (
        lambda: np.sum(np.abs(x)),  # kinks, but far away
        lambda: np.sum(1e4 * x**2),
        lambda: np.sum(np.exp(x)),
        lambda: np.sum(x) + rng.random(),  # as dropout that is not frozen
    ):
        wrong = {"x": 1.1 * numerical_gradient(f, x)}
        assert check_gradients(f, {"x": x}, wrong)["x"] > 0.05


@pytest.mark.parametrize("rate", [0, 0.5])
@pytest.mark.filterwarnings("ignore:f.. is not smooth")
def test_fresh_networks_raise_no_alarm(rate, cases):
    """Fresh networks, often exactly on a kink, raise no false alarm."""
    for seed in range(cases(200, 2000)):
        rng = np.random.default_rng(seed)
        sizes = [(5, 4), (4, 3), (3, 2)]
        layers = [Dense(*s, rng=rng, dtype=np.float64) for s in sizes]
        model = Sequential(
            *(layers[0], ReLU(), Dropout(rate)),
            *(layers[1], ReLU(), Dropout(rate), layers[2]),
        )
        X, y = rng.standard_normal((4, 5)), rng.integers(0, 2, 4)
        errors = model_errors(model, SoftmaxCrossEntropy(), X, y)
        assert max(errors.values()) < 1e-6, seed


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, bool])
def test_relative_errors_of_whole_numbers_do_not_wrap(kind):
    a, b = np.array([0], kind), np.array([1], kind)
    assert relative_error(a, b) == relative_error(b, a) == 1


@pytest.mark.parametrize("least", [-1, np.nan, "a", None, 2 + 0j])
def test_a_divisor_without_sense_is_refused(least):
    with pytest.raises((TypeError, ValueError), match="least must be"):
        relative_error([1.0], [2.0], least=least)
