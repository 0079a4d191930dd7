# Written by tools/export.py from notebooks/: change the chapters.
"""Layers map a batch, one sample per row, to a batch."""

import math

import numpy as np

from .checks import (
    Bounded,
    as_batch,
    as_columns,
    as_count,
    as_dtype,
    as_generator,
    as_inputs,
    as_like,
    as_numbers,
    as_sizes,
    as_slopes,
    as_weights,
    check_columns,
    check_function,
    check_object,
    check_several,
)

__all__ = [
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Layer",
    "Normalization",
    "glorot_uniform",
    "he_normal",
    "normal",
]


# chapters 2, 7, 8, 11, 13, 14, 19
class Layer:
    """One step of a network: A = f(X), row by row.

    X has shape (n, n_in), A (n, n_out). A layer defines the methods in
    which it differs from these defaults.
    """

    # chapter 7
    kept = None
    # chapter 19
    needs_batch = None  # or why it needs all rows of a batch

    # chapter 7
    def forward(self, X, training=False):
        """Return A; in training, keep what ``backward`` will need."""
        raise NotImplementedError(f"{self} has no forward pass")

    def parameters(self):
        """Return the arrays that training changes, by name."""
        return {}

    def __repr__(self):
        return f"{type(self).__name__}()"

    # chapter 7
    def backward(self, grad, /):
        """Return dL/dX, given grad = dL/dA, after a forward in training."""
        raise NotImplementedError(f"{self} has no backward pass")

    # chapter 7
    def take(self):
        """Return what ``forward`` kept in training, and clear it.

        Raises RuntimeError if there is nothing to take.
        """
        kept, self.kept = self.kept, None
        if kept is None:
            raise RuntimeError(
                f"{self}.backward must follow a forward pass in training, "
                "but nothing is kept. Call forward(X, training=True) once "
                "before each backward."
            )
        return kept

    # chapter 7
    def forget(self):
        """Discard what ``forward`` kept and no ``backward`` will take."""
        self.kept = None

    # chapter 8
    def gradients(self):
        """Return dL/d(parameter) by the names of the parameters."""
        return {}

    # chapter 11
    def state(self):
        """Return the arrays that a saved layer needs, by name."""
        return self.parameters()

    # chapter 13
    def penalty(self):
        """Return what the layer adds to the loss, a float."""
        return 0.0

    # chapter 14
    def check_state(self, state):
        """Raise ValueError for numbers that ``state`` can never have."""


# chapter 11: A good start
def he_normal(n_in, n_out, rng):
    """Return samples of N(0, 2 / n_in), shape (n_in, n_out), for ReLU.

    He, Zhang, Ren and Sun (2015). ``rng`` is a NumPy Generator or a seed.
    """
    shape, rng = as_sizes(n_in, n_out), as_generator("rng", rng)
    return rng.standard_normal(shape) * math.sqrt(2 / n_in)  # (11.5)


# chapters 2, 8, 11, 13, 19
class Dense(Layer):
    """Fully connected layer: Z = X W + b.

    X (n, n_in), W (n_in, n_out) from ``init``, b (n_out,) from zero, both
    as ``dtype``. ``rng`` is a seed, a NumPy Generator, or None for fresh
    randomness. ``regularizer`` (L1, L2) penalizes W; its slope is added
    in ``gradients``, not in dW.
    """

    # chapter 13
    regularizer = None

    # chapter 13
    def __init__(
        self,
        n_in,
        n_out,
        *,
        init=he_normal,
        regularizer=None,
        rng=None,
        dtype=np.float32,
    ):
        check_function("init", init, "he_normal")
        shape, rng = as_sizes(n_in, n_out), as_generator("rng", rng)
        self.W = as_weights(
            init(*shape, rng), shape, dtype
        )  # (n_in, n_out)
        self.b = np.zeros(n_out, dtype)  # (n_out,)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        if regularizer is not None:
            methods = ["gradient", "__call__"]
            check_object("regularizer", regularizer, methods, "L2(1e-4)")
        self.regularizer = regularizer

    def forward(self, X, training=False):
        check_columns(self, 2, self.W, self.b)
        X = as_batch(self, X, self.W.shape[0], self.W.dtype)  # (n, n_in)
        if training:
            self.kept = X
        return X @ self.W + self.b  # (8.1)  (n, n_out)

    def backward(self, dZ, /, *, input_gradient=True):
        X = self.take()
        dZ = as_slopes(self, dZ, (len(X), len(self.b)))
        self.dW = X.T @ dZ  # (8.4)  (n_in, n_out)
        self.db = dZ.sum(axis=0)  # (8.5)  (n_out,)
        return dZ @ self.W.T if input_gradient else None  # (8.6)

    def parameters(self):
        return {"W": self.W, "b": self.b}

    # chapter 13
    def gradients(self):
        dW = self.dW
        if self.regularizer:
            slopes = self.regularizer.gradient(self.W)
            dW = as_like("gradient(W)", slopes, dW) + dW  # (13.4)
        return {"W": dW, "b": self.db}

    def __repr__(self):
        return "Dense({}, {})".format(*self.W.shape)

    # chapter 13
    def penalty(self):
        return self.regularizer(self.W) if self.regularizer else 0.0

    # chapter 19
    def __getstate__(self):  # the gradients need not be copied or sent
        left_out = "dW", "db"
        return {k: v for k, v in vars(self).items() if k not in left_out}

    # chapter 19
    def __setstate__(self, state):
        vars(self).update(state)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)


