"""Write what PyTorch gives for the cases that our tests repeat.

Run it in an environment of its own (`pip install torch numpy`):

    python tests/reference/make_torch.py

The tests read the files alone, so that PyTorch is no dependency.
``torch.json`` holds twenty steps of each rule and one gradient as decimal
numbers, ``torch_training.npz`` the runs of ``cases.py`` in binary.
"""

import json
import math
import platform
from pathlib import Path

import cases
import numpy as np
import torch
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR

STEPS = 20
LR = 0.05

# the settings of ours, and the same rule in PyTorch's words
OPTIMIZERS = {
    "SGD": (torch.optim.SGD, {}),
    # PyTorch: u <- momentum u + g, w <- w - lr u. As long as lr stays
    # the same, that is our u <- momentum u - lr g, w <- w + u.
    "Momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "RMSProp": (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-7}),
    "Adam": (torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-7}),
    "AdamW": (
        torch.optim.AdamW,
        {"betas": (0.9, 0.999), "eps": 1e-7, "weight_decay": 0.01},
    ),
}


def numbers(tensor):
    return tensor.detach().numpy().tolist()


def optimizer_paths(A, w):
    """20 steps down f(w) = sum of cos(A w) + |w|^2 / 2, by every rule."""
    paths = {}
    for name, (rule, settings) in OPTIMIZERS.items():
        x = torch.tensor(w, requires_grad=True)
        optimizer = rule([x], lr=LR, **settings)
        paths[name] = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            f = torch.cos(torch.tensor(A) @ x).sum() + (x * x).sum() / 2
            f.backward()
            optimizer.step()
            paths[name].append(numbers(x))
    return paths


def network(X, W1, b1, W2, b2, loss):
    """The loss of Dense, ReLU, Dense and its gradient for each array."""
    given = {"X": X, "0.W": W1, "0.b": b1, "2.W": W2, "2.b": b2}
    t = {k: torch.tensor(v, requires_grad=True) for k, v in given.items()}
    A = torch.relu(t["X"] @ t["0.W"] + t["0.b"])
    L = loss(A @ t["2.W"] + t["2.b"])
    L.backward()
    return {
        "loss": L.item(),
        "gradients": {k: numbers(v.grad) for k, v in t.items()},
    }


def batch_normalization(rng):
    """Three steps of a BatchNorm1d, of which 0.7 of the old stays."""
    layer = torch.nn.BatchNorm1d(3, eps=1e-5, momentum=1 - 0.7).double()
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = torch.tensor(rng.random((2, 3)))
    case = {
        "gamma": numbers(layer.weight),
        "beta": numbers(layer.bias),
        "steps": [],
    }
    for n in (8, 5, 2):
        X = torch.tensor(rng.normal(5, 3, (n, 3)), requires_grad=True)
        dA = torch.tensor(rng.standard_normal((n, 3)))
        A = layer.train()(X)
        layer.zero_grad()
        A.backward(dA)
        step = {
            "X": X,
            "dA": dA,
            "A": A,
            "dX": X.grad,
            "gamma": layer.weight.grad,
            "beta": layer.bias.grad,
            "running_mean": layer.running_mean,
            "running_var": layer.running_var,
            "prediction": layer.eval()(X),
        }
        case["steps"].append({k: numbers(v) for k, v in step.items()})
    return case


def rule(name, parameters):
    """The optimizer of this name, and what changes its step size."""
    ours = cases.RULES[name]
    torch_rule, settings = OPTIMIZERS["Adam" if name == "cosine" else name]
    optimizer = torch_rule(parameters, lr=ours["lr"], **settings)
    decay = ours.get("lr_decay", 0)
    if name == "cosine":
        return optimizer, CosineAnnealingLR(optimizer, cases.STEPS)
    return optimizer, LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))


def start(init, n_in, n_out, rng):
    """A first W by PyTorch's formulas, from NumPy's random numbers."""
    if init == "glorot_uniform":
        a = torch.nn.init.calculate_gain("linear")
        a *= math.sqrt(6 / (n_in + n_out))
        return rng.uniform(-a, a, (n_in, n_out))
    gain = torch.nn.init.calculate_gain("relu") / math.sqrt(n_in)
    std = 0.01 if init == "normal" else gain
    return std * rng.standard_normal((n_in, n_out))


def penalty(kind, W):
    return cases.LAM * {"L1": W.abs(), "L2": W * W}[kind].sum()


