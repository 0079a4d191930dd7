"""Optimizers: the rules, by name and jointly; what they refuse."""

import copy
import math
import pickle
import tempfile
from functools import partial

import numpy as np
import pytest
from checks import Scaled, worst_step

from nn import (
    SGD,
    Adam,
    AdamW,
    Dense,
    Joint,
    Momentum,
    Optimizer,
    ReLU,
    RMSProp,
    Sequential,
    cosine,
    optimizers,
)

RULES = [SGD, Momentum, RMSProp, Adam, AdamW]
# the same rules, asked for one array after the other
BY_NAME = {
    rule: type(
        f"{rule.__name__}ByName",
        (rule,),
        {"step": Optimizer.step, "__module__": __name__},
    )
    for rule in RULES
}
globals().update({rule.__name__: rule for rule in BY_NAME.values()})
BOTH = [*RULES, *BY_NAME.values()]


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
        def change(self, g, state, lr_now):
            lr.append(lr_now)
            return 0 * g

    path(Spy(0.1, lr_decay=0.5), [1, 1, 1])
    assert lr == pytest.approx([0.1, 0.1 / 1.5, 0.1 / 2])


@pytest.mark.parametrize("rule", BOTH)
def test_parameters_change_in_place_and_gradients_do_not(rule):
    w, g = np.ones(3), np.full(3, 0.5)
    g.flags.writeable = False
    given = {"w": w}
    rule().step(given, {"w": g})
    assert given["w"] is w
    assert (w < 1).all()


@pytest.mark.parametrize("rule", BOTH)
@pytest.mark.parametrize(
    "lr",
    [
        0.1,
        np.float64(0.1),
        np.float32(0.1),
        lambda t: np.float64(0.1),
        lambda t: np.float32(0.1),
        lambda t: 1,
    ],
)
def test_float32_stays_float32(rule, lr):
    w = {"a": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)}
    optimizer = rule(lr, lr_decay=1e-3)
    for _ in range(3):
        optimizer.step(w, {k: np.full_like(v, 0.1) for k, v in w.items()})
    memory = getattr(optimizer, "vectors", ())
    arrays = [*w.values(), *memory, *sum(optimizer.state.values(), ())]
    assert {a.dtype for a in arrays} == {np.dtype("f4")}
    assert type(optimizer.rate()) is float


@pytest.mark.parametrize("rule", BOTH)
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
    for base in (Optimizer, Joint):

        class SignDescent(base):
            def change(self, g, state, lr):
                return -lr * np.sign(g)

        assert path(SignDescent(0.5), [3, -2]) == [-0.5, 0]
    with pytest.raises(NotImplementedError, match="Optimizer"):
        path(Optimizer(0.1), [1])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lr", [0, -0.1, np.nan, np.inf])
def test_learning_rates_without_sense(rule, lr):
    with pytest.raises(ValueError, match=f"lr .*{lr}"):
        rule(lr)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("decay", [-1, np.nan, np.inf])
def test_decays_without_sense(rule, decay):
    with pytest.raises(ValueError, match=f"lr_decay .*{decay}"):
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
    with pytest.raises(ValueError, match=rf"{name} .* 1, .*{value}"):
        rule(**{name: value})


@pytest.mark.parametrize("rule", [RMSProp, Adam])
@pytest.mark.parametrize("eps", [0, -1e-7, np.nan])
def test_eps_without_sense(rule, eps):
    with pytest.raises(ValueError, match=f"eps .*{eps}"):
        rule(eps=eps)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", ["0.1", None])
def test_settings_that_are_no_numbers(rule, value):
    with pytest.raises((TypeError, ValueError)):
        rule(value)
    with pytest.raises((TypeError, ValueError)):
        rule(0.1, lr_decay=value)


@pytest.mark.parametrize("rule", BOTH)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"a": np.ones((2, 3))}, r"of b .*\(4,\).*None"),
        ({"a": np.ones((2, 3)), "b": None}, "of b .*None"),
        ({"a": np.ones((3, 2)), "b": np.ones(4)}, r"of a .*\(3, 2\)"),
        ({"a": np.ones(6), "b": np.ones(4)}, r"of a .*\(6,\)"),
        ({"a": np.ones((2, 3)), "b": np.ones(1)}, r"of b .*\(1,\)"),
        ({"a": np.ones((2, 3)), "b": np.ones((1, 4))}, r"of b .*\(1, 4\)"),
    ],
)
def test_gradients_that_do_not_fit_change_nothing(rule, bad, message):
    w, optimizer = {"a": np.ones((2, 3)), "b": np.ones(4)}, rule(0.1)
    optimizer.step(w, {"a": w["a"].copy(), "b": w["b"].copy()})
    before = pickle.dumps((w, optimizer))
    with pytest.raises(ValueError, match=message):
        optimizer.step(w, bad)
    assert pickle.dumps((w, optimizer)) == before


