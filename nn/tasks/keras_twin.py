"""The same network, the same batches, the same masks, trained by Keras.

Keras (with TensorFlow behind it) is imported only where it is used. Where
the two differ by more than rounding, ours is given Keras' numbers:
``KerasAdam`` and ``matched`` say which.
"""

import time
from dataclasses import replace

import numpy as np

from ..layers import Dropout
from ..losses import SoftmaxCrossEntropy
from ..optimizers import Adam, cosine
from ..training import batches, train_step

STEPS = (1, 10, 100, 1000)

__all__ = [
    "KerasAdam",
    "KerasTwin",
    "compare",
    "report",
    "train_twin",
    "twin",
]


class KerasAdam(Adam):
    """Adam with the numbers of Keras: where it adds eps, what it rounds.

    m and v as in ``Adam``, then w <- w - a m / (sqrt(v) + eps) with
    a = lr sqrt(1 - beta2^t) / (1 - beta1^t): eps is added before the bias
    correction of v, so it counts as eps / sqrt(1 - beta2^t). In a, not in
    m and v, the betas are float32 numbers, and so is lr, even when w is
    float64; a is computed in the type of w.
    """

    def update(self, w, g, state, lr):
        m, v = state
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        rounded = np.array([lr, self.beta1, self.beta2], np.float32)
        lr, beta1, beta2 = rounded.astype(w.dtype)
        t = w.dtype.type(self.t)
        a = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        w -= m * a / (np.sqrt(v) + self.eps)


def matched(settings):
    """The settings with the penalty as a float32 number, as Keras has it.

    float32(5e-4) is 5.0000002e-4: in float64 the two part by 2e-8 of the
    penalty's slope.
    """
    return replace(settings, penalty=float(np.float32(settings.penalty)))


class KerasTwin:
    """A copy of our network in Keras, from its weights as they are now.

    ``model`` is what ``task.build(settings, ...)`` returned. Its layers
    before the first Dense stay ours and are applied to each batch; Keras
    gets the rest: Dense with the penalty as its kernel_regularizer, ReLU,
    a product with a mask that comes in as an input wherever we have
    Dropout, and its Adam, unmodified.
    """

    def __init__(self, task, settings, model, *, dtype=np.float32):
        import keras

        backend = keras.backend.backend()
        if backend != "tensorflow":
            raise ValueError(
                f"the twin needs Keras on TensorFlow, not on {backend}: "
                "set KERAS_BACKEND=tensorflow"
            )
        name = np.dtype(dtype).name
        start = [w.astype(dtype) for w in model.parameters().values()]
        first = model.layers.index(model.first)
        self.front, self.dtype = model.layers[:first], dtype
        *widths, n_out = task.sizes[1:]
        price = keras.regularizers.L2(settings.penalty)
        hidden = [
            keras.layers.Dense(
                width,
                activation="relu",
                kernel_regularizer=price if settings.penalty else None,
                dtype=name,
            )
            for width in widths
        ]
        last = keras.layers.Dense(n_out, dtype=name)
        times = keras.layers.Multiply(dtype=name)
        X = keras.Input((len(start[0]),), dtype=name)
        masks = [keras.Input((width,), dtype=name) for width in widths]
        plain = dropped = X
        for layer, mask in zip(hidden, masks, strict=True):
            plain, dropped = layer(plain), times([layer(dropped), mask])
        self.plain = keras.Model(X, last(plain))
        if not settings.dropout:
            masks, dropped = [], plain
        self.net = keras.Model([X, *masks], last(dropped))
        self.net.set_weights(start)
        self.optimizer = keras.optimizers.Adam()
        self.step = self._compiled(keras, task)

    def _compiled(self, keras, task):
        """The function (X, y, lr, masks) -> L of one step, compiled."""
        import tensorflow as tf

        name = np.dtype(self.dtype).name
        if task.loss is SoftmaxCrossEntropy:
            loss = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, dtype=name
            )
        else:
            loss = keras.losses.MeanSquaredError(dtype=name)
        net, optimizer = self.net, self.optimizer
        weights = net.trainable_variables
        optimizer.build(weights)

        @tf.function(reduce_retracing=True)
        def step(X, y, lr, masks):
            with tf.GradientTape() as tape:
                Z = net([X, *masks], training=True)
                L = loss(y, Z) + sum(net.losses)
            optimizer.learning_rate = lr
            optimizer.apply(tape.gradient(L, weights), weights)
            return L

        return step

    def prepare(self, X):
        """What Keras gets for the raw rows X: our front layers applied."""
        for layer in self.front:
            X = layer.forward(X)
        return X.astype(self.dtype)

    def train_step(self, X, y, lr, masks):
        """One step of Keras' Adam; returns L with the penalty."""
        lr = np.float32(lr)
        return float(self.step(self.prepare(X), y, lr, masks))

    def forward(self, X, training=False):
        """Outputs Z for raw rows X, so that ``nn.predict`` takes it."""
        return np.asarray(self.plain(self.prepare(X), training=False))

    def parameters(self):
        """Its weights as arrays, in the order of our own."""
        return self.net.get_weights()


def dropouts(model):
    """The Dropout layers of the network, in order."""
    return [layer for layer in model.layers if isinstance(layer, Dropout)]


