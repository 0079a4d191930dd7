"""batches, train_step, fit, predict, evaluate; threads and pickles."""

import copy
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from nn import (
    L2,
    SGD,
    Adam,
    BatchNormalization,
    Dense,
    Dropout,
    MeanSquaredError,
    Momentum,
    Optimizer,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    accuracy,
    batches,
    evaluate,
    fit,
    mean_absolute_error,
    predict,
    range_test,
    train_step,
)
from nn.datasets import california_housing
from nn.tasks import TASKS


@pytest.fixture
def line(rng):
    """60 rows of y = 2 x1 - x2 + 1, as float32."""
    X = rng.standard_normal((60, 2), dtype=np.float32)
    return X, (2 * X[:, :1] - X[:, 1:] + 1)


def fitted(X, y, *, epochs=3, model_seed=0, **options):
    model = Sequential(Dense(2, 1, rng=model_seed))
    history = fit(
        model,
        X,
        y,
        loss=MeanSquaredError(),
        optimizer=SGD(0.1),
        epochs=epochs,
        batch_size=16,
        **options,
    )
    return model, history


def test_batches_hold_every_row_once_with_its_target():
    X, y = np.arange(20).reshape(10, 2), np.arange(10)
    parts = list(batches(X, y, 4, rng=0))
    assert [len(a) for a, _ in parts] == [4, 4, 2]
    rows = np.concatenate([b for _, b in parts])
    assert sorted(rows) == list(range(10))
    assert list(rows) != list(range(10))
    for a, b in parts:
        assert np.array_equal(a, X[b])
        assert not np.shares_memory(a, X)


