"""The systems of the race: one class each, the same network and work.

A system is made from a ``Case`` and has two methods. ``train(turns)``
trains without end and calls ``turns()`` after each epoch; True ends it.
``predict(X)`` returns the outputs for raw rows as a NumPy array. Libraries
are imported where they are used: a process holds one of them.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Case:
    """What is trained: a task's rows, sizes and classic settings.

    X is uint8 pixels or raw housing columns, y classes (n,) or prices
    (n, 1); the columns are standardized by ``mean`` and ``std``.
    """

    X: np.ndarray
    y: np.ndarray
    task: str
    classifies: bool
    sizes: tuple[int, ...]
    batch: int
    threads: int
    l2: float
    dropout: float
    lr: float
    lr_decay: float

    @property
    def mean(self):
        """The number or the columns' means that are subtracted."""
        return 0.0 if self.X.dtype == np.uint8 else self.X.mean(axis=0)

    @property
    def std(self):
        """The number or the columns' deviations that divide."""
        return 255.0 if self.X.dtype == np.uint8 else self.X.std(axis=0)

    def standardize(self, X):
        """The rows X minus ``mean``, over ``std``, float64."""
        return (X - self.mean) / self.std


class Ours:
    """``fit`` and ``predict`` of the package, this one or an older one."""

    def __init__(self, case):
        import nn

        self.nn, self.case = nn, case
        layers = [nn.Normalization(case.mean, case.std)]
        n_in, *widths, n_out = case.sizes
        regularizer = nn.L2(case.l2)
        for width in widths:
            layers += [
                nn.Dense(n_in, width, regularizer=regularizer, rng=width),
                nn.ReLU(),
                nn.Dropout(case.dropout, rng=1),
            ]
            n_in = width
        self.model = nn.Sequential(*layers, nn.Dense(n_in, n_out, rng=0))

    def train(self, turns):
        nn, case = self.nn, self.case
        loss, metric = nn.MeanSquaredError, nn.mean_absolute_error
        if case.classifies:
            loss, metric = nn.SoftmaxCrossEntropy, nn.accuracy
        nn.fit(
            self.model,
            case.X,
            case.y,
            loss=loss(),
            optimizer=nn.Adam(case.lr, lr_decay=case.lr_decay),
            epochs=10**9,
            batch_size=case.batch,
            metrics={"metric": metric},
            rng=0,
            on_epoch=lambda *_: turns(),
        )

    def predict(self, X):
        return self.nn.predict(self.model, X)


