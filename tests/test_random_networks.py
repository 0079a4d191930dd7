"""Random networks: every gradient agrees with the measured slopes."""

import numpy as np
import pytest
from checks import every_layer, frozen_loss, model_errors
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from nn import (
    L1,
    L2,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dense,
    Dropout,
    Identity,
    MeanSquaredError,
    Normalization,
    ReLU,
    Sequential,
    Softmax,
    SoftmaxCrossEntropy,
    glorot_uniform,
    he_normal,
    normal,
)

H = 1e-5  # the step of check_gradients
WIDTHS = st.integers(1, 6)
F8 = {"dtype": np.float64}


class Bend(ReLU):
    """ReLU, and the signs of its inputs."""

    def forward(self, Z, training=False):
        self.signs = np.sign(Z)
        return super().forward(Z, training)


@st.composite
def layer(draw, rng, width, depth):
    """A layer, or a Sequential, for inputs of this width; its own width."""
    kind = draw(st.sampled_from(["dense"] * 3 + ["bend"] * 3 + ["whole"]))
    if kind == "dense":
        new = draw(WIDTHS)
        lam = draw(st.floats(0, 0.5))
        penalty = draw(st.sampled_from([None, L1(lam), L2(lam)]))
        init = draw(st.sampled_from([he_normal, glorot_uniform, normal]))
        dense = Dense(
            width, new, init=init, regularizer=penalty, rng=rng, **F8
        )
        if draw(st.booleans()):  # else it is fresh: b = 0, on ReLU's kink
            dense.b += rng.standard_normal(new)
        return dense, new
    if kind == "whole" and depth < 2:
        return draw(network(rng, width, depth + 1))
    size = draw(st.sampled_from([1, width]))  # one number for all, or each
    mean, std = rng.standard_normal(size), rng.uniform(0.5, 2, size)
    rate = draw(st.floats(0, 0.9))
    batch = BatchNormalization(width, eps=0.5, **F8)
    batch.gamma[...], batch.beta[...] = rng.standard_normal((2, width))
    return draw(
        st.sampled_from(
            [
                Bend(),
                Bend(),
                Identity(),
                Softmax(),
                Dropout(rate),
                Normalization(mean, std, **F8),
                batch,
            ]
        )
    ), width


@st.composite
def network(draw, rng, width, depth=0):
    """A Sequential of up to five layers, and the width of its outputs."""
    layers = []
    for _ in range(draw(st.integers(0, 5))):
        new, width = draw(layer(rng, width, depth))
        layers.append(new)
    return Sequential(*layers), width


@st.composite
def problems(draw):
    """model, loss, X, y"""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, width = draw(st.integers(2, 8)), draw(WIDTHS)
    sample = rng.standard_normal((20, width))
    X = rng.standard_normal((n, width))
    if draw(st.integers(0, 9)) == 0:
        X[0] = 0  # a row that stands on every kink
    model, k = draw(network(rng, width))
    layers = model.layers
    if draw(st.booleans()):
        layers = (Normalization.of(sample, **F8), *layers)
    loss = draw(
        st.sampled_from(
            [
                SoftmaxCrossEntropy(),
                CategoricalCrossEntropy(),
                MeanSquaredError(),
            ]
        )
    )
    if isinstance(loss, CategoricalCrossEntropy):
        layers = (*layers, Softmax())
    if isinstance(loss, MeanSquaredError):
        y = rng.standard_normal((n, k))
    else:
        kind = draw(st.sampled_from([np.uint8, np.int32, np.int64]))
        y = rng.integers(0, k, n).astype(kind)
    return Sequential(*layers), loss, X, y


def side(model, f):
    """On which side of each kink of ReLU and L1 the loss f() stands."""
    f()
    layers = [*every_layer(model)]
    bends = [a.signs for a in layers if isinstance(a, Bend)]
    dense = [a for a in layers if isinstance(a, Dense)]
    bends += [np.sign(a.W) for a in dense if isinstance(a.regularizer, L1)]
    return np.concatenate([[], *bends], axis=None)


def crosses_kink(model, f, x, i):
    """Whether a step of H from x[i] crosses a kink, or begins at one."""
    sides, old = [], x[i]
    for step in (-H, 0, H):
        x[i] = old + step
        sides.append(side(model, f))
    x[i] = old
    return (
        not (sides[0] == sides[1]).all() or not (sides[1] == sides[2]).all()
    )


@pytest.fixture
def search(monkeypatch):
    """``search(n)``: check n networks, count entries and those left out."""
    kinks = []
    monkeypatch.setattr(
        "nn.gradcheck._warn_of_kinks",
        lambda name, entries, h: kinks.extend((name, i) for i in entries),
    )

    def search(n, **options):
        count = [0, 0, 0]  # entries, those left out, meetings of kinks

        @settings(
            max_examples=n,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
            **options,
        )
        @given(problems())
        def check(problem):
            kinks.clear()
            assume(np.isfinite(frozen_loss(*problem)()))
            errors = model_errors(*problem)
            model, _, X, _ = problem
            f = frozen_loss(*problem)
            if max(errors.values()) >= 1e-6:
                # where several kinks meet, f may be smooth on the way
                assert (side(model, f) == 0).any(), model
                count[2] += 1
            arrays = {"X": X, **model.parameters()}
            for name, i in kinks:
                assert crosses_kink(model, f, arrays[name], i), (name, i)
            count[0] += sum(a.size for a in arrays.values())
            count[1] += len(kinks)

        check()
        return count

    return search


def test_every_gradient_of_random_networks_is_right(search, cases):
    """Random networks whose gradients are compared with measured slopes."""
    n = cases(1000, 20000)
    entries, left_out, meetings = search(n)
    assert left_out < 0.02 * entries
    assert meetings <= n / 1000


@pytest.mark.parametrize(
    ("owner", "wrong"),
    [
        (MeanSquaredError, lambda dZ, self: dZ * dZ.shape[1]),
        (Normalization, lambda dX, self: dX * self.std / self.std[0]),
        (Dropout, lambda dX, self: dX * (1 - self.rate)),
        (BatchNormalization, lambda dX, self: dX + 0.01 * self.gamma),
    ],
)
def test_a_planted_fault_is_found(search, monkeypatch, owner, wrong):
    right = owner.backward
    monkeypatch.setattr(
        owner, "backward", lambda self, *dA: wrong(right(self, *dA), self)
    )
    with pytest.raises(AssertionError, match="Sequential"):
        search(300, phases=[Phase.generate])