def test_batches_repeat_with_the_seed_and_differ_without():
    y = np.arange(50)
    one, same, other = (
        np.concatenate([b for _, b in batches(y, y, 7, rng=seed)])
        for seed in (3, 3, None)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_step_reports_what_was_before_it(line):
    X, y = line
    model = Sequential(Dense(2, 1, rng=0, regularizer=L2(0.1)))
    Z, price = model.forward(X), model.penalty()
    expected = MeanSquaredError().forward(Z, y) + price
    L, Z_step = train_step(
        model, X, y, loss=MeanSquaredError(), optimizer=SGD(0.1)
    )
    assert L == expected
    assert np.array_equal(Z_step, Z)
    assert model.penalty() != price


class UnitLength(Optimizer):
    """A rule that looks at an array as a whole: no entry is by itself."""

    def change(self, g, state, lr):
        return -lr * g / np.linalg.norm(g)


def test_a_rule_for_whole_arrays_gets_them_one_by_one(line):
    X, y = line
    model = Sequential(Dense(2, 1, rng=0))
    before = {name: w.copy() for name, w in model.parameters().items()}
    how = {"loss": MeanSquaredError(), "optimizer": UnitLength(0.5)}
    train_step(model, X, y, **how)
    for name, w in model.parameters().items():
        assert np.linalg.norm(w - before[name]) == pytest.approx(0.5)


def test_fit_finds_the_line(line):
    model, history = fitted(*line, epochs=60, rng=0)
    assert model.layers[0].W.ravel() == pytest.approx([2, -1], abs=1e-3)
    assert model.layers[0].b == pytest.approx([1], abs=1e-3)
    assert history["loss"][-1] < 1e-5 < history["loss"][0]


def test_fit_does_the_steps_of_a_loop_by_hand(line):
    X, y = line
    model, _ = fitted(X, y, rng=4)
    other, optimizer = Sequential(Dense(2, 1, rng=0)), SGD(0.1)
    rng = np.random.default_rng(4)
    for _ in range(3):
        for X_b, y_b in batches(X, y, 16, rng=rng):
            loss = MeanSquaredError()
            train_step(other, X_b, y_b, loss=loss, optimizer=optimizer)
    assert np.array_equal(model.layers[0].W, other.layers[0].W)


def test_the_history_has_one_number_per_epoch(line, capsys):
    X, y = line
    _, history = fitted(
        X,
        y,
        rng=0,
        validation=(X[:7], y[:7]),
        metrics={"mae": mean_absolute_error},
    )
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    for values in history.values():
        assert [type(v) for v in values] == [float] * 3
    assert capsys.readouterr().out == ""


def test_the_training_loss_is_weighted_by_the_rows(line):
    X, y = line  # 60 rows: batches of 16, 16, 16 and 12
    model = Sequential(Dense(2, 1, rng=0))
    history = fit(
        model,
        X,
        y,
        loss=MeanSquaredError(),
        optimizer=SGD(1e-12),
        epochs=1,
        batch_size=16,
        rng=0,
    )
    scores = evaluate(model, X, y, loss=MeanSquaredError())
    assert history["loss"][0] == pytest.approx(scores["loss"], rel=1e-5)


def test_the_training_metrics_are_weighted_by_the_rows(line):
    X, y = line  # 60 rows: batches of 16, 16, 16 and 12
    history = fit(
        Sequential(Dense(2, 1, rng=0)),
        X,
        y,
        loss=MeanSquaredError(),
        optimizer=SGD(1e-12),
        epochs=2,
        batch_size=16,
        metrics={"one": lambda y, Z: 1.0, "n": lambda y, Z: float(len(y))},
    )
    assert history["one"] == pytest.approx([1, 1])
    assert history["n"] == pytest.approx(2 * [(3 * 16**2 + 12**2) / 60])


def test_on_epoch_ends_training_by_returning_true(line):
    seen = []

    def stop(epoch, history):
        seen.append((epoch, len(history["loss"])))
        return epoch == 1

    _, history = fitted(*line, epochs=9, on_epoch=stop)
    assert seen == [(0, 1), (1, 2)]
    assert len(history["loss"]) == 2


def test_one_seed_gives_one_network(line):
    a, _ = fitted(*line, rng=1)
    b, _ = fitted(*line, rng=1)
    c, _ = fitted(*line, rng=2)
    assert np.array_equal(a.layers[0].W, b.layers[0].W)
    assert not np.array_equal(a.layers[0].W, c.layers[0].W)


def test_training_changes_no_array_of_the_caller(line):
    X, y = line
    X.flags.writeable = y.flags.writeable = False
    fitted(X, y, validation=(X, y))


def test_training_stays_in_float32(rng):
    X = rng.integers(0, 256, (40, 6), dtype=np.uint8)
    model = Sequential(
        Dense(6, 5, rng=0, regularizer=L2(0.1)),
        ReLU(),
        Dropout(0.5, rng=0),
        Dense(5, 3, rng=1),
    )
    fit(
        model,
        X,
        rng.integers(0, 3, 40),
        loss=SoftmaxCrossEntropy(),
        optimizer=Adam(),
        epochs=2,
        metrics={"accuracy": accuracy},
    )
    arrays = [*model.parameters().values(), *model.gradients().values()]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_evaluate_has_no_penalty_and_no_dropout(line):
    X, y = line
    dense = Dense(2, 1, rng=0, regularizer=L2(10.0))
    model = Sequential(dense, Dropout(0.9, rng=0))
    bare = MeanSquaredError().forward(dense.forward(X), y)
    assert evaluate(model, X, y, loss=MeanSquaredError()) == {"loss": bare}


def test_predict_does_not_depend_on_the_batch_size(line):
    X, _ = line
    model = Sequential(
        *(Dense(2, 3, rng=0), BatchNormalization(3), ReLU(), Dropout(0.5))
    )
    whole = predict(model, X)
    assert whole.shape == (60, 3)
    assert predict(model, X, batch_size=7) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("size", [0, -1])
def test_batch_sizes_without_sense(line, size):
    with pytest.raises(
        ValueError, match="batch_size must be an integer of 1 or more"
    ):
        list(batches(*line, size))
    with pytest.raises(
        ValueError, match="batch_size must be an integer of 1 or more"
    ):
        predict(Sequential(Dense(2, 1)), line[0], batch_size=size)


@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        (60, 59, r"same number of rows.*\(60, 2\) and \(59, 1\)"),
        (0, 0, r"at least one row, .* \(0, 2\)"),
    ],
)
def test_rows_and_targets_that_do_not_match(line, rows, targets, message):
    X, y = line
    with pytest.raises(ValueError, match=message):
        fitted(X[:rows], y[:targets])