class Floor:
    """The matrix products of a training step, and nothing else."""

    def __init__(self, case):
        rng, sizes = np.random.default_rng(0), case.sizes
        rows = [case.batch] * (len(case.X) // case.batch)
        rest = len(case.X) % case.batch
        self.rows = rows + [rest] * bool(rest)
        pairs = list(pairwise(sizes))
        f4 = {"dtype": np.float32}
        self.W = [rng.standard_normal(p, **f4) for p in pairs]
        self.dW = [np.empty(p, np.float32) for p in pairs]
        shapes = [(case.batch, m) for m in sizes]
        self.A = [rng.standard_normal(s, **f4) for s in shapes]
        self.dZ = [rng.standard_normal(s, **f4) for s in shapes]
        self.Z = [np.empty(s, np.float32) for s in shapes]

    def train(self, turns):
        while True:
            for n in self.rows:
                self.step(n)
            if turns():
                return

    def step(self, n):
        """X W, X^T dZ and, but for the first layer, dZ W^T."""
        for i, W in enumerate(self.W):
            np.matmul(self.A[i][:n], W, out=self.Z[i + 1][:n])
            dZ = self.dZ[i + 1][:n]
            np.matmul(self.A[i][:n].T, dZ, out=self.dW[i])
            if i:
                np.matmul(dZ, W.T, out=self.Z[i][:n])

    def predict(self, X):
        for i, W in enumerate(self.W):
            X = np.empty((len(X), len(W)), np.float32) @ W if i else (
                self.A[0][: len(X)] @ W
            )  # fmt: skip
        return X


class Textbook:
    """The style of many tutorials; see textbook.py."""

    def __init__(self, case):
        from . import textbook

        self.case, self.network = case, textbook.Network(case.sizes)
        self.X = case.standardize(case.X)  # float64, as they do

    def train(self, turns):
        case = self.case
        while True:
            keys = np.random.permutation(len(self.X))  # noqa: NPY002
            total = metric = 0.0
            for i in range(0, len(keys), case.batch):
                rows = keys[i : i + case.batch]
                loss, value = self.network.step(self.X[rows], case.y[rows])
                total, metric = total + loss, metric + value
            if turns():
                return

    def predict(self, X):
        return self.network.predict(self.case.standardize(X))


class Keras:
    """Keras on TensorFlow: plain ``fit`` on arrays."""

    steps = 1

    def __init__(self, case):
        import keras
        import tensorflow as tf

        from nn.keras import network
        from nn.tasks import TASKS

        tf.config.threading.set_intra_op_parallelism_threads(case.threads)
        tf.config.threading.set_inter_op_parallelism_threads(case.threads)
        self.keras, self.case = keras, case
        task = replace(TASKS[case.task], sizes=case.sizes)
        self.model = network(
            task,
            task.settings["classic"],
            keras.layers.Rescaling(1 / case.std, -case.mean / case.std),
            steps_per_execution=self.steps,
        )

    def train(self, turns):
        model = self.model

        class Stop(self.keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                model.stop_training = turns()

        self.model.fit(
            self.case.X,
            self.case.y,
            batch_size=self.case.batch,
            epochs=10**6,
            verbose=0,
            callbacks=[Stop()],
        )

    def predict(self, X):
        if len(X) == 1:  # what its documentation advises for small inputs
            return np.asarray(self.model(X, training=False))
        return self.model.predict(X, batch_size=1024, verbose=0)


class KerasTuned(Keras):
    """Many steps for each call of the compiled function."""

    steps = 64


class Torch:
    """PyTorch, eager, with its fused Adam; gathers batches by index."""

    def __init__(self, case):
        import torch

        torch.set_num_threads(case.threads)
        self.torch, self.case = torch, case
        layers, (n_in, *widths, n_out) = [], case.sizes
        for width in widths:
            layers += [torch.nn.Linear(n_in, width), torch.nn.ReLU()]
            layers += [torch.nn.Dropout(case.dropout)]
            n_in = width
        layers += [torch.nn.Linear(n_in, n_out)]
        self.model = torch.nn.Sequential(*layers)
        self.mean = torch.tensor(case.mean, dtype=torch.float32)
        self.scale = 1 / torch.tensor(case.std, dtype=torch.float32)

    def prepare(self, X):
        """Raw rows, standardized."""
        X = X.float()
        return (X if self.case.classifies else X - self.mean) * self.scale

    def train(self, turns):
        torch, case = self.torch, self.case
        X = torch.from_numpy(case.X)
        y = torch.from_numpy(
            case.y.astype("i8" if case.classifies else "f4")
        )
        linear = [a for a in self.model if hasattr(a, "weight")]
        decayed = [layer.weight for layer in linear[:-1]]
        not_decayed = [layer.bias for layer in linear] + [linear[-1].weight]
        groups = [
            {"params": decayed, "weight_decay": 2 * case.l2},  # L2 as ours
            {"params": not_decayed, "weight_decay": 0.0},
        ]
        adam = torch.optim.Adam(groups, lr=case.lr, eps=1e-7, fused=True)
        functional = torch.nn.functional
        loss_of = functional.mse_loss
        if case.classifies:
            loss_of = functional.cross_entropy
        while True:
            order = torch.randperm(len(X))
            total = metric = torch.zeros(())
            for rows in order.split(case.batch):
                X_b, y_b = self.prepare(X[rows]), y[rows]
                adam.zero_grad()
                Z = self.model(X_b)
                loss = loss_of(Z, y_b)
                loss.backward()
                adam.step()
                Z = Z.detach()
                total = total + loss.detach() * len(rows)
                if case.classifies:
                    metric = metric + (Z.argmax(1) == y_b).sum()
                else:
                    metric = metric + (Z - y_b).abs().sum()
            total.item(), metric.item()
            if turns():
                self.model.eval()
                return

    def predict(self, X):
        with self.torch.inference_mode():
            return self.model(
                self.prepare(self.torch.from_numpy(X))
            ).numpy()


class Sklearn:
    """scikit-learn's MLP: no dropout, no metric; rows scaled before."""

    def __init__(self, case):
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        kind = MLPClassifier if case.classifies else MLPRegressor
        self.case = case
        self.model = kind(
            hidden_layer_sizes=tuple(case.sizes[1:-1]),
            batch_size=case.batch,
            alpha=2 * case.l2 * case.batch,
            random_state=0,
        )

    def prepare(self, X):
        """Raw rows, standardized, float32."""
        return self.case.standardize(X).astype(np.float32)

    def train(self, turns):
        X, y, options = self.prepare(self.case.X), self.case.y.ravel(), {}
        if self.case.classifies:
            options = {"classes": np.unique(y)}
        while True:
            self.model.partial_fit(X, y, **options)  # one epoch
            if turns():
                return

    def predict(self, X):
        if self.case.classifies:
            return self.model.predict_proba(self.prepare(X))
        return self.model.predict(self.prepare(X))


class Jax:
    """JAX: one compiled ``lax.scan`` over the batches of an epoch."""

    def __init__(self, case):
        import jax

        self.jax, self.case = jax, case
        rng, pairs = np.random.default_rng(0), []
        for n_in, n_out in zip(
            case.sizes[:-1], case.sizes[1:], strict=True
        ):
            W = rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)
            pairs.append((W.astype("f4"), np.zeros(n_out, "f4")))
        self.params = jax.tree.map(jax.numpy.asarray, pairs)
        self.forward = jax.jit(lambda params, X: self.outputs(params, X))

    def outputs(self, params, X, key=None):
        """Logits or prices; with a key, with dropout."""
        jax, mean, std = self.jax, self.case.mean, self.case.std
        A = (X.astype("float32") - np.float32(mean)) / np.float32(std)
        for i, (W, b) in enumerate(params):
            A = A @ W + b
            if i < len(params) - 1:
                A = jax.nn.relu(A)
                if key is not None:
                    key, sub = jax.random.split(key)
                    keep = 1 - self.case.dropout
                    A = A * jax.random.bernoulli(sub, keep, A.shape) / keep
        return A

    def loss(self, params, X, y, key):
        """Loss with the penalty, and the metric of the batch."""
        jnp = self.jax.numpy
        Z = self.outputs(params, X, key)
        if self.case.classifies:
            rows = jnp.arange(len(y))
            loss = -self.jax.nn.log_softmax(Z)[rows, y].mean()
            metric = (Z.argmax(axis=1) == y).mean()
        else:
            loss, metric = ((Z - y) ** 2).mean(), jnp.abs(Z - y).mean()
        decayed = [jnp.vdot(W, W) for W, _ in params[:-1]]
        return loss + self.case.l2 * sum(decayed), metric

    def step(self, state, X, y, key):
        """One step of Adam; returns the new state, loss and metric."""
        jax, (params, m, v, t) = self.jax, state
        gradient = jax.value_and_grad(self.loss, has_aux=True)
        values, g = gradient(params, X, y, key)
        t = t + 1
        m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
        v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
        a, c = self.case.lr / (1 - 0.9**t), 1 / (1 - 0.999**t)

        def moved(w, m, v):
            return w - a * m / (jax.numpy.sqrt(c * v) + 1e-7)

        return (jax.tree.map(moved, params, m, v), m, v, t), values

    def train(self, turns):
        jax, jnp, case = self.jax, self.jax.numpy, self.case
        X, y = jnp.asarray(case.X), jnp.asarray(case.y)
        full = len(X) // case.batch * case.batch

        def epoch(state, key):
            keys = jax.random.split(key, 3)
            order = jax.random.permutation(keys[0], len(X))
            rows = order[:full].reshape(-1, case.batch)

            def one(state, at):
                return self.step(state, X[at[0]], y[at[0]], at[1])

            many = jax.random.split(keys[1], len(rows))
            state, values = jax.lax.scan(one, state, (rows, many))
            values = jax.tree.map(jnp.sum, values)
            if full < len(X):
                rest = order[full:]
                state, more = self.step(state, X[rest], y[rest], keys[2])
                values = jax.tree.map(jnp.add, values, more)
            return state, values

        epoch = jax.jit(epoch, donate_argnums=0)
        key = jax.random.key(0, impl="rbg")  # fast; the default is not
        zeros = jax.tree.map(jnp.zeros_like, self.params)
        twice = jax.tree.map(jnp.zeros_like, self.params)
        state = (self.params, zeros, twice, jnp.zeros(()))
        while True:
            key, sub = jax.random.split(key)
            state, values = epoch(state, sub)
            jax.block_until_ready((state, values))
            if turns():
                self.params = state[0]
                return

    def predict(self, X):
        return np.asarray(self.forward(self.params, X))


SYSTEMS = {
    "nn": Ours,
    "nn-before": Ours,
    "floor": Floor,
    "keras": Keras,
    "keras-tuned": KerasTuned,
    "torch": Torch,
    "sklearn": Sklearn,
    "jax": Jax,
    "textbook": Textbook,
}
