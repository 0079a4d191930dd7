"""Losses: values, slopes, types, what they refuse."""

import math

import numpy as np
import pytest
from checks import TORCH

from nn import (
    CategoricalCrossEntropy,
    Dense,
    MeanSquaredError,
    ReLU,
    Sequential,
    Softmax,
    SoftmaxCrossEntropy,
    check_gradients,
    softmax,
)

CLASSIFIERS = [SoftmaxCrossEntropy, CategoricalCrossEntropy]
LOSSES = [*CLASSIFIERS, MeanSquaredError]


def case(loss, rng, n=5, k=4):
    """Outputs and targets that suit the loss."""
    Z = rng.standard_normal((n, k))
    if loss is MeanSquaredError:
        return Z, rng.standard_normal((n, k))
    y = rng.integers(0, k, n)
    return (Z if loss is SoftmaxCrossEntropy else softmax(Z)), y


def test_cross_entropy_by_hand():
    P, y = np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1])
    expected = -(math.log(0.5) + math.log(0.8)) / 2
    loss = CategoricalCrossEntropy()
    assert loss.forward(P, y) == pytest.approx(expected)
    assert loss.backward() == pytest.approx(
        np.array([[-1 / (2 * 0.5), 0], [0, -1 / (2 * 0.8)]])
    )
    assert SoftmaxCrossEntropy().forward(np.log(P), y) == pytest.approx(
        expected
    )


def test_mean_squared_error_by_hand():
    loss = MeanSquaredError()
    Z, y = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 4]])
    assert loss.forward(Z, y) == (4 + 9) / 4
    assert loss.backward().tolist() == [[0, 1], [1.5, 0]]


def test_an_untrained_classifier_loses_ln_k():
    Z, y = np.zeros((8, 10), np.float32), np.arange(8)
    assert SoftmaxCrossEntropy().forward(Z, y) == pytest.approx(
        math.log(10)
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients(rng, loss):
    Z, y = case(loss, rng)
    loss = loss()
    loss.forward(Z, y)
    dZ = {"Z": loss.backward()}
    errors = check_gradients(lambda: loss.forward(Z, y), {"Z": Z}, dZ)
    assert errors["Z"] < 1e-6


@pytest.mark.parametrize("scale", [1, 30])
def test_both_roads_from_logits_agree(rng, scale):
    Z, y = scale * rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    one, layer, two = SoftmaxCrossEntropy(), Softmax(), (
        CategoricalCrossEntropy()
    )  # fmt: skip
    assert one.forward(Z, y) == pytest.approx(
        two.forward(layer.forward(Z, training=True), y)
    )
    dZ = one.backward()
    assert layer.backward(two.backward()) == pytest.approx(dZ)
    assert dZ.sum(axis=1) == pytest.approx(0)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_huge_logits_are_exact(kind):
    loss, y = SoftmaxCrossEntropy(), np.array([0, 1])
    Z = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0]], kind)
    with np.errstate(all="raise", under="ignore"):
        assert loss.forward(Z, y) == 1e4  # (0 + 20000) / 2
        assert loss.backward().tolist() == [[0, 0, 0], [0.5, -0.5, 0]]


def test_rows_of_very_different_height_are_exact():
    Z, y = np.array([[5000.0, 5001], [-5000, -5001], [0, 1]]), [0, 1, 0]
    loss = SoftmaxCrossEntropy()
    assert loss.forward(Z, y) == pytest.approx(math.log(1 + math.e))
    rows = np.array([[-1, 1], [1, -1], [-1, 1]]) / 3
    p = math.e / (1 + math.e)
    assert loss.backward() == pytest.approx(p * rows)


def test_a_probability_of_zero_costs_infinity():
    with np.errstate(divide="ignore"):
        L = CategoricalCrossEntropy().forward(
            np.array([[0.0, 1]]), np.array([0])
        )
    assert L == math.inf


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_types(rng, loss, kind):
    Z, y = case(loss, rng)  # float64 targets do not poison float32
    loss = loss()
    assert type(loss.forward(Z.astype(kind), y)) is float
    assert loss.backward().dtype == kind


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.uint64])
def test_labels_of_any_integer_type(rng, kind):
    Z, y = case(SoftmaxCrossEntropy, rng)
    for loss in (SoftmaxCrossEntropy(), CategoricalCrossEntropy()):
        expected = loss.forward(softmax(Z), y), loss.backward()
        assert loss.forward(softmax(Z), y.astype(kind)) == expected[0]
        assert np.array_equal(loss.backward(), expected[1])


@pytest.mark.parametrize("loss", LOSSES)
def test_backward_twice_and_arrays_of_the_caller(rng, loss):
    Z, y = case(loss, rng)
    Z.flags.writeable = y.flags.writeable = False
    loss = loss()
    loss.forward(Z, y)
    assert np.array_equal(loss.backward(), loss.backward())


