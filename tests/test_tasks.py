"""The two tasks: networks, features, shipped weights."""

import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from functools import partial

import numpy as np
import pytest
from checks import layer_errors

from nn import (
    Dense,
    Dropout,
    Layer,
    ReLU,
    accuracy,
    cosine,
    figures,
    predict,
    softmax,
)
from nn.datasets import (
    FASHION_CLASSES,
    california_housing,
    fashion_mnist_sample,
)
from nn.tasks import TASKS, HousingFeatures, fashion_mnist, load
from nn.tasks.california_housing import SKEWED, Districts

HOUSING, FASHION = TASKS["california-housing"], TASKS["fashion-mnist"]


@pytest.fixture(scope="module")
def housing():
    return california_housing()


def test_the_classic_networks_are_the_ones_of_the_text(housing):
    (X, y), _ = housing
    model, _ = HOUSING.build(HOUSING.settings["classic"], X, y, seed=0)
    kinds = [Districts, *[Dense, ReLU, Dropout] * 2, Dense]
    assert [type(layer) for layer in model.layers] == kinds
    shapes = [p.shape for p in model.parameters().values() if p.ndim == 2]
    assert shapes == [(8, 64), (64, 32), (32, 1)]
    count = sum(p.size for p in model.parameters().values())
    assert count == 2689
    images, labels = fashion_mnist_sample()
    model, _ = FASHION.build(
        FASHION.settings["classic"], images, labels, seed=0
    )
    assert sum(p.size for p in model.parameters().values()) == 109_386


@pytest.mark.parametrize("settings", HOUSING.settings)
def test_exchanged_places_are_refused(housing, settings):
    _, (X, _) = housing
    model = load("california-housing", settings)
    swapped = X.copy()
    swapped[7, 6:] = X[7, 7], X[7, 6]
    message = f"row 7 has {X[7, 7]:g} and {X[7, 6]:g}; pass the columns"
    for wrong in (swapped, swapped.tolist(), swapped.astype(np.float64)):
        with pytest.raises(ValueError, match=message):
            predict(model, wrong)
    with pytest.raises(
        ValueError, match="Latitude must be above Longitude"
    ):
        predict(model, (X - X.mean(axis=0)) / X.std(axis=0) + 9)
    with pytest.raises(ValueError, match=r"must have shape \(n, 8\)"):
        predict(model, X[:, :7])
    model.forward(swapped, training=True)  # steps are not slowed down


def test_settings_reach_the_layers(housing):
    (X, y), _ = housing
    settings = replace(HOUSING.settings["tuned"], l2=0.5, dropout=0.25)
    model, _ = HOUSING.build(settings, X, y, seed=0)
    dense = [a for a in model.layers if isinstance(a, Dense)]
    rates = [a.rate for a in model.layers if isinstance(a, Dropout)]
    assert [a.regularizer and a.regularizer.lam for a in dense] == [
        0.5,
        0.5,
        None,
    ]
    assert rates == [0.25, 0.25]
    assert dense[-1].b == pytest.approx(y.mean(axis=0))


def test_the_step_size_falls_to_zero_with_cosine(housing):
    (X, y), _ = housing
    seen = []

    class Spying(type(HOUSING.settings["tuned"])):
        def optimizer(self, n_rows):
            seen.append(super().optimizer(n_rows))
            return seen[-1]

    tuned = HOUSING.settings["tuned"]
    settings = Spying(**{**vars(tuned), "epochs": 2})
    rates = []
    HOUSING.train(
        settings,
        X[:300],
        y[:300],
        0,
        on_epoch=lambda *_: rates.append(seen[0].rate()),
    )
    assert rates == pytest.approx([tuned.lr / 2, 0])


def test_on_epoch_ends_the_training_of_a_task(housing):
    (X, y), _ = housing
    _, history, _ = HOUSING.train(
        HOUSING.settings["plain"],
        X[:300],
        y[:300],
        0,
        on_epoch=lambda *_: True,
    )
    assert len(history["loss"]) == 1


