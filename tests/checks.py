"""Checks that several test files share: gradients, and PyTorch's paths."""

import json
from pathlib import Path

import numpy as np

import nn

TORCH = json.loads(
    Path(__file__).with_name("reference").joinpath("torch.json").read_text()
)


class Scaled(nn.Layer):
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
    return nn.Dense(n_in, n_out, rng=seed, dtype=np.float64, **settings)


def layer_errors(layer, X):
    """Relative errors of dL/dX and dL/d(parameter), L = sum(G A)."""
    A = layer.forward(X, training=True)
    G = np.random.default_rng(99).standard_normal(A.shape)

    def f():
        return np.sum(G * layer.forward(X)) + layer.penalty()

    gradients = {"X": layer.backward(G), **layer.gradients()}
    return nn.check_gradients(f, {"X": X, **layer.parameters()}, gradients)


def every_layer(model):
    """The layers of a network, those of nested networks too."""
    for layer in model.layers:
        yield from (
            every_layer(layer) if hasattr(layer, "layers") else [layer]
        )


def frozen_loss(model, loss, X, y):
    """The loss as a function: penalty included, dropout masks frozen."""
    dropouts = [a for a in every_layer(model) if isinstance(a, nn.Dropout)]

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
    return nn.check_gradients(f, {"X": X, **model.parameters()}, gradients)


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
        nn.Sequential(
            nn.Normalization(X.mean(axis=0), X.std(axis=0), **f8),
            dense(4, 5, 1, regularizer=nn.L2(0.05)),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Sequential(
                dense(5, 4, 2, regularizer=nn.L1(0.05)), nn.ReLU()
            ),
            dense(4, 3, 3, init=nn.glorot_uniform),
        ),
        nn.SoftmaxCrossEntropy(),
        X,
        rng.integers(0, 3, 6),
    )
    yield (
        nn.Sequential(
            *(dense(4, 5, 4), nn.BatchNormalization(5, **f8), nn.ReLU()),
            *(dense(5, 2, 5), nn.Identity()),
        ),
        nn.MeanSquaredError(),
        X.copy(),
        rng.standard_normal((6, 2)),
    )
    yield (
        nn.Sequential(dense(4, 3, 6), nn.Softmax()),
        nn.CategoricalCrossEntropy(),
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
            return nn.ReLU()
        if kind == 1:
            return nn.Identity()
        if kind == 2:
            return nn.Softmax()
        if kind == 3:
            return nn.Dropout(rng.uniform(0, 0.9), rng=rng)
        if kind == 4:
            size = int(rng.choice([1, width]))
            mean, std = rng.standard_normal(size), rng.uniform(0.5, 2, size)
            return nn.Normalization(mean, std, dtype=dtype)
        if kind == 5:
            batch = nn.BatchNormalization(width, dtype=dtype)
            for array in batch.state().values():
                array[...] = rng.uniform(0.5, 2, width)
            return batch
        if kind == 7:
            return nn.Sequential(*(layer(depth + 1) for _ in range(3)))
        n, width = width, int(rng.integers(1, 7))
        lam = float(rng.uniform(0, 0.1))
        penalty = rng.choice([None, nn.L1(lam), nn.L2(lam)])
        dense = nn.Dense(
            n, width, regularizer=penalty, rng=rng, dtype=dtype
        )
        dense.b += rng.standard_normal(width).astype(dtype)
        return dense

    model = nn.Sequential(*(layer(0) for _ in range(rng.integers(1, 6))))
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
    model = nn.Sequential(dense(3, 3, 1), nn.Identity(), dense(3, 3, 2))
    return model, nn.MeanSquaredError(), X, y


def worst_gradient():
    """Largest relative error of any gradient in ``networks``."""
    return max(e for n in networks() for e in model_errors(*n).values())


def worst_step(name):
    """Largest distance of ours from PyTorch's path by the rule ``name``."""
    case = TORCH["optimizers"]
    A, w = np.array(case["A"]), np.array(case["start"])
    optimizer = getattr(nn.optimizers, name)(case["lr"])
    w, distances = w[:, None], []  # a column, which AdamW shrinks
    for theirs in case["paths"][name]:
        g = w - A.T @ np.sin(A @ w)  # of sum of cos(A w) + |w|^2 / 2
        optimizer.step({"w": w}, {"w": g})
        distances.append(np.abs(w[:, 0] - theirs).max())
    assert len(distances) == 20
    return max(distances)
