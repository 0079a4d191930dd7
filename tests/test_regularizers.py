"""Regularizers: values, slopes, types, what they refuse."""

import numpy as np
import pytest

from nn import L1, L2, Dense, check_gradients

W = np.array([[1.0, -2], [0.5, 3]])


def test_values_by_hand():
    assert L1(0.1)(W) == pytest.approx(0.65)
    assert L2(0.1)(W) == pytest.approx(1.425)
    assert L1(0)(W) == L2(0)(W) == 0


@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.3)])
def test_gradients(penalty):
    w = W.copy()
    errors = check_gradients(
        lambda: penalty(w), {"w": w}, {"w": penalty.gradient(w)}
    )
    assert errors["w"] < 1e-6


def test_l1_leaves_a_zero_where_it_is():
    assert L1(0.1).gradient(np.array([0.0, -0.0])).tolist() == [0, 0]


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("lam", [0.1, np.float64(0.1), np.float32(0.1), 1])
def test_types(kind, lam):
    w = W.astype(np.float32)
    w.flags.writeable = False
    assert type(kind(lam)(w)) is float
    assert kind(lam).gradient(w).dtype == np.float32


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("lam", [-1e-9, np.nan, np.inf])
def test_strengths_without_sense(kind, lam):
    with pytest.raises(ValueError, match=f"lam .* is {lam}"):
        kind(lam)


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("lam", ["0.1", None])
def test_strengths_that_are_no_numbers(kind, lam):
    with pytest.raises((TypeError, ValueError)):
        kind(lam)


def test_a_layer_prices_its_weights_and_not_its_biases():
    layer = Dense(2, 2, regularizer=L2(0.5), rng=0)
    layer.W[...], layer.b[...] = W, 100
    assert layer.penalty() == pytest.approx(0.5 * 14.25)
    layer.forward(np.zeros((3, 2)), training=True)
    layer.backward(np.zeros((3, 2), np.float32))
    assert layer.gradients()["W"] == pytest.approx(W)
    assert not layer.gradients()["b"].any()
    assert Dense(2, 2).penalty() == 0.0


@pytest.mark.parametrize("kind", [np.int8, np.uint64, bool])
def test_whole_numbers_do_not_overflow(kind):
    w = np.full((4, 4), np.array(100, kind))  # 100 * 100 is beyond int8
    for penalty in (L1(1), L2(1)):
        assert penalty(w) == penalty(w.astype(float)) > 0
    large = np.full((3, 3), 2**63, np.uint64)
    assert L2(1)(large) == pytest.approx(9 * 2.0**126)
    assert L1(1)(large) == pytest.approx(9 * 2.0**63)
