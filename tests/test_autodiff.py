"""The tape: every slope it finds, what it refuses, and what it keeps."""

import copy
import gc
import weakref

import numpy as np
import pytest
from checks import any_network, networks

import nn
from nn import Tensor, check_gradients, relative_error
from nn.autodiff import _RULES


def log_softmax(Z):
    Z = Z - Z.value.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def cross_entropy(logs, y):
    return -(logs * np.eye(logs.value.shape[1])[y]).sum(axis=1).mean()


def batch_normalized(layer, X, gamma, beta):
    X = X - X.mean(axis=0)
    return gamma * X * ((X**2).mean(axis=0) + layer.eps) ** -0.5 + beta


# the forward passes of the book, in operations that the tape records
LAYERS = {
    nn.Dense: lambda layer, X, W, b: X @ W + b,
    nn.ReLU: lambda layer, X: np.maximum(X, 0),
    nn.Identity: lambda layer, X: X,
    nn.Softmax: lambda layer, X: np.exp(log_softmax(X)),
    nn.Dropout: lambda layer, X: X * layer.kept,  # its mask
    nn.BatchNormalization: batch_normalized,
    nn.Normalization: lambda layer, X: (X - layer.mean) / layer.std,
}
LOSSES = {
    nn.MeanSquaredError: lambda Z, y: ((Z - y) ** 2).mean(),
    nn.CategoricalCrossEntropy: lambda P, y: cross_entropy(np.log(P), y),
    nn.SoftmaxCrossEntropy: lambda Z, y: cross_entropy(log_softmax(Z), y),
}


def recorded(model, X, given, start=""):
    """The outputs of a model and its penalty, on a tape."""
    penalty = 0
    for i, layer in enumerate(model.layers):
        name = f"{start}{i}."
        if isinstance(layer, nn.Sequential):
            X, more = recorded(layer, X, given, name)
            penalty = penalty + more
            continue
        own = {k: given[f"{name}{k}"] for k in layer.parameters()}
        X = LAYERS[type(layer)](layer, X, **own)
        if rule := getattr(layer, "regularizer", None):
            W = own["W"]
            one = np.maximum(W, -W) if isinstance(rule, nn.L1) else W * W
            penalty = penalty + rule.lam * one.sum()
    return X, penalty


def tensors(arrays):
    return {name: Tensor(array) for name, array in arrays.items()}


def errors(model, loss, X, y, least=0.0):
    """Relative difference of each derived gradient from the tape's."""
    loss.forward(model.forward(X, training=True), y)
    given = tensors({"X": X, **model.parameters()})
    Z, penalty = recorded(model, given["X"], given)
    (LOSSES[type(loss)](Z, y) + penalty).backward()
    derived = {"X": model.backward(loss.backward()), **model.gradients()}
    assert derived.keys() == given.keys()
    return {
        name: relative_error(slope, given[name].grad, least=least)
        for name, slope in derived.items()
    }


@pytest.mark.parametrize(
    "case", [*networks()], ids=lambda case: repr(case[0])
)
def test_every_backward_pass_is_found_again(case):
    # before a batch normalization, the slope of a bias is 0 (but rounded)
    assert max(errors(*case, least=0.1).values()) < 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_are_found_again(rng, loss):
    Z, y = rng.standard_normal((7, 4)), rng.integers(0, 4, 7)
    if loss is nn.MeanSquaredError:
        y = rng.standard_normal((7, 4))
    if loss is nn.CategoricalCrossEntropy:
        Z = nn.Softmax().forward(Z)
    assert errors(nn.Sequential(nn.Identity()), loss(), Z, y)["X"] < 1e-12


def test_networks_by_chance_are_found_again(cases):
    """Networks by chance whose slopes a tape finds again"""
    for seed in range(cases(60, 20_000)):
        rng = np.random.default_rng(seed)
        model, X = any_network(rng, np.float64)
        X = np.concatenate([X, -X])  # batch normalization needs two rows
        y = rng.standard_normal(model.forward(X).shape)
        found = errors(model, nn.MeanSquaredError(), X, y, least=0.1)
        # of equal rows, each multiplies roundings by 1 / sqrt(eps) = 316
        norms = repr(model.layers).count("BatchNormalization")
        assert max(found.values()) < 1e-12 * 316**norms, seed


# --- operations


def shapes(operation):
    """Shapes of the inputs of an operation."""
    if operation is np.matmul:
        return [
            ((4, 3), (3, 2)),
            ((3,), (3, 2)),
            ((4, 3), (3,)),
            ((3,), (3,)),
            ((1, 3), (3, 1)),
        ]
    if operation.nin == 1:
        return [((4, 3),), ((3,),), ((),)]
    both = [((4, 3), s) for s in ((4, 3), (3,), (1, 3), (4, 1), (1, 1), ())]
    return [*both, *(pair[::-1] for pair in both), ((4, 1), (3,))]


