"""Fashion-MNIST: 28 x 28 grey pixels in, one of ten classes out."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from warnings import simplefilter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import figures
from ..activations import softmax
from ..checks import as_numbers
from ..datasets import (
    FASHION_CLASSES,
    fashion_mnist,
    fashion_mnist_sample,
    fetch_fashion_mnist,
)
from ..datasets._text import printable
from ..layers import Layer, Normalization, normal
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy
from ..training import predict
from ..typing import Array, Floats, StrPath
from ._files import decoding, note, open_file, read_input
from ._task import Settings, Task, classic, plain

SIDE = 28  # pixels
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
PICTURES = (
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"),
    *(".tif", ".tiff"),
)
MAX_PIXELS = 50_000_000  # of a picture, decoded: about 600 MB of memory
MAX_BYTES = 200_000_000  # of a picture's file
NPY = b"\x93NUMPY"  # the first bytes of a .npy file


class Pixels(Normalization):
    """``Normalization`` of pixels, which refuses those that are scaled.

    X (n, n_in) holds values from 0 to 255. ValueError for values outside,
    and for X with different values that are all at most 1.
    """

    def forward(self, X: ArrayLike, training: bool = False) -> Floats:
        X = as_numbers("X", X)
        low, high = (X.min(), X.max()) if X.size else (0, 0)
        if low < 0 or high > 255 or low < high <= 1:
            raise ValueError(
                "X must hold pixels from 0 (background) to 255, but its "
                f"values lie between {low:g} and {high:g}. Multiply values "
                "from 0 to 1 by 255"
            )
        return super().forward(X, training)


def rescaled(X: Array) -> list[Layer]:
    """Pixels from 0 to 255 become numbers from 0 to 1."""
    return [Pixels(mean=0, std=255)]


def standardized(X: Array) -> list[Layer]:
    """Each pixel gets mean 0 and standard deviation 1 over the rows."""
    return [Pixels.of(X)]


def read_images(path: StrPath) -> NDArray[np.uint8]:
    """Return the images in a file as uint8 (n, 784), bright on black.

    A ``.npy`` file holds uint8 of shape (28, 28), (784,), (n, 28, 28) or
    (n, 784); it is mapped into memory, not read. Any other file is a
    picture of one of FORMATS and at most MAX_PIXELS, which Pillow reads:
    upright, the first frame if there are several. ``-`` is standard
    input, with one or the other. Bright things on a transparent ground are
    put on black, dark ones on white. A line on standard error says if the
    picture had to be scaled, or inverted because its border is bright.
    ValueError for any other contents.
    """
    if str(path) == "-":
        path, content = "standard input", read_input(MAX_BYTES)
        if content.startswith(NPY):
            return _checked_npy(path, _unpacked_npy(path, content))
        return _read_picture(path, io.BytesIO(content))
    if Path(path).suffix.lower() == ".npy":
        return _read_npy(path)
    open_file(path, MAX_BYTES).close()
    return _read_picture(path, path)


def _read_picture(
    path: StrPath, file: StrPath | BinaryIO
) -> NDArray[np.uint8]:
    """Return the image in a file called ``path``, (1, 784)."""
    (width, height), grey, opacity, animated = _decoded(path, file)
    image: Array = _composed(grey, opacity / 255)
    changes = ["cut to its first frame"] if animated else []
    if (width, height) != (SIDE, SIDE):
        image = _padded(image)
        changes.append(f"scaled from {width} x {height}")
    if np.ptp(image) <= 1:
        raise ValueError(
            f"{printable(path)} must be a picture of a thing, but all that "
            "is visible in it has the same brightness"
        )
    if np.median(_border(image[None])) > 127:
        image = 255 - image
        changes.append("inverted, since its border is bright")
    if changes:
        note(
            path,
            "the network expects 28 x 28 pixels, bright on black; the "
            f"picture was {' and '.join(changes)}",
        )
    return image.reshape(1, -1)


def _decoded(
    path: StrPath, file: StrPath | BinaryIO
) -> tuple[tuple[int, int], Array, Array, bool]:
    """Return a picture's size, and the rest fitted into 28 x 28.

    The size is (width, height) and followed by brightness and opacity,
    two arrays uint8, and by True for a picture of several frames.
    """
    try:
        from PIL import Image, ImageOps
    except ModuleNotFoundError as error:
        raise ValueError(
            'pictures need Pillow: pip install "from-one-neuron[plot]", or '
            "give a .npy file"
        ) from error
    expected = f"a picture ({', '.join(FORMATS)}) or a .npy array"
    with decoding(path, expected):
        # _check_picture has a stricter limit than this warning
        simplefilter("ignore", Image.DecompressionBombWarning)
        picture = Image.open(file, formats=FORMATS)
    with picture:
        _check_picture(path, picture)
        with decoding(path, expected):
            animated = getattr(picture, "is_animated", False)
            ImageOps.exif_transpose(picture, in_place=True)
            size = picture.size
            if picture.mode.startswith("I"):  # a PNG of 16 bits
                high = np.asarray(picture) >> 8
                picture = Image.fromarray(high.astype(np.uint8))
            colours = picture.convert("RGBA")
            if size != (SIDE, SIDE):
                box = Image.Resampling.BOX
                colours = ImageOps.contain(colours, (SIDE, SIDE), box)
            grey = np.asarray(colours.convert("L"))
            opacity = np.asarray(colours.getchannel("A"))
    return size, grey, opacity, animated


def _check_picture(path: StrPath, picture: Any) -> None:
    """Refuse, before it is decoded, a picture of the wrong kind."""
    short, long = sorted(picture.size)
    if short * long > MAX_PIXELS:
        raise ValueError(
            f"{printable(path)} must have at most {MAX_PIXELS:,} pixels, "
            f"but has {short * long:,}: scale it down"
        )
    if long > SIDE * short:
        raise ValueError(
            f"{printable(path)} must be at most {SIDE} times as long in "
            f"one direction as in the other, but has {picture.size[0]} x "
            f"{picture.size[1]} pixels: cut it to the thing that it shows"
        )
    if picture.mode.startswith(("I", "F")) and picture.format != "PNG":
        raise ValueError(
            f"{printable(path)} must have 8 bits to a colour, but is a "
            f"{picture.format} of Pillow's mode {picture.mode}, in which "
            "the value of white is not fixed: save it with values from 0 "
            "to 255"
        )


def _composed(grey: Array, opacity: Array) -> NDArray[np.uint8]:
    """Put bright things on black, dark ones on white: (height, width)."""
    bright = np.sum(grey * opacity) > 127 * np.sum(opacity)
    paper = 0 if bright else 255
    return np.rint(paper + (grey - float(paper)) * opacity).astype(np.uint8)


def _padded(image: Array) -> Array:
    """Centre an image in 28 x 28 pixels of the colour of its border."""
    edge = round(float(np.median(_border(image[None]))))
    free = [SIDE - length for length in image.shape]
    around = [(n // 2, n - n // 2) for n in free]
    return np.pad(image, around, constant_values=edge)


def _border(images: Array) -> Array:
    """The outermost pixels of images (n, height, width), (n, m)."""
    rim = [
        images[:, 0],
        images[:, -1],
        images[:, :, 0],
        images[:, :, -1],
    ]
    return np.concatenate(rim, axis=1)


def _read_npy(path: StrPath) -> NDArray[np.uint8]:
    open_file(path).close()
    with decoding(path, "an array that numpy.save wrote"):
        # the header is compared with the file's length, nothing is read
        X = np.asarray(np.lib.format.open_memmap(path, mode="r"))
    return _checked_npy(path, X)


def _unpacked_npy(path: StrPath, content: bytes) -> Array:
    """Return the array in the content of a ``.npy`` file, not copied."""
    with decoding(path, "an array that numpy.save wrote"):
        file = io.BytesIO(content)
        kind = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[kind]
        shape, fortran, dtype = read(file)
        X = np.frombuffer(content, dtype, offset=file.tell())
        return X.reshape(shape, order="F" if fortran else "C")


def _checked_npy(path: StrPath, X: Array) -> NDArray[np.uint8]:
    """Return the images in an array X of a file called ``path``."""
    one = X.shape in ((SIDE, SIDE), (SIDE * SIDE,))
    many = X.shape[1:] in ((SIDE, SIDE), (SIDE * SIDE,)) and len(X) > 0
    right = X.dtype == np.uint8 and (one or many)
    if not right or X.max() <= 1:
        found = printable(f"{X.dtype} of shape {X.shape}")
        found += ", all at most 1" * right
        raise ValueError(
            f"{printable(path)} must hold uint8, 0 to 255 and bright on "
            "black, of shape (28, 28), (784,), (n, 28, 28) or (n, 784), "
            f"but holds {found}. For values from 0 to 1, save "
            "np.round(255 * X).astype(np.uint8)"
        )
    images = X.reshape(-1, SIDE, SIDE)
    bright = np.sum(np.median(_border(images), axis=1) > 127)
    if bright:
        note(
            path,
            f"the network expects images bright on black, but {bright} of "
            f"{len(images)} have a bright border; 255 - X inverts them",
        )
    return X.reshape(-1, SIDE * SIDE)


def describe(Z: Array) -> Iterator[tuple[str, dict[str, Any]]]:
    """The class of each image, and the network's confidence in it."""
    for p in softmax(Z):
        k = p.argmax()
        said = {"class": FASHION_CLASSES[k], "confidence": float(p[k])}
        yield f"{FASHION_CLASSES[k]} ({p[k]:.1%})", said


def preview(X: Array, y: Array) -> Any:
    """Ten images of each class, the first ones of X (n, 784), a figure."""
    fig, axes = figures.subplots(10, 11, figsize=(7.2, 6.4))
    for k, row in enumerate(axes):
        row[0].text(0, 0.5, FASHION_CLASSES[k], va="center", size=9)
        row[0].set(xlim=(0, 1), ylim=(0, 1))
        for ax, image in zip(row[1:], X[y == k], strict=False):
            ax.imshow(image.reshape(SIDE, SIDE), cmap="gray")
        for ax in row:
            ax.axis("off")
    return fig


def demo(model: Layer) -> figures.Figure:
    """A picture to draw on, and the network's confidences as bars.

    The figure starts with the image that the network is least sure of.
    """
    X, y = (part[::4] for part in fashion_mnist_sample())  # fifty pictures
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
    endings=(*PICTURES, ".npy"),
    example="samples/boot.png",
    describe=describe,
    preview=preview,
    demo=demo,
)
