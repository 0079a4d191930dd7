"""Layers: values, slopes, types, what they keep, what they refuse."""

import copy
import pickle

import numpy as np
import pytest
from checks import TORCH, dense, layer_errors

from nn import (
    L1,
    L2,
    SGD,
    BatchNormalization,
    Dense,
    Dropout,
    Layer,
    MeanSquaredError,
    Normalization,
    ReLU,
    Sequential,
    Softmax,
    fit,
    glorot_uniform,
    he_normal,
    normal,
)
from nn.tasks import HousingFeatures


class NoTranspose(np.ndarray):
    """Weights whose transpose must not be asked for."""

    @property
    def T(self):
        raise AssertionError("dL/dX was computed")


def test_the_base_layer_has_neutral_answers_and_no_passes():
    layer = Layer()
    assert layer.parameters() == layer.gradients() == layer.state() == {}
    assert layer.penalty() == 0.0
    assert repr(layer) == "Layer()"
    for call in (layer.forward, layer.backward):
        with pytest.raises(NotImplementedError, match="Layer"):
            call(np.ones((1, 1)))


# Dense


def test_dense_by_hand():
    layer = Dense(2, 3)
    layer.W[...] = [[1, 2, 3], [4, 5, 6]]
    layer.b[...] = [10, 20, 30]
    X = np.array([[1, 1], [0, 2]], np.float32)
    Z = layer.forward(X, training=True)
    assert Z.tolist() == [[15, 27, 39], [18, 30, 42]]
    dX = layer.backward(np.array([[1, 0, 0], [0, 1, 1]], np.float32))
    assert layer.dW.tolist() == [[1, 0, 0], [1, 2, 2]]
    assert layer.db.tolist() == [1, 1, 1]
    assert dX.tolist() == [[1, 4], [5, 11]]


@pytest.mark.parametrize("regularizer", [None, L1(0.1), L2(0.1)])
def test_dense_gradients(rng, regularizer):
    layer = dense(4, 3, 1, regularizer=regularizer)
    layer.b += 1
    errors = layer_errors(layer, rng.standard_normal((5, 4)))
    assert sorted(errors) == ["W", "X", "b"]
    assert max(errors.values()) < 1e-6


def test_dense_gradients_are_assigned_never_accumulated(rng):
    layer, X = Dense(4, 3, rng=0, regularizer=L2(0.1)), rng.random((5, 4))
    dZ = rng.standard_normal((5, 3)).astype(np.float32)
    for time in range(2):
        layer.forward(X, training=True)
        layer.backward(dZ)
        if time == 0:
            once = copy.deepcopy(layer.gradients())
    for name, gradient in layer.gradients().items():
        assert np.array_equal(gradient, once[name])


def test_the_penalty_adds_its_slope_to_the_gradients_and_not_to_dW(rng):
    X, dZ = rng.random((5, 4)), rng.random((5, 3))
    plain, priced = dense(4, 3, 0), dense(4, 3, 0, regularizer=L2(0.1))
    for layer in (plain, priced):
        layer.forward(X, training=True)
        layer.backward(dZ)
    assert np.array_equal(priced.dW, plain.dW)
    assert priced.gradients()["W"] == pytest.approx(
        plain.dW + 0.2 * priced.W
    )
    assert np.array_equal(priced.gradients()["b"], plain.db)


def test_dense_without_input_gradient_skips_its_product(rng):
    layer, X = Dense(4, 3, rng=0, regularizer=L1(0.1)), rng.random((5, 4))
    dZ = rng.standard_normal((5, 3)).astype(np.float32)
    layer.forward(X, training=True)
    layer.backward(dZ)
    dW, db = layer.dW, layer.db
    layer.W = layer.W.view(NoTranspose)
    layer.forward(X, training=True)
    assert layer.backward(dZ, input_gradient=False) is None
    assert np.array_equal(layer.dW, dW)
    assert np.array_equal(layer.db, db)
    layer.forward(X, training=True)
    with pytest.raises(AssertionError, match="dL/dX"):
        layer.backward(dZ)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint8, int])
