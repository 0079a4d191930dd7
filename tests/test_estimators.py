"""The estimators in scikit-learn's hands, and what weights of rows do."""

import copy
import pickle
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_supply import EXTRAS

import nn
from nn.estimators import NeuralNetClassifier, NeuralNetRegressor

SETTINGS = {
    "hidden_layer_sizes": (16,),
    "learning_rate_init": 1e-2,
    "batch_size": 32,
    "max_iter": 30,
    "random_state": 0,
}
Classifier = partial(NeuralNetClassifier, **SETTINGS)
Regressor = partial(NeuralNetRegressor, **SETTINGS)
BOTH = [Classifier, Regressor]


@pytest.fixture
def rings(rng):
    """240 rows in three rings: X (n, 2), their numbers (n,)."""
    y = np.arange(240) % 3
    angle, radius = (
        rng.uniform(0, 2 * np.pi, 240),
        y + 0.3 * rng.random(240),
    )
    X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return X, y


@pytest.fixture
def own_global_generator():
    """Some of scikit-learn's checks draw from NumPy's global generator."""
    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


def same(a, b):
    """True if two fitted networks hold the same numbers, bit for bit."""
    a, b = a.model_.state(), b.model_.state()
    return a.keys() == b.keys() and all(
        np.array_equal(a[name], b[name]) for name in a
    )


# scikit-learn's own checks


@parametrize_with_checks(
    [
        NeuralNetClassifier(),
        NeuralNetRegressor(),
        NeuralNetClassifier((20, 10), l2=1e-4, learning_rate_init=1e-2),
        NeuralNetRegressor((20, 10), l2=1e-4, learning_rate_init=1e-2),
    ]
)
def test_scikit_learns_checks(estimator, check, own_global_generator):
    check(estimator)


# in scikit-learn's tools


@pytest.mark.filterwarnings("error")
def test_a_search_over_a_pipeline_in_two_processes(rings):
    X, y = rings
    model = make_pipeline(StandardScaler(), Classifier())
    grid = {"neuralnetclassifier__l2": [0, 10]}
    search = GridSearchCV(model, grid, cv=3, n_jobs=2).fit(1e3 * X, y)
    assert search.best_params_ == {"neuralnetclassifier__l2": 0}
    assert search.score(1e3 * X, y) > 0.9
    alone = GridSearchCV(model, grid, cv=3).fit(1e3 * X, y)
    scores = "mean_test_score"
    found = search.cv_results_[scores], alone.cv_results_[scores]
    assert np.array_equal(*found)


def test_cross_validation_calibration_and_bags(rings):
    X, y = rings
    assert cross_val_score(Classifier(), X, y, cv=3).min() > 0.8
    for model in (
        CalibratedClassifierCV(Classifier(), cv=3, ensemble=False),
        BaggingClassifier(Classifier(), n_estimators=3, random_state=0),
    ):
        P = model.fit(X, y).predict_proba(X)
        assert P.sum(axis=1) == pytest.approx(1)
        assert np.mean(P.argmax(axis=1) == y) > 0.9


@pytest.mark.parametrize("kind", BOTH)
def test_permutations_find_the_column_that_matters(rng, kind):
    X = rng.standard_normal((300, 2))
    y = X[:, 1] if kind is Regressor else X[:, 1] > 0
    found = permutation_importance(kind().fit(X, y), X, y, random_state=0)
    assert found.importances_mean[1] > 0.2
    assert abs(found.importances_mean[0]) < 0.05


def test_frames_with_names_and_labels_that_are_words(rings):
    X, y = rings
    frame = pd.DataFrame(X, columns=["east", "north"])
    words = pd.Series(np.array(["in", "middle", "out"])[y])
    model = Classifier().fit(frame, words)
    assert model.feature_names_in_.tolist() == ["east", "north"]
    assert model.classes_.tolist() == ["in", "middle", "out"]
    assert model.score(frame, words) > 0.9
    best = model.predict_proba(frame).argmax(axis=1)
    assert np.array_equal(model.classes_[best], model.predict(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["north", "east"]])
    numbers = Classifier().fit(X, y)
    assert same(model, numbers)