@pytest.mark.parametrize("small", [Joint.small, 0])
@pytest.mark.parametrize("rule", BOTH)
def test_a_change_too_large_for_its_type_is_refused(
    rule, small, monkeypatch
):
    monkeypatch.setattr(Joint, "small", small)  # at 0, no array is small
    w = {"W": np.ones((2, 3), np.float32), "b": np.ones(3, np.float32)}
    huge = {name: np.full_like(a, 1e30) for name, a in w.items()}
    before = copy.deepcopy(w)
    with pytest.raises(FloatingPointError, match="overflow"):
        rule(1e10).step(w, huge)
    assert distance(w, before) == 0


# by name and jointly


class Sleeper(Dense):
    """A layer that is frozen from its third step to its fifth."""

    steps = 0

    def forward(self, X, training=False):
        self.steps += training
        return super().forward(X, training)

    def parameters(self):
        return {} if 3 <= self.steps <= 5 else super().parameters()

    def gradients(self):
        return {} if 3 <= self.steps <= 5 else super().gradients()


class Growing(Sequential):
    """A network that gets one more layer at its third step."""

    steps = 0

    def forward(self, X, training=False):
        self.steps += training
        if self.steps == 3 and len(self.layers) == 2:
            self.layers = (Dense(3, 3, rng=2), *self.layers)
        return super().forward(X, training)


def plain():
    return Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 3, rng=1))


def fortran():
    model = plain()
    for layer in model.layers[::2]:
        layer.W = np.asfortranarray(layer.W)
    return model


def tied(turn=lambda W: W):
    """One array in two layers, or it and its transpose."""
    first, second = Dense(3, 3, rng=0), Dense(3, 3, rng=1)
    second.W = turn(first.W)
    return Sequential(first, ReLU(), second)


KINDS = {
    "plain": plain,
    "nested": lambda: Sequential(Dense(3, 3, rng=3), plain()),
    "in Fortran's order": fortran,
    "names of its own": lambda: Sequential(Dense(3, 3, rng=0), Scaled()),
    "one array": tied,
    "its transpose": partial(tied, np.transpose),
    "mixed types": lambda: Sequential(
        Dense(3, 3, rng=0), Dense(3, 3, rng=1, dtype=np.float64)
    ),
    "nothing to learn": lambda: Sequential(ReLU()),
    "frozen": lambda: Sequential(
        Dense(3, 3, rng=0), Sleeper(3, 3, rng=1), Dense(3, 3, rng=2)
    ),
    "growing": lambda: Growing(Dense(3, 3, rng=0), Dense(3, 3, rng=1)),
}


def with_copies(model, optimizer):
    """New arrays in all layers, equal to the ones before."""
    for layer in model.layers:
        if "layers" in vars(layer):
            with_copies(layer, optimizer)
        for name, array in vars(layer).items():
            if isinstance(array, np.ndarray):
                setattr(layer, name, array.copy())
    return model, copy.deepcopy(optimizer)


def saved(model, optimizer):
    """Weights through a file into a copy that had lost them."""
    other = copy.deepcopy(model)
    for w in other.parameters().values():
        w.fill(7)
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/a.safetensors")
        other.load(f"{folder}/a.safetensors")
    return other, copy.deepcopy(optimizer)


def reordered(model, optimizer):
    """The parameters come from behind, the gradients as before."""

    def step(parameters, gradients):
        parameters = dict(reversed(parameters.items()))
        type(optimizer).step(optimizer, parameters, gradients)

    optimizer.step = step
    return model, optimizer


CHANGES = {
    "none": lambda *pair: pair,
    "deepcopy": lambda *pair: copy.deepcopy(pair),
    "pickle": lambda *pair: pickle.loads(pickle.dumps(pair)),
    "copies": with_copies,
    "saved": saved,
    "reordered": reordered,
}


