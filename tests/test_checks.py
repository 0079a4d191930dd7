"""What every public name refuses, and what simply works."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import nn
from measure import wrong_calls

CALLS = [*wrong_calls.calls()]


@pytest.fixture(scope="module")
def page():
    return wrong_calls.PAGE.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_page_says_what_happens(page, cases):
    """Wrong calls of the public names, each with its own message."""
    number = sum(len(wrong) for _, _, wrong in CALLS)
    cases(number, number)
    assert page == wrong_calls.page()


@pytest.mark.parametrize(
    "call", CALLS, ids=[right for _, right, _ in CALLS]
)
def test_a_wrong_value_is_named(call):
    argument, right, wrong = call
    assert wrong_calls.answer(right) is None
    for code in wrong:
        error = wrong_calls.answer(code)
        assert isinstance(error, TypeError | ValueError), code
        assert re.search(rf"\b{argument}", str(error)), (code, error)
        assert re.search(r"\bmust\b", str(error)), (code, error)
        assert len(str(error)) < 400


def test_every_public_name_is_tried():
    calls = " ".join(right for _, right, _ in CALLS)
    calls = calls.replace("fit_line", "fit")
    left = {
        name for name in nn.__all__ if not re.search(rf"\b{name}\b", calls)
    }
    assert left == {
        "Joint",  # a base class, as are
        "Layer",
        "Optimizer",
        "WeightFileError",  # tests/test_weights.py
        "match_arrays",
        "read_arrays",
    }


# --- what simply works


def arrays(X):
    """X in the forms in which people bring it."""
    read_only = X.copy()
    read_only.setflags(write=False)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    yield "array", X
    yield "list", X.tolist()
    yield "read-only", read_only
    yield "Fortran", np.asfortranarray(X)
    yield "strided", np.repeat(X, 2, axis=0)[::2]
    yield "big-endian", X.astype(">f8")
    yield "objects", X.astype(object)
    yield "no mask", np.ma.masked_array(X)
    yield "frame", frame
    yield "frame of several types", frame.astype({"a": "float32"})
    yield "nullable", frame.astype("Float64")
    yield "matrix", np.asmatrix(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_forms_of_an_array_train_alike(rng, dtype):
    X, t = rng.integers(-3, 4, (20, 3)).astype(float), np.ones((20, 1))
    found = {}
    for name, form in arrays(X):
        net = nn.Sequential(
            nn.Normalization.of(form),
            nn.Dense(3, 1, rng=0, dtype=dtype),
        )
        parts = {"loss": nn.MeanSquaredError(), "epochs": 3, "rng": 0}
        history = nn.fit(
            net,
            form,
            pd.DataFrame(t),
            optimizer=nn.SGD(0.1),
            validation=(form, t),
            metrics={"error": nn.mean_absolute_error},
            **parts,
        )
        found[name] = history, nn.predict(net, form).tolist()
    log, Z = found["array"]
    for name, (history, outputs) in found.items():
        assert np.allclose(outputs, Z, rtol=1e-4), name
        assert all(np.allclose(history[k], log[k], rtol=1e-4) for k in log)


def test_truths_and_bytes_are_numbers(rng):
    X = rng.random((9, 3)) > 0.5
    mixed = pd.DataFrame(X).astype({0: float})  # NumPy sees objects
    y = pd.Series([0, 1, 0, 1, 0, 1, 0, 1, 0])
    right, scores = nn.Normalization.of(X).forward(X), []
    for form in (X, X.astype(np.uint8), mixed):
        assert np.allclose(nn.Normalization.of(form).forward(X), right)
        net = nn.Sequential(nn.Dense(3, 2, rng=0))
        nn.fit(
            net,
            form,
            y,
            loss=nn.SoftmaxCrossEntropy(),
            optimizer=nn.Adam(),
            epochs=2,
            rng=0,
        )
        scores.append(nn.predict(net, form).tolist())
    assert scores[0] == scores[1] == scores[2]


def test_a_sparse_matrix_is_told_how():
    X = scipy.sparse.csr_matrix(np.eye(9, 3))
    for form in (X, X.tocoo(), scipy.sparse.csr_array(X)):
        with pytest.raises(TypeError, match=r"sparse.*X\.toarray\(\)"):
            nn.predict(nn.Sequential(nn.Dense(3, 2)), form)


def test_a_value_beyond_the_type_is_found_by_its_place():
    X = np.zeros((5, 3))
    X[3, 1] = -1e39
    net = nn.Sequential(nn.Dense(3, 2))
    with pytest.raises(
        ValueError, match=r"float32.*row 3, column 1 is -1e"
    ):
        nn.predict(net, X)
    wide = nn.Sequential(nn.Dense(3, 2, dtype=np.float64, rng=0))
    assert np.isfinite(nn.predict(wide, X)).all()


# --- numbers that only look right


def test_scores_of_whole_numbers_do_not_wrap():
    for kind in (np.uint8, np.int8, np.uint16, np.int64, bool):
        Z = np.array([[0, 1, 1]]).astype(kind)
        right = np.exp([0, 1, 1]) / np.exp([0, 1, 1]).sum()
        assert np.allclose(nn.softmax(Z), right)
    far = np.array([[127, -128]], np.int8)
    assert nn.SoftmaxCrossEntropy().forward(far, [1]) == 255
    extremes = np.array([[np.iinfo(np.int64).min, np.iinfo(np.int64).max]])
    assert np.array_equal(nn.softmax(extremes), [[0, 1]])


@pytest.mark.parametrize("n", [10, 20_000, 2_000_000])
def test_long_sums_in_float32(n):
    y = (np.random.default_rng(0).random((n, 2)) + 1000).astype(np.float32)
    Z = y + np.float32(0.125) * (np.arange(n) % 3 - 1)[:, None]
    Z = Z.astype(np.float32)
    exact = [a.astype(np.float64) for a in (y, Z)]
    for metric in (nn.r2_score, nn.mean_absolute_error):
        assert metric(y, Z) == pytest.approx(metric(*exact), rel=1e-12)
    loss = nn.MeanSquaredError()
    assert loss.forward(Z, y) == pytest.approx(
        loss.forward(*exact[::-1]), rel=1e-5
    )
    layer, tenths = nn.Dense(1, 2, rng=0), np.full((n, 2), 0.1, np.float32)
    layer.forward(np.ones((n, 1)), training=True)
    layer.backward(tenths)
    right = n * float(np.float32(0.1))
    assert np.allclose(layer.db, right, rtol=1e-4)
    assert np.allclose(layer.dW, right, rtol=1e-4)


# --- siblings of what once broke

BEYOND = 10**400  # an integer that no float can hold


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.Adam(BEYOND),
        lambda: nn.L1(-BEYOND),
        lambda: nn.Momentum(lr=lambda t: BEYOND).rate(),
        lambda: nn.accuracy([0], [[BEYOND, 1]]),
        lambda: nn.softmax([1, -BEYOND]),
        lambda: nn.Normalization(0, BEYOND),
        lambda: nn.Tensor([1.0, BEYOND]),
    ],
)
def test_an_integer_beyond_all_floats(call):
    with pytest.raises(ValueError, match=r"must (be a finite|fit float64)"):
        call()


@pytest.mark.parametrize("path", [np.ones(2), np.array(["a"]), [], b"x"])
def test_an_array_is_no_file(path):
    with pytest.raises(TypeError, match="X must be the name of a file"):
        nn.distributed.npy_shards(path, "y.npy", 1)


def test_a_constant_beyond_all_floats_is_infinite():
    assert (nn.Tensor([1.0]) * -BEYOND).value == -np.inf


@pytest.mark.parametrize("dtype", [int, bool, np.uint8, complex, object])
def test_weights_that_are_set_must_be_floats(dtype):
    dense = nn.Dense(2, 1)
    dense.W = np.ones((2, 1), dtype)  # int cut 0.5 to 0
    with pytest.raises(TypeError, match=r"Dense\(2, 1\).*must be floats"):
        dense.forward([[0.5, 0.5]])


def test_fit_names_a_gradient_that_overflows():
    model = nn.Sequential(nn.Dense(1, 1, rng=0))
    model.layers[0].W[:] = 1e-20
    X, y = np.full((2, 1), 3e37), np.full((2, 1), -4e18)
    with pytest.raises(
        FloatingPointError, match=r"epoch 1.*0.W must be fin"
    ):
        nn.fit(
            model,
            X,
            y,
            loss=nn.MeanSquaredError(),
            optimizer=nn.SGD(0.1),
            epochs=1,
        )
    assert np.isfinite(model.layers[0].W).all()


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, bool, complex, "U1"])
def test_a_gradient_must_hold_floats(dtype):
    with pytest.raises(TypeError, match="gradient of w must hold floats"):
        nn.RMSProp().step({"w": np.ones(3)}, {"w": np.ones(3, dtype)})


def test_a_parameter_must_be_writable():
    b, w = np.ones(2), np.broadcast_to(1.0, (2,))
    for named in ({"b": b, "w": w}, {"w": w, "b": b}):
        gradients = dict.fromkeys(named, np.ones(2))
        with pytest.raises(ValueError, match=r"parameter w .* read-only"):
            nn.SGD().step(named, gradients)
        assert (b == 1).all()


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [0.5], "val_loss": []},
        {"loss": "ab", "val_loss": "ab"},
        {"loss": [1.0, None], "val_loss": [1.0, 1.0]},
        {"loss": 0.5, "val_loss": 0.5},
        {"loss": [[0.5]], "val_loss": [[0.5]]},
        np.zeros(2),
        [],
        0,
    ],
)
def test_a_history_has_one_number_for_each_epoch(rng, history):
    rows = rng.normal(size=(4, 2)), np.array([0, 1, 0, 1])
    with pytest.raises((TypeError, ValueError), match=r"history.* must"):
        nn.fit(
            nn.Dense(2, 2, rng=rng),
            *rows,
            loss=nn.SoftmaxCrossEntropy(),
            optimizer=nn.SGD(),
            epochs=3,
            validation=rows,
            history=history,
        )


@pytest.mark.parametrize("wrong", [None, "1", 1j, [1.0], np.ones(4)])
@pytest.mark.parametrize("weights", [None, np.arange(4)])
def test_a_loss_must_return_a_number(rng, wrong, weights):
    class Loss(nn.MeanSquaredError):
        def forward(self, Z, y, *, weights=None):
            super().forward(Z, y, weights=weights)
            return wrong

    model, X = nn.Dense(2, 1, rng=rng), rng.normal(size=(4, 2))
    rows = X, X[:, :1], weights
    with pytest.raises(TypeError, match="the loss must return a number"):
        nn.evaluate(model, *rows, loss=Loss())
    with pytest.raises(TypeError, match="the loss must return a number"):
        nn.train_step(model, *rows, loss=Loss(), optimizer=nn.SGD())


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_nan_is_no_probability(k):
    P = np.full((2, 3), 0.5)
    P[0], P[1] = [0, 0, 1], [0.5, 0.5, 0]
    P[1, k] = np.nan
    with pytest.raises(ValueError, match="row 1 has the sum nan"):
        nn.CategoricalCrossEntropy().forward(P, [2, 0])


@pytest.mark.parametrize("axis", [(0, 0), (0, -2), (1, -1), True, (False,)])
@pytest.mark.parametrize("total", [np.sum, np.mean])
def test_axes_must_differ(axis, total):
    with pytest.raises((TypeError, ValueError), match="axis must be"):
        total(nn.Tensor(np.ones((2, 3))), axis=axis)


@pytest.mark.parametrize(
    "wrong",
    [None, [1.0], {"w": [1.0]}, {"w": None}, {"w": np.ones(1, int)}],
)
def test_gradients_of_a_layer_of_a_user(wrong):
    class Bias(nn.Layer):
        w = np.ones(1)

        def forward(self, X, training=False):
            return X + self.w

        def backward(self, grad, /, *, input_gradient=True):
            return grad

        def parameters(self):
            return {"w": self.w}

        def gradients(self):
            return wrong

    rows, parts = np.ones((2, 1)), {"optimizer": nn.SGD()}
    with pytest.raises(TypeError, match=r"gradient.* must"):
        nn.train_step(
            Bias(), rows, rows, loss=nn.MeanSquaredError(), **parts
        )
