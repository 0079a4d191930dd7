# Written by tools/export.py from notebooks/: change the chapters.
"""Training and evaluation of a model on arrays."""

import copy
import math
from contextlib import suppress
from functools import partial
from itertools import chain

import numpy as np

from .activations import Softmax
from .checks import (
    as_count,
    as_finite,
    as_generator,
    as_history,
    as_inputs,
    as_metrics,
    as_number,
    as_numbers,
    as_outputs,
    as_row_weights,
    as_rows,
    as_samples,
    as_score,
    as_validation,
    check_function,
    check_object,
)
from .losses import SoftmaxCrossEntropy, _relative
from .model import Sequential

__all__ = [
    "batches",
    "evaluate",
    "fit",
    "predict",
    "range_test",
    "train_step",
]


# chapter 10: Descend
def _check_model(model, *more):
    methods = ["forward", "parameters", *more]
    check_object("model", model, methods, "Sequential(Dense(8, 1))")


# chapter 10: Descend
def _check_parts(model, loss, metrics):
    _check_model(model)
    check_object("loss", loss, ["forward"], "MeanSquaredError()")
    last = model
    while getattr(last, "layers", ()):
        last = last.layers[-1]
    if isinstance(last, Softmax) and isinstance(loss, SoftmaxCrossEntropy):
        raise ValueError(
            "SoftmaxCrossEntropy must get logits, but the network ends in "
            "Softmax(), which would be applied twice; leave this layer out"
        )
    return as_metrics(metrics)


# chapter 10: Descend
def _check_training(model, loss, metrics, optimizer, on_epoch):
    metrics = _check_parts(model, loss, metrics)
    _check_model(model, "backward", "gradients")
    check_object("loss", loss, ["backward"], "MeanSquaredError()")
    check_object("optimizer", optimizer, ["step"], "SGD(0.1)")
    if isinstance(model, Sequential):
        Sequential(*model.layers)  # checks them, if set by hand
    if on_epoch is not None:
        check_function("on_epoch", on_epoch, "print")
    return metrics


# chapters 10, 18
def batches(X, y, batch_size, *, weights=None, rng=None):
    """Yield the rows of X and y in a new order, ``batch_size`` at a time.

    X (n, ...), y (n, ...). Every row appears once; the last batch may be
    smaller. With ``weights`` (n,), each batch is X, y and weights.
    ``rng`` is a seed, a Generator or None; a seed gives the same order
    each time, a Generator a new one.
    """
    batch_size = as_count("batch_size", batch_size)
    X, y = as_rows(X, y)
    weights = as_row_weights("weights", weights, len(X))
    order = as_generator("rng", rng).permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        batch = X.take(rows, axis=0), y.take(rows, axis=0)  # X[rows]
        yield batch if weights is None else (*batch, weights[rows])


# chapters 10, 13, 18
def train_step(model, X, y, weights=None, *, loss, optimizer):
    """Forward, loss, backward, step, on one batch. Returns L and Z.

    L is the loss with the penalty, Z (n, n_out) the outputs, before the
    step. ``weights`` (n,) multiply the losses of the rows. Raises
    FloatingPointError, changing nothing, if L or a slope is not finite.
    """
    Z = model.forward(X, training=True)
    penalty = as_score("penalty", model.penalty())
    if weights is None:
        L = as_score("loss", loss.forward(Z, y)) + penalty  # (13.1)
    else:
        L = as_score("loss", loss.forward(Z, y, weights=weights))
        scale = float(np.mean(weights))
        L = scale * L + penalty  # (18.4)
    if not math.isfinite(L):
        raise FloatingPointError(f"the loss must be finite, but is {L}")
    dZ = loss.backward()
    if weights is not None:
        dZ = scale * dZ  # (18.4)
    model.backward(dZ, input_gradient=False)
    optimizer.step(model.parameters(), as_finite(model.gradients()))
    return L, Z


# chapters 10, 18
@np.errstate(over="ignore", invalid="ignore")  # the loss will tell
def _train_epoch(epoch, step, rows, n, metrics):
    """Train on all batches; return the means of the loss and metrics."""
    log, L = dict.fromkeys(["loss", *metrics], 0.0), math.nan
    for i, (X, y, *weights) in enumerate(rows):
        try:
            L, Z = step(X, y, *weights)
        except FloatingPointError as error:
            raise FloatingPointError(
                f"epoch {epoch + 1}, step {i + 1}, loss before {L:.4g}: "
                f"{error}. Choose a smaller lr, and bring X and y to "
                "values near 1."
            ) from None
        log["loss"] += L * len(Z) / n
        for name, metric in metrics.items():
            log[name] += as_score(name, metric(y, Z)) * len(Z) / n
    return log


