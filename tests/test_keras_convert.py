"""Networks to Keras and back: the same outputs, or a refusal by name."""

import os

import numpy as np
import pytest
from checks import Scaled, any_network, difference

import nn
from nn.keras import from_keras, to_keras
from nn.tasks import CALIFORNIA_HOUSING, FASHION_MNIST

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.full
SHIPPED = [
    (task, name)
    for task in (FASHION_MNIST, CALIFORNIA_HOUSING)
    for name in task.settings
]


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


def outputs(net, X):
    return np.asarray(net(X, training=False))


def in_line(model):
    for layer in model.layers:
        if isinstance(layer, nn.Sequential):
            yield from in_line(layer)
        else:
            yield layer


def same(model, back):
    """The same layers with the same arrays, bit for bit.

    Keras rounds the strength of a penalty to float32.
    """
    model = nn.Sequential(*in_line(model))
    assert repr(back) == repr(model)
    ours, theirs = model.state(), back.state()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert theirs[name].dtype == array.dtype
        np.testing.assert_array_equal(theirs[name], array)
    assert back.penalty() == pytest.approx(model.penalty(), rel=1e-7)


@pytest.mark.parametrize(
    ("task", "settings"),
    SHIPPED,
    ids=lambda part: getattr(part, "name", part),
)
def test_all_shipped_networks(keras, tmp_path, task, settings):
    model = task.load(settings)
    if task is FASHION_MNIST:
        X, _ = nn.datasets.fashion_mnist_sample()
    else:
        X, _ = CALIFORNIA_HOUSING.data()[1]
        if settings in ("tuned", "fourier"):
            with pytest.raises(TypeError, match=r"must.*but HousingFeat"):
                to_keras(model)
            X = model.layers[0].forward(X)
            model = nn.Sequential(*model.layers[1:])
    Z, net = nn.predict(model, X), to_keras(model)
    assert net.input_shape == (None, X.shape[1])
    assert difference(outputs(net, X), Z) < 1e-6
    assert (nn.predict(from_keras(net), X) == Z).all()
    net.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    assert (nn.predict(from_keras(loaded), X) == Z).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_networks_there_and_back(keras, cases, dtype):
    """Random networks that Keras computes, and that come back unchanged"""
    rng = np.random.default_rng(6)  # a difference enlarges roundings
    for _ in range(cases(60, 1500)):
        model, X = any_network(rng, dtype)
        if not model.state():  # without arrays, Keras takes its default
            X = X.astype(np.float32)
        net = to_keras(model)
        Z = nn.predict(model, X)
        assert difference(outputs(net, X), Z) < 200 * np.finfo(X.dtype).eps
        penalty = sum(map(float, net.losses))
        assert penalty == pytest.approx(model.penalty(), rel=1e-5)
        same(model, from_keras(net))


