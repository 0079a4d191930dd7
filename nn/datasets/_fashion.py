"""Fashion-MNIST: 70,000 images of clothes, found or fetched."""

import io
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from . import _fetch
from ._idx import Damaged, Missing, read_folder
from ._shipped import read_shipped
from ._split import check_fraction, pairs
from ._text import StrPath, printable

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

SAMPLE = Path(__file__).with_name("fashion_mnist_sample.npz")
SAMPLE_SHA256 = (
    "2870b60cb9bdddb4fa1957427c508daa6ae1261ab5a08c31a0483d63ae543f24"
)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
Pair: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]
Source: TypeAlias = tuple[str, Path, Callable[[], None]]


@overload
def fashion_mnist(
    folder: StrPath | None = None, *, download: bool = True
) -> tuple[Pair, Pair]: ...


@overload
def fashion_mnist(
    folder: StrPath | None = None,
    *,
    validation: float,
    download: bool = True,
) -> tuple[Pair, ...]: ...


def fashion_mnist(
    folder: StrPath | None = None,
    *,
    validation: float = 0.0,
    download: bool = True,
) -> tuple[Pair, ...]:
    """Return (X_train, y_train), (X_test, y_test) of Fashion-MNIST.

    X is uint8 (n, 784): images of 28 x 28 pixels, row by row, 0 is the
    background and 255 the brightest. y is int64 (n,): the class, 0 to 9,
    an index into FASHION_CLASSES. 60,000 rows train, 10,000 test, in the
    order of the files, which is shuffled already.

    `validation=0.1` adds a third pair, (X_val, y_val), after the test
    pair: the last tenth of the training rows, 6,000 of them. The training
    pair then holds the other 54,000.

    The first of these places that holds the four files is used:

    1. `folder`,
    2. the folder in the environment variable NN_DATA,
    3. the package's own cache, `from-one-neuron/fashion-mnist` in
       XDG_CACHE_HOME or in the platform's cache folder,
    4. Keras' cache, `~/.keras/datasets/fashion-mnist`,
    5. the folder of Debian's package dataset-fashion-mnist,
    6. two addresses on the internet (30 MB, into the own cache), unless
       `download` is False.

    In 1 and 2 the files may also be in a folder `fashion-mnist` within.
    Files may be packed (.gz) or not. Each file is verified each time, by
    the SHA-256 of its unpacked content. A damaged file in 1 or 2 raises
    ValueError, in 3 to 5 it gives a warning and the next place is tried;
    so does a folder 1 or 2 without the files. A user without a home folder
    has a place 3 only in XDG_CACHE_HOME. The download of one file ends
    after 20 minutes, and after 30 seconds without an answer; without a
    terminal, standard error says every 10 seconds how far it is.

    Raises FileNotFoundError when no place has the data: it names every
    place, what was found there, and what to do. Raises ValueError if
    `validation` is not a fraction in [0, 1), TypeError if it is not a
    number, or `folder` not a path.

    Source: H. Xiao, K. Rasul and R. Vollgraf (2017), "Fashion-MNIST: a
    Novel Image Dataset for Benchmarking Machine Learning Algorithms",
    arXiv:1708.07747. MIT licence, copyright 2017 Zalando SE.
    """
    check_fraction(validation)
    _, files = _find(folder, download=download, apt=False)
    train, test = (
        (
            files[f"{part}-images-idx3-ubyte"].reshape(-1, 784),
            files[f"{part}-labels-idx1-ubyte"].astype(np.int64),
        )
        for part in ("train", "t10k")
    )
    return pairs(train, test, validation)


def fashion_mnist_sample() -> Pair:
    """Return X uint8 (200, 784), y int64 (200,): real test images.

    The first 20 images of each class in the test set of Fashion-MNIST, in
    the order of the test set. They ship with the package, for figures and
    quick tests: 200 images are too few to measure an accuracy.

    Source and licence as `fashion_mnist`; the licence's text is in
    fashion_mnist_sample.LICENSE.txt beside the file. Raises ValueError if
    the file is damaged (its SHA-256 is compared).
    """
    content = io.BytesIO(read_shipped(SAMPLE, SAMPLE_SHA256))
    with np.load(content, allow_pickle=False) as file:
        return file["X"], file["y"].astype(np.int64)


def fetch_fashion_mnist(
    folder: StrPath | None = None, *, apt: bool = True
) -> Path:
    """Make sure that Fashion-MNIST is on this machine; return its folder.

    Looks where `fashion_mnist` looks, and downloads the files if no place
    holds them. If that fails too, and `apt` is True, Debian's package is
    downloaded with apt-get and unpacked into the own cache: that needs no
    root and installs nothing. As root, `apt-get update` runs first if apt
    does not know the package.

    Raises the errors of `fashion_mnist`.
    """
    place, _ = _find(folder, download=True, apt=apt)
    return place