def test_one_seed_gives_one_network(housing):
    (X, y), _ = housing
    settings = replace(HOUSING.settings["classic"], epochs=1)
    a, b, c = (
        HOUSING.train(settings, X[:500], y[:500], seed)[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(predict(a, X), predict(b, X))
    assert not np.array_equal(predict(a, X), predict(c, X))


def test_housing_features_by_hand(housing):
    (X, _), _ = housing
    A = HousingFeatures().forward(X[:5])
    assert A[:, SKEWED] == pytest.approx(np.log(X[:5][:, SKEWED]))
    assert A[:, [1, 6, 7]] == pytest.approx(X[:5][:, [1, 6, 7]])
    B = HousingFeatures(waves=True).forward(X[:5])
    assert B.shape == (5, 32)
    assert B.dtype == np.float32
    u = (X[:5, 6].astype(float) - 35.6) / 2
    v = (X[:5, 7].astype(float) + 119.6) / 2
    # the third wave runs north-east, the last is the third overtone
    assert B[:, 8 + 2] == pytest.approx(np.sin(1.5 * (u + v)), abs=1e-5)
    assert B[:, -1] == pytest.approx(np.cos(4.5 * (u - v)), abs=1e-5)


@pytest.mark.parametrize("waves", [False, True])
def test_housing_features_gradient(housing, waves):
    layer = HousingFeatures(waves=waves, dtype=np.float64)
    X = housing[0][0][:4].astype(np.float64)
    assert layer_errors(layer, X)["X"] < 1e-6


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_threads_may_share_a_network(housing, task):
    X = fashion_mnist_sample()[0] if task is FASHION else housing[0][0]
    for settings in task.settings:
        model = load(task.name, settings)
        before = [dict(vars(layer)) for layer in model.layers]
        alone = [predict(model, part) for part in np.split(X[:200], 8)]
        # to predict writes nothing, so that nothing can be mixed up
        assert [dict(vars(layer)) for layer in model.layers] == before
        with ThreadPoolExecutor(8) as pool:
            parts = np.split(X[:200], 8)
            together = list(pool.map(partial(predict, model), parts))
        assert all(map(np.array_equal, together, alone))


def test_housing_features_name_what_has_no_logarithm(housing):
    X = housing[0][0][:3].copy()
    X[2, 4] = 0
    with pytest.raises(
        ValueError, match=r"Population must .* is 0 in row 2"
    ):
        HousingFeatures().forward(X)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_every_settings_ship_with_weights(task):
    for name in task.settings:
        assert load(task.name, name).parameters()


def test_the_shipped_networks_know_their_trade(housing):
    images, labels = fashion_mnist_sample()
    Z = predict(load("fashion-mnist"), images)
    assert accuracy(labels, Z) > 0.85  # 200 images that no one trained on
    _, (X, y) = housing
    scores = HOUSING.evaluate(load("california-housing"), X, y)
    assert scores["r2"] > 0.79
    assert (
        HOUSING.evaluate(load("california-housing", "fourier"), X, y)["r2"]
        > 0.81
    )


@pytest.mark.parametrize("shape", [(8,), (2, 7)])
def test_housing_features_refuse_other_shapes(shape):
    with pytest.raises(ValueError, match=r"HousingFeatures.*\(n, 8\)"):
        HousingFeatures().forward(np.ones(shape))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(
        ValueError, match="fashion-mnist, california-housing"
    ):
        load("mnist")
    with pytest.raises(ValueError, match="classic, plain, tuned, but"):
        load("fashion-mnist", "x")


@pytest.mark.parametrize(
    ("old", "new"),
    [("he", "plain"), ("better", "tuned"), ("map", "fourier")],
)
def test_a_former_name_is_answered_with_the_new_one(old, new):
    with pytest.raises(ValueError, match=f"{old!r}.* now called {new!r}"):
        load("california-housing", old)


@pytest.mark.parametrize("name", ["classic", "tuned"])
def test_an_optimizer_of_settings_survives_pickle(name):
    settings = HOUSING.settings[name]
    optimizer = settings.optimizer(1000)
    copy = pickle.loads(pickle.dumps(optimizer))
    copy.t = optimizer.t = 8 * 20  # 20 epochs of 8 batches
    assert copy.rate() == optimizer.rate()
    if settings.cosine:
        assert copy.rate() == cosine(settings.lr, 20, settings.epochs)


# epochs, l2, dropout, lr, lr_decay, cosine, mean_start
PUBLISHED = {
    "fashion-mnist classic": (10, 5e-4, 0.1, 1e-3, 1e-4, False, False),
    "fashion-mnist plain": (10, 0, 0, 1e-3, 0, False, False),
    "fashion-mnist tuned": (30, 2e-4, 0.1, 2e-3, 0, True, False),
    "california-housing classic": (50, 5e-4, 0.1, 1e-3, 1e-4, False, False),
    "california-housing plain": (50, 0, 0, 1e-3, 0, False, False),
    "california-housing tuned": (50, 3e-4, 0, 1e-2, 0, True, True),
    "california-housing fourier": (50, 3e-4, 0, 1e-2, 0, True, True),
}


def test_settings_are_those_of_the_published_numbers():
    """A change of one needs new numbers: python -m measure accuracy."""
    names = "epochs", "l2", "dropout", "lr", "lr_decay", "cosine"
    found = {
        f"{task.name} {name}": tuple(
            getattr(settings, key) for key in (*names, "mean_start")
        )
        for task in TASKS.values()
        for name, settings in task.settings.items()
    }
    assert found == PUBLISHED
    sizes = [
        s.batch_size for t in TASKS.values() for s in t.settings.values()
    ]
    assert set(sizes) == {128}


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        HOUSING.settings["tuned"].lr = 1.0


def test_preview_shows_ten_whole_pictures_of_each_class():
    fig = FASHION.preview(*fashion_mnist_sample())
    rows = np.reshape(fig.axes, (10, -1))
    for name, (label, *pictures) in zip(FASHION_CLASSES, rows, strict=True):
        (text,) = label.texts
        assert not label.images
        x, y = text.get_position()
        assert text.get_text() == name
        assert label.get_xlim()[0] <= x < label.get_xlim()[1]
        assert label.get_ylim()[0] < y < label.get_ylim()[1]
        assert len(pictures) == 10
        assert not any(ax.axison for ax in (label, *pictures))
        for picture in pictures:
            (image,) = picture.images
            assert image.get_array().shape == (28, 28)
            assert np.ptp(picture.get_xlim()) == 28
            assert np.ptp(picture.get_ylim()) == 28


def test_the_demo_starts_with_the_least_sure_of_fifty_pictures(monkeypatch):
    monkeypatch.setattr(figures, "Figure", lambda name, **data: data)
    model = load("fashion-mnist")
    data = FASHION.demo(model)
    images, labels = data["images"], data["labels"]
    assert images.shape == (50, 784)
    P = softmax(model.forward(images))
    assert data["start"] == P.max(axis=1).argmin()
    assert np.mean(P.argmax(axis=1) == labels) > 0.8


def test_every_layer_predicts_unless_it_is_told_to_train():
    """All layers of the package, those of the tasks among them."""
    kinds = [Layer]
    for kind in kinds:
        subclasses = kind.__subclasses__()
        kinds += [k for k in subclasses if k.__module__.startswith("nn.")]
    assert {Dense, Districts, HousingFeatures} < {*kinds}
    usual = inspect.signature(Layer.forward).parameters["training"]
    for kind in kinds:
        found = inspect.signature(kind.forward).parameters["training"]
        assert found.default is usual.default is False, kind


def test_the_border_of_an_image_is_all_four_sides():
    (found,) = fashion_mnist._border(np.arange(12).reshape(1, 3, 4))
    rows, columns = [0, 1, 2, 3, 8, 9, 10, 11], [0, 4, 8, 3, 7, 11]
    assert sorted(found) == sorted(rows + columns)