def test_a_validation_pair_is_checked_before_the_first_step(line):
    X, y = line
    with pytest.raises(
        ValueError, match="validation y must have the same number"
    ):
        fitted(X, y, validation=(X, y[:3]), metrics={"m": lambda *_: 1 / 0})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_told_with_their_row(line, bad):
    X, y = (a.copy() for a in line)
    X[17, 1] = bad
    with pytest.raises(ValueError, match=r"X must be finite, but row 17"):
        fitted(X, y)
    with pytest.raises(ValueError, match=r"X must be finite, but row 17"):
        predict(Sequential(Dense(2, 1)), X)
    y[5] = bad
    with pytest.raises(ValueError, match=r"y must be finite, but row 5"):
        fitted(line[0], y)


@pytest.mark.parametrize("epochs", [0, -2])
def test_epochs_without_sense(line, epochs):
    with pytest.raises(
        ValueError, match="epochs must be an integer of 1 or more, but"
    ):
        fitted(*line, epochs=epochs)


# predictions beside predictions and beside training


@pytest.fixture
def impatient():
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def california(n):
    """The network with waves over the map, and its first n rows."""
    task, (X, y) = TASKS["california-housing"], california_housing()[0]
    model, _ = task.build(task.settings["fourier"], X, y, 0)
    return model, X[:n], y[:n]


def perceptron(n):
    """A network with dropout in front of a layer that learns."""
    X = np.random.default_rng(1).random((n, 16), dtype=np.float32)
    model = Sequential(
        Dense(16, 64, rng=0, regularizer=L2(1e-3)),
        BatchNormalization(64),
        ReLU(),
        Dropout(0.3, rng=0),
        Dense(64, 1, rng=1),
    )
    return model, X, X[:, :1] * X[:, 1:2]


def test_predictions_from_eight_threads_are_right(impatient):
    model, X, _ = california(3200)
    sizes = np.random.default_rng(0).integers(2, 94, len(X))
    sizes[::2] = 1
    rows = [X[i : i + n] for i, n in enumerate(sizes)]
    expected = [predict(model, X_i) for X_i in rows]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(partial(predict, model), rows))
    assert all(map(np.array_equal, found, expected))


def test_training_beside_predictions_ends_at_the_same_weights(impatient):
    model, X, y = perceptron(700)
    alone, loss = copy.deepcopy(model), MeanSquaredError()
    how = {"loss": loss, "epochs": 8, "batch_size": 64, "rng": 0}
    fit(alone, X, y, optimizer=Adam(1e-2), **how)
    done, calls = threading.Event(), []

    def ask():
        while not done.is_set():
            predict(model, X[:50])
            evaluate(model, X[:77], y[:77], loss=loss)
            calls.append(None)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            fit(model, X, y, optimizer=Adam(1e-2), **how)
        finally:
            done.set()
        asking.result()
    assert calls
    for name, w in alone.state().items():
        assert np.array_equal(model.state()[name], w)


# nobody's rows in a pickle


def behind_relu(n):
    """A layer that keeps something in front of all that learn."""
    model, X, y = perceptron(n)
    return Sequential(ReLU(), *model.layers), X, y


@pytest.mark.parametrize(
    "network",
    [
        perceptron,
        behind_relu,
        california,
    ],
)
def test_a_pickle_holds_no_rows(network):
    model, X, y = network(200)
    fresh = pickle.dumps(model)
    predict(model, X)
    evaluate(model, X, y, loss=MeanSquaredError())
    assert pickle.dumps(model) == fresh
    fit(model, X, y, loss=MeanSquaredError(), optimizer=Adam(), epochs=1)
    trained = pickle.dumps(model)
    assert len(trained) == pytest.approx(len(fresh), rel=0.01)
    assert not any(row.tobytes() in trained for row in X)


