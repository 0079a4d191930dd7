"""Sequential: names, order, slopes, penalty, vectors, files."""

import copy
import pickle

import numpy as np
import pytest
from checks import model_errors, networks

from nn import (
    L2,
    SGD,
    Dense,
    Dropout,
    Identity,
    Layer,
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


class Scaled(Layer):
    """A = X * gain; its arrays have other names than its attributes."""

    def __init__(self):
        self.scale, self.slope = np.ones(3, np.float32), np.zeros(3)

    def forward(self, X, training=False):
        self.X = X
        return X * self.scale

    def backward(self, dA, /):
        self.slope = (dA * self.X).sum(axis=0)
        return dA * self.scale

    def parameters(self):
        return {"gain": self.scale}

    def gradients(self):
        return {"gain": self.slope}


def shared():
    first, second = Dense(3, 3, rng=0), Dense(3, 3, rng=1)
    second.W = first.W
    return first, second


def transposed():
    first, second = Dense(3, 4, rng=0), Dense(4, 3, rng=1)
    second.W = first.W.T
    return first, second


APART = {
    "two types": lambda: (Dense(3, 3), Dense(3, 3, dtype=np.float64)),
    "one array in two layers": shared,
    "one memory in two layers": transposed,
    "other attributes": lambda: (Dense(3, 3), Scaled()),
    "a network in it": lambda: (Dense(3, 3), Sequential(Dense(3, 3))),
    "nothing to learn": lambda: (ReLU(),),
}


def step(model, rng):
    """Fill the gradients with something; return the step's arguments."""
    Z = model.forward(rng.random((5, 3), dtype=np.float32))
    model.backward(np.ones_like(Z))
    return model.vectors()


def test_the_vectors_hold_all_parameters_and_gradients_in_order(rng):
    model = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 3, rng=1))
    assert all(list(vectors) == ["all"] for vectors in step(model, rng))
    for arrays, vectors in zip(
        (model.parameters(), model.gradients()),
        model.vectors(),
        strict=True,
    ):
        expected = np.concatenate([*arrays.values()], axis=None)
        assert np.array_equal(vectors["all"], expected)
        assert vectors["all"].dtype == np.float32


def test_a_step_reaches_the_arrays_that_were_asked_for_before(rng):
    model = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 3, rng=1))
    mine = model.parameters()
    was = {name: w.copy() for name, w in mine.items()}
    SGD(0.1).step(*step(model, rng))
    for name, w in model.parameters().items():
        assert w is mine[name]
        g = model.gradients()[name]
        assert w == pytest.approx(was[name] - 0.1 * g, rel=1e-5)
    assert model.gradients()["0.W"].any()


@pytest.mark.parametrize(
    "change",
    [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_learns_by_itself(change, rng):
    model = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 3, rng=1))
    step(model, rng)
    twin = change(model)
    was = {name: w.copy() for name, w in model.parameters().items()}
    SGD(0.1).step(*step(twin, rng))
    assert not np.array_equal(twin.layers[0].W, was["0.W"])
    for name, w in model.parameters().items():
        assert np.array_equal(w, was[name])


def test_a_new_array_in_a_layer_is_trained(rng):
    model = Sequential(Dense(3, 3, rng=0), Dense(3, 3, rng=1))
    step(model, rng)
    model.layers[0].W = np.eye(3, dtype=np.float32)
    first, second = model.layers
    first.b, second.b = second.b, first.b  # and two that change places
    SGD(0.1).step(*step(model, rng))
    assert first.W == pytest.approx(np.eye(3) - 0.1 * first.dW, rel=1e-5)
    assert first.b == pytest.approx(-0.1 * first.db, rel=1e-5)
    assert second.b == pytest.approx(-0.1 * second.db, rel=1e-5)


def test_layers_in_two_networks_serve_both(rng):
    layers = Dense(3, 3, rng=0), Dense(3, 3, rng=1)
    whole, part = Sequential(*layers), Sequential(layers[0])
    for model in (whole, part, whole):
        was = layers[0].W.copy()
        SGD(0.1).step(*step(model, rng))
        W = was - 0.1 * layers[0].dW
        assert layers[0].W == pytest.approx(W, rel=1e-5)


@pytest.mark.parametrize("layers", APART.values(), ids=APART)
def test_arrays_that_cannot_be_joined_go_by_name(layers, rng):
    layers = layers()
    kinds = [w.dtype for a in layers for w in a.parameters().values()]
    model = Sequential(*layers)
    parameters, gradients = step(model, rng)
    assert list(parameters) == list(gradients) == list(model.parameters())
    assert all(parameters[k] is w for k, w in model.parameters().items())
    assert [w.dtype for w in parameters.values()] == kinds
    was = {name: w.copy() for name, w in parameters.items()}
    SGD(0.1).step(parameters, gradients)
    for name, w in was.items():
        assert not np.array_equal(model.parameters()[name], w)


def test_one_array_in_two_layers_stays_one(rng):
    model = Sequential(*shared())
    SGD(0.1).step(*step(model, rng))
    assert model.layers[0].W is model.layers[1].W


def test_a_gradient_of_another_shape_is_refused(rng):
    model = Sequential(Dense(3, 4, rng=0))
    step(model, rng)
    model.layers[0].dW = model.layers[0].dW.T
    with pytest.raises(ValueError, match="could not broadcast"):
        model.vectors()
