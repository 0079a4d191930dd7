"""Planted faults: the gradient checks and PyTorch's paths find each one.

A fault spoils what a method takes, assigns or returns; how the method comes
to it is its own affair.
"""

import copy

import numpy as np
import pytest
from checks import model_errors, square, worst_gradient, worst_step

import nn

RULES = ("SGD", "Momentum", "RMSProp", "Adam")
ASSIGNED = ("dW", "db", "dgamma", "dbeta")
# what can go wrong with any array
ANYWHERE = (
    "-right",
    "2 * right",
    "right / len(right)",
    "0 * right",
    "abs(right)",
    "right[::-1]",
    "np.r_[right[:1], 0 * right[1:]]",
)
SPOILED = {
    "Dense.backward": ("dW", "db", "return"),
    "BatchNormalization.backward": ("dgamma", "dbeta", "return"),
    **{f"{name}.change": ("return",) for name in RULES},
    **dict.fromkeys(("L1.gradient", "L2.gradient"), ("return",)),
    **{
        f"{name}.backward": ("return",)
        for name in (
            *("ReLU", "Identity", "Softmax", "Dropout", "Normalization"),
            *("SoftmaxCrossEntropy", "CategoricalCrossEntropy"),
            *("MeanSquaredError", "Sequential"),
        )
    },
}
# name = value. The name: "return", what the method assigns, one of its
# arguments, or an attribute of self that it reads. In the value: the right
# one; self; what forward took and gave (a layer: X, A) or took (a loss: Z,
# Y, classes as rows of 0 and 1); the arguments (g, state, lr, or W)
WRONG = {
    "Dense.forward": ("return = right - self.b",),
    "Dense.backward": (
        "dW = abs(X).T @ g",
        "dW = X[:1].T @ g[:1]",
        "dW = X.T @ g.clip(0)",
        "db = g[0]",
        "db = abs(g).sum(axis=0)",
        "return = g @ abs(self.W.T)",
        # transposes that fit where all sizes agree
        "dW = X @ g",
        "dW = g.T @ X",
        "db = g.sum(axis=1)",
        "return = g @ self.W",
        "return = self.W @ g",
    ),
    "Dense.gradients": (
        "return = {'W': self.dW, 'b': self.db}",
        "return = right | {'W': right['W'] - self.dW}",
        "return = right | {'W': 2 * self.dW - right['W']}",
        "return = right | {'W': 2 * right['W'] - self.dW}",
        "return = right | {'b': self.db + 0.1 * self.b}",
    ),
    "Dense.penalty": ("return = 0.0", "return = -right"),
    "Sequential.penalty": (
        "return = max(a.penalty() for a in self.layers)",
        "return = self.layers[0].penalty()",
    ),
    "Sequential.backward": ("layers = self.layers[::-1]",),
    "Sequential.gradients": (
        "return = dict(zip(right, [*right.values()][2:] * 2))",
    ),
    "ReLU.backward": (
        "return = g",
        "return = g * A",
        "return = g * (A <= 0)",
        "return = g.clip(0) * (A > 0)",
    ),
    "Softmax.backward": (
        "return = A * g",
        "return = 2 * A * g - right",
        "return = (1 - A) * A * g",
        "return = A * (g - (g * A).sum(axis=0))",
        "return = A * (g - g.sum(axis=1, keepdims=True))",
    ),
    "Dropout.backward": (
        "return = g",
        "return = g * (A != 0)",
        "return = g * (A != 0)[::-1] / (1 - self.rate)",
    ),
    "Normalization.backward": (
        "return = g",
        "return = g * self.std",
        "return = right - self.mean",
        "return = g / self.std**2",
    ),
    "BatchNormalization.forward": ("return = right - self.beta",),
    "BatchNormalization.backward": (
        # the mean, the standard deviation or both as constants
        "return = right + self.gamma * self.dbeta / len(X) / X.std(axis=0)",
        "return = right + (A - self.beta) * self.dgamma / X.std(axis=0)"
        " / len(X)",
        "return = g * self.gamma / X.std(axis=0)",
        "return = right / self.gamma",
        "return = right * X.std(axis=0)",
        "dgamma = (g * X).sum(axis=0)",
        "dgamma = (g * A).sum(axis=0)",
        "dbeta = g[0]",
    ),
    "SoftmaxCrossEntropy.backward": (
        "return = -Y / len(Y)",
        "return = right + Y / len(Y)",
        "return = right + 2 * Y / len(Y)",
        "return = right * Y",
    ),
    "CategoricalCrossEntropy.backward": (
        "return = -Y / len(Y)",
        "return = -1 / Z / len(Z)",
        "return = right / Z",
    ),
    "MeanSquaredError.backward": (
        "return = 2 * Z / Z.size",
        "return = 2 * (Z - Y) ** 2 / Z.size",
        "return = 2 * (Z - Y) / len(Z)",
    ),
    "L1.gradient": ("return = self.lam * W", "return = np.sign(W)"),
    "L1.__call__": ("return = self.lam * abs(W).mean()",),
    "L2.gradient": ("return = 2 * W", "return = self.lam * np.sign(W)"),
    "L2.__call__": ("return = self.lam * abs(W).sum()",),
    "SGD.change": ("lr = lr / 2", "return = -lr * np.sign(g)"),
    "Momentum.change": (
        "momentum = self.momentum / 2",
        "momentum = self.momentum**2",
        "lr = lr * (1 - self.momentum)",
        "state = [0 * u for u in state]",
        "return = right - lr * g",
    ),
    "RMSProp.change": (
        "rho = 1 - self.rho",
        "eps = 1e-3",
        "state = [0 * v for v in state]",
        "return = right * abs(right) / lr",
        "return = -lr * np.sign(g)",
    ),
    "Adam.change": (
        "beta1 = self.beta2",
        "beta2 = self.beta1",
        "eps = 1e-3",
        "t = 1",
        "t = self.t + 1",
        "t = 10**9",
        "state = [0 * s for s in state]",
        "return = right * (1 - self.beta1**self.t)",
        "return = right / np.sqrt(1 - self.beta2**self.t)",
        "return = right * abs(right) / lr",
        "return = lr * np.sign(right)",
    ),
}
FAULTS = [
    (place, f"{name} = {value}")
    for place, names in SPOILED.items()
    for name in names
    for value in ANYWHERE
] + [(place, fault) for place in WRONG for fault in WRONG[place]]