def trained(rule, kind="plain", change="none"):
    """The parameters after nine steps, with a change after the fourth."""
    rng = np.random.default_rng(0)
    model, optimizer = KINDS[kind](), rule(0.005, lr_decay=0.1)
    for t in range(9):
        if t == 4:
            model, optimizer = CHANGES[change](model, optimizer)
        X, dZ = rng.standard_normal((2, 5, 3), dtype=np.float32)
        model.forward(X, training=True)
        model.backward(dZ)
        optimizer.step(model.parameters(), model.gradients())
    return model.parameters()


def distance(a, b):
    assert a.keys() == b.keys()
    return max((np.abs(a[name] - b[name]).max() for name in a), default=0)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_rules_asked_jointly_take_the_same_path(rule, kind, change):
    one_by_one = trained(BY_NAME[rule], kind, change)
    off = distance(trained(rule, kind, change), one_by_one)
    rounding = np.finfo("f4").eps if kind == "mixed types" else 0
    assert off <= rounding


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("rule", BOTH)
def test_a_path_goes_on_after_a_change(rule, change):
    assert distance(trained(rule, change=change), trained(rule)) == 0


@pytest.mark.parametrize("block", [1, 2, 7, 30, 31, 32])
@pytest.mark.parametrize("kind", ["plain", "frozen", "nested"])
@pytest.mark.parametrize("rule", RULES)
def test_blocks_do_not_change_the_path(rule, kind, block, monkeypatch):
    whole = trained(rule, kind)
    monkeypatch.setattr(optimizers.Joint, "block", block)
    for small in (0, 4, 12, 10**6):  # which arrays are large
        monkeypatch.setattr(optimizers.Joint, "small", small)
        assert distance(trained(rule, kind), whole) == 0


def test_a_joint_rule_is_asked_once_for_each_block(monkeypatch):
    sizes = []

    class Spy(SGD):
        def change(self, g, state, lr):
            sizes.append(g.size)
            return super().change(g, state, lr)

    w = {"a": np.ones((3, 5)), "b": np.ones(7), "c": np.ones(4)}
    Spy().step(w, w)
    monkeypatch.setattr(optimizers.Joint, "small", 6)
    monkeypatch.setattr(optimizers.Joint, "block", 6)
    Spy().step(w, w)
    assert sizes == [26, 4, 5, 5, 5, 6, 1]


@pytest.mark.parametrize("rule", BOTH)
def test_an_array_of_another_shape_starts_with_new_memory(rule):
    optimizer, w = rule(0.1), {"a": np.ones((2, 3)), "b": np.ones(4)}
    optimizer.step(w, {"a": np.ones((2, 3)), "b": np.ones(4)})
    w["a"] = np.ones((3, 2))
    optimizer.step(w, {"a": np.ones((3, 2)), "b": np.ones(4)})
    fresh, v = rule(0.1), {"a": np.ones((3, 2))}
    fresh.t = 1
    fresh.step(v, {"a": np.ones((3, 2))})
    assert np.array_equal(w["a"], v["a"])


# a step size for each step


@pytest.mark.parametrize("rule", BOTH)
@pytest.mark.parametrize("decay", [0, 0.5])
def test_lr_as_a_function_is_lr_set_by_hand(rule, decay):
    steps, w, by_hand = 10, np.ones(3), np.ones(3)
    schedule = partial(cosine, 1e-2, steps=steps)
    one, two = rule(schedule, lr_decay=decay), rule(1e-2, lr_decay=decay)
    for t in range(steps):
        two.lr = cosine(1e-2, t, steps)
        assert one.rate() == two.lr / (1 + decay * t)
        one.step({"w": w}, {"w": w.copy()})
        two.step({"w": by_hand}, {"w": by_hand.copy()})
        one = pickle.loads(pickle.dumps(one))
    assert np.array_equal(w, by_hand)
    assert one.rate() == 0


@pytest.mark.parametrize("rule", BOTH)
@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf])
def test_functions_that_return_no_step_size(rule, value):
    w, optimizer = np.ones(3), rule(lambda t: value if t == 2 else 0.1)
    for _ in range(2):
        optimizer.step({"w": w}, {"w": w.copy()})
    before = w.copy()
    with pytest.raises(ValueError, match=rf"lr\(2\) .*{value}"):
        optimizer.step({"w": w}, {"w": w.copy()})
    assert np.array_equal(w, before)
    assert optimizer.t == 2