@pytest.mark.parametrize("loss", LOSSES)
def test_lists_work_as_well(rng, loss):
    Z, y = case(loss, rng)
    expected = loss().forward(Z, y)
    assert loss().forward(Z.tolist(), y.tolist()) == expected


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], r"5 class numbers.*\(2,\)"),
        ([[0], [1], [2], [3], [0]], r"5 class numbers.*\(5, 1\)"),
        (np.eye(4)[[0, 1, 2, 3, 0]], r"5 class numbers.*\(5, 4\)"),
        (np.eye(4, dtype=int)[[0, 1, 2, 3, 0]], r"class numbers.*\(5, 4\)"),
        ([0.0, 1, 2, 3, 0], "integers.*float64"),
        ([True, False, True, True, True], "integers.*bool"),
        (list("abcda"), "y must hold real numbers.*<U1"),
        ([0, 1, 2, 3, 4], "from 0 to 3.*range from 0 to 4"),
        ([0, 1, 2, 3, -1], "from 0 to 3.*range from -1 to 3"),
    ],
)
def test_labels_that_make_no_sense(rng, loss, y, message):
    P, _ = case(CategoricalCrossEntropy, rng)
    with pytest.raises(ValueError, match=message):
        loss().forward(P, np.array(y))


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (0, 3), (3, 0)])
def test_scores_that_make_no_sense(loss, shape):
    with pytest.raises(ValueError, match=r"\(n, k\)"):
        loss().forward(np.ones(shape), np.zeros(shape[0], int))


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 2), (4, 1), ()])
def test_targets_never_broadcast(shape):
    with pytest.raises(ValueError, match=r"\(3, 1\)") as info:
        MeanSquaredError().forward(np.ones((3, 1)), np.ones(shape))
    assert str(shape) in str(info.value)


def test_sums_of_squares_in_half_precision():
    tens = np.full((2000, 1), 10, np.float16)  # float16 ends at 65,504
    loss = MeanSquaredError()
    assert loss.forward(tens, 0 * tens) == 100
    assert loss.forward(0 * tens, tens) == 100
    assert np.allclose(loss.backward(), -20 / 2000)


def test_targets_that_make_no_sense():
    with pytest.raises(ValueError, match="numbers"):
        MeanSquaredError().forward(np.ones((1, 1)), np.array([["a"]]))
    with pytest.raises(ValueError, match="y must have at least one target"):
        MeanSquaredError().forward(np.ones((0, 1)), np.ones((0, 1)))


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy, MeanSquaredError])
def test_a_network_agrees_with_pytorch(loss):
    case = TORCH["network"]
    a = {name: np.array(x) for name, x in case["arrays"].items()}
    model = Sequential(
        Dense(4, 5, dtype=np.float64), ReLU(), Dense(5, 3, dtype=np.float64)
    )
    for name, w in model.parameters().items():
        w[...] = a[
            {"0.W": "W1", "0.b": "b1", "2.W": "W2", "2.b": "b2"}[name]
        ]
    y = case["classes" if loss is SoftmaxCrossEntropy else "targets"]
    theirs, loss = case[loss.__name__], loss()
    Z = model.forward(a["X"], training=True)
    L = loss.forward(Z, np.array(y))
    assert L == pytest.approx(theirs["loss"], rel=1e-14)
    ours = {"X": model.backward(loss.backward()), **model.gradients()}
    assert ours.keys() == theirs["gradients"].keys()
    for name, gradient in theirs["gradients"].items():
        assert np.abs(ours[name] - gradient).max() < 1e-14


# weights of rows


@pytest.mark.parametrize("loss", LOSSES)
def test_weighted_losses_are_weighted_means(rng, loss):
    Z, y = case(loss, rng)
    weights, loss = np.array([3.0, 0, 1, 0.5, 2]), loss()
    each = [loss.forward(Z[[i]], y[[i]]) for i in range(5)]
    L = loss.forward(Z, y, weights=weights)
    assert L == pytest.approx(np.average(each, weights=weights))
    slopes = loss.backward()
    for factor in (1e-300, 7, 1e307):  # only the proportions count
        assert loss.forward(Z, y, weights=factor * weights) == (
            pytest.approx(L)
        )
        assert loss.backward() == pytest.approx(slopes)
    assert loss.forward(Z, y, weights=[1, 1, 1, 1, 1]) == (
        loss.forward(Z, y)
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_of_weighted_losses(rng, loss):
    Z, y = case(loss, rng)
    loss, weights = loss(), np.array([3, 0, 1, 9, 2])

    def f():
        return loss.forward(Z, y, weights=weights)

    f()
    errors = check_gradients(f, {"Z": Z}, {"Z": loss.backward()})
    assert errors["Z"] < 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repeated_rows(rng, loss):
    Z, y = case(loss, rng)
    times, loss = np.array([3, 0, 1, 4, 2]), loss()
    repeated = np.repeat(np.arange(5), times)
    L = loss.forward(Z[repeated], y[repeated])
    slopes = np.zeros_like(Z)
    np.add.at(slopes, repeated, loss.backward())
    assert loss.forward(Z, y, weights=times) == pytest.approx(L)
    assert loss.backward() == pytest.approx(slopes)


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_change_no_type_and_are_forgotten(rng, loss):
    Z, y = case(loss, rng)
    Z, weights, loss = Z.astype(np.float32), np.arange(5.0), loss()
    plain = loss.forward(Z, y), loss.backward()
    assert type(loss.forward(Z, y, weights=weights)) is float
    assert loss.backward().dtype == np.float32
    assert not np.array_equal(loss.backward(), plain[1])
    assert weights.tolist() == [0, 1, 2, 3, 4]
    assert loss.forward(Z, y) == plain[0]
    assert np.array_equal(loss.backward(), plain[1])
