"""Keras as one writes it: the same layer sizes, everything else its own.

Keras is imported only where it is used. The network starts from Keras'
own numbers, draws its own batches and masks, and keeps its step size.
"""

import time

import numpy as np

from ..losses import SoftmaxCrossEntropy

PENALTY, DROPOUT = 5e-4, 0.1  # the ancestor's, as in our classic settings

__all__ = ["KerasBaseline", "baseline", "train_baseline"]


class KerasBaseline:
    """A Keras model for the raw rows X: standardised, or divided by 255.

    Hidden layers with ReLU, the penalty and dropout; the last layer gives
    logits or prices. ``forward`` lets ``nn.predict`` and ``task.judge``
    take it like a network of ours, without Keras' penalty in the loss.
    """

    def __init__(self, task, X):
        import keras

        layers = keras.layers
        classes = task.loss is SoftmaxCrossEntropy
        if classes:
            front = layers.Rescaling(1 / 255)
        else:
            front = layers.Normalization()
            front.adapt(X)
        *widths, n_out = task.sizes[1:]
        stack = [keras.Input((task.sizes[0],)), front]
        for width in widths:
            price = keras.regularizers.L2(PENALTY)
            stack += [
                layers.Dense(
                    width, activation="relu", kernel_regularizer=price
                ),
                layers.Dropout(DROPOUT),
            ]
        self.net = keras.Sequential([*stack, layers.Dense(n_out)])
        loss = "mean_squared_error"
        if classes:
            loss = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True
            )
        self.net.compile(
            optimizer=keras.optimizers.Adam(1e-3),
            loss=loss,
            metrics=list(task.metrics),
        )

    def fit(self, X, y, *, epochs, batch_size=128):
        """Train with Keras' own ``fit``; return its history."""
        options = {"epochs": epochs, "batch_size": batch_size}
        return self.net.fit(X, y, verbose=0, **options).history

    def forward(self, X, training=False):
        """Outputs Z of Keras' ``predict``, float32."""
        return self.net.predict(X, batch_size=1024, verbose=0)


def train_baseline(task, X, y, seed):
    """Train it with the classic batch size and epochs.

    Returns the trained model, Keras' history (its "loss" has the penalty
    in it), and seconds, as ``task.train`` does.
    """
    import keras

    classic = task.settings["classic"]
    before = np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)  # this seeds NumPy's generator too
    try:
        model = KerasBaseline(task, X)
        start = time.perf_counter()
        history = model.fit(
            X, y, epochs=classic.epochs, batch_size=classic.batch_size
        )
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return model, history, time.perf_counter() - start


def baseline(task, seed, pairs=None):
    """One run of the baseline, for the table of results.

    ``pairs`` is what ``task.data()`` returns. Returns "seconds", the bare
    scores on the rows of "train" and "test", and the "history".
    """
    (X, y), (X_test, y_test) = task.data() if pairs is None else pairs
    model, history, seconds = train_baseline(task, X, y, seed)
    return {
        "seconds": round(seconds, 1),
        "train": task.judge(model, X, y),
        "test": task.judge(model, X_test, y_test),
        "history": history,
    }