def test_dense_computes_in_its_own_type(kind):
    layer = Dense(3, 2, rng=0, regularizer=L2(np.float64(0.1)))
    Z = layer.forward(np.ones((4, 3), kind), training=True)
    assert Z.dtype == layer.backward(Z).dtype == np.float32
    for arrays in (layer.parameters(), layer.gradients()):
        assert {a.dtype for a in arrays.values()} == {np.dtype("f4")}
    assert type(layer.penalty()) is float


def test_dense_takes_rows_as_a_list():
    layer = Dense(2, 1, rng=0)
    assert layer.forward([[1, 2]]) == layer.forward(np.array([[1.0, 2.0]]))


def test_dense_in_float64():
    layer = dense(3, 2, 0)
    Z = layer.forward(np.ones((4, 3)), training=True)
    assert Z.dtype == layer.backward(Z).dtype == np.float64
    assert layer.dW.dtype == layer.db.dtype == np.float64


def test_dense_draws_its_weights_from_the_given_generator():
    expected = np.random.default_rng(3).standard_normal((4, 2)) * 0.5**0.5
    by_seed, rng = Dense(4, 2, rng=3), np.random.default_rng(3)
    by_generator, next_one = Dense(4, 2, rng=rng), Dense(4, 2, rng=rng)
    assert np.allclose(by_seed.W, expected)
    assert np.array_equal(by_seed.W, by_generator.W)
    assert not np.array_equal(by_generator.W, next_one.W)
    assert not np.array_equal(Dense(4, 2).W, Dense(4, 2).W)
    assert not by_seed.b.any()


def test_dense_leaves_what_it_was_given(rng):
    X, dZ = rng.random((5, 4)), rng.random((5, 3))
    X.flags.writeable = dZ.flags.writeable = False
    layer = Dense(4, 3, regularizer=L2(0.1))
    layer.forward(X, training=True)
    layer.backward(dZ)


@pytest.mark.parametrize("shape", [(4,), (5, 3), (5, 4, 1), (4, 5), ()])
def test_dense_refuses_other_shapes(shape):
    with pytest.raises(
        ValueError, match=r"Dense\(4, 3\).*\(n, 4\)"
    ) as info:
        Dense(4, 3).forward(np.ones(shape))
    assert str(shape) in str(info.value)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 3)])
@pytest.mark.parametrize("init", [he_normal, glorot_uniform, normal])
def test_dense_refuses_sizes_below_one(sizes, init):
    with pytest.raises(ValueError, match="must be an integer of 1 or more"):
        Dense(*sizes, init=init)


@pytest.mark.parametrize("sizes", [(2.5, 3), ("2", 3), (None, 3)])
def test_dense_refuses_sizes_that_are_no_integers(sizes):
    with pytest.raises((TypeError, ValueError)):
        Dense(*sizes)


def test_strings_are_no_rows():
    with pytest.raises((TypeError, ValueError)):
        Dense(1, 3).forward(np.array([["red"]]))


# starts


@pytest.mark.parametrize(
    ("init", "std"),
    [
        (he_normal, (2 / 300) ** 0.5),
        (glorot_uniform, (2 / 400) ** 0.5),
        (normal, 0.01),
    ],
)
def test_starts_have_the_variance_that_they_promise(init, std):
    n_out = 100
    W = init(300, n_out, np.random.default_rng(0))
    assert W.shape == (300, n_out)
    assert W.std() == pytest.approx(std, rel=0.02)
    assert abs(W.mean()) < 4 * std / W.size**0.5


def test_glorot_stays_between_its_bounds():
    W = glorot_uniform(10, 14, np.random.default_rng(0))
    assert 0.49 < np.abs(W).max() <= 0.5  # a^2 = 6 / 24


# Dropout


def test_dropout_does_nothing_outside_training(rng):
    X, layer = rng.random((3, 4)), Dropout(0.5, rng=0)
    assert layer.forward(X) is X
    nothing = Dropout(0, rng=0)
    assert np.array_equal(nothing.forward(X, training=True), X)
    assert np.array_equal(nothing.backward(X), X)


