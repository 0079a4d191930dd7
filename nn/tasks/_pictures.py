"""The pictures that the commands write: data sets and training curves."""

import numpy as np

from .. import figures
from ..datasets import FASHION_CLASSES, HOUSING_FEATURES, HOUSING_UNITS


def fashion_preview(X, y):
    """Ten images of each class, the first ones of X (n, 784), a figure."""
    fig, axes = figures.subplots(10, 11, figsize=(7.2, 6.4))
    for k, row in enumerate(axes):
        row[0].text(0, 0.5, FASHION_CLASSES[k], va="center", size=9)
        row[0].set(xlim=(0, 1), ylim=(0, 1))
        for ax, image in zip(row[1:], X[y == k], strict=False):
            ax.imshow(image.reshape(28, 28), cmap="gray")
        for ax in row:
            ax.axis("off")
    return fig


def housing_preview(X, y):
    """How each of the eight inputs and the price are distributed."""
    fig, axes = figures.subplots(3, 3, figsize=(7.2, 6.0))
    columns = [*zip(HOUSING_FEATURES, HOUSING_UNITS, X.T, strict=True)]
    columns.append(("MedHouseVal", "100,000 USD", y[:, 0]))
    for ax, (name, unit, values) in zip(axes.ravel(), columns, strict=True):
        top = np.quantile(values, 0.995)
        inside = values[values <= top]
        ax.hist(inside, bins=40, color=figures.BLUE)
        ax.set(title=name, xlabel=unit, yticks=[])
    return fig


PREVIEWS = {
    "fashion-mnist": fashion_preview,
    "california-housing": housing_preview,
}


def training_picture(history):
    """The curves of one run, a figure."""
    return figures.training_curves(history)[0].figure


def compared_curves(report):
    """Training losses of ours and of plain Keras, all seeds, a figure.

    ``report`` is the contents of ``results/<task>.json``. Both losses
    contain the penalty, and dropout is on in both: they are what training
    sees, not what the tables hold.
    """
    fig, ax = figures.subplots(figsize=(6.4, 3.4))
    for name, label, colour, style in (
        ("classic", "nn, classic", figures.BLUE, "-"),
        ("baseline", "Keras as one writes it", figures.VERMILLION, "--"),
        ("better", "nn, chosen settings", figures.GREEN, ":"),
    ):
        for run in report["runs"][name].values():
            losses = run["history"]["loss"]
            epochs = range(1, len(losses) + 1)
            ax.plot(epochs, losses, style, color=colour, label=label)
            label = None  # one entry in the legend for all seeds
    ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
    ax.legend()
    return fig
