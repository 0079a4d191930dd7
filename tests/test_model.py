"""Sequential: names, order, slopes, penalty, files."""

import numpy as np
import pytest
from checks import model_errors, networks

from nn import (
    L2,
    Dense,
    Dropout,
    Identity,
    Normalization,
    ReLU,
    Sequential,
)


def small():
    """A network with one layer of every kind of memory."""
    return Sequential(
        Normalization([1, 2], [3, 4]),
        Dense(2, 3, rng=0, regularizer=L2(0.1)),
        ReLU(),
        Dropout(0.5, rng=0),
        Dense(3, 1, rng=1, regularizer=L2(0.2)),
    )


def test_arrays_are_named_by_position():
    model = small()
    names = ["1.W", "1.b", "4.W", "4.b"]
    assert list(model.parameters()) == list(model.gradients()) == names
    assert list(model.state()) == ["0.mean", "0.std", *names]
    assert model.parameters()["4.W"] is model.layers[4].W
    nested = Sequential(ReLU(), model)
    assert list(nested.parameters()) == [f"1.{name}" for name in names]


def test_every_slope_from_the_loss_down():
    for model, loss, X, y in networks():
        assert max(model_errors(model, loss, X, y).values()) < 1e-6


def test_the_input_gradient_is_left_out_when_nobody_wants_it(rng):
    model, X = small(), rng.random((5, 2), dtype=np.float32)
    dZ = np.ones((5, 1), np.float32)
    model.forward(X)
    model.backward(dZ)
    wanted = {k: g.copy() for k, g in model.gradients().items()}
    assert model.backward(dZ, input_gradient=False) is None
    for name, gradient in model.gradients().items():
        assert np.array_equal(gradient, wanted[name])


def test_a_network_without_parameters_passes_everything_on():
    model, X = Sequential(ReLU(), Identity()), np.array([[-1.0, 2.0]])
    assert model.forward(X).tolist() == [[0, 2]]
    assert model.backward(X).tolist() == [[0, 2]]
    assert model.parameters() == {}
    assert model.penalty() == 0


def test_the_penalty_is_the_sum_over_the_layers():
    model = small()
    W1, W2 = model.layers[1].W, model.layers[4].W
    expected = 0.1 * np.sum(W1**2) + 0.2 * np.sum(W2**2)
    assert model.penalty() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("layer", [None, "ReLU", ReLU, 3, [ReLU()]])
def test_what_is_no_layer_is_refused(layer):
    with pytest.raises(TypeError, match="Sequential expects layers, got"):
        Sequential(Dense(2, 2), layer)


def test_save_and_load_give_the_same_outputs(rng, tmp_path):
    model, fresh = small(), small()
    for w in fresh.state().values():
        w[...] = 7
    X = rng.random((5, 2), dtype=np.float32)
    model.save(tmp_path / "a.safetensors")
    assert fresh.load(tmp_path / "a.safetensors") is fresh
    assert np.array_equal(fresh.forward(X), model.forward(X))


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    small().save(path)
    other = Sequential(Dense(2, 3, rng=5))
    before = other.layers[0].W.copy()
    with pytest.raises(ValueError, match=r"holds .*, expected"):
        other.load(path)
    assert np.array_equal(other.layers[0].W, before)
