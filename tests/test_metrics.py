"""Metrics against scikit-learn's; what they refuse."""

import numpy as np
import pytest

from nn import accuracy, mean_absolute_error, r2_score

metrics = pytest.importorskip("sklearn.metrics")


def test_accuracy(rng):
    y, Z = rng.integers(0, 4, 50), rng.standard_normal((50, 4))
    expected = metrics.accuracy_score(y, Z.argmax(axis=1))
    assert accuracy(y, Z) == expected
    assert type(accuracy(y, Z)) is float
    assert accuracy(y.tolist(), Z.tolist()) == expected


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("name", ["mean_absolute_error", "r2_score"])
def test_regression(rng, columns, name):
    y = rng.standard_normal((50, columns))
    y -= y.mean(
        axis=0
    )  # R^2 over all columns is then that of the flat rows
    Z = y + 0.3 * rng.standard_normal((50, columns))
    ours = {
        "mean_absolute_error": mean_absolute_error,
        "r2_score": r2_score,
    }
    expected = getattr(metrics, name)(y.ravel(), Z.ravel())
    assert ours[name](y, Z) == pytest.approx(expected)
    assert type(ours[name](y, Z)) is float


def test_r2_of_the_mean_is_zero_and_of_the_truth_is_one(rng):
    y = rng.standard_normal((20, 1))
    assert r2_score(y, np.full_like(y, y.mean())) == pytest.approx(0)
    assert r2_score(y, y) == 1


def test_r2_of_several_outputs_has_a_mean_for_each():
    y = np.array([[0.0, 100], [2, 102]])  # 2 in each column
    Z = np.array([[0.0, 100], [2, 101]])
    assert r2_score(y, Z) == pytest.approx(1 - 1 / 4)


def test_r2_does_not_lose_digits_in_float32():
    y = np.linspace(1e4, 1e4 + 1, 20_000, dtype=np.float32)[:, None]
    Z = y + np.float32(0.25)
    expected = metrics.r2_score(y.astype(float), Z.astype(float))
    assert r2_score(y, Z) == pytest.approx(expected, rel=1e-3)


def test_metrics_in_half_precision():
    y = np.array([[0], [1000]], np.float16)  # squares over 65,504
    assert r2_score(y, np.zeros((2, 1))) == -1
    assert mean_absolute_error(y, 0 * y) == 500


def test_equal_targets_have_no_r2():
    with pytest.raises(ValueError, match="differ"):
        r2_score(np.ones((3, 1)), np.zeros((3, 1)))
    with pytest.raises(ValueError, match="differ"):
        r2_score(np.tile([1.0, 2], (3, 1)), np.zeros((3, 2)))


@pytest.mark.parametrize("metric", [mean_absolute_error, r2_score])
@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 2)])
def test_shapes_never_broadcast(metric, shape):
    with pytest.raises(ValueError, match=r"\(3, 1\)"):
        metric(np.ones(shape), np.ones((3, 1)))


def test_accuracy_refuses_one_hot_and_unknown_classes():
    with pytest.raises(ValueError, match="class numbers"):
        accuracy(np.eye(3, dtype=int), np.eye(3))
    with pytest.raises(ValueError, match="from 0 to 2"):
        accuracy(np.array([0, 1, 3]), np.eye(3))