def test_dropout_keeps_the_mean():
    A = Dropout(0.3, rng=0).forward(np.ones((400, 500), np.float32), True)
    assert A.mean() == pytest.approx(1, abs=0.01)
    assert (A == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert np.unique(A) == pytest.approx([0, 1 / 0.7])


def test_dropout_gradient_with_the_mask_frozen(rng):
    layer, X = Dropout(0.4), rng.standard_normal((5, 6))

    class Frozen(Layer):
        def forward(self, X, training=False):
            layer.rng = np.random.default_rng(1)
            return layer.forward(X, training=True)

        def backward(self, dA, /):
            return layer.backward(dA)

    assert layer_errors(Frozen(), X)["X"] < 1e-6
    assert 0 < np.count_nonzero(layer.kept) < X.size


def test_dropout_draws_a_new_mask_each_time():
    X = np.ones((20, 20), np.float32)
    one, same = Dropout(0.5, rng=1), Dropout(0.5, rng=1)
    first, second = one.forward(X, True), one.forward(X, True)
    assert np.array_equal(first, same.forward(X, True))
    assert not np.array_equal(first, second)
    assert X.min() == 1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.5, np.float64(0.5), np.float32(0.5)])
def test_dropout_keeps_the_type(kind, rate):
    X, layer = np.ones((4, 5), kind), Dropout(rate, rng=0)
    assert layer.forward(X, training=True).dtype == kind
    assert layer.backward(X).dtype == kind


@pytest.mark.parametrize("rate", [1, -0.1, 1.5, np.nan, np.inf])
def test_dropout_refuses_what_is_no_probability(rate):
    with pytest.raises(
        ValueError, match=rf"rate.*0 and below 1, .* {rate}"
    ):
        Dropout(rate)


# Normalization


def test_normalization_standardises_columns(rng):
    X = rng.normal([1, -200, 3e6], [1e-3, 40, 7e5], (500, 3))
    A = Normalization.of(X, dtype=np.float64).forward(X)
    assert A.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert A.std(axis=0) == pytest.approx(1)


def test_normalization_of_many_float32_rows_does_not_drift(rng):
    X = rng.normal([-119.6, 35.6], [2.0, 2.1], (20000, 2))
    X = X.astype(np.float32)
    exact = X.astype(np.float64)
    layer = Normalization.of(X)
    off = (layer.mean - exact.mean(axis=0)) / exact.std(axis=0)
    assert np.abs(off).max() < 3e-6
    assert layer.std == pytest.approx(exact.std(axis=0), rel=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_constant_column_becomes_zero(kind):
    row = [0, 0.1, 37.85, 1e-3, 1e4 + 0.1, -118.3]
    X = np.tile(np.array(row, kind), (1001, 1))
    layer = Normalization.of(X)
    assert layer.std.tolist() == [1] * len(row)
    assert np.abs(layer.forward(X)).max() < 1e-3
    assert Normalization(0, 0).std == 1


def test_normalization_gradients(rng):
    X = rng.normal(5, 3, (6, 4))
    for layer in (
        Normalization.of(X, dtype=np.float64),
        Normalization(2, 255, dtype=np.float64),
    ):
        assert layer_errors(layer, X)["X"] < 1e-6


def test_uint8_images_become_float32_between_0_and_1():
    X = np.array([[0, 51, 255]], np.uint8)
    A = Normalization(mean=0, std=255).forward(X)
    assert A.dtype == np.float32
    assert A[0] == pytest.approx([0, 0.2, 1])
    per_pixel = Normalization([1, 2, 3], [1, 1, 2]).forward(X)
    assert per_pixel.tolist() == [[-1, 49, 126]]
    assert per_pixel.dtype == np.float32


def test_normalization_keeps_numbers_of_its_own(rng):
    mean, std = np.zeros(3, np.float32), np.ones(3, np.float32)
    layer = Normalization(mean, std)
    layer.state()["mean"][...] = 7
    layer.state()["std"][...] = 7
    assert not mean.any()
    assert std.tolist() == [1, 1, 1]
    assert layer.mean.tolist() == [7, 7, 7]
    assert layer.parameters() == {}


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        (np.nan, 1),
        (0, np.nan),
        (0, -1),
        ([0, 0], [1, -1]),
        (np.inf, 1),
        (0, np.inf),
        ([0, 0, 0], [1, 1]),
        (np.ones((2, 2)), 1),
    ],
)
def test_normalization_refuses_numbers_without_sense(mean, std):
    with pytest.raises(ValueError, match=r"std|mean"):
        Normalization(mean, std)


