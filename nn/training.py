# Written by tools/export.py from notebooks/: change the chapters.
"""Training and evaluation of a model on arrays."""

import copy
from functools import partial

import numpy as np

__all__ = [
    "batches",
    "evaluate",
    "fit",
    "predict",
    "train_step",
]


# chapter 10: Descend
def _check_rows(X, y=None):
    if len(X) == 0 or (y is not None and len(X) != len(y)):
        targets = "" if y is None else f" and y has {len(y)}"
        raise ValueError(
            "X must have at least one row, and y one target per row, but "
            f"X has {len(X)}{targets}"
        )
    for name, array in (("X", X), ("y", y)):
        if array is None or np.asarray(array).dtype.kind in "biu":
            continue  # integers are finite
        finite = np.isfinite(array)
        if not finite.all():
            row = np.argwhere(~finite)[0, 0]
            raise ValueError(
                f"{name} must be finite, but row {row} has a NaN or an "
                "infinity; leave such rows out, or fill them in"
            )


# chapter 10: Descend
def _check_count(name, value):
    if value < 1:
        raise ValueError(f"{name} must be 1 or more, but is {value}")


# chapter 10: Descend
def batches(X, y, batch_size, *, rng=None):
    """Yield the rows of X and y in a new order, ``batch_size`` at a time.

    X (n, ...), y (n, ...). Every row appears once; the last batch may be
    smaller. ``rng`` is a seed, a Generator or None.
    """
    _check_count("batch_size", batch_size)
    X, y = np.asarray(X), np.asarray(y)
    order = np.random.default_rng(rng).permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X.take(rows, axis=0), y.take(rows, axis=0)  # X[rows], y[rows]


# chapters 10, 13
def train_step(model, X, y, *, loss, optimizer):
    """Forward, loss, backward, step, on one batch. Returns L and Z.

    L is the loss with the penalty and Z (n, n_out) the outputs, both
    before the step.
    """
    Z = model.forward(X, training=True)
    L = loss.forward(Z, y) + model.penalty()  # (13.1)
    model.backward(loss.backward(), input_gradient=False)
    optimizer.step(model.parameters(), model.gradients())
    return L, Z


# chapter 10: Descend
def fit(
    model,
    X,
    y,
    *,
    loss,
    optimizer,
    epochs,
    batch_size=128,
    validation=None,
    metrics=None,
    rng=None,
    on_epoch=None,
):
    """Train ``model`` on X (n, n_in) and y; return the history.

    ``validation`` is a pair (X, y), ``metrics`` maps names to functions
    of (y, Z). ``on_epoch(epoch, history)`` runs after each epoch and ends
    the training if it returns True. The history maps "loss", each metric,
    and "val_" + both to lists of one float per epoch; training values are
    means over batches, measured while the weights change.
    """
    _check_rows(X, y)
    _check_count("epochs", epochs)
    if validation is not None:
        _check_rows(*validation)
    rng, metrics, history = np.random.default_rng(rng), metrics or {}, {}
    loss = copy.copy(loss)  # so that the caller's keeps no batch
    step = partial(train_step, model, loss=loss, optimizer=optimizer)
    for epoch in range(epochs):
        log = dict.fromkeys(["loss", *metrics], 0.0)
        for X_b, y_b in batches(X, y, batch_size, rng=rng):
            L, Z = step(X_b, y_b)
            log["loss"] += L * len(Z) / len(X)
            for name, metric in metrics.items():
                log[name] += metric(y_b, Z) * len(Z) / len(X)
        if validation is not None:
            val = evaluate(model, *validation, loss=loss, metrics=metrics)
            log |= {f"val_{name}": value for name, value in val.items()}
        for name, value in log.items():
            history.setdefault(name, []).append(value)
        if on_epoch is not None and on_epoch(epoch, history):
            break
    return history


# chapter 10: Descend
def predict(model, X, *, batch_size=1024):
    """Return the outputs Z (n, n_out) for X (n, n_in), without training.

    For a classifier these are logits, which softmax makes probabilities.
    The model receives at most ``batch_size`` rows at a time.
    """
    _check_rows(X)
    _check_count("batch_size", batch_size)
    if len(X) <= batch_size:
        return model.forward(X)
    starts = range(0, len(X), batch_size)
    return np.concatenate(
        [model.forward(X[i : i + batch_size]) for i in starts]
    )


# chapter 10: Descend
def evaluate(model, X, y, *, loss, metrics=None):
    """Return the loss and the metrics over all rows, without training.

    The result is {"loss": float, name: float, ...}, without any penalty.
    """
    _check_rows(X, y)
    Z = predict(model, X)
    scores = {name: f(y, Z) for name, f in (metrics or {}).items()}
    return {"loss": copy.copy(loss).forward(Z, y)} | scores
