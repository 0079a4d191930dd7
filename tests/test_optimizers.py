"""Optimizers: the rules against PyTorch and by hand; what they refuse."""

import math

import numpy as np
import pytest
from checks import worst_step

from nn import SGD, Adam, Momentum, Optimizer, RMSProp

RULES = [SGD, Momentum, RMSProp, Adam]


def path(optimizer, gradients, w=0.0):
    """The values of one number under the given gradients."""
    w, values = np.array([w]), []
    for g in gradients:
        optimizer.step({"w": w}, {"w": np.array([float(g)])})
        values.append(float(w[0]))
    return values


@pytest.mark.parametrize("rule", RULES)
def test_twenty_steps_agree_with_pytorch(rule):
    assert worst_step(rule.__name__) < 1e-12


def test_sgd_by_hand():
    assert path(SGD(0.5), [1, 2, -4]) == [-0.5, -1.5, 0.5]


def test_momentum_by_hand():
    assert path(Momentum(1.0, momentum=0.5), [1, 1, 0]) == [-1, -2.5, -3.25]


def test_momentum_takes_lr_into_its_memory():
    # a changed lr does not change the speed it has: u keeps lr g
    values = path(Momentum(1.0, momentum=0.5, lr_decay=1), [1, 0])
    assert values == [-1, -1.5]


def test_rmsprop_by_hand():
    values = path(RMSProp(0.1, rho=0.75, eps=1e-12), [2, 4])
    v1, v2 = 0.25 * 4, 0.75 * 0.25 * 4 + 0.25 * 16
    first = -0.1 * 2 / math.sqrt(v1)
    assert values == pytest.approx([first, first - 0.4 / math.sqrt(v2)])


@pytest.mark.parametrize("g", [1e-3, -1, 1e3])
def test_the_first_step_of_adam_is_lr_times_the_sign(g):
    assert path(Adam(0.01), [g]) == pytest.approx(
        [-math.copysign(0.01, g)], rel=1e-3
    )


@pytest.mark.parametrize("rule", RULES)
def test_lr_decays_with_the_steps_made(rule):
    lr = []

    class Spy(rule):
        def update(self, w, g, state, lr_now):
            lr.append(lr_now)

    path(Spy(0.1, lr_decay=0.5), [1, 1, 1])
    assert lr == pytest.approx([0.1, 0.1 / 1.5, 0.1 / 2])


@pytest.mark.parametrize("rule", RULES)
def test_parameters_change_in_place_and_gradients_do_not(rule):
    w, g = np.ones(3), np.full(3, 0.5)
    g.flags.writeable = False
    given = {"w": w}
    rule().step(given, {"w": g})
    assert given["w"] is w
    assert (w < 1).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.float32(0.1)])
def test_float32_stays_float32(rule, lr):
    w = {"a": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)}
    optimizer = rule(lr, lr_decay=1e-3)
    for _ in range(3):
        optimizer.step(w, {k: np.full_like(v, 0.1) for k, v in w.items()})
    arrays = [a for state in optimizer.state.values() for a in state]
    assert {a.dtype for a in [*w.values(), *arrays]} == {np.dtype("f4")}
    assert type(optimizer.lr) is float
    assert sorted(optimizer.state) == ["a", "b"]


@pytest.mark.parametrize("rule", RULES)
def test_each_parameter_has_a_memory_of_its_own(rule):
    both, alone = rule(0.1), rule(0.1)
    a, b, a_alone = np.ones(2), np.ones(2), np.ones(2)
    for g in (1.0, -3.0, 2.0):
        both.step({"a": a, "b": b}, {"a": a * g, "b": b * 7})
        alone.step({"a": a_alone}, {"a": a_alone * g})
    assert np.array_equal(a, a_alone)


@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_of_zero_changes_nothing(rule):
    assert path(rule(), [0, 0, 0], w=3.0) == [3, 3, 3]


def test_a_rule_of_ones_own():
    class SignDescent(Optimizer):
        def update(self, w, g, state, lr):
            w -= lr * np.sign(g)

    assert path(SignDescent(0.5), [3, -2]) == [-0.5, 0]
    with pytest.raises(NotImplementedError, match="Optimizer"):
        path(Optimizer(0.1), [1])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lr", [0, -0.1, np.nan, np.inf])
def test_learning_rates_without_sense(rule, lr):
    with pytest.raises(
        ValueError, match=rf"{rule.__name__} expects lr > 0"
    ):
        rule(lr)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("decay", [-1, np.nan, np.inf])
def test_decays_without_sense(rule, decay):
    with pytest.raises(ValueError, match="lr_decay >= 0"):
        rule(0.1, lr_decay=decay)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (Momentum, "momentum"),
        (RMSProp, "rho"),
        (Adam, "beta1"),
        (Adam, "beta2"),
    ],
)
@pytest.mark.parametrize("value", [1, -0.1, 1.5, np.nan])
def test_shares_without_sense(rule, name, value):
    with pytest.raises(ValueError, match=rf"{name} .*\[0, 1\), got"):
        rule(**{name: value})


@pytest.mark.parametrize("rule", [RMSProp, Adam])
@pytest.mark.parametrize("eps", [0, -1e-7, np.nan])
def test_eps_without_sense(rule, eps):
    with pytest.raises(ValueError, match="eps"):
        rule(eps=eps)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", ["0.1", None])
def test_settings_that_are_no_numbers(rule, value):
    with pytest.raises((TypeError, ValueError)):
        rule(value)
    with pytest.raises((TypeError, ValueError)):
        rule(0.1, lr_decay=value)
