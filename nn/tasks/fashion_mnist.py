"""Fashion-MNIST: 28 x 28 grey pixels in, one of ten classes out."""

import sys
from pathlib import Path

import numpy as np

from ..activations import softmax
from ..datasets import (
    FASHION_CLASSES,
    fashion_mnist,
    fashion_mnist_sample,
    fetch_fashion_mnist,
)
from ..layers import Normalization, normal
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy
from ..training import predict
from ._task import Settings, Task, classic, plain, standardized

SIDE = 28  # pixels


def rescaled(X):
    """Pixels from 0 to 255 become numbers from 0 to 1."""
    return [Normalization(mean=0, std=255)]


def read_images(path):
    """Return the images in a file as uint8 (n, 784), bright on black.

    A ``.npy`` file holds uint8 of shape (28, 28), (784,), (n, 28, 28) or
    (n, 784). Any other file is a picture of any size, which Pillow reads.
    If it must be scaled, or inverted because its border is bright, a line
    on standard error says so. ValueError for any other contents.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        return _read_npy(path)
    try:
        from PIL import Image, ImageOps
    except ModuleNotFoundError as error:
        raise ValueError(
            "pictures need Pillow: pip install pillow, or give a .npy file"
        ) from error
    try:
        with Image.open(path) as file:
            picture = file.convert("RGBA")
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} must be a picture, such as a PNG of 28 x 28 grey "
            f"pixels, or a .npy file, but cannot be read: {error}"
        ) from error
    size = picture.size
    paper = Image.new("RGBA", size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    changes = []
    if size != (SIDE, SIDE):
        edge = _border(np.asarray(grey))
        grey = ImageOps.pad(
            grey, (SIDE, SIDE), Image.Resampling.BOX, color=round(edge)
        )
        changes.append(f"scaled from {size[0]} x {size[1]}")
    image = np.asarray(grey)
    if _border(image) > 127:
        image = 255 - image
        changes.append("inverted, since its border is bright")
    if changes:
        print(
            f"{path}: the network expects 28 x 28 pixels, bright on black; "
            f"the picture was {' and '.join(changes)}",
            file=sys.stderr,
        )
    return image.reshape(1, -1)


def _border(image):
    """Median of the outermost pixels of an image (height, width)."""
    rim = [image[0], image[-1], image[:, 0], image[:, -1]]
    return float(np.median(np.concatenate(rim)))


def _read_npy(path):
    try:
        X = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(
            f"{path} must be an array that numpy.save wrote, but cannot be "
            f"read: {error}"
        ) from error
    one = X.shape in ((SIDE, SIDE), (SIDE * SIDE,))
    many = X.shape[1:] in ((SIDE, SIDE), (SIDE * SIDE,)) and len(X) > 0
    if X.dtype != np.uint8 or not (one or many):
        raise ValueError(
            f"{path} must hold uint8, 0 to 255 and bright on black, of "
            "shape (28, 28), (784,), (n, 28, 28) or (n, 784), but holds "
            f"{X.dtype} of shape {X.shape}"
        )
    return X.reshape(-1, SIDE * SIDE)


def describe(path, Z):
    """One line for each image: file, class, confidence."""
    for i, p in enumerate(softmax(Z)):
        name = path if len(Z) == 1 else f"{path}[{i}]"
        k = p.argmax()
        yield f"{name}: {FASHION_CLASSES[k]} ({p[k]:.1%})"


def preview(X, y):
    """Ten images of each class, the first ones of X (n, 784), a figure."""
    from .. import figures

    fig, axes = figures.subplots(10, 11, figsize=(7.2, 6.4))
    for k, row in enumerate(axes):
        row[0].text(0, 0.5, FASHION_CLASSES[k], va="center", size=9)
        row[0].set(xlim=(0, 1), ylim=(0, 1))
        for ax, image in zip(row[1:], X[y == k], strict=False):
            ax.imshow(image.reshape(SIDE, SIDE), cmap="gray")
        for ax in row:
            ax.axis("off")
    return fig


def demo(model):
    """A picture to draw on, and the network's confidences as bars.

    The figure starts with the image that the network is least sure of.
    """
    from .. import figures

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


FASHION_MNIST = Task(
    name="fashion-mnist",
    title="Fashion-MNIST",
    data=fashion_mnist,
    locate=fetch_fashion_mnist,
    sizes=(784, 128, 64, 10),
    loss=SoftmaxCrossEntropy,
    metrics={"accuracy": accuracy},
    scores={},
    columns={
        ("train", "accuracy"): ("train accuracy", 4),
        ("test", "accuracy"): ("test accuracy", 4),
        ("train", "loss"): ("train loss", 3),
        ("test", "loss"): ("test loss", 3),
    },
    settings={
        "classic": classic(rescaled, epochs=10, init=normal),
        "plain": plain(rescaled, epochs=10),
        "tuned": Settings(
            "settings chosen on validation rows",
            standardized,
            epochs=30,
            l2=2e-4,
            dropout=0.1,
            lr=2e-3,
            cosine=True,
        ),
    },
    read=read_images,
    files="a picture or a .npy array",
    example="shirt.png",
    describe=describe,
    preview=preview,
    demo=demo,
)
