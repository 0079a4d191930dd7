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


def fashion_figure(model):
    """The network under a pen: images of the sample, confidences as bars.

    The figure starts on the image that the network is least sure of.
    """
    X, y = fashion_mnist_sample()
    X, y = X[::4], y[::4]  # five of each class
    P = softmax(predict(model, X))
    return figures.Figure(
        "fashion",
        alt="A picture of 28 by 28 pixels to draw on, and the network's "
        "confidence in each of the ten classes as bars.",
        network=figures.network(model.state()),
        images=X,
        labels=y.astype(np.uint8),
        classes=list(FASHION_CLASSES),
        start=int(P.max(axis=1).argmin()),
    )


def housing_figure(model):
    """Eight sliders and a live price, for the first 1,500 test rows.

    The network takes logarithms of the long tails first: HousingFeatures.
    """
    _, (X, y) = california_housing()
    return figures.Figure(
        "california",
        alt="Eight sliders for a district of California, the price that "
        "the network gives it, and a map of the test districts.",
        network=figures.network(model.state(), log=SKEWED),
        X=X[:1500],
        y=y[:1500],
        features=list(HOUSING_FEATURES),
        units=list(HOUSING_UNITS),
        start=3,
    )


DEMOS = {
    "fashion-mnist": fashion_figure,
    "california-housing": housing_figure,
}
