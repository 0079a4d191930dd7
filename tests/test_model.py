"""Sequential: names, order, slopes, penalty, places, files."""

import copy
import pickle
import re
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from checks import Scaled, model_errors, networks

from nn import (
    L2,
    SGD,
    BatchNormalization,
    Dense,
    Dropout,
    Identity,
    Layer,
    MeanSquaredError,
    Normalization,
    ReLU,
    Sequential,
    train_step,
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
    other, dZ = copy.deepcopy(model), np.ones((5, 1), np.float32)
    for network in (model, other):
        network.forward(X, training=True)
    assert model.backward(dZ).shape == X.shape
    assert other.backward(dZ, input_gradient=False) is None
    for name, gradient in model.gradients().items():
        assert np.array_equal(gradient, other.gradients()[name])


def test_a_network_without_parameters_passes_everything_on():
    model, X = Sequential(ReLU(), Identity()), np.array([[-1.0, 2.0]])
    assert model.forward(X, training=True).tolist() == [[0, 2]]
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
    with pytest.raises(
        TypeError, match=f"layers, .*{re.escape(repr(layer))}"
    ):
        Sequential(Dense(2, 2), layer)


def test_save_and_load_give_the_same_outputs(rng, tmp_path):
    model, fresh = small(), small()
    for w in fresh.state().values():
        w[...] = 7
    X = rng.random((5, 2), dtype=np.float32)
    model.save(tmp_path / "a.safetensors")
    assert fresh.load(tmp_path / "a.safetensors") is fresh
    assert np.array_equal(fresh.forward(X), model.forward(X))


def test_running_numbers_travel_with_the_weights(rng, tmp_path):
    def network(seed):
        return Sequential(
            Dense(3, 4, rng=seed), Sequential(BatchNormalization(4))
        )

    model, X = network(0), rng.random((9, 3), dtype=np.float32)
    how = {"loss": MeanSquaredError(), "optimizer": SGD(0.1)}
    Y = rng.random((9, 4), dtype=np.float32)
    train_step(model, X, Y, **how)
    names = ["gamma", "beta", "running_mean", "running_var"]
    assert [*model.state()][2:] == [f"1.0.{name}" for name in names]
    assert [*model.parameters()][2:] == ["1.0.gamma", "1.0.beta"]
    model.save(tmp_path / "a.safetensors")
    others = [
        network(1).load(tmp_path / "a.safetensors"),
        network(1).load_state(model.state()),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ]
    Z = model.forward(X)
    train_step(model, X, Y, **how)  # changes none of the others
    assert not np.array_equal(model.forward(X), Z)
    for other in others:
        assert np.array_equal(other.forward(X), Z)


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    small().save(path)
    other = Sequential(Dense(2, 3, rng=5))
    before = other.layers[0].W.copy()
    with pytest.raises(
        ValueError, match=r"must hold the arrays .* but holds"
    ):
        other.load(path)
    assert np.array_equal(other.layers[0].W, before)


def test_a_state_is_copied_into_a_model_of_its_kind(rng):
    model, other = small(), small()
    for w in model.state().values():
        w[...] = 7
    state = model.state()
    assert other.load_state(state) is other
    X = rng.random((5, 2), dtype=np.float32)
    assert np.array_equal(other.forward(X), model.forward(X))
    for w in state.values():
        w[...] = 9  # the copy has its own arrays
    assert {w.flat[0] for w in other.state().values()} == {7}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"0.W": np.ones((2, 9), np.float32)}, "must hold the arrays"),
        ({"0.b": np.full(3, np.nan, np.float32)}, r"'0\.b'.* must be fin"),
        ({"1.mean": np.ones(3, np.float32)}, "state must hold the arrays"),
        ({"9.W": np.ones(1)}, "state must hold the arrays"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    model = Sequential(Dense(2, 3, rng=0))
    before = copy.deepcopy(model.state())
    state = {"0.W": np.zeros((2, 3), np.float32), "0.b": before["0.b"] + 1}
    with pytest.raises(ValueError, match=message):
        model.load_state(state | change)
    for name, array in model.state().items():
        assert np.array_equal(array, before[name])
    scaled = Sequential(Normalization(0, np.ones(2)))
    wrong = copy.deepcopy(scaled.state())
    wrong["0.std"][...] = -1
    with pytest.raises(ValueError, match="std must be above 0"):
        scaled.load_state(wrong)


def step(model, rng, lr=0.1):
    """One step of SGD on random rows of three numbers."""
    X, y = rng.random((2, 5, 3), dtype=np.float32)
    return train_step(
        model, X, y, loss=MeanSquaredError(), optimizer=SGD(lr)
    )


# layers of a user's own


class Half(Dense):
    """Half the gradients of Dense; its backward takes only dZ."""

    def backward(self, dZ, /):
        dX = super().backward(dZ / 2)
        self.heard = True
        return dX


class Open(Scaled):
    """The same layer with a backward that takes any keyword."""

    def backward(self, dA, /, **options):
        return super().backward(dA, **options)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", [Scaled, Open, partial(Half, 3, 3)])
def test_a_layer_of_ones_own_trains_in_first_place(kind, nested, rng):
    layer = kind()
    front = Sequential(Identity(), layer) if nested else layer
    model = Sequential(front, Dense(3, 3, rng=0))
    before = {k: w.copy() for k, w in layer.parameters().items()}
    step(model, rng)
    for name, w in layer.parameters().items():
        expected = before[name] - 0.1 * layer.gradients()[name]
        assert w == pytest.approx(expected)
        assert not np.array_equal(w, before[name])
    assert getattr(layer, "heard", True)


# one object, one place


@pytest.mark.parametrize("layer", [ReLU(), Dense(3, 3), Sequential(ReLU())])
@pytest.mark.parametrize(
    "arrange",
    [
        lambda a: [a, a],
        lambda a: [a, Identity(), Sequential(ReLU(), a)],
        lambda a: [Sequential(Sequential(a)), Sequential(a)],
    ],
)
def test_one_layer_in_two_places_is_refused(layer, arrange):
    with pytest.raises(ValueError, match="twice") as info:
        Sequential(*arrange(layer))
    for part in (repr(layer), "make a second one", "arrays W and b"):
        assert part in str(info.value)


@dataclass
class Times(Layer):
    """Equal to any other that has the same factor."""

    factor: float

    def forward(self, X, training=False):
        return self.factor * X


def test_equal_layers_are_not_the_same_layer():
    model = Sequential(Times(2.0), Times(2.0))
    assert model.forward(np.ones((1, 1))) == 4


def test_layers_in_two_networks_serve_both(rng):
    layers = Dense(3, 3, rng=0), Dense(3, 3, rng=1)
    whole, part = Sequential(*layers), Sequential(layers[0])
    for model in (whole, part, whole):
        was = layers[0].W.copy()
        step(model, rng)
        W = was - 0.1 * layers[0].dW
        assert layers[0].W == pytest.approx(W, rel=1e-5)


def test_two_layers_that_share_W_both_change_it(rng):
    first, second = Dense(3, 3, rng=0), Dense(3, 3, rng=1)
    second.W = first.W
    was = first.W.copy()
    step(Sequential(first, ReLU(), second), rng)
    assert first.W is second.W
    expected = was - 0.1 * (first.dW + second.dW)
    assert first.W == pytest.approx(expected, abs=1e-6)


# arrays that change


def test_a_step_reaches_the_arrays_that_were_asked_for_before(rng):
    model = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 3, rng=1))
    mine = model.parameters()
    was = {name: w.copy() for name, w in mine.items()}
    step(model, rng)
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
    step(twin, rng)
    assert not np.array_equal(twin.layers[0].W, was["0.W"])
    for name, w in model.parameters().items():
        assert np.array_equal(w, was[name])


def test_a_new_array_in_a_layer_is_trained(rng):
    model = Sequential(Dense(3, 3, rng=0), Dense(3, 3, rng=1))
    step(model, rng)
    first, second = model.layers
    first.W = np.eye(3, dtype=np.float32)
    first.b, second.b = second.b, first.b  # and two that change places
    a, b = first.b.copy(), second.b.copy()
    step(model, rng)
    assert first.W == pytest.approx(np.eye(3) - 0.1 * first.dW, rel=1e-5)
    assert first.b == pytest.approx(a - 0.1 * first.db, rel=1e-5)
    assert second.b == pytest.approx(b - 0.1 * second.db, rel=1e-5)