def loss_of(name, Z, y):
    if name == "MeanSquaredError":
        return functional.mse_loss(Z, y)
    if name == "SoftmaxCrossEntropy":
        return functional.cross_entropy(Z, y)
    return functional.nll_loss(torch.log(torch.softmax(Z, dim=1)), y)


def run(seed, loss, name, dtype):
    """One run: first and last weights, slopes of X, losses on the way."""
    init, kind = cases.OPTIONS[seed % len(cases.OPTIONS)]
    X, classes, targets = cases.batch(seed)
    dtype = getattr(torch, dtype)
    mean, std = (
        torch.tensor(a, dtype=dtype)
        for a in (X.mean(axis=0), X.std(axis=0))
    )
    X = torch.tensor(X, dtype=dtype, requires_grad=True)
    y = torch.tensor(classes)
    if loss == "MeanSquaredError":
        y = torch.tensor(targets, dtype=dtype)
    rng = np.random.default_rng(seed)
    arrays = (
        start(init, cases.N_IN, cases.HIDDEN, rng),
        np.zeros(cases.HIDDEN),
        start(init, cases.HIDDEN, cases.N_OUT, rng),
        np.zeros(cases.N_OUT),
    )
    parameters = [
        torch.tensor(a, dtype=dtype, requires_grad=True) for a in arrays
    ]
    W1, b1, W2, b2 = parameters
    first = torch.cat([w.detach().flatten() for w in parameters])
    optimizer, schedule = rule(name, parameters)
    masks, path = np.random.default_rng(seed), []
    for step in range(1, cases.STEPS + 1):
        keep = 1 - cases.RATE
        mask = (
            masks.random((cases.N, cases.HIDDEN), dtype=np.float32) < keep
        )
        A = torch.relu((X - mean) / std @ W1 + b1)
        A = A * torch.tensor(mask, dtype=dtype) / keep
        L = loss_of(loss, A @ W2 + b2, y)
        if kind:
            L = L + penalty(kind, W1) + penalty(kind, W2)
        optimizer.zero_grad()
        L.backward()
        if step == 1:
            dX = X.grad.clone()
        optimizer.step()
        schedule.step()
        if step in cases.PATH:
            path.append(L.item())
    last = torch.cat([w.detach().flatten() for w in parameters])
    return first.numpy(), dX.numpy(), np.array(path), last.numpy()


def write_training(path):
    """Arrays by dtype, loss and rule; the first axis is the seed."""
    arrays = {}
    for dtype in cases.DTYPES:
        for loss in cases.LOSSES:
            for name in cases.RULES:
                runs = [
                    run(seed, loss, name, dtype) for seed in cases.SEEDS
                ]
                first, dX, losses, last = map(
                    np.stack, zip(*runs, strict=True)
                )
                key = f"{dtype}.{loss}.{name}"
                arrays[f"{key}.losses"] = losses.astype(dtype)
                arrays[f"{key}.last"] = last
            arrays[f"{dtype}.{loss}.dX"] = dX
        arrays[f"{dtype}.first"] = first
    np.savez_compressed(path, torch=torch.__version__, **arrays)


def main():
    rng = np.random.default_rng(2024)
    n, n_in, hidden, k = 7, 4, 5, 3
    arrays = {
        "X": rng.standard_normal((n, n_in)),
        "W1": rng.standard_normal((n_in, hidden)),
        "b1": rng.standard_normal(hidden),
        "W2": rng.standard_normal((hidden, k)),
        "b2": rng.standard_normal(k),
    }
    classes = rng.integers(0, k, n)
    targets = rng.standard_normal((n, k))
    A, w = rng.standard_normal((6, 4)), rng.standard_normal(4)

    def cross_entropy(Z):
        return functional.cross_entropy(Z, torch.tensor(classes))

    def mean_squared_error(Z):
        return functional.mse_loss(Z, torch.tensor(targets))

    reference = {
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
        "optimizers": {
            "lr": LR,
            "A": A.tolist(),
            "start": w.tolist(),
            "paths": optimizer_paths(A, w),
        },
        "network": {
            "arrays": {name: a.tolist() for name, a in arrays.items()},
            "classes": classes.tolist(),
            "targets": targets.tolist(),
            "SoftmaxCrossEntropy": network(**arrays, loss=cross_entropy),
            "MeanSquaredError": network(**arrays, loss=mean_squared_error),
        },
        "batch_normalization": batch_normalization(rng),
    }
    path = Path(__file__).with_name("torch.json")
    path.write_text(json.dumps(reference) + "\n")
    write_training(path.with_name("torch_training.npz"))


if __name__ == "__main__":
    main()