@pytest.mark.parametrize(
    ("operation", "given"),
    [(f, given) for f in _RULES for given in shapes(f)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_rule_passes_a_gradient_check(rng, operation, given):
    arrays = {
        k: rng.uniform(0.5, 2, shape) for k, shape in enumerate(given)
    }
    G = rng.standard_normal(np.shape(operation(*arrays.values())))
    found = tensors(arrays)
    (operation(*found.values()) * G).sum().backward()
    slopes = {k: t.grad for k, t in found.items()}
    for k, slope in slopes.items():
        assert slope.shape == arrays[k].shape

    def f():
        return float(np.sum(operation(*arrays.values()) * G))

    assert max(check_gradients(f, arrays, slopes).values()) < 1e-6
    for k in arrays:  # the other one is a constant, on either side
        mixed = {**arrays, k: Tensor(arrays[k])}
        (operation(*mixed.values()) * G).sum().backward()
        assert np.allclose(mixed[k].grad, slopes[k], rtol=1e-14, atol=0)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_and_means(rng, name, axis, keepdims):
    a = rng.standard_normal((4, 3))
    how = {"axis": axis, "keepdims": keepdims}
    right = getattr(a, name)(**how)
    G = rng.standard_normal(right.shape)
    for reduce in (getattr(np, name), getattr(Tensor, name)):
        t = Tensor(a)
        result = reduce(t, **how)
        assert np.allclose(result.value, right, rtol=1e-15)
        (result * G).sum().backward()

        def f():
            return float(np.sum(getattr(a, name)(**how) * G))

        assert check_gradients(f, {"a": a}, {"a": t.grad})["a"] < 1e-6
    assert np.sum(t, 0).value.tolist() == a.sum(0).tolist()


def test_an_equal_pair_has_no_slope_in_a_maximum():
    t = Tensor([-1.0, 0, 2])
    np.maximum(t, 0).sum().backward()
    assert t.grad.tolist() == [0, 0, 1]
    np.maximum(0, t).sum().backward()
    assert t.grad.tolist() == [0, 0, 1]


def test_operators_and_constants_of_all_kinds():
    t, a = Tensor([[1.0, 2], [3, 4]]), np.array([[1.0, 2], [3, 4]])
    for f in (
        lambda x: 2 * x - 1,
        lambda x: 1 - x / 4,
        lambda x: -(x**2) + x**-1,
        lambda x: 2**x,
        lambda x: a @ x @ a,
        lambda x: [[1, 2], [3, 4]] * x,
        lambda x: np.uint8(200) + x * a.astype(np.uint8) - a.astype("u1"),
        lambda x: x * True,
    ):
        assert np.array_equal(f(t).value, f(a))
    assert repr(Tensor(2)) == "Tensor(2.0)"


# --- the walk


def test_slopes_are_added_where_a_value_is_used_again():
    x = Tensor(3)
    (x * x + x).backward()
    assert x.grad == 7
    y = x
    for _ in range(50):
        y = y + y  # 2**50 paths
    assert len(y.tape()) == 51
    y.backward()
    assert x.grad == 2**50


def test_slopes_are_assigned_not_added_to_the_last_ones():
    w = Tensor([1.0, 2])
    L = (w * w).sum()
    for _ in range(3):
        L.backward()
        assert w.grad.tolist() == [2, 4]
        assert L.grad == 1
    (3 * w).sum().backward()
    assert w.grad.tolist() == [3, 3]
    assert L.grad == 1  # not on that tape


def test_slopes_share_no_memory():
    a, b = Tensor(np.ones((2, 2))), Tensor(np.ones((2, 2)))
    (a + b).sum().backward()
    a.grad *= 5
    assert b.grad.tolist() == [[1, 1], [1, 1]]


def test_a_copy_is_another_tensor():
    w = Tensor(3)
    a = w * w
    for same, other in ((w, copy.copy(w)), (a, copy.deepcopy(a))):
        (2 * same + 5 * other).backward()
        assert (same.grad, other.grad) == (2, 5)
    assert w.grad == 12  # not that of the copy, which has a w of its own


def test_the_tape_lists_each_input_before_its_results():
    w, x = Tensor(2), Tensor(3)
    a = w * x
    L = np.exp(a) + a - w
    names = ["given", "given", "multiply", "exp", "add", "subtract"]
    assert [t.operation for t in L.tape()] == names
    for t in L.tape():
        assert all(x.number < t.number for x, _ in t.links)
    assert Tensor(1).tape()[0].links == ()


def test_a_long_chain_needs_no_recursion(cases):
    """Operations of a chain that is recorded, walked back and freed"""
    n = cases(10_000, 1_000_000)
    x = y = Tensor(1)
    for _ in range(n):
        y = y + x
    y.backward()
    assert x.grad == n + 1
    assert len(y.tape()) == n + 1


def test_a_tape_is_freed_with_its_last_entry():
    gc.disable()
    try:
        w = Tensor(np.ones(3))
        inner = np.exp(w)
        L = inner.sum()
        L.backward()
        gone = weakref.ref(inner)
        del inner
        assert gone() is not None
        del L
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_stay(dtype):
    w = Tensor(np.ones((3, 2), dtype))
    X = np.ones((4, 3), dtype)
    L = ((np.maximum(X @ w - 0.5, 0) / 3 * np.sqrt(2.0)) ** 2).mean()
    L.backward()
    assert {t.value.dtype for t in L.tape()} == {np.dtype(dtype)}
    assert {t.grad.dtype for t in L.tape()} == {np.dtype(dtype)}
    assert Tensor([1, 2]).value.dtype == np.float64


def test_a_step_by_the_tape_is_the_step_of_the_layers(rng):
    X, y = rng.standard_normal((20, 4)), rng.integers(0, 3, 20)
    twins = [
        nn.Sequential(
            nn.Dense(4, 5, rng=0, dtype=np.float64),
            nn.ReLU(),
            nn.Dense(5, 3, rng=1, dtype=np.float64),
        )
        for _ in range(2)
    ]
    loss, one, two = nn.SoftmaxCrossEntropy(), nn.SGD(0.1), nn.SGD(0.1)
    for _ in range(5):
        L, _ = nn.train_step(twins[0], X, y, loss=loss, optimizer=one)
        given = tensors(twins[1].parameters())  # of the same memory
        Z, _ = recorded(twins[1], X, given)
        by_tape = LOSSES[nn.SoftmaxCrossEntropy](Z, y)
        by_tape.backward()
        assert float(by_tape.value) == pytest.approx(L, rel=1e-12)
        two.step(
            {name: t.value for name, t in given.items()},
            {name: t.grad for name, t in given.items()},
        )
    for name, w in twins[0].parameters().items():
        assert relative_error(w, twins[1].parameters()[name]) < 1e-12


# --- what it refuses


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t > 0, "must be one of add, .*, mean, .*is greater;"),
        (lambda t: np.sin(t), "is sin; compute with the array"),
        (lambda t: np.var(t), "is var; compute with the array"),
        (lambda t: np.concatenate([t, t]), "is concatenate;"),
        (lambda t: np.add.reduce(t), "is add with reduce;"),
        (lambda t: np.exp(t, out=np.ones(2)), "is exp with out;"),
        (lambda t: np.add(t, 1, where=[True, False]), "is add with where;"),
        (lambda t: t * None, "a constant must .*is None"),
        (lambda t: t + 1j, "a constant must .*is 1j"),
    ],
)
def test_operations_without_a_rule_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call(Tensor([1.0, 2]))