def test_normalization_refuses_rows_of_another_width():
    layers = Normalization([0, 0, 0], [1, 1, 1]), Normalization(0, [1] * 3)
    for layer in layers:
        for shape in [(5, 2), (5, 1), (3,)]:
            with pytest.raises(ValueError, match=r"\(n, 3\)"):
                layer.forward(np.ones(shape))


def test_normalization_of_nothing_or_of_nan_is_refused():
    for X in (np.ones((0, 3)), np.full((4, 3), np.nan)):
        with pytest.raises(ValueError):  # noqa: PT011
            Normalization.of(X)


# BatchNormalization


class InTraining(BatchNormalization):
    """Its loss is that of training, also where only a value is asked."""

    def forward(self, X, training=False):
        return super().forward(X, training=True)


def test_batch_normalization_by_hand():
    layer = BatchNormalization(1, eps=1e-12, dtype=np.float64)
    layer.gamma[...], layer.beta[...] = 2, 10
    X = np.array([[1.0], [7.0], [9.0], [15.0]])  # mean 8, variance 25
    A = layer.forward(X, training=True)
    assert A[:, 0] == pytest.approx([7.2, 9.6, 10.4, 12.8])
    dX = layer.backward(np.array([[0.0], [1.0], [0.0], [0.0]]))
    assert dX[:, 0] == pytest.approx([-0.128, 0.296, -0.096, -0.072])
    assert layer.gradients() == {"gamma": pytest.approx(-0.2), "beta": 1}
    assert layer.running_mean == pytest.approx(0.8)  # 0.9 * 0 + 0.1 * 8
    assert layer.running_var == pytest.approx(0.9 + 2.5 * 4 / 3)
    A = layer.forward(X[:1])
    scale = 2 / np.sqrt(0.9 + 2.5 * 4 / 3)
    assert A[0] == pytest.approx(10 + scale * (1 - 0.8))


@pytest.mark.parametrize("n", [2, 3, 8])
def test_batch_normalization_gradients(rng, n):
    layer = InTraining(4, eps=0.1, dtype=np.float64)
    layer.gamma[...], layer.beta[...] = rng.standard_normal((2, 4))
    X = rng.normal(5, 3, (n, 4))
    assert max(layer_errors(layer, X).values()) < 1e-6
    dX = layer.backward(layer.forward(X) ** 2)
    assert dX.sum(axis=0) == pytest.approx(0, abs=1e-12)


def test_batch_normalization_agrees_with_pytorch():
    case = TORCH["batch_normalization"]
    layer = BatchNormalization(3, momentum=0.7, dtype=np.float64)
    layer.gamma[...], layer.beta[...] = case["gamma"], case["beta"]
    for step in case["steps"]:
        A = layer.forward(np.array(step["X"]), training=True)
        found = {
            "A": A,
            "dX": layer.backward(np.array(step["dA"])),
            **layer.gradients(),
            "running_mean": layer.running_mean,
            "running_var": layer.running_var,
            "prediction": layer.forward(np.array(step["X"])),
        }
        for name, array in found.items():
            assert array == pytest.approx(np.array(step[name]), abs=1e-12)


@pytest.mark.parametrize("n", [0, 1])
def test_batch_normalization_refuses_a_single_row_in_training(n):
    layer, X = BatchNormalization(3), np.ones((n, 3), np.float32)
    says = rf"ion\(3\): X must have at least 2 rows in training.*has {n};"
    with pytest.raises(ValueError, match=says):
        layer.forward(X, training=True)
    assert layer.forward(X).shape == (n, 3)