# chapter 11: A good start
def glorot_uniform(n_in, n_out, rng):
    """Return samples, uniform on [-a, a], a^2 = 6 / (n_in + n_out).

    Their variance is 2 / (n_in + n_out), their shape (n_in, n_out).
    Glorot and Bengio (2010). ``rng`` is a NumPy Generator or a seed.
    """
    shape, rng = as_sizes(n_in, n_out), as_generator("rng", rng)
    a = math.sqrt(6 / (n_in + n_out))  # (11.9)
    return rng.uniform(-a, a, shape)


# chapter 11: A good start
def normal(n_in, n_out, rng):
    """Return samples of N(0, 0.01^2), shape (n_in, n_out).

    Too small for deep networks. ``rng`` is a NumPy Generator or a seed.
    """
    shape, rng = as_sizes(n_in, n_out), as_generator("rng", rng)
    return 0.01 * rng.standard_normal(shape)


# chapters 11, 14
class Normalization(Layer):
    """A = (X - mean) / std. Training changes neither mean nor std.

    X and A (n, n_in); mean and std (n_in,), or one number for all. A
    standard deviation of 0 counts as 1: a constant column becomes 0.
    """

    def __init__(self, mean, std, *, dtype=np.float32):
        mean = as_columns("mean", mean, dtype)
        std = as_columns("std", std, dtype)
        if len(mean) != len(std) and 1 not in (len(mean), len(std)):
            raise ValueError(
                "mean and std must have one number for each column, but "
                f"have {len(mean)} and {len(std)}"
            )
        if (std < 0).any():
            raise ValueError(f"std must be at least 0, but is {std}")
        self.mean, std = map(np.copy, np.broadcast_arrays(mean, std))
        self.std = np.where(std == 0, std + 1, std)  # (n_in,)

    @classmethod
    def of(cls, X, *, dtype=np.float32):
        """Return the layer that normalizes the columns of X (n, n_in)."""
        X = as_inputs(X)
        if X.ndim != 2:
            raise ValueError(f"X must have shape (n, n_in), not {X.shape}")
        mean = X.mean(axis=0, dtype=np.float64)  # (n_in,)
        std = X.std(axis=0, dtype=np.float64)  # (n_in,)
        rounding = len(X) * np.finfo(np.float64).eps * np.abs(mean)
        std = np.where(std <= rounding, 0, std)  # a constant column
        _check_offset(mean, std, dtype)
        return cls(mean, std, dtype=dtype)

    def forward(self, X, training=False):
        check_columns(self, 1, self.mean, self.std)
        if len(self.mean) > 1:
            X = as_batch(self, X, len(self.mean))
        return (as_numbers("X", X) - self.mean) / self.std  # (11.10)

    def backward(self, dA, /):
        return as_numbers("grad", dA) / self.std  # (11.11)  (n, n_in)

    def state(self):
        return {"mean": self.mean, "std": self.std}

    # chapter 14
    def check_state(self, state):
        if not np.all(state["std"] > 0):
            raise ValueError("std must be above 0, but is not everywhere")


# chapter 11: A good start
def _check_offset(mean, std, dtype):
    """Refuse columns whose spread is lost beside their mean."""
    dtype = as_dtype(dtype)
    lost = np.abs(mean - mean.astype(dtype)) > 0.01 * std
    if (lost & (std > 0)).any():
        i = int((lost & (std > 0)).argmax())
        raise ValueError(
            f"column {i} of X must vary more for {dtype}: its "
            f"mean is {mean[i]:.9g}, its standard deviation {std[i]:.3g}; "
            "subtract a constant from it first, or pass dtype=np.float64"
        )