@pytest.mark.parametrize("loss", [MeanSquaredError, SoftmaxCrossEntropy])
def test_fit_and_evaluate_leave_the_loss_as_it_was(loss, line):
    X, y = line
    if loss is SoftmaxCrossEntropy:
        y = (y[:, 0] > 0).astype(int)
    model, loss = Sequential(Dense(2, 2 - (y.ndim == 2), rng=0)), loss()
    fresh = pickle.dumps(loss)
    fit(
        model,
        X,
        y,
        loss=loss,
        optimizer=SGD(0.1),
        epochs=1,
        validation=(X, y),
    )
    evaluate(model, X, y, loss=loss)
    assert pickle.dumps(loss) == fresh
    Z = predict(model, X)
    loss.forward(Z, y)
    slope = loss.backward()
    evaluate(model, X[:7], y[:7], loss=loss)
    assert np.array_equal(loss.backward(), slope)


# batch normalization, whose rows depend on one another


def normalized(X, y, *, lr=0.01, batch_size=16, weights=None):
    """A trained network with batch normalization, and its history."""
    model = Sequential(
        *(Dense(2, 8, rng=0), BatchNormalization(8), ReLU()),
        Dense(8, 1, rng=1),
    )
    history = fit(
        model,
        X,
        y,
        loss=MeanSquaredError(),
        optimizer=SGD(lr),
        epochs=3,
        batch_size=batch_size,
        weights=weights,
        rng=0,
    )
    return model, history


def test_a_last_batch_of_one_row_is_refused(line):
    X, y = line
    says = r"ion\(8\): X must have at least 2 rows in .*choose a batch_size"
    with pytest.raises(ValueError, match=says):
        normalized(X[:33], y[:33])
    model, history = normalized(X[:34], y[:34])
    assert history["loss"][2] < history["loss"][0]
    assert predict(model, X[:1]).shape == (1, 1)


def test_an_infinite_loss_leaves_the_running_numbers(line):
    X, y = line
    model, _ = normalized(X, y)
    before = copy.deepcopy(model.state())
    how = {"loss": MeanSquaredError(), "optimizer": SGD(0.1)}
    with np.errstate(over="ignore"), pytest.raises(FloatingPointError):
        train_step(model, X, np.full_like(y, 1e38), **how)
    for name, array in model.state().items():
        assert np.array_equal(array, before[name])


def test_weights_of_rows_do_not_enter_the_mean_of_a_batch(line):
    """A row of weight 0 is left out, all others count once in the mean."""
    X, y = line
    weights = np.arange(60.0) % 3
    used = weights > 0
    still = {"lr": 1e-30, "batch_size": 60}
    heavy, _ = normalized(X, y, weights=weights, **still)
    plain, _ = normalized(X[used], y[used], **still)
    every, _ = normalized(X, y, **still)
    for name in ("1.running_mean", "1.running_var"):
        numbers = heavy.state()[name]
        assert numbers == pytest.approx(plain.state()[name], rel=1e-5)
        assert np.abs(numbers - every.state()[name]).max() > 1e-3


# weights of rows


def descended(X, y, **options):
    """The weights of a network with a penalty, and its history."""
    model = Sequential(
        Dense(2, 8, rng=0, regularizer=L2(1e-3), dtype=np.float64),
        ReLU(),
        Dense(8, 1, rng=1, dtype=np.float64),
    )
    how = {"loss": MeanSquaredError(), "optimizer": Adam(1e-2), "rng": 0}
    history = fit(model, X, y, epochs=4, **how | options)
    return np.concatenate([*model.parameters().values()], None), history


def test_weighted_rows_train_as_repeated_ones_in_a_full_batch(line):
    X, y = line
    times = np.arange(60) % 3
    rows = np.repeat(np.arange(60), times)
    W, log = descended(X, y, weights=times, batch_size=999)
    V, other = descended(X[rows], y[rows], batch_size=999)
    assert pytest.approx(V, abs=1e-12) == W
    assert log["loss"] == pytest.approx(other["loss"])


def test_equal_weights_are_no_weights_bit_for_bit(line):
    W, log = descended(*line)
    V, other = descended(*line, weights=np.full(60, 0.3))
    assert np.array_equal(W, V)
    assert log == other


