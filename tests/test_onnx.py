"""Networks in ONNX files: onnxruntime computes what ours do."""

import sys

import numpy as np
import pytest
from checks import Scaled, any_network, difference

import nn
from nn.export import to_onnx
from nn.tasks import CALIFORNIA_HOUSING, FASHION_MNIST

pytestmark = pytest.mark.full
FILE = "net.onnx"
SHIPPED = [
    (task, name)
    for task in (FASHION_MNIST, CALIFORNIA_HOUSING)
    for name in task.settings
]


@pytest.fixture
def run(tmp_path):
    """``run(model, X, ...)``: what onnxruntime makes of X."""
    import onnx
    import onnxruntime as runtime

    def run(model, X, **options):
        path = tmp_path / FILE
        to_onnx(model, path, dtype=X.dtype, **options)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = runtime.InferenceSession(
            path, providers=["CPUExecutionProvider"]
        )
        run.session = session
        (Z,) = session.run(None, {"X": X})
        return Z

    return run


def rows(task):
    if task is FASHION_MNIST:
        return nn.datasets.fashion_mnist_sample()[0]
    return CALIFORNIA_HOUSING.data()[1][0]


@pytest.mark.parametrize(
    ("task", "settings"),
    SHIPPED,
    ids=lambda part: getattr(part, "name", part),
)
def test_all_shipped_networks(run, task, settings):
    model, X = task.load(settings), rows(task)
    Z = nn.predict(model, X)
    assert difference(run(model, X), Z) < 1e-6
    if task.classifies:
        P = run(model, X, softmax=True)
        assert difference(P, nn.softmax(Z)) < 1e-5
        assert (P.argmax(axis=1) == Z.argmax(axis=1)).all()


def test_names_types_and_free_rows(run):
    model, X = FASHION_MNIST.load(), rows(FASHION_MNIST)
    for softmax, name in ((False, "Z"), (True, "P")):
        run(model, X, softmax=softmax)
        (x,), (z,) = run.session.get_inputs(), run.session.get_outputs()
        assert (x.name, x.type, x.shape) == (
            "X",
            "tensor(uint8)",
            ["n", 784],
        )
        assert (z.name, z.type, z.shape) == (
            name,
            "tensor(float)",
            ["n", 10],
        )


def test_the_arrays_have_the_names_of_the_weight_file(run, tmp_path):
    import onnx

    model = FASHION_MNIST.load()
    run(model, rows(FASHION_MNIST))
    graph = onnx.load(tmp_path / FILE).graph
    found = {
        array.name: onnx.numpy_helper.to_array(array)
        for array in graph.initializer
    }
    assert found.keys() == model.state().keys()
    for name, array in model.state().items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_networks_in_onnxruntime(run, cases, dtype):
    """Random networks that onnxruntime computes from their ONNX files"""
    rng = np.random.default_rng(5)  # a difference enlarges roundings
    for _ in range(cases(150, 3000)):
        model, X = any_network(rng, dtype)
        Z = nn.predict(model, X)
        assert difference(run(model, X), Z) < 200 * np.finfo(dtype).eps, (
            model
        )


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int64, np.float32, np.float64]
)
def test_inputs_of_every_type(run, rng, dtype):
    X = rng.integers(0, 200, (9, 3)).astype(dtype)
    dense = nn.Dense(3, 2, rng=0)
    for model in (
        dense,
        nn.Sequential(nn.Normalization.of(X), dense),
        nn.Sequential(nn.ReLU(), dense, nn.Softmax()),
    ):
        Z = nn.predict(model, X)
        assert difference(run(model, X), Z) < 1e-6


def test_weights_of_other_types(run, rng):
    X = rng.random((5, 3), dtype=np.float32)
    for dtype, error in ((np.float16, 1e-3), (">f4", 1e-6), (">f8", 1e-12)):
        model = nn.Sequential(
            nn.Dense(3, 4, rng=0, dtype=dtype), nn.ReLU(), nn.Softmax()
        )
        assert difference(run(model, X), nn.predict(model, X)) < error
    wide = nn.Dense(3, 2, dtype=np.longdouble)
    if wide.W.dtype.itemsize > 8:  # ONNX has no such type
        with pytest.raises(ValueError, match=wide.W.dtype.name):
            run(wide, X)


def test_a_network_that_takes_any_width(run, rng):
    model = nn.Sequential(nn.Normalization(1, 2), nn.Softmax())
    for width in (2, 5):
        X = rng.random((4, width), dtype=np.float32)
        assert difference(run(model, X), model.forward(X)) < 1e-6
        assert run.session.get_inputs()[0].shape == ["n", "n_in"]


class Doubled(nn.Dense):
    def forward(self, X, training=False):
        return 2 * super().forward(X, training)


class Frozen(nn.Dense):
    def gradients(self):
        return {name: 0 * g for name, g in super().gradients().items()}


def test_a_layer_with_another_forward_is_refused_by_name(run, tmp_path):
    X = np.ones((2, 3), np.float32)
    assert run(Frozen(3, 2, rng=0), X).shape == (2, 2)
    own = nn.ReLU()
    own.forward = lambda X, training=False: X + 1
    (tmp_path / FILE).unlink()
    for layer, name in (
        (Scaled(), "Scaled"),
        (Doubled(3, 2), "Dense"),
        (own, "ReLU"),
    ):
        with pytest.raises(TypeError, match=rf"must.*but {name}\("):
            to_onnx(nn.Sequential(nn.ReLU(), layer), tmp_path / FILE)
    assert [*tmp_path.iterdir()] == []


def test_layers_that_do_not_fit_one_another(tmp_path):
    model = nn.Sequential(nn.Dense(3, 4), nn.Dense(5, 2))
    with pytest.raises(ValueError, match=r"Dense\(5, 2\): X must have"):
        to_onnx(model, tmp_path / FILE)


def test_an_old_file_stays_when_the_new_one_cannot_be_written(tmp_path):
    path = tmp_path / FILE
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match="Scaled"):
        to_onnx(nn.Sequential(Scaled()), path)
    assert path.read_bytes() == b"old"
    with pytest.raises(FileNotFoundError, match="must be in a folder"):
        to_onnx(nn.ReLU(), tmp_path / "no" / FILE)
    with pytest.raises(TypeError, match="must be the name of a file"):
        to_onnx(nn.ReLU(), None)
    assert [*tmp_path.iterdir()] == [path]


def test_the_same_network_gives_the_same_bytes(tmp_path):
    paths = tmp_path / "a.onnx", tmp_path / "b.onnx"
    for path in paths:
        to_onnx(CALIFORNIA_HOUSING.load("fourier"), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match="pip install") as caught:
        to_onnx(nn.ReLU(), tmp_path / FILE)
    assert caught.value.name == "onnx"


@pytest.mark.parametrize("softmax", ["no", 1, None])
def test_whether_to_add_a_softmax_is_true_or_false(tmp_path, softmax):
    with pytest.raises(TypeError, match="softmax must be True or False"):
        to_onnx(nn.Dense(2, 2), tmp_path / FILE, softmax=softmax)
    assert not (tmp_path / FILE).exists()
