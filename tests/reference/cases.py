"""The training runs that PyTorch and the package both make, in NumPy alone.

``make_torch.py`` makes them with PyTorch and ``test_parity.py`` with nn.
"""

import numpy as np

SEEDS = range(20)
STEPS = 100
PATH = (1, 2, 5, 10, 20, 50, 100)  # the steps whose losses are stored
DTYPES = ("float64", "float32")
LOSSES = (
    "SoftmaxCrossEntropy",
    "CategoricalCrossEntropy",
    "MeanSquaredError",
)
# what ours are called with; cosine is Adam with a step size that falls to 0
RULES = {
    "SGD": {"lr": 0.1, "lr_decay": 0.01},
    "Momentum": {"lr": 0.05, "momentum": 0.9},
    "RMSProp": {"lr": 0.01, "rho": 0.9, "eps": 1e-7, "lr_decay": 0.001},
    "Adam": {"lr": 0.02, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7},
    "cosine": {"lr": 0.02, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7},
}
N, N_IN, HIDDEN, N_OUT = 6, 3, 4, 3
RATE = 0.25  # of the dropout after the hidden layer
LAM = 1e-3
# init and penalty of both Dense layers, seed by seed. Weights from "normal"
# are so near the kink of L1 that in float32 rounding decides their side.
OPTIONS = (
    ("he_normal", None),
    ("he_normal", "L1"),
    ("he_normal", "L2"),
    ("glorot_uniform", None),
    ("glorot_uniform", "L1"),
    ("glorot_uniform", "L2"),
    ("normal", None),
    ("normal", "L2"),
)


def batch(seed):
    """X (n, n_in), classes (n,) and targets (n, n_out), in float64."""
    rng = np.random.default_rng(seed)
    X = 5 + 2 * rng.standard_normal((N, N_IN))
    classes = rng.integers(0, N_OUT, N)
    return X, classes, rng.standard_normal((N, N_OUT))