# chapters 10, 18
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
    weights=None,
    rng=None,
    on_epoch=None,
    history=None,
):
    """Train ``model`` on X (n, n_in) and y; return the history.

    ``weights`` (n,), at least 0, say how much each row counts in the loss;
    ``validation`` is (X, y) or (X, y, weights), ``metrics`` maps names to
    functions of (y, Z). ``on_epoch(epoch, history)`` runs after each epoch
    and ends the training if it returns True. The history maps "loss", each
    metric, and these names after "val_" to one float per epoch, in
    training the mean over the batches; an earlier ``history`` is continued
    up to ``epochs``. Raises FloatingPointError if a loss is not finite.
    """
    X, y, weights = _counted(X, y, weights)
    validation = as_validation(validation, X, y)
    metrics = _check_training(model, loss, metrics, optimizer, on_epoch)
    history = as_history(history, metrics, validation)
    rng, loss = as_generator("rng", rng), copy.copy(loss)
    step = partial(train_step, model, loss=loss, optimizer=optimizer)
    rows = partial(batches, X, y, batch_size, weights=weights, rng=rng)
    validate = validation and partial(
        evaluate, model, *validation, loss=loss, metrics=metrics
    )
    return _train_epochs(
        step, rows, len(X), validate, metrics, epochs, on_epoch, history
    )


# chapter 10: Descend
def predict(model, X, *, batch_size=1024):
    """Return the outputs Z (n, n_out) for X (n, n_in), without training.

    For a classifier these are logits, and softmax gives probabilities.
    The model receives at most ``batch_size`` rows at a time.
    """
    X, batch_size = as_inputs(X), as_count("batch_size", batch_size)
    _check_model(model)
    starts = range(0, len(X), batch_size)
    parts = [X[i : i + batch_size] for i in starts]
    Z = [as_outputs(model.forward(part), len(part)) for part in parts]
    return Z[0] if len(Z) == 1 else np.concatenate(Z)


# chapters 10, 18
def evaluate(model, X, y, weights=None, *, loss, metrics=None):
    """Return the loss and the metrics over all rows, without training.

    The result is {"loss": float, name: float, ...}, without any penalty.
    With ``weights`` (n,), at least 0, the loss is a weighted mean; metrics
    count each row of a weight above 0 once.
    """
    X, y, weights = _counted(X, y, weights)
    metrics = _check_parts(model, loss, metrics)
    Z, forward = predict(model, X), copy.copy(loss).forward
    scores = {k: as_score(k, f(y, Z)) for k, f in metrics.items()}
    L = forward(Z, y) if weights is None else forward(Z, y, weights=weights)
    return {"loss": as_score("loss", L)} | scores


# chapter 18: At home in scikit-learn
def _counted(X, y, weights):
    """Return X, y, weights of mean 1, without the rows of weight 0."""
    X, y = as_samples(X, y)
    weights = as_row_weights("weights", weights, len(X))
    if weights is None:
        return X, y, None
    used = weights > 0
    relative = _relative(weights[used], used.sum(), weights.dtype)
    return X[used], y[used], relative


# chapter 18: At home in scikit-learn
def _train_epochs(
    step, rows, n, validate, metrics, epochs, on_epoch, history
):
    """Train on the batches of ``rows()``; return the history."""
    for epoch in range(len(history["loss"]), as_count("epochs", epochs)):
        log = _train_epoch(epoch, step, rows(), n, metrics)
        if validate:
            val = validate()
            log |= {f"val_{name}": value for name, value in val.items()}
        for name, value in log.items():
            history[name].append(value)
        answer = on_epoch and on_epoch(epoch, history)
        if answer is True or answer is np.True_:
            break
    return history


# chapter 22: A recipe
@np.errstate(over="ignore", invalid="ignore")  # the loss will tell
def range_test(
    model, X, y, rates, *, loss, optimizer, batch_size=128, rng=None
):
    """Return the loss before each step of a training with these rates.

    Copies of the model and the optimizer make one step with each rate,
    each on the next batch of X and y. The list ends early where the loss
    is not finite (Smith, 2017).
    """
    X, y = as_samples(X, y)
    _check_training(model, loss, None, optimizer, None)
    model, loss, optimizer = copy.deepcopy((model, loss, optimizer))
    rng, losses = as_generator("rng", rng), []
    rates = np.ravel(as_numbers("rates", rates)).tolist()
    rates = [as_number("rates", lr, above=0) for lr in rates]
    epochs = (batches(X, y, batch_size, rng=rng) for _ in rates)
    steps = zip(rates, chain.from_iterable(epochs), strict=False)
    with suppress(FloatingPointError):
        for optimizer.lr, rows in steps:
            L, _ = train_step(model, *rows, loss=loss, optimizer=optimizer)
            losses.append(L)
    return losses