def test_a_row_of_weight_0_is_left_out(line):
    X, y = line
    kept = np.arange(60) % 4 > 0
    weights = np.arange(60.0) * kept
    X, y = X.copy(), y.copy()
    X[~kept], y[~kept] = 1e9, -1e9
    options = {"batch_size": 7, "weights": weights}
    W, log = descended(X, y, **options)
    options["weights"] = weights[weights > 0]
    rows = weights > 0
    V, other = descended(X[rows], y[rows], **options)
    assert np.array_equal(W, V)
    assert log == other


@pytest.mark.parametrize("batch_size", [1, 7, 60])
def test_the_loss_of_an_epoch_is_weighted_over_all_rows(line, batch_size):
    X, y = line
    weights = 1 + 5 * np.arange(60.0)
    still = {"optimizer": SGD(1e-300), "batch_size": batch_size}
    history = descended(X, y, weights=weights, **still)[1]
    model = Sequential(
        Dense(2, 8, rng=0, regularizer=L2(1e-3), dtype=np.float64),
        ReLU(),
        Dense(8, 1, rng=1, dtype=np.float64),
    )
    each = (model.forward(X) - y)[:, 0] ** 2
    expected = np.average(each, weights=weights)
    assert history["loss"] == pytest.approx(
        4 * [expected + model.penalty()]
    )
    found = evaluate(model, X, y, weights, loss=MeanSquaredError())
    assert found["loss"] == pytest.approx(expected)


def test_the_slopes_of_small_batches_add_up_to_those_of_all_rows(line):
    X, y = line
    weights = 1 + 5 * np.arange(60.0)
    weights /= weights.mean()

    class Note(Optimizer):
        """Changes nothing and adds up the gradients."""

        total = 0

        def step(self, parameters, gradients):
            self.total = self.total + gradients["0.W"]

    model = Sequential(Dense(2, 1, rng=0, dtype=np.float64))
    notes = Note(1), Note(1)
    for size, note in zip((1, 60), notes, strict=True):
        for batch in batches(X, y, size, weights=weights, rng=0):
            how = {"loss": MeanSquaredError(), "optimizer": note}
            train_step(model, *batch, **how)
    assert notes[0].total / 60 == pytest.approx(notes[1].total, abs=1e-6)


def test_validation_rows_may_have_weights(line):
    X, y = line
    weights = np.arange(60.0)
    pair, triple = (X, y), (X, y, weights)
    plain = descended(*line, validation=pair)[1]
    weighted = descended(*line, validation=triple)[1]
    assert plain["loss"] == weighted["loss"]
    model = fitted(X, y)[0]
    how = {
        "loss": MeanSquaredError(),
        "metrics": {"n": lambda y, Z: len(y)},
    }
    found = evaluate(model, *triple, **how)
    assert found["n"] == 59
    assert found["loss"] != evaluate(model, *pair, **how)["loss"]
    for log in (plain, weighted):
        assert len(log["val_loss"]) == 4
    assert plain["val_loss"] != weighted["val_loss"]


def test_batches_bring_each_row_its_weight():
    X = np.arange(10)
    for a, b, w in batches(X, -X, 3, weights=10 * X, rng=0):
        assert np.array_equal(a, -b)
        assert np.array_equal(w, 10 * a)


def test_a_loss_without_weights_still_trains(line):
    class Plain(MeanSquaredError):
        """As a user wrote it before there were weights."""

        def forward(self, Z, y):
            return super().forward(Z, y)

    W, _ = descended(*line, loss=Plain())
    assert np.array_equal(W, descended(*line)[0])


# the learning-rate range test