def test_a_refused_step_leaves_the_running_numbers(rng):
    layer, X = BatchNormalization(3), rng.random((4, 3))
    layer.forward(X, training=True)
    with pytest.raises(ValueError, match="grad must have the shape"):
        layer.backward(X[:2])
    assert not layer.running_mean.any()
    assert layer.running_var.tolist() == [1, 1, 1]


def test_batch_normalization_of_many_float32_rows_does_not_drift(rng):
    X = rng.normal(100, 1, (200_000, 2)).astype(np.float32)
    layer = BatchNormalization(2, momentum=0)
    A = layer.forward(X, training=True)
    assert A.dtype == np.float32
    layer.backward(A)
    exact = X.astype(np.float64)
    assert layer.running_mean == pytest.approx(exact.mean(axis=0), rel=1e-7)
    assert layer.running_var == pytest.approx(exact.var(axis=0), rel=2e-5)
    assert {a.dtype for a in layer.state().values()} == {A.dtype}


def test_a_constant_column_has_no_spread_to_divide_by():
    layer = BatchNormalization(2, dtype=np.float64)
    layer.beta[...] = 3
    A = layer.forward(np.full((5, 2), 0.1), training=True)
    assert A == pytest.approx(3)
    assert np.isfinite(layer.backward(A**2)).all()


def test_negative_running_variances_are_refused():
    layer = BatchNormalization(2)
    model = Sequential(layer)
    state = copy.deepcopy(model.state())
    state["0.running_var"][1] = -1
    with pytest.raises(ValueError, match="running_var must be at least 0"):
        model.load_state(state)
    assert layer.running_var.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1}, "momentum must be .* below 1, but is 1"),
        ({"momentum": -0.1}, "momentum must be .* at least 0"),
        ({"eps": 0}, "eps must be .* above 0, but is 0"),
        ({"n_in": 0}, "n_in must be an integer of 1 or more, but is 0"),
    ],
)
def test_batch_normalization_refuses_settings_without_sense(
    options, message
):
    with pytest.raises(ValueError, match=message):
        BatchNormalization(**{"n_in": 3} | options)


def test_every_layer_can_be_copied(rng):
    X = rng.random((5, 4), dtype=np.float32)
    model = Sequential(
        Normalization(0.5, 0.3),
        Dense(4, 3, rng=0),
        ReLU(),
        BatchNormalization(3),
        Dropout(0.5, rng=1),
    )
    twin = copy.deepcopy(model)
    A = model.forward(X, training=True)
    assert np.array_equal(A, twin.forward(X, training=True))
    twin.backward(np.ones((5, 3), np.float32), input_gradient=False)
    assert twin.gradients()["1.W"].any()
    assert not model.gradients()["1.W"].any()
    assert twin.state()["3.running_mean"].any()
    assert not model.state()["3.running_mean"].any()


# training keeps, backward takes, inference writes nothing

KEEPERS = {
    "Dense": lambda: Dense(8, 8, rng=0),
    "ReLU": ReLU,
    "Softmax": Softmax,
    "Dropout": lambda: Dropout(0.5, rng=0),
    "BatchNormalization": lambda: BatchNormalization(8),
    "features": HousingFeatures,
    "waves": lambda: HousingFeatures(waves=True),
    "Sequential": lambda: Sequential(Dense(8, 4, rng=0), ReLU()),
}


@pytest.fixture(params=KEEPERS.values(), ids=KEEPERS)
def keeper(request):
    return request.param()


@pytest.fixture
def X(rng):
    rows = rng.uniform(1, 2, (6, 8)).astype(np.float32)
    rows[:, 7] = -rows[:, 7]  # a longitude is below every latitude
    return rows


def test_inference_writes_nothing(keeper, X):
    before = pickle.dumps(keeper)
    keeper.forward(X)
    assert pickle.dumps(keeper) == before


def test_a_forgotten_training_is_an_error(keeper, X):
    A = keeper.forward(X)
    with pytest.raises(RuntimeError, match="training=True"):
        keeper.backward(A)


