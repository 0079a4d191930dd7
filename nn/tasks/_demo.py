"""The trained networks as interactive figures: ``python -m nn demo``."""

import numpy as np

from .. import figures
from ..activations import softmax
from ..datasets import (
    FASHION_CLASSES,
    HOUSING_FEATURES,
    HOUSING_UNITS,
    california_housing,
    fashion_mnist_sample,
)
from ..training import predict
from .california_housing import SKEWED


def fashion_figure(model, *, alt, poster=None):
    """The network under a pen: images of the sample, confidences as bars.

    ``model`` is a network of Normalization, Dense, ReLU (and Dropout). The
    figure starts on the image that it is least sure of.
    """
    X, y = fashion_mnist_sample()
    X, y = X[::4], y[::4]  # five of each class
    P = softmax(predict(model, X))
    return figures.Figure(
        "fashion",
        alt=alt,
        poster=poster,
        network=figures.network(model.state()),
        images=X,
        labels=y.astype(np.uint8),
        classes=list(FASHION_CLASSES),
        start=int(P.max(axis=1).argmin()),
    )


def housing_figure(model, *, logs, alt, poster=None, rows=1500, start=3):
    """Eight sliders and a live price, for the first test rows.

    ``logs`` says whether the model takes logarithms of the long tails
    first, as a HousingFeatures layer does.
    """
    _, (X, y) = california_housing()
    return figures.Figure(
        "california",
        alt=alt,
        poster=poster,
        network=figures.network(model.state(), log=SKEWED if logs else ()),
        X=X[:rows],
        y=y[:rows],
        features=list(HOUSING_FEATURES),
        units=list(HOUSING_UNITS),
        start=start,
    )


def fashion_demo(model):
    """The shipped Fashion-MNIST network under a pen."""
    return fashion_figure(
        model,
        alt="A picture of 28 by 28 pixels to draw on, and the network's "
        "confidence in each of the ten classes as bars.",
    )


def housing_demo(model):
    """The shipped California Housing network with sliders."""
    return housing_figure(
        model,
        logs=True,
        alt="Eight sliders for a district of California, the price that "
        "the network gives it, and a map of the test districts.",
    )


DEMOS = {"fashion-mnist": fashion_demo, "california-housing": housing_demo}
