"""Plain Keras: the same layer sizes and penalty, all the rest its own.

The network starts from weights that Keras draws, draws its own batches and
masks, and keeps its step size.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..layers import Layer
from ..model import Sequential
from ..tasks import Settings, Task
from ..typing import Array


def hidden_layer(width: int, l2: float, **options: Any) -> Any:
    """Return one of Keras' Dense layers, with ReLU and the penalty."""
    import keras

    regularizer = keras.regularizers.L2(l2) if l2 else None
    return keras.layers.Dense(
        width, activation="relu", kernel_regularizer=regularizer, **options
    )


def loss_of(task: Task, **options: Any) -> Any:
    """Return the loss of the task as Keras has it."""
    import keras

    if task.classifies:
        return keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, **options
        )
    return keras.losses.MeanSquaredError(**options)


def network(
    task: Task, settings: Settings, *preprocessing: Any, **options: Any
) -> Any:
    """Return the task's network in Keras, compiled, for its own ``fit``.

    The Keras layers ``preprocessing`` come first. ``settings`` give the
    penalty, the dropout and the step size; ``options`` are those of
    Keras' ``compile``. The outputs are logits or prices.
    """
    import keras

    n_in, *widths, n_out = task.sizes
    layers = [keras.Input((n_in,)), *preprocessing]
    for width in widths:
        layers.append(hidden_layer(width, settings.l2))
        layers.append(keras.layers.Dropout(settings.dropout))
    net = keras.Sequential([*layers, keras.layers.Dense(n_out)])
    net.compile(
        optimizer=keras.optimizers.Adam(settings.lr),
        loss=loss_of(task),
        metrics=list(task.metrics),
        **options,
    )
    return net


class KerasBaseline(Layer):
    """A network of Keras' own for the raw rows X of a task.

    Penalty, dropout, step size and the preparation of the rows are those
    of the classic settings. ``nn.predict`` and ``task.evaluate`` accept it
    like a network of ours, without Keras' penalty in the loss.
    """

    def __init__(self, task: Task, X: Array) -> None:
        self.settings: Settings = task.settings["classic"]
        inputs = Sequential(*self.settings.inputs(X))
        self.prepare: Callable[[Array], Array] = inputs.forward
        self.net: Any = network(task, self.settings)

    def fit(
        self, X: Array, y: Array, callbacks: Iterable[Any] = ()
    ) -> dict[str, list[float]]:
        """Train with Keras' own ``fit``; return its history."""
        options: dict[str, Any] = {
            "epochs": self.settings.epochs,
            "batch_size": self.settings.batch_size,
        }
        options |= {"callbacks": [*callbacks], "verbose": 0}
        return self.net.fit(self.prepare(X), y, **options).history

    def forward(self, X: Array, training: bool = False) -> Array:
        """Outputs Z of Keras' ``predict``, float32."""
        X = self.prepare(X)
        return self.net.predict(X, batch_size=1024, verbose=0)


def train_baseline(
    task: Task,
    X: Array,
    y: Array,
    seed: int,
    *,
    callbacks: Iterable[Any] = (),
) -> tuple[KerasBaseline, dict[str, list[float]], float]:
    """Train plain Keras with the classic batch size and epochs.

    ``callbacks`` are those of Keras' ``fit``. Returns the trained model,
    Keras' history, whose "loss" contains the penalty, and seconds, as
    ``task.train`` does.
    """
    import keras

    before = np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)  # this seeds NumPy's generator too
    try:
        model = KerasBaseline(task, X)
        start = time.perf_counter()
        history = model.fit(X, y, callbacks)
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return model, history, time.perf_counter() - start
