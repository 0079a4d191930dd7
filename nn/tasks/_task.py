"""What a task is: data, a network, and named settings to train it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..activations import ReLU
from ..layers import Dense, Dropout, Layer, he_normal
from ..model import Sequential
from ..optimizers import Adam, cosine
from ..regularizers import L2
from ..training import fit, predict


@dataclass(frozen=True)
class Settings:
    """How one network is built and trained.

    ``inputs(X)`` returns the layers that prepare the raw rows X, without
    parameters. ``penalty`` is the L2 strength on the hidden weights,
    ``dropout`` the rate behind each hidden layer. With ``cosine`` the step
    size falls from ``lr`` to 0 over the epochs; with ``mean_start`` the
    last bias starts at the mean of the targets.
    """

    inputs: Callable[[np.ndarray], list[Layer]]
    epochs: int
    batch_size: int = 128
    init: Callable = he_normal
    penalty: float = 0.0
    dropout: float = 0.0
    lr: float = 1e-3
    lr_decay: float = 0.0
    cosine: bool = False
    mean_start: bool = False

    def optimizer(self):
        """Return a fresh Adam with these step sizes."""
        return Adam(self.lr, lr_decay=self.lr_decay)


@dataclass(frozen=True)
class Task:
    """A data set, the layer sizes of its network, and how to judge it.

    ``sizes`` is (n_in, hidden ..., n_out), ``loss`` a class of
    ``nn.losses``. ``metrics`` are followed in training; ``scores`` are the
    ones that only all rows at once can give. ``settings`` by name.
    """

    name: str
    data: Callable  # (validation=) -> pairs (X, y), as in nn.datasets
    sizes: tuple[int, ...]
    loss: type
    metrics: dict[str, Callable]
    scores: dict[str, Callable]
    settings: dict[str, Settings] = field(repr=False)

    def choose(self, name):
        """Return the settings called ``name``; ValueError if none are."""
        if name not in self.settings:
            raise ValueError(
                f"{self.name} has the settings {', '.join(self.settings)}, "
                f"got {name!r}"
            )
        return self.settings[name]

    def build(self, settings, X, y, seed, *, dtype=np.float32):
        """Return a fresh network for the rows X, y and its batch order.

        ``seed`` gives three independent generators: for the weights, for
        the dropout masks, and the one returned, for the order of the rows.
        """
        seeds = np.random.default_rng(seed).spawn(3)
        init_rng, dropout_rng, order_rng = seeds
        layers = settings.inputs(X)
        n_in = Sequential(*layers).forward(X[:1]).shape[1]
        *hidden, n_out = self.sizes[1:]
        options = {"init": settings.init, "rng": init_rng, "dtype": dtype}
        price = L2(settings.penalty) if settings.penalty else None
        for width in hidden:
            layers += [Dense(n_in, width, regularizer=price, **options)]
            layers += [ReLU()]
            if settings.dropout:
                layers += [Dropout(settings.dropout, rng=dropout_rng)]
            n_in = width
        layers.append(Dense(n_in, n_out, **options))
        if settings.mean_start:
            layers[-1].b[...] = y.mean(axis=0)
        return Sequential(*layers), order_rng

    def train(
        self, settings, X, y, seed, *, validation=None, on_epoch=None
    ):
        """Train a fresh network; return it, its history, and seconds.

        The arguments ``validation`` and ``on_epoch`` are those of
        ``nn.fit``.
        """
        model, order_rng = self.build(settings, X, y, seed)
        optimizer = settings.optimizer()

        def after(epoch, history):
            if settings.cosine:
                optimizer.lr = cosine(
                    settings.lr, epoch + 1, settings.epochs
                )
            return on_epoch is not None and on_epoch(epoch, history)

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
            on_epoch=after,
        )
        return model, history, time.perf_counter() - start

    def judge(self, model, X, y):
        """Bare loss, metrics and scores, by name, of all rows at once."""
        return self.score(predict(model, X), y)

    def score(self, Z, y):
        """The same for outputs Z, whoever they come from."""
        metrics = self.metrics | self.scores
        values = {name: f(y, Z) for name, f in metrics.items()}
        return {"loss": self.loss().forward(Z, y)} | values
