"""Ours and Keras, step for step, and what it takes that they agree."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nn import Adam, predict
from nn.datasets import california_housing, fashion_mnist_sample
from nn.keras import twin
from nn.keras.baseline import train_baseline
from nn.keras.twin import (
    KerasAdam,
    KerasTwin,
    Ours,
    all_batches,
    compare,
    compare_all,
    perturb_one_ulp,
    train_twin,
)
from nn.tasks import CALIFORNIA_HOUSING, FASHION_MNIST

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.full

HOUSING = california_housing()[0]
FEW = tuple(array[:300] for array in HOUSING)  # batches of 128, 128, 44
SAMPLE = fashion_mnist_sample()  # batches of 128, 72
CLASSIC = CALIFORNIA_HOUSING.settings["classic"]
EXACT = 1e-11


def worst(table):
    return max(max(row["weights"], row["loss"]) for row in table)


@pytest.mark.parametrize(
    "settings",
    [
        replace(CLASSIC, dropout=0.0),
        CLASSIC,
        CALIFORNIA_HOUSING.settings["tuned"],
    ],
    ids=["penalty and decay", "with masks", "cosine, logs, mean start"],
)
def test_parity_on_california(settings):
    table = compare(CALIFORNIA_HOUSING, settings, steps=(1, 200))
    assert [row["steps"] for row in table] == [1, 200]
    assert worst(table) < EXACT


@pytest.mark.parametrize("name", ["classic", "tuned"])
def test_parity_on_the_fashion_sample(name):
    settings = FASHION_MNIST.settings[name]
    assert settings.dropout
    assert settings.l2
    table = compare(FASHION_MNIST, settings, steps=(20,), rows=SAMPLE)
    assert worst(table) < EXACT


@pytest.mark.data
def test_parity_on_fashion_mnist():
    settings = FASHION_MNIST.settings["classic"]
    assert worst(compare(FASHION_MNIST, settings, steps=(60,))) < EXACT


def test_float32_agrees_until_rounding_has_grown():
    table = compare(
        CALIFORNIA_HOUSING, CLASSIC, steps=(20,), dtype=np.float32
    )
    assert 0 < worst(table) < 1e-4


class EpsInside(KerasAdam):
    """Keras' rounded numbers, eps where the textbook adds it."""

    def change(self, g, state, lr):
        lr, beta1, beta2 = map(
            float, np.float32([lr, self.beta1, self.beta2])
        )
        m, v = state
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        scale = np.sqrt(v / (1 - beta2**self.t))
        return -lr / (1 - beta1**self.t) * m / (scale + self.eps)


class EpsOutside(Adam):
    """Keras' place of eps, and the numbers ``rounded`` names rounded."""

    rounded = ()

    def change(self, g, state, lr):
        beta1, beta2 = self.beta1, self.beta2
        if "betas" in self.rounded:
            beta1, beta2 = map(float, np.float32([beta1, beta2]))
        if "lr" in self.rounded:
            lr = float(np.float32(lr))
        m, v = state
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        a = lr * np.sqrt(1 - beta2**self.t) / (1 - beta1**self.t)
        return -a * m / (np.sqrt(v) + self.eps)


class OnlyBetas(EpsOutside):
    rounded = ("betas",)


class OnlyLr(EpsOutside):
    rounded = ("lr",)


class Everything(EpsOutside):
    rounded = ("betas", "lr")


@pytest.mark.parametrize(
    ("adam", "least"),
    [(EpsInside, 1e-5), (OnlyBetas, 1e-10), (OnlyLr, 1e-10), (Adam, 1e-5)],
    ids=["eps", "lr not rounded", "betas not rounded", "textbook"],
)
def test_each_mismatch_shows(adam, least):
    options = {"steps": (60,), "rows": HOUSING}
    assert worst(compare(CALIFORNIA_HOUSING, CLASSIC, **options)) < EXACT
    found = compare(CALIFORNIA_HOUSING, CLASSIC, adam=adam, **options)
    assert worst(found) > least


def test_the_mismatches_are_all():
    options = {"steps": (60,), "rows": HOUSING, "adam": Everything}
    assert worst(compare(CALIFORNIA_HOUSING, CLASSIC, **options)) < EXACT


def test_a_penalty_that_is_not_rounded_shows(monkeypatch):
    monkeypatch.setattr(twin, "matched", lambda settings: settings)
    found = compare(CALIFORNIA_HOUSING, CLASSIC, steps=(60,), rows=HOUSING)
    assert worst(found) > 1e-10


def test_the_last_short_batch_matters(monkeypatch):
    step = KerasTwin.train_step

    def only_full(self, X, y, lr, masks):
        if len(X) == CLASSIC.batch_size:
            return step(self, X, y, lr, masks)
        return 0.0

    settings = replace(CLASSIC, dropout=0.0)
    options = {"steps": (2, 3), "rows": FEW}
    assert worst(compare(CALIFORNIA_HOUSING, settings, **options)) < EXACT
    monkeypatch.setattr(KerasTwin, "train_step", only_full)
    two, three = compare(CALIFORNIA_HOUSING, settings, **options)
    assert two["weights"] < EXACT
    assert three["weights"] > 1e-5


def test_masks_matter(monkeypatch):
    step = KerasTwin.train_step

    def no_masks(self, X, y, lr, masks):
        masks = [np.ones_like(mask) for mask in masks]
        return step(self, X, y, lr, masks)

    monkeypatch.setattr(KerasTwin, "train_step", no_masks)
    table = compare(CALIFORNIA_HOUSING, CLASSIC, steps=(5,), rows=FEW)
    assert worst(table) > 1e-5