def test_a_range_test_makes_a_step_with_each_rate(line):
    rates = [0.01, 0.5, 0.02, 0.1, 0.3]  # 60 rows: four batches an epoch
    models = [Sequential(Dense(2, 1, rng=0)) for _ in range(2)]
    loss, rng = MeanSquaredError(), np.random.default_rng(5)
    how = {"loss": loss, "batch_size": 16}
    losses = range_test(
        models[0], *line, rates, optimizer=Momentum(7), rng=5, **how
    )
    rows = [b for _ in range(2) for b in batches(*line, 16, rng=rng)]
    rule, by_hand = Momentum(7), []
    for rule.lr, (X, y) in zip(rates, rows, strict=False):
        L, _ = train_step(models[1], X, y, loss=loss, optimizer=rule)
        by_hand.append(L)
    assert losses == by_hand
    assert {type(L) for L in losses} == {float}


def test_a_range_test_changes_nothing_of_the_caller(line):
    model = Sequential(Dense(2, 4, rng=0), Dropout(0.5, rng=1), Dense(4, 1))
    optimizer, loss = Adam(), MeanSquaredError()
    train_step(model, *line, loss=loss, optimizer=optimizer)
    before = pickle.dumps((model, optimizer, loss))
    how = {"loss": loss, "optimizer": optimizer, "rng": 0}
    first = range_test(model, *line, [0.1] * 3, **how)
    assert pickle.dumps((model, optimizer, loss)) == before
    assert range_test(model, *line, [0.1] * 3, **how) == first


def test_a_range_test_ends_where_the_loss_is_not_finite(line, recwarn):
    rates = np.geomspace(1e-3, 1e30, 200)
    model = Sequential(Dense(2, 4, rng=0), ReLU(), Dense(4, 1, rng=1))
    how = {"loss": MeanSquaredError(), "optimizer": SGD(), "rng": 0}
    losses = range_test(model, *line, rates, **how)
    assert 10 < len(losses) < 200
    assert min(losses) < losses[0] / 5 < losses[0] < losses[-1]
    assert np.isfinite(losses).all()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([0.1, 0], "rates must be a finite number, above 0, but is 0"),
        ([np.nan], "rates must be a finite number, above 0, but is nan"),
        ("fast", "rates must"),
    ],
)
def test_rates_without_sense(line, rates, message):
    model = Sequential(Dense(2, 1, rng=0))
    how = {"loss": MeanSquaredError(), "optimizer": SGD()}
    with pytest.raises((TypeError, ValueError), match=message):
        range_test(model, *line, rates, **how)


@pytest.mark.parametrize("batch_size", [2, 1024])
@pytest.mark.parametrize(
    "answer",
    [
        lambda X: X[:-1],
        lambda X: np.vstack([X, X]),
        lambda X: X.sum(),
        lambda X: None,
        lambda X: "text",
    ],
)
def test_predict_wants_a_row_for_each_row(answer, batch_size):
    class Own(ReLU):
        def forward(self, X, training=False):
            return answer(super().forward(X, training))

    with pytest.raises(
        (TypeError, ValueError), match=r"model (must )?return"
    ):
        predict(Sequential(Own()), np.ones((6, 2)), batch_size=batch_size)


@pytest.mark.parametrize("penalty", [np.ones(1), "a", None, 1j])
def test_a_penalty_is_a_number(penalty):
    class Own(Dense):
        def penalty(self):
            return penalty

    X = np.ones((6, 2))
    with pytest.raises(TypeError, match="the penalty must return a number"):
        train_step(
            Own(2, 1), X, X[:, :1], loss=MeanSquaredError(), optimizer=SGD()
        )


def test_layers_set_by_hand_are_checked_before_training():
    X, layer = np.ones((6, 2)), Dense(2, 2)
    for layers, message in [
        ((layer, layer), "must have one place"),  # its slopes got lost
        ([layer, "text"], "must hold layers"),
    ]:
        model = Sequential(layer)
        model.layers = layers
        with pytest.raises((TypeError, ValueError), match=message):
            fit(
                model,
                X,
                X,
                loss=MeanSquaredError(),
                optimizer=SGD(),
                epochs=1,
            )


def test_big_endian_targets_are_numbers_as_others():
    Z = np.array([[1.0], [2.0]])
    loss = MeanSquaredError()
    right = loss.forward(Z, 0 * Z)
    assert loss.forward(Z.astype(">f8"), (0 * Z).astype(">f8")) == right