# one seed, copies, going on


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("seed", [3, "RandomState"])
def test_a_random_state_repeats_bit_for_bit(rings, kind, seed):
    def fitted(seed):
        if seed == "RandomState":
            seed = np.random.RandomState(3)
        model = kind(random_state=seed, dropout=0.2, early_stopping=True)
        return model.fit(*rings)

    assert same(fitted(seed), fitted(seed))
    assert not same(fitted(seed), fitted(4))
    assert not same(fitted(None), fitted(None))


@pytest.mark.parametrize("kind", BOTH)
def test_a_clone_is_unfitted_and_fits_to_the_same(rings, kind):
    model = kind(l2=1e-3, dropout=0.1).fit(*rings)
    twin = clone(model)
    assert not hasattr(twin, "model_")
    assert twin.get_params() == model.get_params()
    assert same(twin.fit(*rings), model)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_predicts_and_goes_on_alike(rings, kind, copied):
    X, y = rings
    model = kind(dropout=0.1, warm_start=True).fit(X, y)
    other = copied(model)
    assert np.array_equal(other.predict(X), model.predict(X))
    assert same(other.fit(X, y), model.fit(X, y))
    assert X[:40].tobytes() not in pickle.dumps(model)


@pytest.mark.parametrize("kind", BOTH)
def test_a_warm_start_goes_on_where_the_last_fit_ended(rings, kind):
    warm = kind(max_iter=5, warm_start=True, dropout=0.1)
    warm.fit(*rings).fit(*rings)
    whole = kind(max_iter=10, dropout=0.1).fit(*rings)
    assert same(warm, whole)
    assert warm.history_ == whole.history_
    assert warm.n_iter_ == 10
    cold = kind(max_iter=5, dropout=0.1).fit(*rings)
    assert not same(cold, whole)
    assert same(cold.fit(*rings), kind(max_iter=5, dropout=0.1).fit(*rings))


@pytest.mark.parametrize("kind", BOTH)
def test_partial_fits_over_chunks(rings, kind):
    X, y = rings
    classes = {"classes": [0, 1, 2]} if kind is Classifier else {}
    chunks, whole = kind(), kind(max_iter=1, warm_start=True)
    chunks.partial_fit(X, y, **classes)
    assert same(chunks, whole.fit(X, y))
    for _ in range(30):
        for i in range(3):  # the last chunk has a single class
            rows = slice(i * 80, (i + 1) * 80)
            chunks.partial_fit(X[rows], y[rows])
    assert chunks.score(X, y) > 0.9
    assert chunks.n_iter_ == 91


def test_the_labels_of_a_stream():
    X = np.zeros((4, 2))
    with pytest.raises(ValueError, match="classes must hold all labels"):
        Classifier().partial_fit(X, [0, 1, 0, 1])
    model = Classifier().partial_fit(X, list("abab"), classes=list("cab"))
    assert model.predict_proba(X).shape == (4, 3)
    model.partial_fit(X, list("aaaa"))
    for y, classes in [("abaz", None), ("abab", ["a", "z"])]:
        with pytest.raises(ValueError, match=r"labels .*'a'.*holds.*'z'"):
            model.partial_fit(X, list(y), classes=classes)
    with pytest.raises(ValueError, match=r"early_stopping must be False"):
        Regressor(early_stopping=True).partial_fit(X, np.arange(4))


# early stopping


@pytest.mark.parametrize("kind", BOTH)
def test_early_stopping_restores_the_best_epoch(rng, kind):
    X = rng.standard_normal((200, 5))
    y = X[:, 0] + 2 * rng.standard_normal(200)  # mostly noise
    y = y if kind is Regressor else y > 0
    settings = {"early_stopping": True, "validation_fraction": 0.4}
    stopped = kind(max_iter=500, n_iter_no_change=7, **settings).fit(X, y)
    log = stopped.history_["val_loss"]
    best = int(np.argmin(log))
    assert best + 7 <= stopped.n_iter_ == len(log) < 500
    assert log[-1] > log[best]
    until = kind(max_iter=best + 1, **settings).fit(X, y)
    assert until.history_["val_loss"] == log[: best + 1]
    assert same(stopped, until)


