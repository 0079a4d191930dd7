"""Instruments: what they read, and that training does not change."""

import copy

import numpy as np
import pytest

from nn import (
    L2,
    SGD,
    Adam,
    Dense,
    Dropout,
    Instruments,
    MeanSquaredError,
    Momentum,
    Normalization,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    fit,
    relative_error,
)

QUANTITIES = {"dead", "mean", "std", "gradient", "update"}


@pytest.fixture
def rows(rng):
    """40 rows of three columns, and their classes."""
    X = rng.standard_normal((40, 3), dtype=np.float32)
    return X, X.argmax(axis=1)


def network(X):
    """A network with all that may be random or remembered."""
    return Sequential(
        Normalization.of(X),
        Dense(3, 8, regularizer=L2(1e-3), rng=0),
        ReLU(),
        Dropout(0.3, rng=1),
        Dense(8, 3, rng=2),
    )


def trained(rows, optimizer, watched):
    """The model, optimizer and history of five epochs."""
    model, loss = network(rows[0]), SoftmaxCrossEntropy()
    watch = None
    if watched:
        watch = Instruments(model, *rows, loss=loss, optimizer=optimizer)
    history = fit(
        model,
        *rows,
        loss=loss,
        optimizer=optimizer,
        epochs=5,
        batch_size=8,
        validation=rows,
        rng=3,
        on_epoch=watch,
    )
    return model, history, watch


@pytest.mark.parametrize("rule", [SGD, Momentum, Adam])
def test_training_is_the_same_bit_by_bit(rows, rule):
    results = []
    for watched in (False, True):
        optimizer = rule(0.01, lr_decay=0.1)
        model, history, _ = trained(rows, optimizer, watched)
        arrays = {k: w.tobytes() for k, w in model.parameters().items()}
        dice = model.layers[3].rng.bit_generator.state
        results.append((arrays, history, dice, optimizer.t))
        assert all(layer.kept is None for layer in model.layers)
    assert results[0] == results[1]


def test_a_reading_before_training_and_one_after_each_epoch(rows):
    _, history, watch = trained(rows, Adam(0.01), True)
    layers, arrays = {*"01234"}, {"1.W", "1.b", "4.W", "4.b"}
    assert watch.readings.keys() == QUANTITIES
    for quantity, places in watch.readings.items():
        of_arrays = quantity in ("gradient", "update")
        assert places.keys() == (arrays if of_arrays else layers)
        for values in places.values():
            assert len(values) == 1 + len(history["loss"])
            assert all(type(v) is float for v in values)


def test_values_by_hand():
    """Two rows; unit 0 has the outputs 1 and 2, unit 1 never fires."""
    layer, bend = Dense(1, 2, dtype=np.float64), ReLU()
    layer.W[...], layer.b[...] = [[1.0, -1.0]], [0.0, -1.0]
    X, y = np.array([[1.0], [2.0]]), np.array([[0.0, 0.0], [0.0, 0.0]])
    model = Sequential(layer, bend)
    parts = {"loss": MeanSquaredError(), "optimizer": SGD(0.1)}
    watch = Instruments(model, X, y, **parts)
    read = {
        q: {k: v[-1] for k, v in p.items()}
        for q, p in watch.readings.items()
    }
    assert read["dead"] == {"0": 0, "1": 0.5}
    assert read["mean"] == {"0": (1 + 2 - 2 - 3) / 4, "1": 3 / 4}
    squares = (1 + 4 + 4 + 9) / 4 - read["mean"]["0"] ** 2
    assert read["std"]["0"] == pytest.approx(squares**0.5)
    # L = (1 + 4) / 4, so dL/dz is 2 z / 4: the slope of the weight is
    # 1 * 0.5 + 2 * 1 = 2.5, that of the bias 0.5 + 1 = 1.5
    assert read["gradient"] == {"0.W": 2.5, "0.b": 1.5}
    assert read["update"]["0.W"] == pytest.approx(0.25)  # of 1
    assert read["update"]["0.b"] == pytest.approx(0.15)  # of 1
    assert np.array_equal(watch.outputs["1"], [[1, 0], [2, 0]])
    assert np.array_equal(watch.gradients["0.W"], [[2.5, 0]])
    assert np.array_equal(layer.W, [[1, -1]])


def test_the_update_is_that_of_the_next_step(rows):
    """The copy of the optimizer remembers what the optimizer does."""
    optimizer, loss = Adam(0.01), SoftmaxCrossEntropy()
    model = Sequential(Dense(3, 3, rng=0))
    watch = Instruments(model, *rows, loss=loss, optimizer=optimizer)
    settings = {"loss": loss, "optimizer": optimizer, "batch_size": 40}
    fit(model, *rows, epochs=3, on_epoch=watch, rng=0, **settings)
    before = model.layers[0].W.copy()
    fit(model, *rows, epochs=1, rng=0, **settings)
    expected = relative_error(before, model.layers[0].W)
    found = watch.readings["update"]["0.W"][-1]
    assert found == pytest.approx(expected, rel=1e-4)


def test_an_array_that_no_step_reaches_has_no_update(rows):
    class Frozen(Dense):
        """Gives its optimizer copies."""

        def parameters(self):
            return copy.deepcopy(super().parameters())

    model = Sequential(Dense(3, 8, rng=0), ReLU(), Frozen(8, 3, rng=1))
    parts = {"loss": SoftmaxCrossEntropy(), "optimizer": SGD(0.1)}
    read = Instruments(model, *rows, **parts).readings
    assert read["gradient"]["2.W"][0] > 0
    assert read["update"]["2.W"] == [0]
    assert read["update"]["0.W"][0] > 0


def test_a_network_of_zeros_is_dead(rows):
    model = Sequential(Dense(3, 8, rng=0), ReLU(), Dense(8, 3, rng=1))
    for array in model.parameters().values():
        array[...] = 0
    parts = {"loss": SoftmaxCrossEntropy(), "optimizer": SGD(0.1)}
    read = Instruments(model, *rows, **parts).readings
    assert [read["dead"][k] for k in "012"] == [[1], [1], [1]]
    assert read["update"]["0.W"] == [0]  # neither nan nor a warning
    assert read["update"]["2.b"] == [1]  # the step is all there is


def test_numbers_that_overflow_are_read_without_a_warning(rows):
    model = Sequential(Dense(3, 3, rng=0), Dense(3, 3, rng=1))
    for layer in model.layers:
        layer.W *= 1e30
    parts = {"loss": SoftmaxCrossEntropy(), "optimizer": SGD(0.1)}
    read = Instruments(model, *rows, **parts).readings
    assert not np.isfinite(read["std"]["1"][0])


def test_a_layer_alone_is_a_model(rows):
    parts = {"loss": SoftmaxCrossEntropy(), "optimizer": SGD(0.1)}
    read = Instruments(Dense(3, 3, rng=0), *rows, **parts).readings
    assert [*read["std"]] == ["0"]
    assert [*read["update"]] == ["W", "b"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": None}, "model must have a method forward"),
        ({"loss": "mse"}, "loss must have a method forward"),
        ({"optimizer": Adam}, "optimizer must be an object"),
        ({"y": np.zeros(39, int)}, "39"),
    ],
)
def test_what_is_refused(rows, wrong, message):
    X, y = rows
    right = {"model": network(X), "X": X, "y": y}
    right |= {"loss": SoftmaxCrossEntropy(), "optimizer": Adam()}
    with pytest.raises((TypeError, ValueError), match=message):
        Instruments(**right | wrong)
