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