def test_early_stopping_restores_the_running_numbers(rng):
    class Inside(NeuralNetRegressor):
        """With batch normalization after the hidden layer."""

        def _begin(self, n_in, n_out, dtype):
            super()._begin(n_in, n_out, dtype)
            first, *others = self.model_.layers
            batch = nn.BatchNormalization(first.W.shape[1], dtype=dtype)
            self.model_ = nn.Sequential(first, batch, *others)

    X = rng.standard_normal((200, 5))
    y = X[:, 0] + 2 * rng.standard_normal(200)
    settings = SETTINGS | {"early_stopping": True, "max_iter": 99}
    stopped = Inside(**settings).fit(X, y)
    best = int(np.argmin(stopped.history_["val_loss"]))
    assert best + 10 <= stopped.n_iter_ < 99
    until = Inside(**settings | {"max_iter": best + 1}).fit(X, y)
    assert same(stopped, until)
    assert stopped.model_.state()["1.running_mean"].any()


def test_early_stopping_ends_when_nothing_improves_by_tol(rings):
    settings = {"early_stopping": True, "n_iter_no_change": 4}
    assert Classifier(tol=100, **settings).fit(*rings).n_iter_ == 5
    assert Classifier(tol=0, **settings).fit(*rings).n_iter_ > 5


def test_early_stopping_holds_rows_out_of_each_class(rings):
    y = rings[1]
    model = Classifier(early_stopping=True, validation_fraction=0.25)
    model._check_settings()
    model._order = np.random.default_rng(0)
    weights = (np.arange(240) >= 24).astype(float)
    used, held_out = model._split(y, weights)
    assert np.bincount(y[held_out]).tolist() == [18, 18, 18]
    assert sorted([*used, *held_out]) == list(range(24, 240))


# weights of rows


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("l2", [0, 0.01])
def test_weights_are_repeated_rows_in_one_full_batch(rings, kind, l2):
    X, y = rings
    times = np.arange(240) % 4  # 0 to 3 times
    one = kind(batch_size=1000, l2=l2).fit(X, y, 7.5 * times)
    rows = np.repeat(np.arange(240), times)
    other = kind(batch_size=1000, l2=l2).fit(X[rows], y[rows])
    a, b = one.model_.state(), other.model_.state()
    for name in a:
        assert a[name] == pytest.approx(b[name], abs=1e-9)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_0_are_left_out(rings, kind, early_stopping):
    X, y = rings
    X, weights = X.copy(), np.ones(240)
    X[::5], weights[::5] = 1e6, 0
    model = kind(early_stopping=early_stopping, validation_fraction=0.2)
    kept = weights > 0
    one, other = clone(model).fit(X, y, weights), clone(model)
    other.fit(X[kept], y[kept], weights[kept])
    if early_stopping:  # other row numbers, so another split
        assert one.score(X[kept], y[kept]) > 0.8
    else:
        assert same(one, other)
    plain = clone(model).fit(X[kept], y[kept])
    assert same(other, plain)


def test_a_weighted_class_wins(rng):
    X, y = rng.standard_normal((400, 2)), rng.integers(0, 2, 400)
    weights = np.where(y == 1, 30.0, 1.0)
    assert np.mean(Classifier().fit(X, y, weights).predict(X)) > 0.9
    assert np.mean(Classifier().fit(X, y, 31 - weights).predict(X)) < 0.1


# what is refused


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("hidden_layer_sizes", (16, 0)),
        ("hidden_layer_sizes", 1.5),
        ("hidden_layer_sizes", [[1], [2, 3]]),
        ("l2", -1),
        ("dropout", 1),
        ("learning_rate_init", 0),
        ("batch_size", 0),
        ("max_iter", 2.5),
        ("early_stopping", "yes"),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("tol", np.nan),
        ("warm_start", 1),
    ],
)
def test_a_setting_without_sense_is_named_in_fit(
    rings, kind, setting, value
):
    model = kind(**{setting: value})  # says nothing yet
    with pytest.raises((ValueError, TypeError), match=f"{setting} must"):
        model.fit(*rings)


def test_no_hidden_layer_is_a_linear_model(rng):
    X = rng.standard_normal((200, 3))
    model = NeuralNetRegressor((), learning_rate_init=0.05, random_state=0)
    y = X @ [1.0, -2, 3] + 4
    assert model.fit(X, y).score(X, y) > 0.9999
    one = NeuralNetRegressor(7, max_iter=1).fit(X, y)
    assert one.model_.parameters()["0.W"].shape == (3, 7)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_type_of_the_rows_is_kept(rings, kind):
    X, y = rings
    model = Classifier().fit(X.astype(kind), y)
    assert {a.dtype for a in model.model_.state().values()} == {
        np.dtype(kind)
    }
    assert model.predict_proba(X.astype(kind)).dtype == kind


