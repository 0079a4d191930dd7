"""Training step for step with PyTorch, whose results are in a file.

``tests/reference/make_torch.py`` has made the file: 100 steps from 20 seeds
with every loss, rule and precision, and with each init and penalty.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import Dense, Dropout, Identity, Normalization, ReLU, Softmax

REFERENCE = Path(__file__).with_name("reference")
sys.path.append(str(REFERENCE))
import cases as runs  # noqa: E402

THEIRS = np.load(REFERENCE / "torch_training.npz")
# The largest |ours - theirs|, of numbers of about 1. The last weights have
# the rounding of 100 steps in them, which Adam enlarges where slopes are
# tiny: measured 1.9e-13 in float64, and in float32 3.5e-5, or 1e-4 with
# OpenBLAS's oldest kernel.
CLOSE = {
    "float64": {
        "first": 1e-14,
        "dX": 1e-14,
        "losses": 1e-12,
        "last": 1e-12,
    },
    "float32": {"first": 1e-6, "dX": 2e-6, "losses": 2e-5, "last": 5e-4},
}


def network(seed, loss, dtype):
    """Each layer of the package, as ``run`` of make_torch.py has it."""
    X, _, _ = runs.batch(seed)
    init, kind = runs.OPTIONS[seed % len(runs.OPTIONS)]
    rng = np.random.default_rng(seed)
    dense = partial(
        Dense,
        init=getattr(nn, init),
        regularizer=getattr(nn, kind)(runs.LAM) if kind else None,
        rng=rng,
        dtype=dtype,
    )
    probabilities = loss == "CategoricalCrossEntropy"
    return nn.Sequential(
        Normalization.of(X, dtype=dtype),
        dense(runs.N_IN, runs.HIDDEN),
        ReLU(),
        Dropout(runs.RATE, rng=seed),
        dense(runs.HIDDEN, runs.N_OUT),
        Softmax() if probabilities else Identity(),
    )


def optimizer(name):
    settings = dict(runs.RULES[name])
    if name != "cosine":
        return getattr(nn, name)(**settings)
    lr = partial(nn.cosine, settings.pop("lr"), steps=runs.STEPS)
    return nn.Adam(lambda t: lr(t=t), **settings)


def weights(model):
    return np.concatenate([*model.parameters().values()], axis=None)


def train(seed, loss, name, dtype):
    """First and last weights, dL/dX of the first step, and losses."""
    X, classes, targets = runs.batch(seed)
    X, y = X.astype(dtype), classes
    if loss == "MeanSquaredError":
        y = targets.astype(dtype)
    model, rule = network(seed, loss, np.dtype(dtype)), optimizer(name)
    criterion, path, first = getattr(nn, loss)(), [], weights(model)
    for step in range(1, runs.STEPS + 1):
        L = criterion.forward(model.forward(X, True), y) + model.penalty()
        dX = model.backward(criterion.backward())
        if step == 1:
            first_dX = dX
        rule.step(model.parameters(), model.gradients())
        if step in runs.PATH:
            path.append(L)
    return first, first_dX, path, weights(model)


def distances(loss, name, dtype):
    """The largest distances from PyTorch's numbers, over all seeds."""
    ours = [train(seed, loss, name, dtype) for seed in runs.SEEDS]
    first, dX, path, last = map(np.stack, zip(*ours, strict=True))
    key = f"{dtype}.{loss}.{name}"
    pairs = {
        "first": (first, THEIRS[f"{dtype}.first"]),
        "dX": (dX, THEIRS[f"{dtype}.{loss}.dX"]),
        "losses": (path, THEIRS[f"{key}.losses"]),
        "last": (last, THEIRS[f"{key}.last"]),
    }
    assert all(a.shape == b.shape for a, b in pairs.values())
    assert last.dtype == dX.dtype == dtype
    return {what: np.abs(a - b).max() for what, (a, b) in pairs.items()}


@pytest.mark.parametrize("dtype", runs.DTYPES)
@pytest.mark.parametrize("loss", runs.LOSSES)
@pytest.mark.parametrize("name", runs.RULES)
def test_training_agrees_with_pytorch(cases, dtype, loss, name):
    """Trainings of 100 steps that agree with PyTorch's numbers."""
    cases(len(runs.SEEDS), len(runs.SEEDS))
    far = distances(loss, name, dtype)
    assert all(far[what] < CLOSE[dtype][what] for what in CLOSE[dtype]), far