@pytest.fixture
def plant(monkeypatch):
    """``plant("Dense.backward", "dW = -right")``: a fault in a method."""

    def plant(place, fault):
        owner, method = place.split(".")
        owner, (name, value) = getattr(nn, owner), fault.split(" = ")
        right = getattr(owner, method)

        def spoiled(self, *taken):
            arguments = dict(zip(("g", "state", "lr"), taken, strict=False))
            known = {"np": np, "self": self, "W": arguments.get("g")}
            known |= arguments | getattr(self, "seen", {})

            def wrong(right=None):
                return eval(value, known | {"right": right})

            if name in arguments:
                taken = (arguments | {name: wrong()}).values()
            elif name not in ("return", *ASSIGNED):
                self = copy.copy(self)
                setattr(self, name, wrong())
            result = right(self, *taken)
            if name in ASSIGNED:
                setattr(self, name, wrong(getattr(self, name)))
            return wrong(result) if name == "return" else result

        monkeypatch.setattr(owner, method, spoiled)
        if method == "backward":
            monkeypatch.setattr(owner, "forward", watched(owner.forward))

    return plant


def watched(forward):
    """``forward``, and what it takes and gives stays in ``self.seen``."""

    def watched(self, X, *more, **options):
        given = forward(self, X, *more, **options)
        self.seen = {"X": X, "A": given}
        if not isinstance(self, nn.Layer):
            (y,) = more
            Y = np.eye(X.shape[1])[y] if y.ndim == 1 else y
            self.seen = {"Z": X, "Y": Y}
        return given

    return watched


def is_right(place):
    """Whether the checks find no fault in the class of ``place``."""
    name = place.split(".")[0]
    with np.errstate(all="ignore"):
        if name in RULES:
            return worst_step(name) < 1e-6
        alike = max(model_errors(*square()).values())  # all sizes are 3
        return alike < 1e-4 and worst_gradient() < 1e-4


@pytest.mark.parametrize("place", SPOILED | WRONG)
def test_without_a_fault_nothing_is_noticed(plant, place):
    plant(place, "return = right")
    assert is_right(place)


@pytest.mark.parametrize(
    ("place", "fault"), FAULTS, ids=map(": ".join, FAULTS)
)
def test_a_fault_is_noticed(cases, plant, place, fault):
    """Wrong derivatives and rules, planted: each is found by a check."""
    cases(1, 1)
    plant(place, fault)
    assert not is_right(place)