def test_keras_evaluate_has_the_penalty_in_its_loss():
    X, y = FEW
    settings = replace(CLASSIC, l2=0.05, dropout=0.0)
    model, _ = CALIFORNIA_HOUSING.build(settings, X, y, 0)
    copy = KerasTwin(CALIFORNIA_HOUSING, model)
    copy.net.compile(loss="mean_squared_error")
    theirs = copy.net.evaluate(copy.prepare(X), y, verbose=0)
    bare = CALIFORNIA_HOUSING.evaluate(copy, X, y)["loss"]
    assert bare == pytest.approx(
        CALIFORNIA_HOUSING.evaluate(model, X, y)["loss"], rel=1e-5
    )
    assert model.penalty() > 0.01
    assert theirs - bare == pytest.approx(model.penalty(), rel=1e-3)


@pytest.mark.parametrize("name", ["classic", "tuned"])
def test_the_batches_are_those_of_fit(name):
    X, y = FEW
    settings = replace(CALIFORNIA_HOUSING.settings[name], epochs=3)
    trained, _, _ = CALIFORNIA_HOUSING.train(settings, X, y, 4)
    model, order_rng = CALIFORNIA_HOUSING.build(settings, X, y, 4)
    ours = Ours(CALIFORNIA_HOUSING, model, settings.optimizer(len(X)))
    for X_b, y_b in all_batches(settings, X, y, order_rng):
        ours.train_step(X_b, y_b)
    for name, w in trained.parameters().items():
        np.testing.assert_array_equal(model.parameters()[name], w)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_train_twin_is_our_training_with_keras_numbers(dropout):
    X, y = SAMPLE
    settings = replace(FASHION_MNIST.settings["tuned"], dropout=dropout)
    settings = replace(settings, epochs=4)
    copy, seconds = train_twin(FASHION_MNIST, settings, X, y, 2)
    model, order_rng = FASHION_MNIST.build(settings, X, y, 2)
    optimizer = settings.optimizer(len(X), KerasAdam)
    ours = Ours(FASHION_MNIST, model, optimizer)
    for X_b, y_b in all_batches(settings, X, y, order_rng):
        ours.train_step(X_b, y_b)
    assert seconds > 0
    np.testing.assert_allclose(
        predict(copy, X), predict(model, X), rtol=0, atol=1e-3
    )


def test_one_ulp():
    X, y = FEW
    model, _ = CALIFORNIA_HOUSING.build(CLASSIC, X, y, 0)
    before = [w.copy() for w in model.parameters().values()]
    perturb_one_ulp(model)
    changed = [
        (w.ravel()[i], v.ravel()[i])
        for w, v in zip(before, model.parameters().values(), strict=True)
        for i in np.flatnonzero(w != v)
    ]
    ((w, v),) = changed
    assert v == np.nextafter(w, np.float32(np.inf))
    options = {"steps": (5,), "rows": FEW, "against": "one ulp"}
    found = compare(CALIFORNIA_HOUSING, CLASSIC, **options)
    assert 0 < found[0]["weights"] < EXACT


def test_compare_all_prints_a_table_for_weights_and_loss():
    lines = []
    options = {"steps": (1, 2), "rows": FEW, "log": lines.append}
    found = compare_all(CALIFORNIA_HOUSING, CLASSIC, **options)
    assert len(found) == 6
    assert len(lines) == 15
    assert "yardstick" in lines[-1]
    assert "largest difference of weights" in lines[0]
    assert any("float64  ours and Keras " in line for line in lines)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="'keras' or 'one ulp'"):
        compare(CALIFORNIA_HOUSING, CLASSIC, against="torch", rows=FEW)
    settings = replace(CLASSIC, epochs=2, dropout=0.0)
    with pytest.raises(ValueError, match="at most 6, as many as 2"):
        compare(CALIFORNIA_HOUSING, settings, steps=(7,), rows=FEW)


@pytest.mark.parametrize(
    ("task", "rows"),
    [(CALIFORNIA_HOUSING, FEW), (FASHION_MNIST, SAMPLE)],
    ids=["california", "fashion"],
)
def test_baseline(task, rows):
    short = {"classic": replace(task.settings["classic"], epochs=2)}
    task = replace(task, settings=short)
    model, history, _ = train_baseline(task, *rows, 1)
    again, same, _ = train_baseline(task, *rows, 1)
    scores = task.evaluate(model, *rows)
    assert scores == task.evaluate(again, *rows)
    assert set(scores) == {"loss", *task.metrics, *task.scores}
    assert set(history) == {"loss", *task.metrics}
    assert history == same
    X, y = rows
    X = model.prepare(X)
    Z = model.net(X, training=False).numpy()
    if task.classifies:
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        bare = -np.log(P[np.arange(len(y)), y]).mean()
    else:
        bare = ((Z - y) ** 2).mean()
    assert scores["loss"] == pytest.approx(float(bare), rel=1e-4)
    with_penalty = model.net.evaluate(X, y, verbose=0)[0]
    assert with_penalty > scores["loss"] + 1e-3


def test_nothing_of_keras_is_loaded_on_import():
    code = (
        "import sys, nn.keras.twin, nn.keras.baseline, nn.cli; "
        "print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stderr
