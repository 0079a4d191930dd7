"""One example of each interactive figure, made by the package itself."""

import functools
import itertools
import math

import numpy as np

import nn
from nn import figures
from nn.datasets import (
    FASHION_CLASSES,
    HOUSING_FEATURES,
    HOUSING_UNITS,
    california_housing,
    fashion_mnist_sample,
)

ALT = "An interactive figure, here without its chapter: {}"


@functools.cache
def poster():
    import matplotlib.pyplot as plt

    fig, ax = figures.subplots(figsize=(6.4, 3.2))
    ax.plot([-4, 1.5, 4], [0, 0, 3.75])
    plt.close(fig)
    return figures.png(fig)


def figure(name, **data):
    return figures.Figure(
        name, alt=ALT.format(name), poster=poster(), **data
    )


def neuron():
    return figure("neuron", w=1.5, b=-2.25)


def softmax():
    return figure(
        "softmax",
        classes=["T-shirt", "Shirt", "Coat"],
        logits=[2.0, 1.0, -1.0],
        truth=1,
    )


@functools.cache
def fashion_model():
    """A network that has seen the 200 images of the sample, not more."""
    X, y = fashion_mnist_sample()
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Normalization(mean=0, std=255),
        nn.Dense(784, 128, rng=rng),
        nn.ReLU(),
        nn.Dense(128, 64, rng=rng),
        nn.ReLU(),
        nn.Dense(64, 10, rng=rng),
    )
    nn.fit(
        model,
        X[:100],
        y[:100],
        loss=nn.SoftmaxCrossEntropy(),
        optimizer=nn.Adam(1e-3),
        epochs=20,
        batch_size=20,
        rng=rng,
    )
    return model


def fashion():
    X, y = fashion_mnist_sample()
    X, y = X[100:160], y[100:160]
    P = nn.softmax(nn.predict(fashion_model(), X))
    return figure(
        "fashion",
        network=figures.network(fashion_model().state()),
        images=X,
        labels=y.astype(np.uint8),
        classes=list(FASHION_CLASSES),
        start=int(P.max(axis=1).argmin()),
    )


SIZES = [2, 16, 16, 3]
KEPT = [*range(11), *range(12, 31, 2), *range(40, 101, 10), 150, 200]


def spiral_points(n=100, turns=4.2, noise=0.12):
    """Three arms of n points: X float32 (3 n, 2) and classes (3 n,)."""
    rng = np.random.default_rng(0)
    r = np.tile(np.linspace(0.05, 1, n), 3)
    arm = np.repeat(np.arange(3), n)
    angle = turns * r + arm * 2 * np.pi / 3 + noise * rng.normal(size=3 * n)
    X = np.stack([r * np.sin(angle), r * np.cos(angle)], axis=1)
    return X.astype(np.float32), arm


def equal(n_in, n_out, rng):
    """A start that makes the units of a layer twins."""
    return np.full((n_in, n_out), math.sqrt(2 / n_in))


def spiral_run(name, note="", *, bend=nn.ReLU, init=nn.he_normal, lr=0.3):
    """Train on the spirals; keep the weights of some epochs."""
    X, y = spiral_points()
    rng = np.random.default_rng(3)
    layers = []
    for n_in, n_out in itertools.pairwise(SIZES):
        layers += [nn.Dense(n_in, n_out, init=init, rng=rng), bend()]
    model, loss = nn.Sequential(*layers[:-1]), nn.SoftmaxCrossEntropy()
    rows, losses = [], []

    def keep(epoch, history):
        if epoch + 1 in KEPT:
            rows.append(figures.snapshot(model.parameters()))
            losses.append(nn.evaluate(model, X, y, loss=loss)["loss"])

    keep(-1, {})
    optimizer = nn.SGD(lr)
    options = {"epochs": KEPT[-1], "batch_size": 32, "on_epoch": keep}
    nn.fit(model, X, y, loss=loss, optimizer=optimizer, rng=rng, **options)
    return {
        "name": name,
        "note": note,
        "bend": bend is nn.ReLU,
        "weights": np.stack(rows),
        "loss": np.array(losses, np.float32),
        "epochs": np.array(KEPT, np.int32),
    }


@functools.cache
def spiral_runs():
    return [
        spiral_run("went well"),
        spiral_run(
            "no bend",
            "Two layers without a bend are one layer: straight borders.",
            bend=nn.Identity,
        ),
        spiral_run(
            "twin units",
            "Equal units get equal slopes and stay twins.",
            init=equal,
        ),
        spiral_run(
            "steps too large",
            "Each step jumps over the valley; many units sleep for good.",
            lr=3.0,
        ),
    ]


def spirals():
    X, y = spiral_points()
    return figure(
        "spirals",
        points=X,
        labels=y.astype(np.uint8),
        sizes=SIZES,
        runs=spiral_runs(),
    )


def backprop():
    return figure("backprop")


@functools.cache
def housing_model():
    (X, y), _ = california_housing()
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Normalization.of(X),
        nn.Dense(8, 64, rng=rng),
        nn.ReLU(),
        nn.Dense(64, 32, rng=rng),
        nn.ReLU(),
        nn.Dense(32, 1, rng=rng),
    )
    optimizer = nn.Adam(3e-3)
    options = {"epochs": 8, "optimizer": optimizer, "rng": rng}
    nn.fit(model, X, y, loss=nn.MeanSquaredError(), **options)
    return model


def california():
    _, (X, y) = california_housing()
    return figure(
        "california",
        network=figures.network(housing_model().state()),
        X=X[:1500],
        y=y[:1500],
        features=list(HOUSING_FEATURES),
        units=list(HOUSING_UNITS),
        start=3,
    )


def hinges():
    x = np.linspace(-np.pi, np.pi, 101)
    return figure(
        "hinges",
        x=x,
        y=np.sin(x),
        bends=np.array([-np.pi, -np.pi / 2, np.pi / 2, 0.0]),
        slopes=np.array([-2, 4, -4, 0]) / np.pi,
        offset=0.0,
    )


def descent():
    return figure("descent", terms=[[0.5, 2, 0], [10, 0, 2]], lr=0.02)


EXAMPLES = {
    "neuron": neuron,
    "softmax": softmax,
    "fashion": fashion,
    "spirals": spirals,
    "backprop": backprop,
    "california": california,
    "hinges": hinges,
    "descent": descent,
}
