"""Planted faults: the gradient checks and PyTorch's paths find each one.

A factor, a sign, a transpose: `old` becomes `new` in the source of one
method, and the checks of checks.py must notice.
"""

import inspect
import textwrap

import numpy as np
import pytest
from checks import model_errors, square, worst_gradient, worst_step

import nn

BACKWARD = [
    ("Dense", "backward", "self.X.T @ dZ", "self.X.T @ dZ / len(dZ)"),
    ("Dense", "backward", "self.X.T @ dZ", "-self.X.T @ dZ"),
    ("Dense", "backward", "self.X.T @ dZ", "abs(self.X.T) @ dZ"),
    ("Dense", "backward", "self.X.T @ dZ", "self.X[:1].T @ dZ[:1]"),
    ("Dense", "backward", "dZ.sum(axis=0)", "dZ.mean(axis=0)"),
    ("Dense", "backward", "dZ.sum(axis=0)", "dZ[0]"),
    ("Dense", "backward", "dZ @ self.W.T", "-dZ @ self.W.T"),
    ("Dense", "backward", "dZ @ self.W.T", "dZ @ self.W.T / 2"),
    ("Dense", "backward", "self.dW += ", "self.dW -= "),
    ("Dense", "backward", "self.dW += ", "self.dW = "),
    ("Dense", "backward", "if self.regularizer", "if False"),
    ("Dense", "penalty", "if self.regularizer", "if False"),
    ("ReLU", "backward", "dA * (self.A > 0)", "dA * (self.A >= 0)"),
    ("ReLU", "backward", "dA * (self.A > 0)", "dA * self.A"),
    ("Softmax", "backward", "(dA - inner)", "(dA + inner)"),
    ("Softmax", "backward", "(dA - inner)", "dA"),
    ("Softmax", "backward", "(dA - inner)", "(1 - self.A) * dA"),
    ("Softmax", "backward", "axis=1", "axis=0"),
    ("Dropout", "backward", "dA * self.mask", "dA"),
    ("Dropout", "backward", "dA * self.mask", "dA * (self.mask > 0)"),
    ("Normalization", "backward", "dA / self.std", "dA * self.std"),
    ("Normalization", "backward", "dA / self.std", "dA"),
    ("SoftmaxCrossEntropy", "backward", "-= 1", "+= 1"),
    ("SoftmaxCrossEntropy", "backward", "-= 1", "-= 0"),
    ("SoftmaxCrossEntropy", "backward", "dZ / len(dZ)", "dZ"),
    ("SoftmaxCrossEntropy", "backward", "dZ / len(dZ)", "dZ / dZ.size"),
    ("CategoricalCrossEntropy", "backward", "= -1 /", "= 1 /"),
    ("CategoricalCrossEntropy", "backward", "(len(p) * p)", "len(p)"),
    ("CategoricalCrossEntropy", "backward", "(len(p) * p)", "p"),
    ("MeanSquaredError", "backward", "2 * ", ""),
    ("MeanSquaredError", "backward", "2 * ", "-2 * "),
    ("MeanSquaredError", "backward", "error.size", "error.shape[0]"),
    ("L1", "gradient", "np.sign(W)", "W"),
    ("L1", "gradient", "self.lam * ", ""),
    ("L2", "gradient", "2 * ", ""),
    ("L2", "gradient", "* W", "* W.T.reshape(W.shape)"),
    ("Sequential", "backward", "reversed(self.layers)", "self.layers"),
    ("Sequential", "penalty", "sum(", "max("),
]  # fmt: skip

TRANSPOSES = [
    ("Dense", "backward", "self.X.T @ dZ", "self.X @ dZ"),
    ("Dense", "backward", "self.X.T @ dZ", "dZ.T @ self.X"),
    ("Dense", "backward", "dZ.sum(axis=0)", "dZ.sum(axis=1)"),
    ("Dense", "backward", "dZ @ self.W.T", "dZ @ self.W"),
    ("Dense", "backward", "dZ @ self.W.T", "self.W @ dZ"),
]

UPDATE = [
    ("SGD", "update", "-= lr", "+= lr"),
    ("Momentum", "update", "self.momentum", "1"),
    ("Momentum", "update", "-= lr * g", "-= lr * (1 - self.momentum) * g"),
    ("RMSProp", "update", "(1 - self.rho)", "self.rho"),
    ("RMSProp", "update", "np.sqrt(v)", "v"),
    ("RMSProp", "update", "+ self.eps", "+ 1e-3"),
    ("Adam", "update", "M *= b1", "M *= b2"),
    ("Adam", "update", "V *= b2", "V *= b1"),
    ("Adam", "update", "d = g * g", "d = abs(g)"),
    ("Adam", "update", "/ (1 - b1**t)", ""),
    ("Adam", "update", "/ (1 - b2**t)", ""),
    ("Adam", "update", "1 - b2**t", "1 - b2**(t + 1)"),
    ("Adam", "update", "self.eps / c", "self.eps + 1e-3"),
    ("Adam", "update", "lr * a / c", "lr * a"),
]


@pytest.fixture
def mutate(monkeypatch):
    def plant(name, method, old, new):
        owner = getattr(nn, name)
        text = textwrap.dedent(inspect.getsource(getattr(owner, method)))
        assert text.count(old) == 1, (
            f"{name}.{method} no longer has {old!r}"
        )
        namespace = {}
        module = inspect.getmodule(owner)
        exec(text.replace(old, new), vars(module), namespace)
        monkeypatch.setattr(owner, method, namespace[method])

    return plant


def noticed(check, bound):
    """Is the error above the bound, or the code unable to run at all?"""
    try:
        with np.errstate(all="ignore"):
            return not check() < bound
    except ValueError:  # shapes that do not fit
        return True


def test_without_a_fault_nothing_is_noticed():
    assert worst_gradient() < 1e-6
    for name in ("SGD", "Momentum", "RMSProp", "Adam"):
        assert worst_step(name) < 1e-12


@pytest.mark.parametrize("fault", BACKWARD, ids=lambda f: f"{f[0]}:{f[3]}")
def test_a_fault_in_a_backward_pass_is_noticed(mutate, fault):
    mutate(*fault)
    assert noticed(worst_gradient, 1e-4)


@pytest.mark.parametrize("fault", TRANSPOSES, ids=lambda f: f[3])
def test_a_transpose_that_fits_is_noticed(mutate, fault):
    assert max(model_errors(*square()).values()) < 1e-6
    mutate(*fault)
    assert max(model_errors(*square()).values()) > 1e-2


@pytest.mark.parametrize("fault", UPDATE, ids=lambda f: f"{f[0]}:{f[3]}")
def test_a_fault_in_an_update_rule_is_noticed(mutate, fault):
    mutate(*fault)
    assert noticed(lambda: worst_step(fault[0]), 1e-6)