# without scikit-learn


@pytest.mark.parametrize(
    "line",
    [
        "import nn.estimators",
        "from nn.estimators import NeuralNetClassifier",
        "import nn; nn.estimators",
    ],
)
@pytest.mark.parametrize("state", ["missing", "old"])
def test_without_scikit_learn_the_extra_is_named(line, state):
    hidden = "sys.modules['sklearn'] = None"
    if state == "old":  # before 1.6 there was no validate_data
        hidden = "import sklearn.utils.validation as v; del v.validate_data"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {hidden}; {line}"],
        capture_output=True,
        text=True,
    )
    last = done.stderr.strip().splitlines()[-1]
    (floor,) = re.findall(r">=([\d.]+)$", EXTRAS["sklearn"][0])
    assert last.endswith(
        f"nn.estimators needs scikit-learn {floor} or newer; in a clone: "
        'pip install -e ".[sklearn]"'
    )


def test_the_package_loads_them_when_they_are_used():
    code = (
        "import sys, nn; nn.fit; print('sklearn' in sys.modules); "
        "nn.estimators; print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "True"]
    assert "estimators" in dir(nn)


def test_a_later_learning_rate_is_used(rng):
    X, y = rng.normal(size=(20, 3)), rng.integers(2, size=20)
    for kind in (NeuralNetClassifier, NeuralNetRegressor):
        model = kind((4,), max_iter=1, warm_start=True, random_state=0)
        model.fit(X, y)
        before = model.model_.layers[0].W.copy()
        model.set_params(learning_rate_init=1e-30).fit(X, y)
        assert (model.model_.layers[0].W == before).all()
        model.set_params(learning_rate_init=0.1).partial_fit(X, y)
        assert (model.model_.layers[0].W != before).any()
        assert model.optimizer_.t == 3


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", (7,)),
        ("hidden_layer_sizes", (16, 16)),
        ("l2", 0.1),
        ("dropout", 0.5),
        ("random_state", 1),
    ],
)
def test_a_network_that_goes_on_keeps_its_settings(
    rings, kind, name, value
):
    model = kind(max_iter=1, warm_start=True).fit(*rings)
    model.set_params(**{name: value})
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"{name} must stay"):
            go_on(*rings)
    model.set_params(warm_start=False).fit(*rings)
    model.set_params(hidden_layer_sizes=np.ravel(model.hidden_layer_sizes))
    model.set_params(warm_start=True, batch_size=7).fit(*rings)


def test_a_random_state_may_be_copied_with_its_network(rings):
    model = Classifier(
        max_iter=1, warm_start=True, random_state=np.random.RandomState(0)
    ).fit(*rings)
    for copied in (copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        copied(model).fit(*rings)


@pytest.mark.parametrize("kind", BOTH)
def test_masked_rows_are_refused(rings, kind):
    X, y = rings
    masked = np.ma.array(X, mask=X > 0)
    model = kind(max_iter=1).fit(np.ma.array(X), y)  # nothing is masked
    for call in (
        lambda: model.fit(masked, y),
        lambda: model.partial_fit(masked, y),
        lambda: model.predict(masked),
    ):
        with pytest.raises(ValueError, match="X must have no masked"):
            call()
    with pytest.raises(ValueError, match="y must have no masked"):
        model.fit(X, np.ma.array(y, mask=y == 0))


def test_the_hidden_layers_are_by_default_those_of_scikit_learn():
    for ours, theirs in (
        (NeuralNetClassifier, MLPClassifier),
        (NeuralNetRegressor, MLPRegressor),
    ):
        name = "hidden_layer_sizes"
        assert ours().get_params()[name] == theirs().get_params()[name]


@pytest.mark.parametrize("state", [0, np.random.RandomState(0)])
def test_a_random_state_fixes_the_initial_weights(rings, state):
    """In every release; the steps are too short to change them."""
    model = Classifier(
        random_state=state, learning_rate_init=1e-40, max_iter=1
    ).fit(*rings)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    rng, *_ = np.random.default_rng(seed).spawn(3)
    layer = nn.Dense(2, 16, init=nn.glorot_uniform, rng=rng, dtype=float)
    assert np.array_equal(model.model_.layers[0].W, layer.W)