# chapters 13, 19
class Dropout(Layer):
    """Inverted dropout: A = X * mask in training, A = X otherwise.

    An entry of the mask is 0 with probability ``rate``, else
    1 / (1 - rate), so that A has the mean of X (Srivastava et al., 2014).
    X and A (n, m). ``rng`` is a seed, a Generator or None.
    """

    rate = Bounded("rate", least=0, below=1)
    # chapter 19
    needs_batch = "draws its masks in the order of all rows of a batch"

    def __init__(self, rate, *, rng=None):
        self.rate = rate
        self.rng = as_generator("rng", rng)

    def forward(self, X, training=False):
        X = as_numbers("X", X)
        if not training:
            return X
        keep = 1 - self.rate
        stays = self.rng.random(X.shape, dtype=np.float32) < keep
        self.kept = mask = stays.astype(X.dtype) / keep  # (13.6)  (n, m)
        return X * mask  # (13.8)

    def backward(self, dA, /):
        mask = self.take()
        return as_slopes(self, dA, mask.shape) * mask  # (13.9)  (n, m)

    def __repr__(self):
        return f"Dropout({self.rate})"


# chapter 21: Normalize inside
class BatchNormalization(Layer):
    """A = gamma * X^ + beta, with X^ = (X - mean) / sqrt(var + eps).

    In training, mean and var are those of the batch; ``backward`` moves
    running_mean and running_var towards them, keeping the fraction
    ``momentum``. Otherwise these two take their place. X and A (n, n_in),
    all others (n_in,). Ioffe and Szegedy (2015).
    """

    momentum = Bounded("momentum", least=0, below=1)
    eps = Bounded("eps", above=0)
    needs_batch = "takes the mean over all rows of a batch"

    def __init__(self, n_in, *, momentum=0.9, eps=1e-5, dtype=np.float32):
        n_in, dtype = as_count("n_in", n_in), as_dtype(dtype)
        self.momentum, self.eps = momentum, eps
        self.gamma, self.running_var = np.ones((2, n_in), dtype)
        self.beta, self.running_mean = np.zeros((2, n_in), dtype)
        self.dgamma, self.dbeta = np.zeros((2, n_in), dtype)

    def forward(self, X, training=False):
        check_columns(self, 1, *self.state().values())
        X = as_batch(self, X, len(self.gamma), self.gamma.dtype)
        mean, var = self.running_mean, self.running_var
        if training:
            check_several(self, X)
            mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
            var = X.var(axis=0, dtype=np.float64)  # (21.1)  (n_in,)
            var = as_numbers(f"{self}: the variance of X", var, X.dtype)
        X_hat = (X - mean) / np.sqrt(var + self.eps)  # (21.2)  (n, n_in)
        if training:
            self.kept = X_hat, mean, var
        return self.gamma * X_hat + self.beta  # (21.3)  (n, n_in)

    def backward(self, dA, /):
        X_hat, mean, var = self.take()
        n, dA = len(X_hat), as_slopes(self, dA, X_hat.shape)
        self.dgamma = (dA * X_hat).sum(axis=0)  # (21.8)  (n_in,)
        self.dbeta = dA.sum(axis=0)  # (21.8)  (n_in,)
        new, var_all = 1 - self.momentum, var * (n / (n - 1))
        self.running_mean += new * (mean - self.running_mean)  # (21.10)
        self.running_var += new * (var_all - self.running_var)
        shared = (self.dbeta + self.dgamma * X_hat) / n  # (n, n_in)
        return (
            self.gamma / np.sqrt(var + self.eps) * (dA - shared)
        )  # (21.9)

    def parameters(self):
        return {"gamma": self.gamma, "beta": self.beta}

    def gradients(self):
        return {"gamma": self.dgamma, "beta": self.dbeta}

    def state(self):
        return self.parameters() | {
            "running_mean": self.running_mean,
            "running_var": self.running_var,
        }

    def check_state(self, state):
        if not np.all(state["running_var"] >= 0):
            raise ValueError(
                "running_var must be at least 0, but is not everywhere"
            )

    def __repr__(self):
        return f"BatchNormalization({len(self.gamma)})"
