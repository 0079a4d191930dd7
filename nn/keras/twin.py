"""The same network, the same batches, the same masks, trained by Keras.

Where the two differ by more than rounding, ours is given the numbers of
Keras: ``KerasAdam`` and ``matched`` say which.
"""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import DTypeLike

from ..layers import Dense, Dropout, Layer
from ..model import Sequential
from ..optimizers import Adam, Optimizer
from ..tasks import Settings, Task
from ..training import batches, train_step
from ..typing import Array, LossLike
from .baseline import loss_of
from .convert import keras_layer

STEPS = (1, 10, 100, 1000)
TYPES: tuple[DTypeLike, ...] = (np.float32, np.float64)
Step: TypeAlias = Callable[[Array, Array, np.float32, Sequence[Array]], Any]


class KerasAdam(Adam):
    """Adam with the numbers of Keras: where it adds eps, what it rounds.

    m and v as in ``Adam``, then w <- w - a m / (sqrt(v) + eps) with
    a = lr sqrt(1 - beta2^t) / (1 - beta1^t): eps is added before the bias
    correction of v, so it counts as eps / sqrt(1 - beta2^t). In a, not in
    m and v, the betas are float32 numbers, and so is lr, even when w is
    float64; a is computed in the type of w.
    """

    def change(self, g: Array, state: Sequence[Array], lr: float) -> Array:
        m, v = state
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        rounded = np.array([lr, self.beta1, self.beta2], np.float32)
        lr, beta1, beta2 = rounded.astype(g.dtype)
        t = g.dtype.type(self.t)
        a = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        return -(m * a / (np.sqrt(v) + self.eps))


def matched(settings: Settings) -> Settings:
    """The settings with the penalty as a float32 number, as Keras has it.

    float32(5e-4) is 5.0000002e-4: in float64 the two diverge by 2e-8 of
    the penalty's gradient.
    """
    return replace(settings, l2=float(np.float32(settings.l2)))


class KerasTwin:
    """A copy of our network in Keras, from its weights as they are now.

    ``model`` is what ``task.build(settings, ...)`` returned. Its layers
    before the first Dense remain ours and are applied to each batch; Keras
    gets the rest, as ``to_keras`` converts it, and its Adam, unmodified. A
    product with a mask, which is an input, replaces each Dropout.
    """

    def __init__(self, task: Task, model: Sequential) -> None:
        import keras

        backend = keras.backend.backend()
        if backend != "tensorflow":
            raise ValueError(
                "the twin needs Keras on TensorFlow, but Keras runs on "
                f"{backend}: set KERAS_BACKEND=tensorflow"
            )
        dense = next(a for a in model.layers if isinstance(a, Dense))
        first = model.layers.index(dense)
        self.preprocessing: Sequence[Layer] = model.layers[:first]
        self.dtype: np.dtype[Any] = dense.W.dtype
        name = self.dtype.name
        multiply = keras.layers.Multiply(dtype=name)
        clean = dropped = X = keras.Input((len(dense.W),), dtype=name)
        masks = []
        for layer in model.layers[first:]:
            if isinstance(layer, Dropout):
                masks.append(keras.Input(clean.shape[1:], dtype=name))
                dropped = multiply([dropped, masks[-1]])
            else:
                made = keras_layer(layer, self.dtype)
                clean, dropped = made(clean), made(dropped)
        self.inference_model: Any = keras.Model(X, clean)
        self.net: Any = keras.Model([X, *masks], dropped)
        self.step: Step = self._compiled(keras, loss_of(task, dtype=name))

    def _compiled(self, keras: Any, loss: Any) -> Step:
        """The function (X, y, lr, masks) -> L of one step, compiled."""
        import tensorflow as tf

        net, optimizer = self.net, keras.optimizers.Adam()
        weights = net.trainable_variables
        optimizer.build(weights)

        def step(X: Any, y: Any, lr: Any, masks: Any) -> Any:
            with tf.GradientTape() as tape:
                Z = net([X, *masks], training=True)
                L = loss(y, Z) + sum(net.losses)
            optimizer.learning_rate = lr
            optimizer.apply(tape.gradient(L, weights), weights)
            return L

        return cast(Step, tf.function(step, reduce_retracing=True))

    def prepare(self, X: Array) -> Array:
        """The inputs of Keras for raw rows X: our preprocessing applied."""
        for layer in self.preprocessing:
            X = layer.forward(X)
        return X.astype(self.dtype)

    def train_step(
        self, X: Array, y: Array, lr: float, masks: Sequence[Array]
    ) -> float:
        """One step of Keras' Adam; returns L with the penalty."""
        X = self.prepare(X)
        return float(self.step(X, y, np.float32(lr), masks))

    def forward(self, X: Array, training: bool = False) -> Array:
        """Outputs Z for raw rows X: ``nn.predict`` accepts the twin."""
        X = self.prepare(X)
        return np.asarray(self.inference_model(X, training=False))

    def parameters(self) -> list[Array]:
        """Its weights as arrays, in the order of our own."""
        return self.net.get_weights()


