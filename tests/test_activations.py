"""Activations: values and slopes."""

import numpy as np
import pytest
from checks import layer_errors

from nn import Identity, ReLU, Softmax, softmax


def test_softmax_by_hand():
    P = softmax(np.log(np.array([[1.0, 2, 5], [3, 3, 3]])))
    assert P == pytest.approx(
        np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]])
    )
    assert softmax(np.log([1.0, 3])) == pytest.approx([0.25, 0.75])


def test_softmax_compares_and_never_measures(rng):
    Z = rng.standard_normal((6, 4))
    P = softmax(Z)
    assert P.sum(axis=1) == pytest.approx(1)
    assert softmax(Z + 100) == pytest.approx(P)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_softmax_of_huge_logits_is_exact(kind):
    Z = np.array([[1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]], kind)
    P = softmax(Z)
    assert P.dtype == kind
    assert P[0].tolist() == [0.5, 0, 0.5]
    assert P[1] == pytest.approx(1 / 3)


def test_softmax_takes_lists_and_leaves_arrays():
    Z = np.array([[1.0, 2]])
    Z.flags.writeable = False
    assert np.array_equal(softmax(Z), softmax([[1, 2]]))


def test_relu_by_hand():
    layer = ReLU()
    A = layer.forward(np.array([[-2.0, 0, 3]]), training=True)
    assert A.tolist() == [[0, 0, 3]]
    dA = np.array([[5.0, 5, 5]])
    assert layer.backward(dA).tolist() == [[0, 0, 5]]
    assert dA.tolist() == [[5, 5, 5]]


def test_identity_passes_values_and_slopes(rng):
    Z, layer = rng.random((2, 3)), Identity()
    assert layer.forward(Z) is Z
    assert layer.backward(Z) is Z


@pytest.mark.parametrize("layer", [ReLU(), Identity(), Softmax()])
def test_gradients(rng, layer):
    assert layer_errors(layer, rng.standard_normal((6, 4)))["X"] < 1e-6


def test_softmax_backward_is_its_jacobian(rng):
    layer, dA = Softmax(), rng.standard_normal((5, 3))
    A = layer.forward(rng.standard_normal((5, 3)), training=True)
    dZ = layer.backward(dA)
    for a, da, dz in zip(A, dA, dZ, strict=True):
        assert dz == pytest.approx((np.diag(a) - np.outer(a, a)) @ da)


@pytest.mark.parametrize("layer", [ReLU(), Identity(), Softmax()])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_type_stays(layer, kind):
    A = layer.forward(np.ones((2, 3), kind), training=True)
    assert A.dtype == kind
    assert layer.backward(A).dtype == kind
