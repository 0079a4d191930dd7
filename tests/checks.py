"""Checks that several test files share: gradients, and PyTorch's paths."""

import json
from pathlib import Path

import numpy as np

from nn import (
    L1,
    L2,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dense,
    Dropout,
    Identity,
    Layer,
    MeanSquaredError,
    Normalization,
    ReLU,
    Sequential,
    Softmax,
    SoftmaxCrossEntropy,
    check_gradients,
    glorot_uniform,
    optimizers,
)

TORCH = json.loads(
    Path(__file__).with_name("reference").joinpath("torch.json").read_text()
)


class Scaled(Layer):
    """A = X * gain: a user's layer, with names of its own."""

    def __init__(self, n=3):
        self.scale = np.ones(n, np.float32)
        self.slope = np.zeros_like(self.scale)

    def forward(self, X, training=False):
        if training:
            self.kept = X
        return X * self.scale

    def backward(self, dA, /):
        self.slope = (dA * self.take()).sum(axis=0)
        return dA * self.scale

    def parameters(self):
        return {"gain": self.scale}

    def gradients(self):
        return {"gain": self.slope}


def dense(n_in, n_out, seed, **settings):
    """A float64 layer, for gradient checks."""
    return Dense(n_in, n_out, rng=seed, dtype=np.float64, **settings)


def layer_errors(layer, X):
    """Relative errors of dL/dX and dL/d(parameter), L = sum(G A)."""
    A = layer.forward(X, training=True)
    G = np.random.default_rng(99).standard_normal(A.shape)

    def f():
        return np.sum(G * layer.forward(X)) + layer.penalty()

    gradients = {"X": layer.backward(G), **layer.gradients()}
    return check_gradients(f, {"X": X, **layer.parameters()}, gradients)


def every_layer(model):
    """The layers of a network, those of nested networks too."""
    for layer in model.layers:
        yield from (
            every_layer(layer) if hasattr(layer, "layers") else [layer]
        )


def frozen_loss(model, loss, X, y):
    """The loss as a function: penalty included, dropout masks frozen."""
    dropouts = [a for a in every_layer(model) if isinstance(a, Dropout)]

    def f():
        for layer in dropouts:
            layer.rng = np.random.default_rng(7)
        return loss.forward(model.forward(X, True), y) + model.penalty()

    return f


def model_errors(model, loss, X, y):
    """The same from the loss, penalty included, dropout masks frozen."""
    f = frozen_loss(model, loss, X, y)
    f()
    gradients = {"X": model.backward(loss.backward()), **model.gradients()}
    return check_gradients(f, {"X": X, **model.parameters()}, gradients)


def networks():
    """Yield model, loss, X, y: together, everything that has a slope."""
    for model, loss, X, y in _networks(np.random.default_rng(5)):
        for name, w in model.parameters().items():
            if not name.endswith("W"):  # at b = 0 a row that dropout
                w += 0.1 + np.arange(len(w))  # emptied stands on a kink
        yield model, loss, X, y


def _networks(rng):
    X = rng.standard_normal((6, 4))
    f8 = {"dtype": np.float64}
    yield (
        Sequential(
            Normalization(X.mean(axis=0), X.std(axis=0), **f8),
            dense(4, 5, 1, regularizer=L2(0.05)),
            ReLU(),
            Dropout(0.4),
            Sequential(dense(5, 4, 2, regularizer=L1(0.05)), ReLU()),
            dense(4, 3, 3, init=glorot_uniform),
        ),
        SoftmaxCrossEntropy(),
        X,
        rng.integers(0, 3, 6),
    )
    yield (
        Sequential(
            *(dense(4, 5, 4), BatchNormalization(5, **f8), ReLU()),
            *(dense(5, 2, 5), Identity()),
        ),
        MeanSquaredError(),
        X.copy(),
        rng.standard_normal((6, 2)),
    )
    yield (
        Sequential(dense(4, 3, 6), Softmax()),
        CategoricalCrossEntropy(),
        X.copy(),
        rng.integers(0, 3, 6),
    )


def any_network(rng, dtype):
    """A network by chance, of all kinds of layers, and inputs for it."""
    n_in = width = int(rng.integers(1, 7))

    def layer(depth):
        nonlocal width
        kind = rng.integers(8 if depth < 2 else 7)
        if kind == 0:
            return ReLU()
        if kind == 1:
            return Identity()
        if kind == 2:
            return Softmax()
        if kind == 3:
            return Dropout(rng.uniform(0, 0.9), rng=rng)
        if kind == 4:
            size = int(rng.choice([1, width]))
            mean, std = rng.standard_normal(size), rng.uniform(0.5, 2, size)
            return Normalization(mean, std, dtype=dtype)
        if kind == 5:
            batch = BatchNormalization(width, dtype=dtype)
            for array in batch.state().values():
                array[...] = rng.uniform(0.5, 2, width)
            return batch
        if kind == 7:
            return Sequential(*(layer(depth + 1) for _ in range(3)))
        n, width = width, int(rng.integers(1, 7))
        lam = float(rng.uniform(0, 0.1))
        penalty = rng.choice([None, L1(lam), L2(lam)])
        dense = Dense(n, width, regularizer=penalty, rng=rng, dtype=dtype)
        dense.b += rng.standard_normal(width).astype(dtype)
        return dense

    model = Sequential(*(layer(0) for _ in range(rng.integers(1, 6))))
    X = 3 * rng.standard_normal((int(rng.integers(1, 9)), n_in))
    return model, X.astype(dtype)


def difference(Z, right):
    """The largest difference, relative to the largest number."""
    assert Z.shape == right.shape
    assert Z.dtype == right.dtype
    return np.abs(Z - right).max() / np.abs(right).max(initial=1e-30)


def square():
    """A network in which every transpose fits: all sizes are 3."""
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal((2, 3, 3))
    model = Sequential(dense(3, 3, 1), Identity(), dense(3, 3, 2))
    return model, MeanSquaredError(), X, y


def worst_gradient():
    """Largest relative error of any gradient in ``networks``."""
    return max(e for n in networks() for e in model_errors(*n).values())


def worst_step(name):
    """Largest distance of ours from PyTorch's path by the rule ``name``."""
    case = TORCH["optimizers"]
    A, w = np.array(case["A"]), np.array(case["start"])
    optimizer = getattr(optimizers, name)(case["lr"])
    w, distances = w[:, None], []  # a column, which AdamW shrinks
    for theirs in case["paths"][name]:
        g = w - A.T @ np.sin(A @ w)  # of sum of cos(A w) + |w|^2 / 2
        optimizer.step({"w": w}, {"w": g})
        distances.append(np.abs(w[:, 0] - theirs).max())
    assert len(distances) == 20
    return max(distances)