def draw_masks(
    dropouts: Iterable[Dropout], task: Task, n: int, dtype: DTypeLike
) -> list[Array]:
    """The masks of the next step for n rows, from these Dropout layers."""
    return [
        layer.forward(np.ones((n, width), dtype), True)
        for layer, width in zip(dropouts, task.sizes[1:-1], strict=False)
    ]


def dropouts_of(model: Sequential) -> list[Dropout]:
    """The Dropout layers of the network, in order."""
    return [layer for layer in model.layers if isinstance(layer, Dropout)]


def all_batches(
    settings: Settings, X: Array, y: Array, order_rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield X_b, y_b for each step of ``fit`` with ``settings``."""
    for _ in range(settings.epochs):
        yield from batches(X, y, settings.batch_size, rng=order_rng)


class Ours:
    """Our network and optimizer, with the methods of the twin."""

    def __init__(
        self, task: Task, model: Sequential, optimizer: Optimizer
    ) -> None:
        self.model: Sequential = model
        self.optimizer: Optimizer = optimizer
        self.loss: LossLike = task.loss()

    def train_step(
        self, X: Array, y: Array, lr: object = None, masks: object = None
    ) -> float:
        loss, optimizer = self.loss, self.optimizer
        return train_step(self.model, X, y, loss=loss, optimizer=optimizer)[
            0
        ]

    def parameters(self) -> list[Array]:
        return list(self.model.parameters().values())


def perturb_one_ulp(model: Sequential) -> None:
    """Change the first weight of the last layer to the next number."""
    *_, W, _ = model.parameters().values()
    W[0, 0] = np.nextafter(W[0, 0], np.inf, dtype=W.dtype)


KINDS: dict[
    str, dict[str, Any]
] = {  # what is compared: options of ``compare``
    "ours and Keras": {},
    "ours and Keras, textbook Adam": {"adam": Adam},
    "ours, one weight changed by one ulp": {"against": "one ulp"},
}
NOTE = """\
One ulp is the distance from a number to the next one of its type. The rows
in which one of our own weights is changed by it are a yardstick: they show
how far rounding alone drives two trainings apart."""


def stages(settings: Settings, n_rows: int) -> list[int]:
    """Those of ``STEPS`` that a training of so many rows has."""
    total = settings.epochs * settings.steps(n_rows)
    return [n for n in STEPS if n <= total]


def compare(
    task: Task,
    settings: Settings,
    *,
    against: str = "keras",
    steps: Sequence[int] = STEPS,
    dtype: DTypeLike = np.float64,
    adam: Callable[..., Optimizer] = KerasAdam,
    rows: tuple[Array, Array] | None = None,
    seed: int = 0,
    on_step: Callable[[], object] | None = None,
) -> list[dict[str, float]]:
    """Train our network and another in step; return how far they diverge.

    ``against`` is "keras", or "one ulp" for our own network with one
    weight changed in its last bit. ``adam`` is our optimizer, ``rows`` the
    pair X, y (the task's training rows by default). Returns one dictionary
    for each number in ``steps``: "steps", "weights" (the largest absolute
    difference of any weight or bias after so many steps) and "loss" (the
    largest difference of any training loss up to there, with penalty).
    ``on_step()`` is called after each step.
    """
    if against not in ("keras", "one ulp"):
        raise ValueError(
            f"against must be 'keras' or 'one ulp', but is {against!r}"
        )
    X, y = task.data()[0] if rows is None else rows
    settings = matched(settings)
    model, order_rng = task.build(settings, X, y, seed, dtype=dtype)
    optimizer = settings.optimizer(len(X), adam)
    ours = Ours(task, model, optimizer)
    theirs: KerasTwin | Ours
    if against == "keras":
        theirs = KerasTwin(task, model)
    else:
        other, _ = task.build(settings, X, y, seed, dtype=dtype)
        perturb_one_ulp(other)
        theirs = Ours(task, other, settings.optimizer(len(X), adam))
    table, worst = [], 0.0
    stream = all_batches(settings, X, y, order_rng)
    for t, (X_b, y_b) in enumerate(stream, 1):
        lr = optimizer.rate()
        same = copy.deepcopy(
            dropouts_of(model)
        )  # these draw what ours will
        masks = draw_masks(same, task, len(X_b), dtype)
        L = ours.train_step(X_b, y_b)
        worst = max(worst, abs(L - theirs.train_step(X_b, y_b, lr, masks)))
        if on_step is not None:
            on_step()
        if t in steps:
            weights = max(
                float(np.abs(w - v).max())
                for w, v in zip(
                    ours.parameters(), theirs.parameters(), strict=True
                )
            )
            table.append({"steps": t, "weights": weights, "loss": worst})
        if t == max(steps):
            return table
    raise ValueError(
        f"steps must be at most {t}, as many as {settings.epochs} epochs "
        f"have, but is {max(steps)}"
    )


def compare_all(
    task: Task,
    settings: Settings,
    *,
    steps: Sequence[int] | None = None,
    rows: tuple[Array, Array] | None = None,
    seed: int = 0,
    log: Callable[[str], object] = print,
    on_step: Callable[[], object] | None = None,
    on_table: Callable[[int], object] | None = None,
) -> dict[str, list[dict[str, float]]]:
    """Compare in float32 and float64 and print the tables; return them.

    By default, ``steps`` are those of ``STEPS`` that the training has.
    ``on_step()`` is called after each step, and ``on_table(i)`` after
    comparison number i, from 0.
    """
    rows = task.data()[0] if rows is None else rows
    same: dict[str, Any] = {"rows": rows, "seed": seed, "on_step": on_step}
    same["steps"] = steps = steps or stages(settings, len(rows[0]))
    found = {}
    for dtype in TYPES:
        for kind, options in KINDS.items():
            options = same | {"dtype": dtype} | options
            name = f"{np.dtype(dtype).name}  {kind}"
            found[name] = compare(task, settings, **options)
            if on_table is not None:
                on_table(len(found) - 1)
    for what in ("weights", "loss"):
        heads = "".join(f"{n:>9,}" for n in steps)
        log(f"{f'largest difference of {what}':46}{heads} steps")
        for name, table in found.items():
            values = "".join(f"{row[what]:9.0e}" for row in table)
            log(f"  {name:44}{values}")
    log(NOTE)
    return found


def train_twin(
    task: Task, settings: Settings, X: Array, y: Array, seed: int
) -> tuple[KerasTwin, float]:
    """Train Keras from our initial weights, with our batches and masks.

    Returns the twin and seconds. float32, with the dropout masks that
    ``task.train`` would draw. The twin takes raw rows:
    ``task.evaluate(twin, X, y)``.
    """
    model, order_rng = task.build(settings, X, y, seed)
    twin = KerasTwin(task, model)
    dropouts, optimizer = dropouts_of(model), settings.optimizer(len(X))
    start = time.perf_counter()
    for X_b, y_b in all_batches(settings, X, y, order_rng):
        masks = draw_masks(dropouts, task, len(X_b), np.float32)
        twin.train_step(X_b, y_b, optimizer.rate(), masks)
        optimizer.t += 1
    return twin, time.perf_counter() - start
