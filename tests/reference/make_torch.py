"""Write torch.json: what PyTorch gives for the cases that our tests repeat.

Run it in an environment of its own (`pip install torch numpy`):

    python tests/reference/make_torch.py

The tests read the file alone, so that PyTorch is no dependency. Inputs and
results are float64 and stand in the file as decimal numbers.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

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
    }
    path = Path(__file__).with_name("torch.json")
    path.write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
