"""What a user wants predicted, read from files, with clear refusals."""

import csv
import sys
from pathlib import Path

import numpy as np

from ..datasets import HOUSING_FEATURES, HOUSING_UNITS

SIDE = 28  # pixels


def _say(text):
    print(text, file=sys.stderr)


def read_images(path, *, say=_say):
    """Return the images in a file as uint8 (n, 784), bright on black.

    A ``.npy`` file holds uint8 of shape (28, 28), (784,), (n, 28, 28) or
    (n, 784). Any other file is a picture that Pillow reads, of any size;
    if it must be scaled, or inverted because its border is bright,
    ``say`` is told. ValueError for what is neither.
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
            f"{path} is not a picture that can be read ({error}); expected "
            "a PNG of 28 x 28 grey pixels, or a .npy file"
        ) from error
    size = picture.size
    paper = Image.new("RGBA", size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    done = []
    if size != (SIDE, SIDE):
        edge = _border(np.asarray(grey))
        grey = ImageOps.pad(
            grey, (SIDE, SIDE), Image.Resampling.BOX, color=round(edge)
        )
        done.append(f"scaled from {size[0]} x {size[1]}")
    image = np.asarray(grey)
    if _border(image) > 127:
        image = 255 - image
        done.append("inverted, since its border is bright")
    if done:
        say(
            f"{path}: the network expects 28 x 28 pixels, bright on black; "
            f"the picture was {' and '.join(done)}"
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
            f"{path} is not an array that can be read ({error}); expected "
            "what numpy.save writes"
        ) from error
    one = X.shape in ((SIDE, SIDE), (SIDE * SIDE,))
    many = X.shape[1:] in ((SIDE, SIDE), (SIDE * SIDE,)) and len(X) > 0
    if X.dtype != np.uint8 or not (one or many):
        raise ValueError(
            f"{path} holds {X.dtype} of shape {X.shape}; expected uint8, 0 "
            "to 255 and bright on black, of shape (28, 28), (784,), "
            "(n, 28, 28) or (n, 784)"
        )
    return X.reshape(-1, SIDE * SIDE)


def read_districts(path):
    """Return the rows of a CSV file as float32 (n, 8), raw units.

    The first line names the columns, those of HOUSING_FEATURES in any
    order; others are ignored. ``-`` is standard input. ValueError for a
    missing column, or a cell that is no finite number.
    """
    if str(path) == "-":
        return _districts(sys.stdin, "standard input")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return _districts(file, path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8: {error}") from error


def _districts(file, name):
    reader = csv.DictReader(file)
    columns = [c.strip() for c in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [c for c in HOUSING_FEATURES if c not in columns]
    if missing:
        expected = ", ".join(
            f"{c} ({unit})"
            for c, unit in zip(HOUSING_FEATURES, HOUSING_UNITS, strict=True)
        )
        raise ValueError(
            f"{name} has no column {', '.join(missing)}; expected a first "
            f"line with the columns {expected}"
        )
    rows = [
        [
            _number(row[c], c, name, reader.line_num)
            for c in HOUSING_FEATURES
        ]
        for row in reader
    ]
    if not rows:
        raise ValueError(f"{name} has no rows below its first line")
    return np.array(rows, np.float32)


def _number(text, column, name, line):
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(
            f"{name}, line {line}: {column} expects a number, got {text!r}"
        )
    return value