# weight decay, apart from the slope


def test_adamw_shrinks_the_weights_and_steps_as_adam_does():
    rng = np.random.default_rng(0)
    w, lr, decay = {"W": rng.normal(size=(3, 2)), "b": np.ones(2)}, 0.1, 0.3
    ours = copy.deepcopy(w)
    m, v = ({k: np.zeros_like(a) for k, a in w.items()} for _ in range(2))
    rule = AdamW(lr, weight_decay=decay, lr_decay=0.5)
    for t in range(1, 11):
        g = {name: rng.normal(size=a.shape) for name, a in w.items()}
        rule.step(ours, g)
        now = lr / (1 + 0.5 * (t - 1))
        w["W"] *= 1 - now * decay  # Loshchilov and Hutter, algorithm 2
        for name, a in w.items():
            m[name] = 0.9 * m[name] + 0.1 * g[name]
            v[name] = 0.999 * v[name] + 0.001 * g[name] ** 2
            root = np.sqrt(v[name] / (1 - 0.999**t)) + 1e-7
            a -= now * m[name] / (1 - 0.9**t) / root
    assert distance(ours, w) < 1e-12


@pytest.mark.parametrize("rule", [AdamW, BY_NAME[AdamW]])
def test_without_slopes_only_weights_decay(rule):
    w = {
        "W": np.ones((2, 3)),
        "b": np.ones(3),
        "kernel": np.ones((2, 2, 2)),
    }
    optimizer = rule(lambda t: 0.1 * t, weight_decay=0.5)
    for _ in range(3):
        optimizer.step(w, {name: np.zeros_like(a) for name, a in w.items()})
    assert np.all(w["b"] == 1)
    for name in ("W", "kernel"):
        assert w[name] == pytest.approx(0.95 * 0.9 + 0 * w[name])


@pytest.mark.parametrize("kind", KINDS)
def test_adamw_without_decay_is_adam(kind):
    path = trained(partial(AdamW, weight_decay=0), kind)
    assert distance(path, trained(Adam, kind)) == 0
    if kind != "nothing to learn":
        assert distance(trained(AdamW, kind), trained(Adam, kind)) > 0


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_decays_of_weights_without_sense(value):
    with pytest.raises(ValueError, match=f"weight_decay .*{value}"):
        AdamW(weight_decay=value)


# clipping


def test_clipped_by_hand():
    """The norm of all gradients together is 5, that of each at most 4."""
    given = {"a": np.array([[3.0]]), "b": np.array([0.0, 4.0])}
    for clip, scale in ((1, 0.2), (4.5, 0.9), (5, 1), (7, 1)):
        w = {name: np.zeros_like(g) for name, g in given.items()}
        SGD(1.0, clip=clip).step(w, given)
        for name, g in given.items():
            assert w[name] == pytest.approx(-scale * g, rel=1e-15)
    assert given["a"] == 3


@pytest.mark.parametrize("rule", BOTH)
def test_clipping_is_a_step_with_shorter_gradients(rule):
    rng, w = (
        np.random.default_rng(0),
        {"a": np.ones((2, 3)), "b": np.ones(4)},
    )
    other = copy.deepcopy(w)
    clipped, by_hand = rule(0.1, clip=1.5), rule(0.1)
    lengths = []
    for size in (0.1, 1, 10, 1, 0.1):
        g = {k: size * rng.standard_normal(a.shape) for k, a in w.items()}
        frozen = {"not a parameter": np.full(3, 1e9)}
        clipped.step(w, g | frozen)
        lengths.append(math.sqrt(sum((a * a).sum() for a in g.values())))
        short = min(1, 1.5 / lengths[-1])
        by_hand.step(other, {name: short * a for name, a in g.items()})
    assert min(lengths) < 1.5 < max(lengths)
    assert distance(w, other) < 1e-12


@pytest.mark.parametrize("rule", BOTH)
def test_short_gradients_are_left_as_they_are(rule):
    for clip in (None, 1e9):
        kinds = ("plain", "nested", "nothing to learn")
        for kind in kinds:
            path = trained(partial(rule, clip=clip), kind)
            assert distance(path, trained(rule, kind)) == 0