def test_a_network_of_keras_trains_there_and_is_used_here(keras, rng):
    X = rng.standard_normal((200, 3)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    prepare = keras.layers.Normalization()
    prepare.adapt(X)
    net = keras.Sequential(
        [
            keras.Input((3,)),
            prepare,
            keras.layers.Dense(8, "relu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.Dropout(0.2, seed=3),
            keras.layers.Dense(4, use_bias=False),
            keras.layers.Activation("relu"),
            keras.layers.Activation("linear"),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    net.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    net.fit(X, y, epochs=3, verbose=0)
    model = from_keras(net)
    assert [type(layer).__name__ for layer in model.layers] == [
        *("Normalization", "Dense", "ReLU", "BatchNormalization"),
        *("Dropout", "Dense", "ReLU", "Identity", "Dense", "Softmax"),
    ]
    assert difference(nn.predict(model, X), outputs(net, X)) < 1e-6
    assert model.penalty() == pytest.approx(float(net.losses[0]), rel=1e-5)
    nn.fit(  # its arrays are copies that can change
        model,
        X,
        y,
        loss=nn.CategoricalCrossEntropy(),
        optimizer=nn.Adam(),
        epochs=1,
    )
    assert difference(nn.predict(model, X), outputs(net, X)) > 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_normalization_trains_there_as_here(keras, rng, dtype):
    eps = 1000 * np.finfo(dtype).eps
    ours = nn.BatchNormalization(3, momentum=0.7, eps=1e-3, dtype=dtype)
    ours.gamma[...], ours.beta[...] = rng.uniform(0.5, 2, (2, 3))
    theirs = to_keras(ours)
    assert theirs.layers[0].momentum == 0.7
    assert theirs.layers[0].epsilon == 1e-3
    biased = np.ones(3, dtype)  # Keras does not multiply by n / (n - 1)
    for rows in (8, 5, 2):
        X = (5 + 3 * rng.standard_normal((rows, 3))).astype(dtype)
        A = ours.forward(X, training=True)
        ours.backward(A)
        assert difference(np.asarray(theirs(X, training=True)), A) < eps
        biased = 0.7 * biased + 0.3 * X.var(axis=0)
    mean, var = theirs.layers[0].get_weights()[2:]
    assert difference(mean, ours.running_mean) < eps
    assert difference(var, biased) < eps


def test_a_batch_normalization_without_scale_or_center(keras, rng):
    X = rng.random((50, 3), dtype=np.float32)
    for options in ({"scale": False}, {"center": False, "axis": 1}):
        layer = keras.layers.BatchNormalization(**options)
        net = keras.Sequential([keras.Input((3,)), layer])
        net(X, training=True)
        Z = nn.predict(from_keras(net), X)
        assert difference(outputs(net, X), Z) < 1e-6


def wrong(keras):
    """Name in the message, and a layer that nn lacks."""
    layers, dense = keras.layers, keras.layers.Dense
    yield "LayerNormalization", [layers.LayerNormalization()]
    yield (
        "gamma_regularizer",
        [layers.BatchNormalization(gamma_regularizer="l2")],
    )
    yield "Rescaling", [layers.Rescaling(1 / 255)]
    yield "Flatten", [layers.Flatten()]
    yield "LeakyReLU", [layers.LeakyReLU()]
    yield "'gelu'", [dense(2, "gelu")]
    yield "'tanh'", [layers.Activation("tanh")]
    yield "max_value", [layers.ReLU(max_value=6)]
    yield "negative_slope", [layers.ReLU(negative_slope=0.1)]
    yield "axis", [layers.Softmax(axis=0)]
    yield "noise_shape", [layers.Dropout(0.5, noise_shape=(None, 1))]
    yield "rate", [layers.Dropout(1.0)]
    yield "bias_regularizer", [dense(2, bias_regularizer="l2")]
    yield "activity_regularizer", [dense(2, activity_regularizer="l2")]
    yield "kernel_constraint", [dense(2, kernel_constraint="non_neg")]
    yield "lora_rank", [dense(2, lora_rank=1)]
    yield (
        "L1 or L2",
        [dense(2, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.1))],
    )
    yield (
        "L1 or L2",
        [
            dense(
                2,
                kernel_regularizer=keras.regularizers.OrthogonalRegularizer(),
            )
        ],
    )
    yield "mixed_bfloat16", [dense(2, dtype="mixed_bfloat16")]
    yield (
        "invert",
        [layers.Normalization(mean=0.0, variance=1.0, invert=True)],
    )

    class Dense(dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    yield "Dense", [Dense(2)]


def test_what_keras_has_and_nn_lacks_is_refused_by_name(keras):
    for name, layers in wrong(keras):
        net = keras.Sequential([keras.Input((3,)), *layers])
        with pytest.raises(
            (TypeError, ValueError), match=f"must.*{name}|^{name} must"
        ) as (caught):
            from_keras(net)
        assert len(str(caught.value)) < 400


def test_what_is_no_built_network_of_rows(keras):
    layers = keras.layers
    x = keras.Input((3,))
    for net in (
        keras.Model(x, layers.Dense(2)(x)),
        layers.Dense(2),
        "net",
        None,
        keras.Sequential,
        keras.Sequential([layers.Dense(2)]),
        keras.Sequential([keras.Input((4, 3)), layers.Dense(2)]),
    ):
        with pytest.raises(TypeError, match="net must be"):
            from_keras(net)


class Half:
    """A regularizer of one's own."""

    def __call__(self, W):
        return 0.5 * float((W * W).sum())

    def gradient(self, W):
        return W


class Doubled(nn.Dense):
    def forward(self, X, training=False):
        return 2 * super().forward(X, training)


def test_what_nn_has_and_keras_lacks_is_refused_by_name(keras):
    for model, kind, name in (
        (nn.Sequential(Scaled()), TypeError, r"must.*but Scaled\(\)"),
        (nn.Sequential(Doubled(3, 2)), TypeError, r"must.*but Dense\(3, 2"),
        (
            nn.Dense(3, 2, regularizer=Half()),
            TypeError,
            "Dense.*must be L1",
        ),
        (
            nn.Normalization(0, 1e-8),
            ValueError,
            "std must be at least 1e-07",
        ),
        (nn.Normalization(0, 1e20), ValueError, "square in float32"),
        (
            nn.MeanSquaredError(),
            TypeError,
            "model must have a method state",
        ),
        (nn.Sequential, TypeError, "model must be an object"),
        (None, TypeError, "model must have a method forward"),
    ):
        with pytest.raises(kind, match=name):
            to_keras(model)


def test_networks_within_networks(keras, rng):
    X = rng.standard_normal((5, 3)).astype(np.float32)
    empty = nn.Sequential(nn.Sequential())
    assert (outputs(to_keras(empty), X) == X).all()
    dense = keras.layers.Dense(2, "relu")
    inner = keras.Sequential([keras.layers.ReLU(), dense])
    net = keras.Sequential(
        [keras.Input((3,)), inner, keras.layers.Softmax()]
    )
    model = from_keras(net)
    assert isinstance(model.layers[0], nn.Sequential)
    assert difference(nn.predict(model, X), outputs(net, X)) < 1e-6


def test_the_copy_is_independent(keras, rng):
    model = nn.Sequential(nn.Dense(3, 2, rng=0))
    net = to_keras(model)
    X = rng.standard_normal((5, 3)).astype(np.float32)
    before = outputs(net, X)
    back = from_keras(net)
    model.layers[0].W += 1
    back.layers[0].W += 1
    assert (outputs(net, X) == before).all()