def steps_of(settings, X, y, order_rng):
    """Yield lr, X_b, y_b for each step of the training with ``settings``.

    The batches are those of ``fit``, and lr is what our optimizer uses.
    """
    t = 0
    for epoch in range(settings.epochs):
        lr = settings.lr
        if settings.cosine:
            lr = cosine(lr, epoch, settings.epochs)
        for X_b, y_b in batches(X, y, settings.batch_size, rng=order_rng):
            yield lr / (1 + settings.lr_decay * t), X_b, y_b
            t += 1


class _Ours:
    """Our network and optimizer, driven step by step."""

    def __init__(self, task, model, optimizer):
        self.model, self.optimizer = model, optimizer
        self.loss = task.loss()

    def train_step(self, X, y, lr, masks=None):
        self.optimizer.lr = lr
        step = {"loss": self.loss, "optimizer": self.optimizer}
        return train_step(self.model, X, y, **step)[0]

    def parameters(self):
        return list(self.model.parameters().values())


def one_bit_more(model):
    """Change the first weight of the last layer to the next number."""
    W = model.layers[-1].W
    W[0, 0] = np.nextafter(W[0, 0], np.inf, dtype=W.dtype)


def compare(
    task,
    settings,
    *,
    against="keras",
    steps=STEPS,
    dtype=np.float64,
    adam=KerasAdam,
    rows=None,
    seed=0,
):
    """Train our network and another in step; return how far they part.

    ``against`` is "keras", or "one bit" for our own network with the last
    bit of one weight changed. ``adam`` is our optimizer, ``rows`` the
    pair X, y (the task's training rows by default). Returns one dictionary
    for each number in ``steps``: "steps", "weights" (the largest absolute
    difference of any weight or bias after so many steps) and "loss" (the
    largest difference of any training loss up to there, with penalty).
    """
    if against not in ("keras", "one bit"):
        raise ValueError(
            f"against expects 'keras' or 'one bit', got {against!r}"
        )
    X, y = task.data()[0] if rows is None else rows
    settings = matched(settings)
    model, order_rng = task.build(settings, X, y, seed, dtype=dtype)
    ours = _Ours(task, model, adam(settings.lr))
    if against == "keras":
        theirs = KerasTwin(task, settings, model, dtype=dtype)
    else:
        other, _ = task.build(settings, X, y, seed, dtype=dtype)
        one_bit_more(other)
        theirs = _Ours(task, other, adam(settings.lr))
    table, worst = [], 0.0
    for t, (lr, X_b, y_b) in enumerate(
        steps_of(settings, X, y, order_rng), 1
    ):
        L = ours.train_step(X_b, y_b, lr)
        masks = [layer.mask for layer in dropouts(model)]
        worst = max(worst, abs(L - theirs.train_step(X_b, y_b, lr, masks)))
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
        f"steps expects at most {t}, as many as {settings.epochs} epochs "
        f"have, got {max(steps)}"
    )


def report(task, settings, *, steps=STEPS, rows=None, seed=0, say=print):
    """Compare in float32 and float64 and print the tables; return them."""
    rows = task.data()[0] if rows is None else rows
    kinds = {
        "ours and Keras": {},
        "ours and Keras, textbook Adam": {"adam": Adam},
        "ours, one bit changed": {"against": "one bit"},
    }
    found = {}
    for dtype in (np.float32, np.float64):
        name = np.dtype(dtype).name
        for kind, options in kinds.items():
            found[name, kind] = compare(
                task,
                settings,
                steps=steps,
                dtype=dtype,
                rows=rows,
                seed=seed,
                **options,
            )
    for what in ("weights", "loss"):
        heads = "".join(f"{n:>9,}" for n in steps)
        say(f"{f'largest difference of {what}':40}{heads} steps")
        for (name, kind), table in found.items():
            values = "".join(f"{row[what]:9.0e}" for row in table)
            say(f"  {name}  {kind:29}{values}")
    return found


def train_twin(task, settings, X, y, seed):
    """Train Keras from our start, in our order; return it and seconds.

    float32, with the dropout masks that ``task.train`` would draw. The
    twin takes raw rows: ``task.judge(twin, X, y)``.
    """
    model, order_rng = task.build(settings, X, y, seed)
    copy = KerasTwin(task, settings, model)
    start = time.perf_counter()
    widths = task.sizes[1:-1]
    for lr, X_b, y_b in steps_of(settings, X, y, order_rng):
        masks = [
            layer.forward(np.ones((len(X_b), width), np.float32), True)
            for layer, width in zip(dropouts(model), widths, strict=False)
        ]
        copy.train_step(X_b, y_b, lr, masks)
    return copy, time.perf_counter() - start


def twin(task, seed, pairs=None, *, settings="classic"):
    """One run of the twin, for the table of results.

    ``pairs`` is what ``task.data()`` returns. Returns "seconds", and the
    bare scores on the rows of "train" and "test".
    """
    (X, y), (X_test, y_test) = task.data() if pairs is None else pairs
    copy, seconds = train_twin(task, task.settings[settings], X, y, seed)
    return {
        "seconds": round(seconds, 1),
        "train": task.judge(copy, X, y),
        "test": task.judge(copy, X_test, y_test),
    }