def _find(
    folder: StrPath | None, *, download: bool, apt: bool
) -> tuple[Path, dict[str, NDArray[np.uint8]]]:
    """Return the folder that holds the files, and {name: array}."""
    cache = _cache()
    if cache:
        _fetch.tidy(cache)
    looked = []
    for label, place, named in _places(folder, cache):
        where = f"{label}: {printable(place)}"
        try:
            return place, read_folder(place)
        except Missing as error:
            looked.append(f"{where}: {error}")
            if named:
                warnings.warn(
                    f"no Fashion-MNIST in {where} ({error}); looking in"
                    " the other places",
                    stacklevel=3,
                )
        except Damaged as error:
            looked.append(f"{where}: {error}")
            if named:
                raise ValueError(
                    f"{label} names a folder with a damaged file. {error}."
                    " Delete the file or name another folder"
                ) from error
            warnings.warn(
                f"{error}. Delete the file; looking in the other places",
                stacklevel=3,
            )
    for where, place, fetch in _sources(cache, download=download, apt=apt):
        try:
            fetch()
            return place, read_folder(place)
        # what a server sends may provoke any exception of the libraries
        except Exception as error:
            reason = printable(error, 400)
            if not isinstance(error, OSError | Damaged):
                reason = f"{type(error).__name__}: {reason}"
            looked.append(f"{where}: {reason}")
    if not download:
        looked.append("download: not tried, because of download=False")
    elif not cache:
        looked.append(
            "download: not tried, because this user has no home folder for "
            "a cache"
        )
    raise FileNotFoundError(_advice(looked, cache))


def _places(
    folder: StrPath | None, cache: Path | None
) -> list[tuple[str, Path, bool]]:
    """Return (label, folder, named by the user) in the order to look."""
    named = []
    if folder is not None:
        path = isinstance(folder, str | os.PathLike)
        if not path or str(folder) == "":
            raise (ValueError if path else TypeError)(
                "folder must be a path, a str or pathlib.Path, but is "
                f"{printable(repr(folder))}"
            )
        named.append(("folder", folder))
    if os.environ.get("NN_DATA"):
        named.append(("NN_DATA", os.environ["NN_DATA"]))
    places = [(label, _inside(place), True) for label, place in named]
    if cache:
        places.append(("own cache", cache, False))
    keras = os.environ.get("KERAS_HOME") or _home(".keras")
    if keras:
        keras = Path(keras, "datasets", "fashion-mnist")
        places.append(("Keras' cache", keras, False))
    return [*places, ("Debian's package", DEBIAN, False)]


def _inside(place: StrPath) -> Path:
    # unlike Path.expanduser, this leaves the ~ of an unknown user
    place = Path(os.path.expanduser(place))
    inner = place / "fashion-mnist"
    return inner if os.path.isdir(inner) else place


def _home(*parts: str) -> Path | None:
    """Return a path in the user's home folder, or None without one."""
    home = os.path.expanduser("~")
    return None if home == "~" else Path(home, *parts)


def _cache() -> Path | None:
    """Return the package's own folder for the four files, or None."""
    base: str | Path | None = os.environ.get("XDG_CACHE_HOME", "")
    if not base or not os.path.isabs(base):  # the standard says: ignore it
        if sys.platform == "darwin":
            base = _home("Library", "Caches")
        elif sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or _home(
                "AppData", "Local"
            )
        else:
            base = _home(".cache")
    return Path(base, "from-one-neuron", "fashion-mnist") if base else None


def _sources(
    cache: Path | None, *, download: bool, apt: bool
) -> list[Source]:
    """Return (label, cache, function that fills it) for each source."""
    sources: list[Source] = []
    if not cache:
        return sources
    if download:
        sources += [
            (
                f"download: {address}",
                cache,
                partial(_fetch.download, address, cache),
            )
            for address in _fetch.ADDRESSES
        ]
    if apt:
        sources.append(
            ("apt-get", cache, partial(_fetch.from_debian, cache))
        )
    return sources


def _advice(looked: list[str], cache: Path | None) -> str:
    lines = "\n".join(f"  - {line}" for line in looked)
    target = cache or "the folder XDG_CACHE_HOME, which you must name first"
    target = printable(target, 1000)
    return f"""Fashion-MNIST was not found. Places looked at:
{lines}
What to do, one of these:
  - with internet, or on Debian: run `python -m nn data`; it
    puts the files (30 MB) into
    {target}
  - on Debian, as root: apt-get install {_fetch.PACKAGE}
  - copy train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz,
    t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz into a folder
    and name it: fashion_mnist("folder"), or NN_DATA in the environment"""
