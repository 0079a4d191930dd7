"""What a task is: data, a network, settings, files and figures."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ..activations import ReLU
from ..checkpoint import Checkpoint
from ..figures import Figure
from ..layers import Dense, Dropout, Layer, he_normal
from ..losses import SoftmaxCrossEntropy
from ..model import Sequential
from ..optimizers import Adam, Optimizer, cosine
from ..regularizers import L2
from ..training import evaluate, fit
from ..typing import (
    Array,
    Arrays,
    DTypeLike,
    History,
    Init,
    Integer,
    LossLike,
    Metric,
    ModelLike,
    OnEpoch,
    OptimizerLike,
    Rate,
    StrPath,
)
from ..weights import WeightFileError, read_arrays

T = TypeVar("T")
Inputs: TypeAlias = Callable[[Array], list[Layer]]
WEIGHTS = Path(__file__).with_name("weights")
RENAMED = {"he": "plain", "better": "tuned", "map": "fourier"}


def get(named: Mapping[str, T], name: Any, what: str) -> T:
    """Return the entry called ``name``; ValueError names all of them."""
    if isinstance(name, str) and name in named:
        return named[name]
    now = RENAMED.get(name) if isinstance(name, str) else None
    raise ValueError(
        f"{what} must be one of {', '.join(named)}, but is {name!r}"
        + (f", which is now called {now!r}" if now in named else "")
    )


def cosine_by_epoch(t: int, *, lr: float, epochs: int, steps: int) -> float:
    """The step size of ``cosine`` after t steps, ``steps`` per epoch."""
    return cosine(lr, t // steps, epochs)


@dataclass(frozen=True)
class Settings:
    """How one network is built and trained.

    ``label`` describes them in tables. ``inputs(X)`` returns the layers,
    without parameters, that prepare the raw rows X. ``l2`` is the strength
    of the penalty on the hidden weights, ``dropout`` the rate after each
    hidden layer. With ``cosine`` the step size falls from ``lr`` to 0 over
    the epochs; with ``mean_start`` the last bias starts at the mean of the
    targets.
    """

    label: str
    inputs: Inputs
    epochs: int
    batch_size: int = 128
    init: Init = he_normal
    l2: float = 0.0
    dropout: float = 0.0
    lr: float = 1e-3
    lr_decay: float = 0.0
    cosine: bool = False
    mean_start: bool = False

    def steps(self, n_rows: int) -> int:
        """Return how many steps one epoch of so many rows takes."""
        return math.ceil(n_rows / self.batch_size)

    def optimizer(
        self, n_rows: int, rule: Callable[..., Optimizer] = Adam
    ) -> Optimizer:
        """Return a new optimizer, Adam by default, for so many rows."""
        lr: Rate = self.lr
        if self.cosine:
            lr = partial(
                cosine_by_epoch,
                lr=self.lr,
                epochs=self.epochs,
                steps=self.steps(n_rows),
            )
        return rule(lr, lr_decay=self.lr_decay)


def classic(inputs: Inputs, epochs: int, **more: Any) -> Settings:
    """Settings with the values of the repository this book grew from."""
    same: dict[str, Any] = {"l2": 5e-4, "dropout": 0.1, "lr_decay": 1e-4}
    return Settings("classic settings", inputs, epochs, **same, **more)


def plain(inputs: Inputs, epochs: int) -> Settings:
    """Settings without any regularization or schedule."""
    label = "He initialization, no penalty, dropout or decay"
    return Settings(label, inputs, epochs)


class Watched:
    """An optimizer that calls ``then()`` after each of its steps."""

    def __init__(
        self, optimizer: OptimizerLike, then: Callable[[], object]
    ) -> None:
        self.optimizer: OptimizerLike = optimizer
        self.then: Callable[[], object] = then

    def step(self, parameters: Arrays, gradients: Arrays) -> None:
        """Change the parameters as the optimizer does, then call."""
        self.optimizer.step(parameters, gradients)
        self.then()


@dataclass(frozen=True)
class Task:
    """A data set, the network trained on it, and how both are shown.

    ``data(validation=)`` returns pairs (X, y), as in ``nn.datasets``, and
    ``locate(folder)`` finds or fetches the files and returns where they
    are. ``sizes`` is (n_in, hidden ..., n_out), ``loss`` a class of
    ``nn.losses``. ``metrics`` are followed in training and bear the names
    that Keras gives them; ``scores`` need all rows at once. ``columns``
    are those of the table of results: (part, name) -> (heading, decimals).
    ``settings``, by name, include "classic", which other libraries are
    compared with, and "tuned", the default.

    ``read(path)`` returns raw rows X from a file of the kind ``files``
    names, or from standard input if the path is ``-``; ``endings`` are
    those of such files, ``example`` is one. ``describe(Z)`` yields, for
    each row of the outputs Z, what they mean: a text, and a dictionary of
    plain values for programs. ``preview(X, y)`` draws the data with
    Matplotlib; ``demo(model)`` returns an interactive figure.
    """

    name: str
    title: str
    data: Callable[..., tuple[tuple[Array, Array], ...]]
    locate: Callable[[StrPath | None], Path]
    sizes: tuple[int, ...]
    loss: Callable[[], LossLike]
    metrics: dict[str, Metric]
    scores: dict[str, Metric]
    columns: dict[tuple[str, str], tuple[str, int]]
    settings: dict[str, Settings] = field(repr=False)
    read: Callable[[StrPath], Array]
    files: str
    endings: tuple[str, ...]
    example: str
    describe: Callable[[Array], Iterable[tuple[str, dict[str, Any]]]]
    preview: Callable[[Array, Array], Any]
    demo: Callable[[Layer], Figure]

    @property
    def classifies(self) -> bool:
        """True for classes, False for numbers to be predicted."""
        return self.loss is SoftmaxCrossEntropy

    def get_settings(self, name: str) -> Settings:
        """Return the settings called ``name``; ValueError if none are."""
        return get(self.settings, name, f"the settings of {self.name}")

    def build(
        self,
        settings: Settings,
        X: Array,
        y: Array,
        seed: Integer,
        *,
        dtype: DTypeLike = np.float32,
    ) -> tuple[Sequential, np.random.Generator]:
        """Return a new network for the rows X, y and its batch order.

        ``seed`` gives three independent generators: for the weights, for
        the dropout masks, and the one returned, for the order of the rows.
        """
        seeds = np.random.default_rng(seed).spawn(3)
        init_rng, dropout_rng, order_rng = seeds
        layers = settings.inputs(X)
        n_in = Sequential(*layers).forward(X[:1]).shape[1]
        *hidden, n_out = self.sizes[1:]
        make = partial(Dense, init=settings.init, rng=init_rng, dtype=dtype)
        regularizer = L2(settings.l2) if settings.l2 else None
        for width in hidden:
            layers += [make(n_in, width, regularizer=regularizer), ReLU()]
            if settings.dropout:
                layers += [Dropout(settings.dropout, rng=dropout_rng)]
            n_in = width
        last = make(n_in, n_out)
        if settings.mean_start:
            last.b[...] = y.mean(axis=0)
        return Sequential(*layers, last), order_rng

    def train(
        self,
        settings: Settings,
        X: Array,
        y: Array,
        seed: Integer,
        *,
        validation: tuple[Array, Array] | None = None,
        on_epoch: OnEpoch | None = None,
        on_step: Callable[[], object] | None = None,
        checkpoint: StrPath | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> tuple[Sequential, History, float]:
        """Train a new network; return it, its history, and seconds.

        The arguments ``validation`` and ``on_epoch`` are those of
        ``nn.fit``; ``on_step()`` is called after each step. ``checkpoint``
        is a file that is written after each epoch, and if it is there, the
        training goes on where the file ends; ``about`` describes it, as
        for ``nn.checkpoint.Checkpoint``.
        """
        model, order_rng = self.build(settings, X, y, seed)
        optimizer: OptimizerLike
        optimizer, history = settings.optimizer(len(X)), None
        if checkpoint is not None:
            on_epoch = Checkpoint(
                checkpoint,
                model,
                optimizer,
                order_rng,
                about=about,
                then=on_epoch,
            )
            history = on_epoch.resume()
        if on_step is not None:
            optimizer = Watched(optimizer, on_step)
        start = time.perf_counter()
        history = fit(
            model,
            X,
            y,
            loss=self.loss(),
            optimizer=optimizer,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            validation=validation,
            metrics=self.metrics,
            rng=order_rng,
            on_epoch=on_epoch,
            history=history,
        )
        return model, history, time.perf_counter() - start

    def evaluate(
        self, model: ModelLike, X: Array, y: Array
    ) -> dict[str, float]:
        """Loss without penalty, metrics and scores, by name, of all rows.

        ``model`` is a network, or anything else with ``forward(X)``.
        """
        metrics = self.metrics | self.scores
        return evaluate(model, X, y, loss=self.loss(), metrics=metrics)

    def shipped(self, settings: str) -> Path:
        """Return the file of the weights that ship, by settings' name."""
        return WEIGHTS / f"{self.name}-{settings}.safetensors"

    def find(
        self, settings: str | None = None, *, path: StrPath | None = None
    ) -> tuple[str, StrPath]:
        """Return the settings and the file of the weights of ``load``."""
        if settings is not None:
            self.get_settings(settings)
        if path is not None:
            return self._settings_in(path, settings), path
        settings = settings or "tuned"
        path = self.shipped(settings)
        if not path.is_file():
            raise ValueError(
                f"no weights of {self.name} ship with the package: train "
                "a network and name the file of its weights"
            )
        return settings, path

    def load(
        self, settings: str | None = None, *, path: StrPath | None = None
    ) -> Sequential:
        """Return a trained network, ready for ``predict``.

        ``path`` is a file of weights that ``python -m nn train`` or the
        network's ``save`` wrote; by default, the one that ships with the
        package. ``settings`` are those of the network: by default, those
        that the file names, else "tuned". ValueError for unknown settings,
        for weights that are damaged or another network's, or if none ship.
        """
        settings, path = self.find(settings, path=path)
        X, y = np.ones((1, self.sizes[0])), np.zeros((1, self.sizes[-1]))
        model, _ = self.build(self.get_settings(settings), X, y, seed=0)
        return model.load(path)

    def _settings_in(self, path: StrPath, wanted: str | None) -> str:
        """The name of the settings of a file of weights."""
        _, about = read_arrays(path)
        for what, name in (("task", self.name), ("settings", wanted)):
            if name is not None and about.get(what, name) != name:
                raise WeightFileError(
                    f"{path} must hold weights of the {what} {name}, but "
                    f"holds those of {about[what]}"
                )
        return wanted or about.get("settings", "tuned")