@pytest.mark.parametrize("rule", BOTH)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_clipping_refuses_a_gradient_without_a_length(rule, bad):
    """The square of 1e30 is too large for float32."""
    w = {"b": np.ones(3, np.float32), "W": np.ones((2, 3), np.float32)}
    g, before = copy.deepcopy(w), copy.deepcopy(w)
    g["W"][0, 1] = bad
    refusal = pytest.raises(FloatingPointError, match=r"of W .* length")
    with refusal:
        rule(0.1, clip=1.0).step(w, g)
    assert distance(w, before) == 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_clips_without_sense(rule, value):
    with pytest.raises(ValueError, match=f"clip .*{value}"):
        rule(clip=value)


@pytest.mark.full
def test_adamw_and_clipping_agree_with_keras():
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    w = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    theirs = [
        keras.Variable(a, dtype="float64", name=k) for k, a in w.items()
    ]
    how = {"weight_decay": 0.5, "epsilon": 1e-12, "global_clipnorm": 1.0}
    rival = keras.optimizers.AdamW(0.01, **how)
    rival.exclude_from_weight_decay([theirs[1]])
    rival.build(theirs)
    ours = AdamW(0.01, weight_decay=0.5, eps=1e-12, clip=1.0)
    for _ in range(20):
        g = {name: rng.normal(size=a.shape) for name, a in w.items()}
        ours.step(w, g)
        tensors = [keras.ops.convert_to_tensor(a) for a in g.values()]
        rival.apply(tensors, theirs)
    for ours, right in zip(w.values(), theirs, strict=True):
        # Keras rounds lr and the betas to float32
        assert np.abs(ours - np.array(right)).max() < 1e-6


def test_networks_that_share_a_layer_need_two_optimizers():
    shared = Dense(3, 3, rng=0)
    first = Sequential(shared, Dense(3, 1, rng=1))
    second = Sequential(shared, Dense(3, 1, rng=2))
    third = Sequential(ReLU(), shared, Dense(3, 1, rng=3))
    rule = Adam()
    for model in (first, second, third):
        model.forward(np.ones((2, 3)), training=True)
        model.backward(np.ones((2, 1)))
    rule.step(first.parameters(), first.gradients())
    for other in (second, third):
        with pytest.raises(ValueError, match="make a new optimizer"):
            rule.step(other.parameters(), other.gradients())
    rule.step(first.parameters(), first.gradients())


@pytest.mark.parametrize("rule", [Momentum, RMSProp, Adam, AdamW])
def test_a_copy_has_a_memory_of_its_own(rule):
    def stepped(rule):
        w = {"W": np.ones((2, 3))}
        rule.step(w, {"W": np.full((2, 3), 0.5)})
        return w["W"]

    original = rule()
    stepped(original)
    other, untouched = copy.copy(original), copy.deepcopy(original)
    for _ in range(3):
        stepped(copy.copy(other))
    assert np.array_equal(stepped(other), stepped(untouched))


@pytest.mark.parametrize("value", [-1, np.nan, "a"])
def test_settings_are_checked_after_construction_too(value):
    for rule, names in {
        Momentum(): ["momentum", "lr_decay", "clip"],
        RMSProp(): ["rho", "eps"],
        AdamW(): ["beta1", "beta2", "eps", "weight_decay"],
    }.items():
        for name in names:
            before = getattr(rule, name)
            with pytest.raises((TypeError, ValueError), match=name):
                setattr(rule, name, value)
            assert getattr(rule, name) == before
    rule.clip = None  # allowed, as in the constructor
    with pytest.raises(ValueError, match=r"beta1 .* below 1"):
        rule.beta1 = 1


@pytest.mark.parametrize("base", [Optimizer, Joint])
@pytest.mark.parametrize("small", [0, 8_192])
@pytest.mark.parametrize("change", [-0.1, None, np.ones(1), [0.0]])
def test_a_change_has_the_shape_of_its_gradient(
    base, small, change, monkeypatch
):
    monkeypatch.setattr(Joint, "small", small)

    class Own(base):
        def change(self, g, state, lr):
            return change

    w = {"W": np.ones((2, 3))}
    with pytest.raises(
        ValueError, match="change must be an array of shape"
    ):
        Own(0.1).step(w, {"W": np.ones((2, 3))})
    assert (w["W"] == 1).all()