@pytest.mark.parametrize("place", ["first", "later"])
def test_a_forgotten_training_after_a_fit_is_an_error(keeper, X, place):
    width = keeper.forward(X).shape[1]
    before = (
        []
        if place == "first"
        else [Dense(8, 8, init=lambda n, m, _: np.eye(n, m))]
    )
    model = Sequential(*before, keeper, Dense(width, 1, rng=0))
    how = {"loss": MeanSquaredError(), "optimizer": SGD(1e-6)}
    fit(model, X, X[:, :1], epochs=1, batch_size=4, **how)
    for network in (keeper, model):
        A = network.forward(X)
        with pytest.raises(RuntimeError, match="training=True"):
            network.backward(A)


def test_each_backward_needs_its_own_forward(keeper, X):
    A = keeper.forward(X, training=True)
    keeper.backward(A)
    with pytest.raises(RuntimeError, match="once before each backward"):
        keeper.backward(A)


def test_a_prediction_before_backward_changes_nothing(keeper, X):
    alone = copy.deepcopy(keeper)
    A = keeper.forward(X, training=True)
    assert np.array_equal(alone.forward(X, training=True), A)
    keeper.forward(X[::-1] + 1)
    keeper.forward(X[:2])
    assert np.array_equal(keeper.backward(A), alone.backward(A))
    for name, gradient in alone.gradients().items():
        assert np.array_equal(keeper.gradients()[name], gradient)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: Dense(3, 4, rng=0), "W", np.ones((3, 1), np.float32)),
        (lambda: Dense(3, 4, rng=0), "W", np.ones(3, np.float32)),
        (lambda: Dense(3, 4, rng=0), "W", [[1.0] * 4] * 3),
        (lambda: Dense(3, 4, rng=0), "W", None),
        (lambda: Dense(3, 4, rng=0), "b", np.ones((5, 1), np.float32)),
        (lambda: Dense(3, 4, rng=0), "b", 0.0),
        (lambda: BatchNormalization(3), "beta", np.ones((5, 1))),
        (lambda: BatchNormalization(3), "running_var", np.ones(1)),
        (lambda: BatchNormalization(3), "gamma", [1.0] * 3),
        (lambda: Normalization([1] * 3, [2] * 3), "std", np.ones((5, 1))),
    ],
)
def test_arrays_set_by_hand_are_not_broadcast(make, name, value):
    layer, X = make(), np.ones((5, 3), np.float32)
    layer.forward(X)
    setattr(layer, name, value)
    with pytest.raises(ValueError, match=f"must have .*column.*{name} "):
        layer.forward(X)


@pytest.mark.parametrize("value", [-0.1, np.nan, "a", None])
def test_numbers_set_by_hand_are_checked(value):
    for layer, name in [
        (Dropout(0.5), "rate"),
        (BatchNormalization(2), "momentum"),
        (L1(0.1), "lam"),
    ]:
        before = getattr(layer, name)
        with pytest.raises((TypeError, ValueError), match=f"{name} must"):
            setattr(layer, name, value)
        assert getattr(layer, name) == before


def test_a_constructor_that_is_not_called_is_named():
    class Forgetful(Dropout):
        def __init__(self):
            pass

    with pytest.raises(AttributeError, match=r"call super\(\).__init__"):
        Forgetful().forward([[1.0]], training=True)


@pytest.mark.parametrize(
    "slopes", [np.ones(1), np.ones((5, 3, 1)), 0, None]
)
def test_a_penalty_has_a_slope_for_each_weight(slopes):
    class Own(L2):
        def gradient(self, W):
            return slopes

    layer = Dense(3, 1, rng=0, regularizer=Own(0.1))
    with pytest.raises(ValueError, match=r"array of shape \(3, 1\)"):
        layer.gradients()


def test_a_layer_too_large_for_an_array_is_refused():
    for shape in ((2**62, 4), (4, 2**62), (2**31, 2**31)):
        with pytest.raises(ValueError, match="n_in times n_out must be"):
            Dense(*shape)


@pytest.mark.parametrize("dtype", [int, "text", None])
def test_a_normalization_of_rows_names_a_wrong_type(dtype):
    with pytest.raises(TypeError, match="dtype must be"):
        Normalization.of([[1.0], [2.0]], dtype=dtype)