def test_nothing_changes_in_place():
    t = same = Tensor([1.0, 2])
    with pytest.raises(TypeError, match="return a new tensor, but is add"):
        t += 1
    assert same.value.tolist() == [1, 2]


@pytest.mark.parametrize("value", [np.ones((2, 2, 2)), [], np.ones((0, 3))])
def test_other_shapes_are_refused(value):
    with pytest.raises(ValueError, match=r"value must be .* shape \("):
        Tensor(value)


def test_a_result_with_three_axes_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 2, 3\)"):
        Tensor(np.ones(3)) * np.ones((2, 2, 3))
    with pytest.raises(ValueError, match=r"shape \(2, 2, 2\)"):
        np.ones((2, 2, 3)) @ Tensor(np.ones((3, 2)))


@pytest.mark.parametrize("axis", [1, -2, (0, 1), "a", 0.5, [0]])
def test_an_axis_must_exist(axis):
    for reduce in (np.sum, np.mean, Tensor.sum, Tensor.mean):
        with pytest.raises((TypeError, ValueError), match="axis must be"):
            reduce(Tensor([1.0, 2]), axis)


def test_a_walk_starts_at_one_number():
    with pytest.raises(ValueError, match=r"L must be one number.*\(2,\)"):
        Tensor([1.0, 2]).backward()
    Tensor([[5.0]]).backward()


def test_a_layer_does_not_take_a_tensor_for_numbers():
    with pytest.raises(TypeError, match="X must hold real numbers"):
        nn.Dense(2, 1).forward(Tensor([[1.0, 2]]))


@pytest.mark.parametrize("use", [bool, lambda t: t or 1, lambda t: not t])
def test_a_tensor_is_not_a_condition(use):
    for value in (0.0, 1.0, [1.0, 2.0]):
        with pytest.raises(TypeError, match="compare the tensor's value"):
            use(Tensor(value))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("a", "b", "da", "db"),
    [(0, 0, 0, 0), (0, 1, 1, 0), (0, 2, 0, 0), (2, 0, 0, np.log(2))],
)
def test_powers_of_zero_have_slopes(a, b, da, db):
    base, exponent = Tensor(a), Tensor(b)
    (base**exponent).backward()
    assert (base.grad, exponent.grad) == (da, db)
    base = Tensor([a, 3.0])
    (base ** np.array([b, 2.0])).sum().backward()
    assert base.grad.tolist() == [da, 6]


@pytest.mark.parametrize("keepdims", ["False", 1, None])
def test_keepdims_is_true_or_false(keepdims):
    for reduce in (Tensor.sum, Tensor.mean):
        with pytest.raises(TypeError, match="keepdims must be True or"):
            reduce(Tensor([1.0, 2]), 0, keepdims)
        assert reduce(Tensor([1.0, 2]), 0, np.True_).value.shape == (1,)
